"""World coordinates of an imaging detector: from pixels to the sky, and back.

The chain of frames is that of all products of the telescope: ``detector`` (pixels, from 0),
``v2v3`` (arcsec, fixed to the telescope), ``v2v3vacorr`` (without velocity aberration), ``world``
(ICRS, degrees). All transforms are standard ones, which any reader of gwcs understands.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from webbcal.core.errors import InvalidInput
from webbcal.geometry.chain import Box, Chain, Identity, Scale, Shift, Transform, both, foreign
from webbcal.geometry.sphere import Rotations, ToCartesian, ToSpherical
from webbcal.geometry.world import Frame, Step, World, limits_of

ARCSEC = 1.0 / 3600.0  # degrees


@dataclass(frozen=True)
class Pointing:
    """Where the telescope looks.

    Attributes
    ----------
    v2_ref, v3_ref : float
        Reference point, arcsec.
    ra_ref, dec_ref : float
        Where on the sky that point is, degrees.
    roll_ref : float
        Position angle of the V3 axis there, degrees east of north.
    aberration : float
        Scale of the image by velocity aberration (VA_SCALE).
    """

    v2_ref: float
    v3_ref: float
    ra_ref: float
    dec_ref: float
    roll_ref: float
    aberration: float = 1.0


def aberration_correction(pointing: Pointing) -> Transform:
    r"""Return the transform that takes velocity aberration out of V2, V3.

    .. math:: v' = s v + (1 - s) v_\mathrm{ref}

    for both coordinates, with the scale s of the image.

    Source: JWST User Documentation, calwebb_image2, assign_wcs.
    """
    scale = pointing.aberration
    if scale == 1.0:
        return Identity(2, name="va_corr")
    v2, v3 = ((1.0 - scale) * ref for ref in (pointing.v2_ref, pointing.v3_ref))
    return Chain((both(Scale(scale), Scale(scale)), both(Shift(v2), Shift(v3))), name="va_corr")


def telescope_to_sky(pointing: Pointing) -> Transform:
    """Return the transform from V2, V3 in arcsec to right ascension and declination in degrees.

    The direction (V2, V3), as a unit vector, is rotated about the axes z, y, x, y, z by V2_REF,
    -V3_REF, ROLL_REF, DEC_REF, -RA_REF: the reference point onto the x axis, the V3 axis to the
    north, and the x axis to the reference point on the sky.

    Source: JWST User Documentation, coordinate systems and field of regard.
    """
    angles = (
        pointing.v2_ref * ARCSEC,
        -pointing.v3_ref * ARCSEC,
        pointing.roll_ref,
        pointing.dec_ref,
        -pointing.ra_ref,
    )
    # Longitudes seen from the telescope go to 180 degrees on both sides, V2 below and above 0.
    steps = (
        both(Scale(ARCSEC), Scale(ARCSEC)),
        ToCartesian(180),
        Rotations(angles, "zyxyz"),
        ToSpherical(360),
    )
    return Chain(steps, name="v23tosky")


def imaging_wcs(
    distortion: Any,
    pointing: Pointing,
    shape: tuple[int, int],
    corner: tuple[int, int] = (0, 0),
    offset: tuple[float, float] = (0.0, 0.0),
) -> World:
    """Return the world coordinates of an image.

    Parameters
    ----------
    distortion : Transform or Model
        Pixel (x, y) of the whole detector, from 0, to (V2, V3) in arcsec; a model of astropy too.
    pointing : Pointing
        Of the telescope.
    shape : tuple of int
        Rows and columns of the image.
    corner : tuple of int
        Where on the detector its first pixel is: row and column, from 0.
    offset : tuple of float
        What a filter adds to x and y.

    Returns
    -------
    World
        From pixels (x, y) of the image, from 0, to the sky. Its limits are those of all pixels,
        cut to those of the distortion where this has any.
    """
    optics = foreign(distortion)
    x, y = (float(start) + by for start, by in zip(corner[::-1], offset, strict=True))
    to_telescope = Chain((both(Shift(x), Shift(y)), optics)).within(_cut_box(optics, shape, (x, y)))
    steps = (
        Step(Frame.plane("detector", "pixel", ("x", "y")), to_telescope),
        Step(Frame.plane("v2v3", "arcsec", ("v2", "v3")), aberration_correction(pointing)),
        Step(Frame.plane("v2v3vacorr", "arcsec", ("v2", "v3")), telescope_to_sky(pointing)),
        Step(Frame.sky(), None),
    )
    return World(steps, shape)


def _cut_box(distortion: Transform, shape: tuple[int, int], shifts: tuple[float, float]) -> Box:
    """Return the limits of the pixels of an image for which the distortion is defined."""
    frame = np.array([(-0.5, size - 0.5) for size in shape[::-1]])
    if distortion.box is not None:
        defined = np.array(distortion.box) - np.array(shifts)[:, None]
        frame = np.clip(frame, defined[:, :1], defined[:, 1:])
    (x0, x1), (y0, y1) = frame.tolist()
    return (x0, x1), (y0, y1)


def sky_region(system: Any) -> str:
    """Return the footprint of an image as a polygon: the outer corners of its corner pixels.

    Parameters
    ----------
    system : World
        Of the image, with limits; or such an object of gwcs.

    Returns
    -------
    str
        ``POLYGON ICRS`` with right ascension and declination of each corner in degrees, to
        3.6 micro-arcsec, in the order (0, 0), (0, y), (x, y), (x, 0).

    Source: Space-Time Coordinate metadata linear string implementation, section 4.
    """
    ra, dec = corners(system)
    numbers = " ".join(f"{value:.9f}" for corner in zip(ra, dec, strict=True) for value in corner)
    return f"POLYGON ICRS  {numbers}"


def corners(system: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return right ascension and declination of the outer corners of an image, degrees.

    Source: Space-Time Coordinate metadata linear string implementation, section 4.
    """
    limits = limits_of(system)
    if limits is None:
        raise InvalidInput("world coordinates without limits", expected="a bounding box")
    (x0, x1), (y0, y1) = limits
    ra, dec = system(
        np.array([x0, x0, x1, x1]), np.array([y0, y1, y1, y0]), with_bounding_box=False
    )
    return ra, dec
