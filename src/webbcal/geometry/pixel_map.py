"""Where the pixels of one image are in another: polynomials of verified error for the exact chain.

The exact chain (distortion, rotations, projection, and all that back) is smooth, so that a few
hundred exact positions tell all of them. A map is a few kilobytes: it is made once per pair of
images, kept, and evaluated for the rows that are needed.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.polynomial import chebyshev

from webbcal.core.errors import InvalidInput
from webbcal.geometry.world import limits_of
from webbcal.kernels.arrays import frozen
from webbcal.kernels.pixel_map import positions

TERMS = (8, 12, 16)  # of the polynomials along an axis, tried with one tile; a multiple of 4
TILES = (2, 4, 8, 16, 32)  # along an axis, tried with the last of those
SAFETY = 4.0
"""How much smaller the largest error at the points of verification must be.

For a map whose series converges, the error is largest at some of these points. They are four
times as many as those that were fitted: what hides between them is narrower than their distance,
which is 200 pixels at most with one tile on 2048 pixels.
"""


@dataclass(frozen=True)
class PixelMap:
    """Positions of the pixels of an image in another one.

    Attributes
    ----------
    shape : tuple of int
        Rows and columns of the image.
    error : float
        Largest error found at the points of verification, in pixels of the other image.
    coefficients : ndarray
        Axes (tile_y, tile_x, coordinate, power_y, power_x), float64.
    limits : tuple of float
        Lowest and highest x, lowest and highest y that have a position.
    """

    shape: tuple[int, int]
    error: float
    coefficients: np.ndarray
    limits: tuple[float, float, float, float]

    def positions(
        self, rows: slice = slice(None), columns: slice = slice(None), out: np.ndarray | None = None
    ) -> np.ndarray:
        """Return the positions of pixels in the other image.

        Parameters
        ----------
        rows, columns : slice
            Which ones, in steps of one.
        out : ndarray or None
            Array to fill: axes (y, x, coordinate), float64, C order.

        Returns
        -------
        ndarray
            Axes (y, x, coordinate): x, then y, from 0, float64. NaN outside of `limits`.
        """
        (y0, y1, _), (x0, x1, _) = (
            part.indices(size) for part, size in zip((rows, columns), self.shape, strict=True)
        )
        y1, x1 = max(y0, y1), max(x0, x1)
        tiles_y, tiles_x, _, terms, _ = self.coefficients.shape
        powers_y, tile_of_row = _powers(self.shape[0], tiles_y, terms, np.arange(y0, y1))
        powers_x, tile_of_column = _powers(self.shape[1], tiles_x, terms, np.arange(x0, x1))
        edges = np.searchsorted(tile_of_column, np.arange(tiles_x + 1))
        low_x, high_x, low_y, high_y = self.limits
        limits = np.array(
            [
                np.ceil(low_y) - y0,
                np.floor(high_y) + 1 - y0,
                np.ceil(low_x) - x0,
                np.floor(high_x) + 1 - x0,
            ]
        ).astype(np.int64)
        if out is None:
            out = np.empty((y1 - y0, x1 - x0, 2))
        positions(
            frozen(self.coefficients),
            frozen(powers_y),
            frozen(tile_of_row),
            frozen(powers_x.T),
            frozen(edges),
            frozen(limits),
            out,
        )
        return out

    def at(self, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Return the positions of the pixels of some rows and columns, `limits` or not.

        Parameters
        ----------
        rows, columns : ndarray
            Which ones, int64, in ascending order.

        Returns
        -------
        ndarray
            Axes (y, x, coordinate): x, then y, from 0, float64.
        """
        tiles_y, tiles_x, _, terms, _ = self.coefficients.shape
        powers_y, tile_of_row = _powers(self.shape[0], tiles_y, terms, rows)
        powers_x, tile_of_column = _powers(self.shape[1], tiles_x, terms, columns)
        out = np.empty((rows.size, columns.size, 2))
        positions(
            frozen(self.coefficients),
            frozen(powers_y),
            frozen(tile_of_row),
            frozen(powers_x.T),
            frozen(np.searchsorted(tile_of_column, np.arange(tiles_x + 1))),
            frozen(np.array([0, rows.size, 0, columns.size])),
            out,
        )
        return out


