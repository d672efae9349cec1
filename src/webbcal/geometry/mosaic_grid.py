"""The grid of a mosaic: a tangent plane without distortion that holds all images."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from webbcal.core.errors import InvalidInput
from webbcal.geometry import imaging
from webbcal.geometry.chain import Affine, Chain, Scale, Shift, Transform, both
from webbcal.geometry.imaging import ARCSEC
from webbcal.geometry.sphere import Gnomonic, PoleRotation
from webbcal.geometry.tangent_plane import unit_vectors
from webbcal.geometry.world import Frame, Step, World, as_world, limits_of

S_REGION_DIGITS = 9  # of angles in degrees, behind the point
MOST_PIXELS = 2**31
"""Of a mosaic: with the arrays of its product that are 60 GB, more than any programme fills."""


@dataclass(frozen=True)
class Tangent:
    """A gnomonic projection.

    Attributes
    ----------
    crpix : tuple of float
        Reference pixel (x, y), from 0.
    crval : tuple of float
        Where on the sky that is, degrees.
    scale : float
        Width of a pixel, arcsec.
    matrix : ndarray
        Rotation and handedness, axes (world, pixel).
    """

    crpix: tuple[float, float]
    crval: tuple[float, float]
    scale: float
    matrix: np.ndarray

    def transform(self) -> Transform:
        """Return the transform from pixels to the sky: shift, rotation, scale, projection.

        Source: Calabretta and Greisen 2002, section 2.
        """
        degrees = self.scale * ARCSEC
        return Chain(
            (
                both(Shift(-self.crpix[0], name="crpix1"), Shift(-self.crpix[1], name="crpix2")),
                Affine(self.matrix, name="pc_rotation_matrix"),
                both(Scale(degrees, name="cdelt1"), Scale(degrees, name="cdelt2")),
                Gnomonic(),
                PoleRotation(self.crval),
            )
        )

    def keywords(self) -> dict[str, Any]:
        """Return the FITS keywords, in lower case.

        Source: Calabretta and Greisen 2002, section 2.
        """
        return {
            "wcsaxes": 2,
            "crpix1": self.crpix[0] + 1.0,
            "crpix2": self.crpix[1] + 1.0,
            "crval1": self.crval[0],
            "crval2": self.crval[1],
            "ctype1": "RA---TAN",
            "ctype2": "DEC--TAN",
            "cunit1": "deg",
            "cunit2": "deg",
            "cdelt1": self.scale * ARCSEC,
            "cdelt2": self.scale * ARCSEC,
            "pc1_1": float(self.matrix[0, 0]),
            "pc1_2": float(self.matrix[0, 1]),
            "pc2_1": float(self.matrix[1, 0]),
            "pc2_2": float(self.matrix[1, 1]),
        }


@dataclass(frozen=True)
class Grid:
    """Pixels of a mosaic.

    Attributes
    ----------
    wcs : World
        From pixels (x, y), from 0, to the sky; with limits.
    shape : tuple of int
        Rows and columns.
    pixel_scale : float
        Width of a pixel, arcsec.
    ratio : float
        That width over the width of a pixel of the first image.
    tangent : Tangent
        The projection; where the user gives other world coordinates, what they are in the middle.
    """

    wcs: World
    shape: tuple[int, int]
    pixel_scale: float
    ratio: float
    tangent: Tangent

    @property
    def pixel_area(self) -> float:
        """Area of a pixel, arcsec2."""
        return self.pixel_scale**2


@dataclass(frozen=True)
class Orientation:
    """How the first image lies on the sky.

    Attributes
    ----------
    ra_ref, dec_ref : float
        Its reference point on the sky, degrees; where its pixel scale is that of the grid.
    roll_ref : float
        Position angle of the V3 axis there, degrees.
    v3yang : float
        Angle from V3 to the y axis of the ideal frame, degrees.
    vparity : int
        1 or -1: handedness of the ideal frame against V2, V3.
    """

    ra_ref: float
    dec_ref: float
    roll_ref: float
    v3yang: float
    vparity: int


@dataclass(frozen=True)
class GridRequest:
    """What the user wants of the grid; None: what follows from the images.

    Attributes
    ----------
    pixel_scale_ratio : float
        Width of its pixels over that of the first image.
    pixel_scale : float or None
        Width of its pixels, arcsec; comes before the ratio.
    rotation : float or None
        Position angle of its y axis, degrees.
    crpix : tuple of float or None
        Its reference pixel (x, y), from 0.
    crval : tuple of float or None
        Where on the sky that is, degrees.
    output_shape : tuple of int or None
        Columns and rows.
    """

    pixel_scale_ratio: float = 1.0
    pixel_scale: float | None = None
    rotation: float | None = None
    crpix: tuple[float, float] | None = None
    crval: tuple[float, float] | None = None
    output_shape: tuple[int, int] | None = None


def mosaic_grid(
    images: Sequence[Any], orientation: Orientation, request: GridRequest | None = None
) -> Grid:
    """Return a grid that holds images.

    The fiducial point is in the middle of the smallest and largest x, y and z of the directions
    to all corners. The axes are those of the first image, and so is the pixel scale where its
    reference point is. The first pixel lies where the corners begin.

    Parameters
    ----------
    images : sequence of World
        From pixels to the sky, with limits.
    orientation : Orientation
        Of the first image.
    request : GridRequest or None
        What differs.

    Returns
    -------
    Grid
        Of a gnomonic projection.

    Raises
    ------
    InvalidInput
        If images are on different sides of the sky, or the mosaic would be absurdly large.

    Source: JWST User Documentation, calwebb_image3, resample; Calabretta and Greisen 2002,
    sections 2 and 5.1.3.
    """
    request = GridRequest() if request is None else request
    ra, dec = (np.concatenate(values) for values in zip(*map(corners, images), strict=True))
    native = pixel_scale_at(images[0], orientation.ra_ref, orientation.dec_ref)
    scale = request.pixel_scale
    if scale is None:
        scale = native * request.pixel_scale_ratio
    parity = 1.0 if orientation.vparity >= 0 else -1.0
    angle = np.deg2rad(
        orientation.roll_ref - parity * orientation.v3yang
        if request.rotation is None
        else request.rotation
    )
    matrix = np.array(
        [
            [parity * np.cos(angle), np.sin(angle)],
            [-parity * np.sin(angle), np.cos(angle)],
        ]
    )
    crval = fiducial(ra, dec) if request.crval is None else request.crval
    # The corners, counted from the reference pixel.
    from_sky = Tangent((0.0, 0.0), crval, scale, matrix).transform().inverse
    assert from_sky is not None
    x, y = from_sky(ra, dec)
    if not np.isfinite([x, y]).all():
        raise InvalidInput(
            "images that no mosaic can hold",
            expected="images on one side of the sky",
            found="some that are more than 90 degrees apart",
        )
    crpix = (-float(x.min()), -float(y.min())) if request.crpix is None else request.crpix
    if request.output_shape is None:
        columns, rows = (
            max(int(values.max() + start + 0.5), 1)
            for values, start in zip((x, y), crpix, strict=True)
        )
    else:
        columns, rows = request.output_shape
    tangent = Tangent(crpix, crval, scale, matrix)
    shape = rows, columns
    return Grid(_wcs(tangent.transform(), shape), shape, scale, scale / native, tangent)


def given_grid(wcs: Any, shape: tuple[int, int] | None, first: Any) -> Grid:
    """Return a grid with world coordinates that the user gives.

    Parameters
    ----------
    wcs : World
        From pixels to the sky.
    shape : tuple of int or None
        Rows and columns; None: as its bounding box or its `array_shape` says.
    first : World
        Of the first image.

    Raises
    ------
    InvalidInput
        If no size is known.
    """
    if shape is None and wcs.array_shape is not None:
        shape = int(wcs.array_shape[0]), int(wcs.array_shape[1])
    limits = limits_of(wcs)
    if shape is None and limits is not None:
        (_, x1), (_, y1) = limits
        shape = int(np.ceil(y1 - 0.5)) + 1, int(np.ceil(x1 - 0.5)) + 1
    if shape is None:
        raise InvalidInput(
            "the world coordinates given do not tell the size of the mosaic",
            advice="Give output_shape too.",
        )
    x, y = (shape[1] - 1) / 2, (shape[0] - 1) / 2
    ra, dec = (float(value) for value in wcs(x, y, with_bounding_box=False))
    scale = pixel_scale_at(wcs, ra, dec)
    a, d = wcs(np.array([x + 1.0, x]), np.array([y, y + 1.0]), with_bounding_box=False)
    steps = np.array([(a - ra) * np.cos(np.deg2rad(dec)), d - dec]) / (scale * ARCSEC)
    return Grid(
        _wcs(as_world(wcs).transform, shape),
        shape,
        scale,
        scale / pixel_scale_at(first, ra, dec),
        Tangent((x, y), (ra, dec), scale, steps),
    )


def corners(wcs: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return right ascension and declination of the outer corners of an image, degrees.

    To 3.6 micro-arcsec, as S_REGION has them: the grid follows from the headers.
    """
    ra, dec = imaging.corners(wcs)
    return np.round(ra, S_REGION_DIGITS), np.round(dec, S_REGION_DIGITS)


