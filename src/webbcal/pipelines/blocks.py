"""Cut an exposure into windows that a thread can calibrate from end to end."""

from collections.abc import Iterator

import numpy as np

from webbcal.core.dq import GOOD
from webbcal.spec.products import Ramp, Uncal
from webbcal.spec.window import Window

MINIMUM_ROWS = 20
"""Whole rows are worth having down to this height: margins of three rows cost a third then."""

STRETCH = 4
"""How much larger than asked for a block may be to hold that many whole rows."""

TILE_ROWS = 32


def windows(shape: tuple[int, int], bytes_per_pixel: int, block_bytes: int) -> Iterator[Window]:
    """Yield windows that cover a frame once, of about `block_bytes` of signal each.

    Whole rows where enough of them fit, since they lie together on disk and in memory;
    for exposures of very many integrations, wide tiles.
    """
    rows, columns = shape
    height = min(rows, max(block_bytes // (bytes_per_pixel * columns), MINIMUM_ROWS))
    width = columns
    if height * width * bytes_per_pixel > STRETCH * block_bytes:
        height = min(rows, TILE_ROWS)
        width = min(columns, max(STRETCH * block_bytes // (bytes_per_pixel * height), 8))
    for y0 in range(0, rows, height):
        for x0 in range(0, columns, width):
            yield Window(y0, min(y0 + height, rows), x0, min(x0 + width, columns), shape)


def begin_ramp(uncal: Uncal) -> Ramp:
    """Turn raw values into a ramp: float32 signal, no flags set."""
    shape = uncal.sci.shape
    return Ramp(
        meta=uncal.meta,
        attributes=uncal.attributes,
        window=uncal.window,
        extras=uncal.extras,
        sci=uncal.sci.astype(np.float32),
        pixeldq=np.full(shape[-2:], GOOD, np.uint32),
        groupdq=np.full(shape, GOOD, np.uint8),
        zeroframe=None if uncal.zeroframe is None else uncal.zeroframe.astype(np.float32),
        refout=None if uncal.refout is None else uncal.refout.astype(np.float32),
        group=uncal.group,
        int_times=uncal.int_times,
    )
