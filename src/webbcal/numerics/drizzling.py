"""Drizzle images onto bands of rows of a grid.

Bands are independent of each other, and an output pixel has the same bits in any of them: its sums
run over the inputs in order, then over their rows and columns.

Source: Fruchter and Hook 2002, sections 2 and 3.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from webbcal.core.errors import InvalidInput
from webbcal.geometry.pixel_map import PixelMap
from webbcal.kernels import drizzle as kernels

KINDS = {
    "square": kernels.SQUARE,
    "point": kernels.POINT,
    "turbo": kernels.TURBO,
    "gaussian": kernels.GAUSSIAN,
    "lanczos2": kernels.LANCZOS2,
    "lanczos3": kernels.LANCZOS3,
}
"""Kinds of drops by name."""

BLOCK = 32  # rows and columns of an input that are looked at together
BAND_BYTES = 48_000_000  # that the sums of one band take, about
PLANES_PER_INPUT = 32  # inputs that share one plane of the context

Read = Callable[[slice, slice], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Drop:
    """What an input pixel becomes.

    Attributes
    ----------
    kind : str
        One of `KINDS`.
    pixfrac : float
        Width of the drop, in input pixels.
    """

    kind: str = "square"
    pixfrac: float = 1.0

    def reach(self, size: float) -> float:
        """Return how far it reaches along an axis, for input pixels `size` output pixels wide."""
        width = size * self.pixfrac
        return {
            "point": 0.0,
            "turbo": 0.5 * width,
            "gaussian": kernels.REACH_OF_GAUSSIAN * width,
            "lanczos2": 2.0 * size,
            "lanczos3": 3.0 * size,
        }.get(self.kind, width)


@dataclass(frozen=True)
class Layer:
    """An image to drizzle.

    Attributes
    ----------
    pixel_map : PixelMap
        Where its pixels are on the grid.
    read : callable
        ``read(rows, columns)``: values and weights of these pixels, float32, axes (y, x). A pixel
        with a weight of 0 is left out, whatever its value; weights are finite.
    """

    pixel_map: PixelMap
    read: Read

    @cached_property
    def valid(self) -> tuple[int, int, int, int]:
        """First row, behind the last, first column, behind the last that have a position."""
        low_x, high_x, low_y, high_y = self.pixel_map.limits
        rows, columns = self.pixel_map.shape
        return (
            max(int(np.ceil(low_y)), 0),
            min(int(np.floor(high_y)) + 1, rows),
            max(int(np.ceil(low_x)), 0),
            min(int(np.floor(high_x)) + 1, columns),
        )

    @cached_property
    def _lattice(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Rows and columns between the blocks, and their positions."""
        y0, y1, x0, x1 = self.valid
        if min(y1 - y0, x1 - x0) < 2:
            raise InvalidInput(
                "an image without room for drops",
                expected="at least 2 rows and columns with world coordinates",
                found=f"{max(y1 - y0, 0)} and {max(x1 - x0, 0)}",
            )
        rows, columns = (
            np.unique(np.append(np.arange(start, stop, BLOCK), stop - 1))
            for start, stop in ((y0, y1), (x0, x1))
        )
        return rows, columns, self.pixel_map.at(rows, columns)

    @cached_property
    def sizes(self) -> tuple[float, float]:
        """Width of a pixel in pixels of the grid: the root of the mean area, and the largest."""
        rows, columns, positions = self._lattice
        along_y = np.diff(positions, axis=0) / np.diff(rows)[:, None, None]
        along_x = np.diff(positions, axis=1) / np.diff(columns)[None, :, None]
        area = np.abs(
            along_x[:-1, :, 0] * along_y[:, :-1, 1] - along_x[:-1, :, 1] * along_y[:, :-1, 0]
        )
        longest = np.hypot(*np.moveaxis(along_x, -1, 0)).max()
        longest = max(longest, np.hypot(*np.moveaxis(along_y, -1, 0)).max())
        return float(np.sqrt(area.mean())), float(longest)

    def parts(self, rows: slice, columns: int, reach: float) -> list[tuple[slice, slice]]:
        """Return the parts of the image whose drops can touch rows of the grid, in order.

        Parameters
        ----------
        rows : slice
            Of the grid.
        columns : int
            Of the grid.
        reach : float
            Of a drop.
        """
        y, x, positions = self._lattice
        # A block is that between four points of the lattice. One pixel is more than the map
        # can bend in it.
        margin = reach + 1.5
        low, high = positions[:-1, :-1].copy(), positions[:-1, :-1].copy()
        for corner in (positions[1:, :-1], positions[:-1, 1:], positions[1:, 1:]):
            np.minimum(low, corner, out=low)
            np.maximum(high, corner, out=high)
        touches = (
            (low[..., 1] - margin < rows.stop)
            & (high[..., 1] + margin > rows.start)
            & (low[..., 0] - margin < columns)
            & (high[..., 0] + margin > 0)
        )
        found = []
        for i in np.flatnonzero(touches.any(axis=1)):
            first, *_, last = np.flatnonzero(touches[i]).repeat(2)
            # The last point of the lattice is the last pixel, the others begin a block.
            stop_y = y[i + 1] + (i + 2 == y.size)
            stop_x = x[last + 1] + (last + 2 == x.size)
            found.append((slice(int(y[i]), int(stop_y)), slice(int(x[first]), int(stop_x))))
        return found