def fiducial(ra: np.ndarray, dec: np.ndarray) -> tuple[float, float]:
    """Return the direction in the middle of the extremes of x, y and z, degrees."""
    a, d = np.deg2rad(ra), np.deg2rad(dec)
    directions = np.stack([np.cos(d) * np.cos(a), np.cos(d) * np.sin(a), np.sin(d)])
    x, y, z = (directions.min(axis=1) + directions.max(axis=1)) / 2.0
    return float(np.rad2deg(np.arctan2(y, x)) % 360.0), float(
        np.rad2deg(np.arctan2(z, np.hypot(x, y)))
    )


def pixel_scale_at(wcs: Any, ra: float, dec: float) -> float:
    """Return the root of the area of a pixel at a direction, arcsec: differences over a pixel."""
    x, y = (float(value) for value in wcs.invert(ra, dec, with_bounding_box=False))
    here, *there = unit_vectors(
        *wcs(np.array([x, x + 1.0, x]), np.array([y, y, y + 1.0]), with_bounding_box=False)
    )
    # The angle between directions that are close: twice the sine of half of it.
    along = [2.0 * np.arcsin(np.linalg.norm(each - here) / 2.0) for each in there]
    return float(np.rad2deg(np.sqrt(along[0] * along[1])) / ARCSEC)


def _wcs(chain: Transform, shape: tuple[int, int]) -> World:
    """Return world coordinates of a grid."""
    rows, columns = shape
    if rows < 1 or columns < 1 or rows * columns > MOST_PIXELS:
        raise InvalidInput(
            "size of the mosaic",
            expected=f"1 to {MOST_PIXELS:.2g} pixels",
            found=f"{rows} rows and {columns} columns",
            advice="Are the images far apart, or is the pixel scale wrong?",
        )
    bounded = chain.within(((-0.5, columns - 0.5), (-0.5, rows - 0.5)))
    steps = (
        Step(Frame.plane("detector", "pixel", ("x", "y")), bounded),
        Step(Frame.sky(), None),
    )
    return World(steps, shape)
