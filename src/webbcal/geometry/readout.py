"""How the pixels of an image lie on a near-infrared detector as it is read."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from webbcal.core.errors import InvalidProduct
from webbcal.spec.meta import Meta
from webbcal.spec.window import Window

DETECTOR_SIZE = 2048
"""Rows and columns of a HAWAII-2RG."""

BORDER = 4
"""Width of the frame of reference pixels around it."""


@dataclass(frozen=True)
class Readout:
    """Orientation and place of an exposure on its detector.

    A detector is read along its rows, the fast axis, from column 0. Images are stored in the
    orientation of the telescope: mirrored, or with rows and columns exchanged.

    Parameters
    ----------
    swapped : bool
        Whether the fast axis runs along y.
    mirrored_y, mirrored_x : bool
        Whether y, x run against the direction in which they are read.
    corner_y, corner_x : int
        First row and column of the exposure on the full frame, as stored.

    Notes
    -----
    Source: JWST keyword dictionary, FASTAXIS, SLOWAXIS, SUBSTRT1, SUBSTRT2.
    """

    swapped: bool
    mirrored_y: bool
    mirrored_x: bool
    corner_y: int
    corner_x: int

    @classmethod
    def of(cls, meta: Meta) -> Self:
        """Read it from the metadata of an exposure.

        Raises
        ------
        InvalidProduct
            If the axes are not given as 1 (x) and 2 (y), each with its sign.
        """
        subarray = meta.subarray
        fast, slow = subarray.fastaxis, subarray.slowaxis
        if not (isinstance(fast, int) and isinstance(slow, int)) or {abs(fast), abs(slow)} != {
            1,
            2,
        }:
            raise InvalidProduct(
                "FASTAXIS and SLOWAXIS", expected="+-1 and +-2", found=f"{fast} and {slow}"
            )
        along_x, along_y = (fast, slow) if abs(fast) == 1 else (slow, fast)
        corner_y, corner_x = (subarray.ystart or 1) - 1, (subarray.xstart or 1) - 1
        return cls(abs(fast) == 2, along_y < 0, along_x < 0, corner_y, corner_x)

    def rows_columns(self, window: Window) -> tuple[np.ndarray, np.ndarray]:
        """Return the detector row and column of each pixel of a window, axes (y, x)."""
        y = _on_detector(window.y0, window.y1, self.corner_y, self.mirrored_y)[:, np.newaxis]
        x = _on_detector(window.x0, window.x1, self.corner_x, self.mirrored_x)[np.newaxis, :]
        row, column = (x, y) if self.swapped else (y, x)
        return np.broadcast_to(row, window.size), np.broadcast_to(column, window.size)


def _on_detector(start: int, stop: int, corner: int, mirrored: bool) -> np.ndarray:
    index = np.arange(start, stop) + corner
    return DETECTOR_SIZE - 1 - index if mirrored else index


MIRI_COLUMNS = 1032
"""Columns of a MIRI detector; the first and last four are reference pixels, and no rows are."""


def sensitive(meta: Meta, shape: tuple[int, int]) -> Window:
    """Return the part of an exposure of `shape` (rows, columns) without reference pixels."""
    rows, columns = shape
    x, y = (meta.subarray.xstart or 1) - 1, (meta.subarray.ystart or 1) - 1
    if meta.instrument.name == "MIRI":
        return Window(0, rows, *_sensitive_span(x, columns, MIRI_COLUMNS), shape)
    return Window(*_sensitive_span(y, rows), *_sensitive_span(x, columns), shape)


def _sensitive_span(corner: int, size: int, detector: int = DETECTOR_SIZE) -> tuple[int, int]:
    first = min(max(BORDER - corner, 0), size)
    return first, max(min(detector - BORDER - corner, size), first)


INSIDE = frozenset({"SUB32", "SUB512", "SUB512S"})
"""NIRSpec subarrays that touch no edge of the detector; the four columns at either side, which
receive no light, serve as reference pixels."""


def lies_inside(meta: Meta) -> bool:
    """Tell whether columns of the subarray stand in for the reference pixels of the detector."""
    return meta.instrument.name == "NIRSPEC" and meta.subarray.name in INSIDE


def reference_bands(meta: Meta, shape: tuple[int, int]) -> list[Window]:
    """Return windows that together cover the reference pixels of an exposure once."""
    height, width = shape
    if lies_inside(meta):
        spans = ((0, BORDER), (width - BORDER, width))
        return [Window(0, height, *span, shape) for span in spans]
    inner = sensitive(meta, shape)
    bands = (
        (0, inner.y0, 0, width),
        (inner.y1, height, 0, width),
        (inner.y0, inner.y1, 0, inner.x0),
        (inner.y0, inner.y1, inner.x1, width),
    )
    return [Window(*band, shape) for band in bands if band[0] < band[1] and band[2] < band[3]]