@dataclass(frozen=True)
class Band:
    """Rows of a mosaic.

    Attributes
    ----------
    rows : slice
        Which ones.
    sci : ndarray
        Weighted mean, axes (y, x), float64; NaN where nothing was added.
    weight : ndarray
        Sum of the weights, axes (y, x), float64.
    context : ndarray or None
        Bits of the inputs that contributed, axes (plane, y, x), int32.
    """

    rows: slice
    sci: np.ndarray
    weight: np.ndarray
    context: np.ndarray | None = None


def bands(shape: tuple[int, int], bytes_per_pixel: int = 24) -> list[slice]:
    """Return bands of rows whose sums have a size that memory and caches bear."""
    rows = max(BAND_BYTES // (bytes_per_pixel * shape[1]), 4 * BLOCK)
    count = -(-shape[0] // rows)
    edges = np.linspace(0, shape[0], count + 1).astype(int).tolist()
    return [slice(a, b) for a, b in zip(edges[:-1], edges[1:], strict=True)]


def drizzle(
    layers: Sequence[Layer], drop: Drop, rows: slice, columns: int, *, context: bool = False
) -> Band:
    """Drizzle images onto a band of rows of a grid.

    Parameters
    ----------
    layers : sequence of Layer
        The images, in the order of the sums.
    drop : Drop
        Shape of the drops.
    rows : slice
        Rows of the grid.
    columns : int
        Columns of the grid.
    context : bool
        Whether to tell which images contributed.

    Returns
    -------
    Band
        The same bits for a row in every band. Only the parts of the images are read that touch
        the band.
    """
    height = rows.stop - rows.start
    totals = np.zeros((height, columns, 2))
    planes = -(-len(layers) // PLANES_PER_INPUT) if context else 0
    bits = np.zeros((planes, height, columns), np.int32)
    nothing = np.zeros((0, 0), np.int32)
    for number, layer in enumerate(layers):
        plane, bit = divmod(number, PLANES_PER_INPUT)
        shape = _shape(drop, layer)
        for part in layer.parts(rows, columns, drop.reach(layer.sizes[1])):
            sci, weight = layer.read(*part)
            positions, inner = _positions(layer, *part)
            missed = kernels.drizzle(
                positions,
                inner,
                sci,
                weight,
                shape,
                rows.start,
                totals,
                bits[plane] if context else nothing,
                np.array(1 << bit, np.uint32).view(np.int32)[()],
            )
            if missed:
                raise InvalidInput(
                    "the map from an image to the mosaic tears its pixels apart",
                    expected=f"pixels of about {layer.sizes[0]:.3g} output pixels",
                    found=f"{missed} larger ones",
                )
    with np.errstate(invalid="ignore"):
        sci = np.where(totals[..., 1] > 0, totals[..., 0] / totals[..., 1], np.nan)
    return Band(rows, sci, np.ascontiguousarray(totals[..., 1]), bits if context else None)


def _shape(drop: Drop, layer: Layer) -> tuple[int, float, float, int]:
    """Return the shape of drops as the kernel takes it."""
    size, largest = layer.sizes
    side = int(np.ceil(2 * drop.reach(1.1 * largest))) + 2
    return KINDS[drop.kind], size, float(drop.pixfrac), side


def _positions(
    layer: Layer, rows: slice, columns: slice
) -> tuple[np.ndarray, tuple[int, int, int, int]]:
    """Return positions with a margin of one pixel where there is one, and what lies within."""
    y0, y1, x0, x1 = layer.valid
    up, left = int(rows.start > y0), int(columns.start > x0)
    down, right = int(rows.stop < y1), int(columns.stop < x1)
    positions = layer.pixel_map.positions(
        slice(rows.start - up, rows.stop + down), slice(columns.start - left, columns.stop + right)
    )
    height, width = rows.stop - rows.start, columns.stop - columns.start
    return positions, (up, up + height, left, left + width)
