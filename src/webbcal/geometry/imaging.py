"""World coordinates of an imaging detector: from pixels to the sky, and back.

The chain of frames is that of all products of the telescope: ``detector`` (pixels, from 0),
``v2v3`` (arcsec, fixed to the telescope), ``v2v3vacorr`` (without velocity aberration), ``world``
(ICRS, degrees). All transforms are standard ones, which any reader of gwcs understands.
"""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from astropy import coordinates, units
from astropy.modeling import Model, bind_bounding_box
from astropy.modeling.models import Identity, RotationSequence3D, Scale, Shift
from gwcs import WCS, coordinate_frames
from gwcs.geometry import CartesianToSpherical, SphericalToCartesian

ARCSEC = 1.0 / 3600.0  # degrees

Box = tuple[tuple[float, float], tuple[float, float]]  # along x, along y


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


def aberration_correction(pointing: Pointing) -> Model:
    r"""Return the transform that takes velocity aberration out of V2, V3.

    .. math:: v' = s v + (1 - s) v_\mathrm{ref}

    for both coordinates, with the scale s of the image.

    Source: JWST User Documentation, calwebb_image2, assign_wcs.
    """
    scale = pointing.aberration
    if scale == 1.0:
        return Identity(2, name="va_corr")
    v2, v3 = ((1.0 - scale) * ref for ref in (pointing.v2_ref, pointing.v3_ref))
    model = (Scale(scale) & Scale(scale)) | (Shift(v2) & Shift(v3))
    model.name = "va_corr"
    return model


def telescope_to_sky(pointing: Pointing) -> Model:
    """Return the transform from V2, V3 in arcsec to right ascension and declination in degrees.

    The direction (V2, V3), as a unit vector, is rotated about the axes z, y, x, y, z by V2_REF,
    -V3_REF, ROLL_REF, DEC_REF, -RA_REF: the reference point onto the x axis, the V3 axis to the
    north, and the x axis to the reference point on the sky.

    Source: JWST User Documentation, coordinate systems and field of regard.
    """
    angles = [
        pointing.v2_ref * ARCSEC,
        -pointing.v3_ref * ARCSEC,
        pointing.roll_ref,
        pointing.dec_ref,
        -pointing.ra_ref,
    ]
    model = (
        (Scale(ARCSEC) & Scale(ARCSEC))
        | SphericalToCartesian(wrap_lon_at=180)
        | RotationSequence3D(angles, "zyxyz")
        | CartesianToSpherical(wrap_lon_at=360)
    )
    model.name = "v23tosky"
    return model


def imaging_wcs(
    distortion: Model,
    pointing: Pointing,
    shape: tuple[int, int],
    corner: tuple[int, int] = (0, 0),
    offset: tuple[float, float] = (0.0, 0.0),
) -> WCS:
    """Return the world coordinates of an image.

    Parameters
    ----------
    distortion : Model
        Pixel (x, y) of the whole detector, from 0, to (V2, V3) in arcsec.
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
    WCS
        From pixels (x, y) of the image, from 0, to the sky. Its bounding box is that of all
        pixels, cut to that of the distortion where this has one.
    """
    shifts = [start + by for start, by in zip(corner[::-1], offset, strict=True)]
    to_telescope = distortion.copy()
    box = _cut_box(distortion, shape, shifts)
    if any(shifts):
        to_telescope = (Shift(shifts[0]) & Shift(shifts[1])) | to_telescope
    bind_bounding_box(to_telescope, box, order="F")
    arcsec = (units.arcsec, units.arcsec)
    detector, v2v3, v2v3vacorr = (
        coordinate_frames.Frame2D(name=name, axes_order=(0, 1), unit=unit, axes_names=axes)
        for name, unit, axes in (
            ("detector", (units.pix, units.pix), ("x", "y")),
            ("v2v3", arcsec, ("v2", "v3")),
            ("v2v3vacorr", arcsec, ("v2", "v3")),
        )
    )
    world = coordinate_frames.CelestialFrame(
        name="world", reference_frame=coordinates.ICRS(), axes_order=(0, 1)
    )
    wcs = WCS(
        [
            (detector, to_telescope),
            (v2v3, aberration_correction(pointing)),
            (v2v3vacorr, telescope_to_sky(pointing)),
            (world, None),
        ]
    )
    wcs.array_shape = shape
    return wcs


def _cut_box(distortion: Model, shape: tuple[int, int], shifts: list[float]) -> Box:
    """Return the limits of the pixels of an image for which the distortion is defined."""
    frame = np.array([(-0.5, size - 0.5) for size in shape[::-1]])
    try:
        own = distortion.bounding_box.bounding_box(order="F")
    except NotImplementedError:
        own = None
    if own is not None:
        defined = np.array(own) - np.array(shifts)[:, None]
        frame = np.clip(frame, defined[:, :1], defined[:, 1:])
    (x0, x1), (y0, y1) = frame.tolist()
    return (x0, x1), (y0, y1)


def sky_region(wcs: WCS) -> str:
    """Return the footprint of an image as a polygon: the outer corners of its corner pixels.

    Returns
    -------
    str
        ``POLYGON ICRS`` with right ascension and declination of each corner in degrees, to
        3.6 micro-arcsec, in the order (0, 0), (0, y), (x, y), (x, 0).

    Source: Space-Time Coordinate metadata linear string implementation, section 4.
    """
    (x0, x1), (y0, y1) = wcs.bounding_box.bounding_box(order="F")
    ra, dec = wcs(np.array([x0, x0, x1, x1]), np.array([y0, y1, y1, y0]), with_bounding_box=False)
    numbers = " ".join(f"{value:.9f}" for corner in zip(ra, dec, strict=True) for value in corner)
    return f"POLYGON ICRS  {numbers}"


def sip_approximation(
    wcs: WCS,
    max_error: tuple[float, float],
    degree: tuple[int | None, int | None] = (None, None),
    points: int = 12,
) -> Mapping[str, Any]:
    """Return FITS keywords that approximate world coordinates by TAN and two polynomials.

    Parameters
    ----------
    wcs : WCS
        Of an image, with a bounding box.
    max_error : tuple of float
        Largest error of both directions, pixel to sky and sky to pixel, in pixel.
    degree : tuple of int or None
        Degree of the polynomials of both directions; None: as high as it takes, at most 6.
    points : int
        Number of points along each axis that are fitted.

    Returns
    -------
    mapping
        Keyword (lower case) to value. ``sipmxerr`` and ``sipiverr`` are the largest errors that
        remain, where the degree allowed does not reach `max_error` as where it does.

    Source: D. L. Shupe et al. 2005, the SIP convention.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the error is not reached is told by its keyword
        header = wcs.to_fits_sip(
            max_pix_error=max_error[0],
            degree=degree[0],
            max_inv_pix_error=max_error[1],
            inv_degree=degree[1],
            npoints=points,
        )
    return {
        card.keyword.lower(): card.value.item()
        if isinstance(card.value, np.generic)
        else card.value
        for card in header.cards
        if card.keyword
    }
