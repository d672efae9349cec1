"""Where an image is on the sky, known well enough to say which pixels of others see the same.

Positions are good to a small fraction of a pixel, not to the last digit: a few hundred exact ones
per image, however many others it is compared with. `pixel_map` is for what is interpolated.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.polynomial import chebyshev

from webbcal.core.errors import InvalidInput
from webbcal.geometry.world import limits_of

TERMS = 8
"""Of the polynomials along each axis, from pixels to the sky; from the sky, by total degree."""

SAMPLES = 17
"""Points along each axis whose exact positions the polynomials from the sky are fitted to."""

LARGEST_ERROR = 0.1  # pixel

FAR = 6.0
"""How far outside of an image, in half extents of it, positions still have a rough value."""


@dataclass(frozen=True)
class SkyPatch:
    """The part of the sky that an image sees.

    Attributes
    ----------
    shape : tuple of int
        Rows and columns of the image.
    box : tuple of int
        First row, behind the last row, first column, behind the last column that see the sky.
    axes : ndarray
        float64, axes (vector, component): unit vectors to the middle, and east and north there.
    reach : float
        Largest distance of a pixel from the middle, as the sine of half the angle, doubled.
    scale : float
        Half the extent on the plane that touches the sky in the middle, radian.
    to_plane, to_pixel : ndarray
        float64, axes (coordinate, power_y, power_x): polynomials of Chebyshev, from pixels to that
        plane (east, north; in units of `scale`), and back (x, y; -1 to 1 over the box).
    error : float
        Largest error of a position found in `to_pixel`, pixel.
    """

    shape: tuple[int, int]
    box: tuple[int, int, int, int]
    axes: np.ndarray
    reach: float
    scale: float
    to_plane: np.ndarray
    to_pixel: np.ndarray
    error: float

    def directions(self, y: np.ndarray, x: np.ndarray) -> np.ndarray:
        """Return unit vectors, axes (y, x, component), to the pixels of some rows and columns."""
        powers_y, powers_x = (
            chebyshev.chebvander(_unit(values, *edges), TERMS - 1)
            for values, edges in ((y, self.box[:2]), (x, self.box[2:]))
        )
        east, north = self.scale * np.einsum(
            "yj,cji,xi->cyx", powers_y, self.to_plane, powers_x, optimize=True
        )
        plane = np.stack([np.ones_like(east), east, north], axis=-1) @ self.axes
        return np.asarray(plane / np.linalg.norm(plane, axis=-1, keepdims=True))

    def pixels(self, directions: np.ndarray) -> np.ndarray:
        """Return positions in the image, axes (..., coordinate): x, then y.

        Outside of the image they are rough; NaN far outside.
        """
        middle, east, north = np.moveaxis(directions @ self.axes.T, -1, 0)
        with np.errstate(invalid="ignore", divide="ignore"):
            plane = np.stack([east, north]) / (self.scale * middle)
            near = (middle > 0) & (np.abs(plane) < FAR).all(axis=0)
        found = np.full((*near.shape, 2), np.nan)
        u, v = plane[:, near]
        inner_u, inner_v = (np.clip(part, -1.1, 1.1) for part in (u, v))
        along_y, along_x = (chebyshev.chebvander(part, TERMS - 1) for part in (inner_v, inner_u))
        values = np.stack(
            [
                ((along_y @ c) * along_x).sum(axis=1)
                + c[0, 1] * (u - inner_u)  # outside, the polynomials would go astray
                + c[1, 0] * (v - inner_v)
                for c in self.to_pixel
            ],
            axis=-1,
        )
        y0, y1, x0, x1 = self.box
        found[near, 0] = _pixel(values[:, 0], x0, x1)
        found[near, 1] = _pixel(values[:, 1], y0, y1)
        return found

    def may_overlap(self, other: "SkyPatch") -> bool:
        """Tell whether two patches are close enough to share some sky."""
        apart = float(np.linalg.norm(self.axes[0] - other.axes[0]))
        return apart <= self.reach + other.reach

    def nodes_in(self, other: "SkyPatch", step: int) -> np.ndarray:
        """Return where every `step`-th pixel is in another image, axes (y, x, coordinate).

        The last node of each axis is at the last pixel or behind it.
        """
        return other.pixels(self.nodes(step))

    def nodes(self, step: int) -> np.ndarray:
        """Return unit vectors, axes (y, x, component), to every `step`-th pixel, as `nodes_in`."""
        return self.directions(
            *(np.arange(0, size + step - 1, step, dtype=float) for size in self.shape)
        )


def sky_patch(wcs: Any, shape: tuple[int, int]) -> SkyPatch:
    """Return the part of the sky that an image sees.

    Parameters
    ----------
    wcs : WCS
        From pixels (x, y), from 0, to right ascension and declination in degrees.
    shape : tuple of int
        Rows and columns.

    Raises
    ------
    InvalidInput
        If the image has no part with coordinates, or polynomials do not follow them.

    Source: Trefethen, chapters 2 to 4; Calabretta & Greisen, section 5.1.3 (gnomonic projection).
    """
    box = _box(wcs, shape)
    exact = _exact(wcs, box, chebyshev.chebpts1(TERMS))
    middle = exact[TERMS // 2 - 1 : TERMS // 2 + 1, TERMS // 2 - 1 : TERMS // 2 + 1].sum(
        axis=(0, 1)
    )
    axes = _triad(middle / np.linalg.norm(middle))
    ends = np.concatenate([chebyshev.chebpts2(SAMPLES), [-1.02, 1.02]])
    samples = _exact(wcs, box, ends)
    plane = _on_plane(samples, axes)
    scale = float(np.abs(plane).max())
    if not (np.isfinite(scale) and (samples @ axes[0] > 0).all()):
        raise InvalidInput(
            "an image has no place on the sky",
            expected="right ascension and declination for every pixel",
            found="positions that are not defined, or on both sides of the sky",
        )
    matrix = chebyshev.chebvander(chebyshev.chebpts1(TERMS), TERMS - 1)
    inverse = 2.0 / TERMS * matrix.T
    inverse[0] /= 2.0
    to_plane = np.einsum(
        "jy,cyx,ix->cji", inverse, _on_plane(exact, axes) / scale, inverse, optimize=True
    )
    to_pixel, error = _inverted(plane / scale, ends, box)
    if error > LARGEST_ERROR:
        raise InvalidInput(
            "the coordinates of an image are too rough for polynomials",
            expected=f"an error below {LARGEST_ERROR:g} pixel",
            found=f"{error:g}",
        )
    reach = float(np.linalg.norm(samples - axes[0], axis=-1).max())
    return SkyPatch(shape, box, axes, reach, scale, to_plane, to_pixel, error)


def _unit(values: np.ndarray, start: int, stop: int) -> np.ndarray:
    """Return pixels as numbers from -1 to 1, at the outer edges of the box."""
    return np.asarray((2.0 * values - (start + stop - 1)) / (stop - start))


def _pixel(values: np.ndarray, start: int, stop: int) -> np.ndarray:
    return np.asarray((values * (stop - start) + (start + stop - 1)) / 2.0)


def _box(wcs: Any, shape: tuple[int, int]) -> tuple[int, int, int, int]:
    rows, columns = shape
    limits = limits_of(wcs)
    if limits is None:
        return 0, rows, 0, columns
    (x0, x1), (y0, y1) = limits
    box = (
        max(int(np.ceil(y0)), 0),
        min(int(np.floor(y1)) + 1, rows),
        max(int(np.ceil(x0)), 0),
        min(int(np.floor(x1)) + 1, columns),
    )
    if box[0] >= box[1] or box[2] >= box[3]:
        raise InvalidInput(
            "an image has no place on the sky",
            expected="a bounding box of its coordinates that holds pixels",
            found=f"x {x0:g} to {x1:g}, y {y0:g} to {y1:g}",
        )
    return box


def _exact(wcs: Any, box: tuple[int, int, int, int], points: np.ndarray) -> np.ndarray:
    """Return unit vectors, axes (y, x, component), to points given from -1 to 1."""
    y, x = np.meshgrid(_pixel(points, *box[:2]), _pixel(points, *box[2:]), indexing="ij")
    ra, dec = np.radians(wcs(x.ravel(), y.ravel(), with_bounding_box=False)[:2])
    vectors = np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=-1)
    return vectors.reshape(points.size, points.size, 3)


def _triad(middle: np.ndarray) -> np.ndarray:
    """Return a direction, and east and north there (anything perpendicular at the poles)."""
    east = np.cross([0.0, 0.0, 1.0], middle)
    if np.linalg.norm(east) < 1e-9:
        east = np.array([0.0, 1.0, 0.0])
    east = east / np.linalg.norm(east)
    return np.stack([middle, east, np.cross(middle, east)])


def _on_plane(vectors: np.ndarray, axes: np.ndarray) -> np.ndarray:
    middle, east, north = np.moveaxis(vectors @ axes.T, -1, 0)
    return np.asarray(np.stack([east, north]) / middle)


def _inverted(
    plane: np.ndarray, points: np.ndarray, box: tuple[int, int, int, int]
) -> tuple[np.ndarray, float]:
    """Fit polynomials from the plane to pixels; return them and their largest error in pixels."""
    u, v = plane[0].ravel(), plane[1].ravel()
    grid = np.meshgrid(points, points, indexing="ij")
    powers = [(j, i) for j in range(TERMS) for i in range(TERMS - j)]
    matrix = chebyshev.chebvander2d(v, u, [TERMS - 1, TERMS - 1]).reshape(-1, TERMS, TERMS)
    matrix = np.stack([matrix[:, j, i] for j, i in powers], axis=1)
    wanted = np.stack([grid[1].ravel(), grid[0].ravel()], axis=1)  # x, y
    # Normal equations: the basis is nearly orthogonal here, and they are ten times faster.
    solution = np.linalg.solve(matrix.T @ matrix, matrix.T @ wanted)
    half = np.array([box[3] - box[2], box[1] - box[0]]) / 2.0
    error = float(np.abs((matrix @ solution - wanted) * half).max())
    coefficients = np.zeros((2, TERMS, TERMS))
    for (j, i), values in zip(powers, solution, strict=True):
        coefficients[:, j, i] = values
    return coefficients, error