def pixel_map(
    source: Any, target: Any, shape: tuple[int, int], tolerance: float = 1e-4
) -> PixelMap:
    """Return where the pixels of an image are in another image.

    Parameters
    ----------
    source : World
        World coordinates of the image: from its pixels to the sky.
    target : World
        Of the other image: from the sky to its pixels (``invert``).
    shape : tuple of int
        Rows and columns of the image.
    tolerance : float
        Largest error, in pixels of the other image.

    Returns
    -------
    PixelMap
        Pixels outside the bounding box of `source` have no position. The bounding box of
        `target` does not matter.

    Raises
    ------
    InvalidInput
        If the images are on different sides of the sky, or the map is too rough for polynomials.

    Notes
    -----
    Polynomials through Chebyshev points are tried with more and more terms, then in more and
    more tiles, until their error at the points between, edges and corners of tiles included, is
    below a quarter of the tolerance.

    Source: Trefethen, chapters 2 to 4.
    """
    error = np.inf
    for tiles, terms in [*((1, n) for n in TERMS), *((n, TERMS[-1]) for n in TILES)]:
        if tiles > 1 and tiles * 4 > min(shape):
            break
        coefficients, error = _fit(source, target, shape, tiles, terms)
        if not np.isfinite(error):
            raise InvalidInput(
                "one image has no place in the other",
                expected="images that look at the same part of the sky",
                found="pixels whose position is not defined",
            )
        if error * SAFETY < tolerance:
            coefficients.flags.writeable = False
            return PixelMap(shape, error, coefficients, _limits(source, shape))
    raise InvalidInput(
        "the map between two images is too rough for polynomials",
        expected=f"an error below {tolerance / SAFETY:g} pixel",
        found=f"{error:g}",
    )


def _fit(
    source: Any, target: Any, shape: tuple[int, int], tiles: int, terms: int
) -> tuple[np.ndarray, float]:
    """Return the coefficients for a number of tiles and terms, and their largest error."""
    nodes = chebyshev.chebpts1(terms)
    between = chebyshev.chebpts2(2 * terms + 1)  # with extrema of the first polynomial left out
    grids = [_grid(shape, tiles, points) for points in (nodes, between)]
    split = grids[0][0].size
    x, y = (np.concatenate([grid[k].ravel() for grid in grids]) for k in range(2))
    exact = target.invert(*source(x, y, with_bounding_box=False), with_bounding_box=False)
    found, check = (
        np.stack([np.asarray(values)[part].reshape(grid[0].shape) for values in exact])
        for part, grid in zip((slice(None, split), slice(split, None)), grids, strict=True)
    )
    # The polynomials are orthogonal on the nodes: their matrix is inverted by transposition.
    matrix = chebyshev.chebvander(nodes, terms - 1)
    inverse = 2.0 / terms * matrix.T
    inverse[0] /= 2.0
    coefficients = np.einsum("jy,ctsyx,ix->tscji", inverse, found, inverse, optimize=True)
    values = chebyshev.chebvander(between, terms - 1)
    fitted = np.einsum("yj,tscji,xi->ctsyx", values, coefficients, values, optimize=True)
    return np.ascontiguousarray(coefficients), float(np.hypot(*(fitted - check)).max())


def _edges(size: int, tiles: int) -> np.ndarray:
    """Return the first pixel of each tile, and behind the last."""
    return np.round(np.linspace(0, size, tiles + 1)).astype(np.int64)


def _grid(shape: tuple[int, int], tiles: int, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return x and y of points, given from -1 to 1, in all tiles: axes (tile_y, tile_x, y, x)."""
    places = []
    for size in shape:
        edges = _edges(size, tiles) - 0.5
        middle, half = (edges[1:] + edges[:-1]) / 2, np.diff(edges) / 2
        places.append(middle[:, None] + half[:, None] * points)
    y, x = places
    full = (tiles, tiles, points.size, points.size)
    return (
        np.broadcast_to(x[None, :, None, :], full),
        np.broadcast_to(y[:, None, :, None], full),
    )


def _powers(size: int, tiles: int, terms: int, pixels: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return the polynomials (pixel, power) of pixels along an axis, and the tile of each."""
    edges = _edges(size, tiles)
    tile = np.searchsorted(edges, pixels, side="right") - 1
    low, high = edges[tile] - 0.5, edges[tile + 1] - 0.5
    return chebyshev.chebvander((2.0 * pixels - low - high) / (high - low), terms - 1), tile


def _limits(source: Any, shape: tuple[int, int]) -> tuple[float, float, float, float]:
    limits = limits_of(source)
    if limits is None:
        return 0.0, shape[1] - 1.0, 0.0, shape[0] - 1.0
    (x0, x1), (y0, y1) = limits
    return x0, x1, y0, y1
