"""Blot: bring a mosaic back onto the pixels of an image."""

from collections.abc import Callable

import numpy as np

from webbcal.geometry.pixel_map import PixelMap
from webbcal.kernels import blot as kernels
from webbcal.kernels.arrays import frozen


def blot(
    read: Callable[[slice], np.ndarray],
    shape: tuple[int, int],
    pixel_map: PixelMap,
    rows: slice,
) -> np.ndarray:
    """Return what a mosaic shows at the pixels of some rows of an image.

    Parameters
    ----------
    read : callable
        ``read(rows)``: rows of the mosaic, float32, axes (y, x).
    shape : tuple of int
        Rows and columns of the mosaic.
    pixel_map : PixelMap
        Where the pixels of the image are in the mosaic.
    rows : slice
        Of the image. The fewer, the less of the mosaic is in memory.

    Returns
    -------
    ndarray
        Bilinear interpolation, axes (y, x), float32; NaN outside of the mosaic, beside its NaN
        pixels and where a pixel has no position. Same bits for a row whichever others come along.

    Source: Fruchter and Hook 2002, section 5.
    """
    positions = pixel_map.positions(rows)
    out = np.full(positions.shape[:2], np.nan, np.float32)
    heights = positions[..., 1]
    inside = heights[(heights >= -0.5) & (heights <= shape[0] - 0.5)]
    if inside.size == 0:
        return out
    first = max(int(inside.min()), 0)
    part = read(slice(first, min(int(inside.max()) + 2, shape[0])))
    kernels.blot(frozen(part, np.float32), first, shape[0], positions, out)
    return out
