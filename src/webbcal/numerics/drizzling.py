"""Drizzle images onto bands of rows of a grid.

Bands are independent of each other, and an output pixel has the same bits in any of them: its sums
run over the inputs in order, then over their rows and columns.

Source: Fruchter and Hook 2002, sections 2 and 3.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np

from webbcal.core.errors import InvalidInput
from webbcal.geometry.pixel_map import PixelMap
from webbcal.kernels import drizzle as kernels
from webbcal.kernels.arrays import frozen

KINDS = {
    "square": kernels.SQUARE,
    "point": kernels.POINT,
    "turbo": kernels.TURBO,
    "gaussian": kernels.GAUSSIAN,
    "lanczos2": kernels.LANCZOS2,
    "lanczos3": kernels.LANCZOS3,
}
"""Kinds of drops by name."""

APERTURE = 16.0
"""Width of the square aperture, in output pixels, for whose sum the variances are exact.

With drops of full width at the scale of the images (at half of it; at twice), the errors of sums
over 8 x 8 pixels are then 2 (4; 1) per cent too large, and those of sums over large areas 2 (4; 1)
per cent too small.
"""
BLOCK = 16  # rows and columns of an input that are looked at together
MOST_ROWS = 128  # of an input that are read at a time
BAND_BYTES = 72_000_000  # that the sums of one band take, about
IMAGES_PER_PLANE = 32  # that share the bits of one plane of the context

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
    read_variances : callable or None
        ``read_variances(rows, columns)``: variances, axes (kind, y, x), three kinds, and the same
        weights, float32.
    read_flags : callable or None
        ``read_flags(rows, columns)``: flags, uint32, axes (y, x), and the same weights.
    """

    pixel_map: PixelMap
    read: Read
    read_variances: Read | None = None
    read_flags: Read | None = None

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
        found: list[tuple[slice, slice]] = []
        for i in np.flatnonzero(touches.any(axis=1)):
            first, *_, last = np.flatnonzero(touches[i]).repeat(2)
            # The last point of the lattice is the last pixel, the others begin a block.
            stop_y = y[i + 1] + (i + 2 == y.size)
            stop_x = x[last + 1] + (last + 2 == x.size)
            across = slice(int(x[first]), int(stop_x))
            before = found[-1] if found else None
            if (
                before is not None
                and before[1] == across
                and before[0].stop == y[i]
                and stop_y - before[0].start <= MOST_ROWS
            ):
                found[-1] = slice(before[0].start, int(stop_y)), across
            else:
                found.append((slice(int(y[i]), int(stop_y)), across))
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
    variances : ndarray or None
        Of each kind, axes (kind, y, x), float64: their sum over an aperture is the variance of
        the sum of `sci`.
    own : ndarray or None
        Variance of each pixel alone, all kinds together, axes (y, x), float64.
    flags : ndarray or None
        Flags of all pixels that contributed, axes (y, x), uint32.
    """

    rows: slice
    sci: np.ndarray
    weight: np.ndarray
    context: np.ndarray | None = None
    variances: np.ndarray | None = None
    own: np.ndarray | None = None
    flags: np.ndarray | None = None


def bands(shape: tuple[int, int], bytes_per_pixel: int = 24) -> list[slice]:
    """Return bands of rows whose sums have a size that memory and caches bear."""
    rows = max(BAND_BYTES // (bytes_per_pixel * shape[1]), 4 * BLOCK)
    count = -(-shape[0] // rows)
    edges = np.linspace(0, shape[0], count + 1).astype(int).tolist()
    return [slice(a, b) for a, b in pairwise(edges)]


def drizzle(
    layers: Sequence[Layer],
    drop: Drop,
    rows: slice,
    shape: tuple[int, int],
    *,
    context: bool = False,
) -> Band:
    r"""Drizzle images onto a band of rows of a grid.

    Parameters
    ----------
    layers : sequence of Layer
        The images, in the order of the sums. Variances and flags are made where the first can
        read them.
    drop : Drop
        Shape of the drops.
    rows : slice
        Rows of the grid.
    shape : tuple of int
        Rows and columns of the grid.
    context : bool
        Whether to tell which images contributed.

    Returns
    -------
    Band
        The same bits for a row in every band. Only the parts of the images are read that touch
        the band.

    Raises
    ------
    InvalidInput
        If neighbours in an image are far apart on the grid.

    Notes
    -----
    The variance of a sum of output pixels is not the sum of their own variances, since the noise
    of neighbours is shared. With the part :math:`c_{ki}` that input k has in output i (see
    `webbcal.kernels.drizzle`) and :math:`s_k = \sum_i c_{ki}`, the sum over all pixels has the
    variance :math:`\sum_k s_k^2 v_k = \sum_i \sum_k c_{ki} s_k v_k`, whatever the weights, the
    scale and the shape of the drops: the inner sum is what pixel i gets. An aperture of finite
    size cuts drops at its border, and its variance is smaller; see `aperture_factor`.
    """
    wants_variances = bool(layers) and layers[0].read_variances is not None
    halo = max((_side(drop, layer) for layer in layers), default=0) if wants_variances else 0
    first, stop = max(rows.start - halo, 0), min(rows.stop + halo, shape[0])
    inner = slice(rows.start - first, rows.stop - first)
    totals = np.zeros((stop - first, shape[1], 2))
    planes = -(-len(layers) // IMAGES_PER_PLANE) if context else 0
    bits = np.zeros((planes, stop - first, shape[1]), np.int32)
    nothing = np.zeros((0, 0), np.int32)
    for number, layer in enumerate(layers):
        plane, bit = divmod(number, IMAGES_PER_PLANE)
        for part in layer.parts(slice(first, stop), shape[1], drop.reach(layer.sizes[1])):
            sci, weight = layer.read(*part)
            missed = kernels.drizzle(
                *_positions(layer, *part),
                frozen(sci),
                frozen(weight),
                _shape(drop, layer),
                first,
                totals,
                bits[plane] if context else nothing,
                np.array(1 << bit, np.uint32).view(np.int32)[()],
            )
            if missed:
                raise _torn(layer, missed)
    weights = totals[..., 1]
    with np.errstate(invalid="ignore", divide="ignore"):
        inverse = np.where(weights > 0, 1.0 / weights, 0.0)
        sci = np.where(weights > 0, totals[..., 0] / weights, np.nan)[inner]
    kept = np.ascontiguousarray(weights[inner])
    band = Band(rows, sci, kept, bits[:, inner] if context else None)
    del totals, weights
    if wants_variances:
        variances, own = _variances(layers, drop, rows, inverse, first)
        band = replace(band, variances=variances, own=own)
    if layers and layers[0].read_flags is not None:
        band = replace(band, flags=_flags(layers, drop, rows, shape))
    return band


def _variances(
    layers: Sequence[Layer], drop: Drop, rows: slice, inverse: np.ndarray, first: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the variances of a band, and those of its pixels alone."""
    sums = np.zeros((rows.stop - rows.start, inverse.shape[1], 4))
    for layer in layers:
        if layer.read_variances is None:
            continue
        factor = aperture_factor(drop, layer.sizes[0]) ** 2
        for part in layer.parts(rows, inverse.shape[1], drop.reach(layer.sizes[1])):
            variances, weight = layer.read_variances(*part)
            kernels.add_variances(
                *_positions(layer, *part),
                frozen(variances),
                frozen(weight),
                _shape(drop, layer),
                factor,
                first,
                inverse,
                rows.start - first,
                sums,
            )
    empty = inverse[rows.start - first : rows.stop - first] == 0.0
    sums[empty] = np.nan
    return np.ascontiguousarray(np.moveaxis(sums[..., :3], -1, 0)), sums[..., 3]


def _flags(layers: Sequence[Layer], drop: Drop, rows: slice, shape: tuple[int, int]) -> np.ndarray:
    """Return the flags of all pixels that contribute to a band."""
    flags = np.zeros((rows.stop - rows.start, shape[1]), np.uint32)
    for layer in layers:
        if layer.read_flags is None:
            continue
        for part in layer.parts(rows, shape[1], drop.reach(layer.sizes[1])):
            own, weight = layer.read_flags(*part)
            kernels.combine_flags(
                *_positions(layer, *part),
                frozen(own),
                frozen(weight),
                _shape(drop, layer),
                rows.start,
                flags,
            )
    return flags


def aperture_factor(drop: Drop, size: float, aperture: float = APERTURE) -> float:
    r"""Return the error of the sum over an aperture, over that without borders.

    A drop that the border of an aperture cuts adds less to the variance of its sum than its
    part. Along one axis, with the profile p of the drop and an aperture of width m,

    .. math:: f = \frac{1}{m} \int \Big( \int_0^m p(x - u) \, dx \Big)^2 du

    is the variance over that of all of p, the mean over all places; f = 1 - b / 3m for a drop of
    width b < m. Both axes together give the variance f^2, the error f.

    Parameters
    ----------
    drop : Drop
        Shape of the drops.
    size : float
        Width of an input pixel, in output pixels.
    aperture : float
        Width of the square aperture, in output pixels; `inf` for one without borders.

    Source: Fruchter and Hook 2002, section 7, for apertures in place of pixels.
    """
    if drop.kind == "point" or not np.isfinite(aperture):
        return 1.0
    reach = drop.reach(size) if drop.kind != "square" else 0.5 * size * drop.pixfrac
    step = min(reach, aperture) / 500.0
    u = np.arange(-reach, reach + step, step)
    width = size * drop.pixfrac
    if drop.kind in ("square", "turbo"):
        return 1.0 - width / (3.0 * aperture) if width <= aperture else _box(width, aperture)
    if drop.kind == "gaussian":
        profile = np.exp(-0.5 * (u * kernels.FWHM / width) ** 2)
    else:
        n = 2 if drop.kind == "lanczos2" else 3
        profile = np.sinc(u / size) * np.sinc(u / (n * size))
    total = np.append(0.0, np.cumsum(profile)) / profile.sum()
    places = np.arange(-reach - aperture, reach + step, step)
    inside = np.interp(places + aperture, np.append(u - step / 2, u[-1] + step / 2), total)
    inside -= np.interp(places, np.append(u - step / 2, u[-1] + step / 2), total)
    return float((inside**2).sum() * step / aperture)


def _box(width: float, aperture: float) -> float:
    """Return the factor for a drop that is wider than the aperture."""
    return aperture / width * (1.0 - aperture / (3.0 * width))


def _torn(layer: Layer, count: int) -> InvalidInput:
    return InvalidInput(
        "the map from an image to the mosaic tears its pixels apart",
        expected=f"pixels of about {layer.sizes[0]:.3g} output pixels",
        found=f"{count} larger ones",
    )


def _side(drop: Drop, layer: Layer) -> int:
    """Return how many rows or columns of the grid one drop can touch at most."""
    return int(np.ceil(2 * drop.reach(1.1 * layer.sizes[1]))) + 2


def _shape(drop: Drop, layer: Layer) -> tuple[int, float, float, int]:
    """Return the shape of drops as the kernel takes it."""
    return KINDS[drop.kind], layer.sizes[0], float(drop.pixfrac), _side(drop, layer)


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
