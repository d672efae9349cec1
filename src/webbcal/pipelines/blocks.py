"""Windows that cover a frame: the blocks that go through the steps from end to end."""

import math
from collections.abc import Iterator

from webbcal.spec.window import Window

MINIMUM_ROWS = 20
"""Whole rows are worth having down to this height: margins of three rows cost a third then."""

GOOD_ROWS = 40
"""Margins cost little from this height on, which is worth blocks of twice the size asked for."""

DOUBLE, STRETCH = 2, 3
"""How much larger than asked for a block may be to hold good rows; to hold the minimum, or a
tile with its margin."""

MARGIN = 3
"""Pixels that steps usually need around a window."""

SMALLEST_TILE = 8

PROBE_PIXELS = 8
"""Rows and columns on which every step is tried before the sweep."""


def windows(shape: tuple[int, int], bytes_per_pixel: int, block_bytes: int) -> Iterator[Window]:
    """Yield windows that cover a frame once, of about `block_bytes` of signal each.

    Whole rows where enough of them fit, since they lie together on disk and in memory;
    for exposures of very many integrations, square tiles, row of tiles after row of tiles.
    """
    rows, columns = shape
    fitting, more = (n * block_bytes // (bytes_per_pixel * columns) for n in (1, DOUBLE))
    height = min(rows, max(fitting, min(more, GOOD_ROWS), MINIMUM_ROWS))
    width = columns
    if height * width * bytes_per_pixel > STRETCH * block_bytes:
        side = math.isqrt(STRETCH * block_bytes // bytes_per_pixel) - 2 * MARGIN
        height, width = (min(length, max(side, SMALLEST_TILE)) for length in shape)
    elif height < rows:
        # Blocks of equal height, and for each of two threads as many.
        count = -(-rows // height)
        height = -(-rows // (count + count % 2))
    for y0 in range(0, rows, height):
        for x0 in range(0, columns, width):
            yield Window(y0, min(y0 + height, rows), x0, min(x0 + width, columns), shape)


def bands(blocks: list[Window]) -> Iterator[list[Window]]:
    """Yield the windows that share their rows; all of them at once where they are whole rows."""
    if blocks[0].size[1] == blocks[0].shape[1]:
        yield blocks
        return
    for y0 in dict.fromkeys(block.y0 for block in blocks):
        yield [block for block in blocks if block.y0 == y0]


def comes_in_tiles(shape: tuple[int, int], bytes_per_pixel: int, block_bytes: int) -> bool:
    """Tell whether the windows are narrower than the frame."""
    return next(windows(shape, bytes_per_pixel, block_bytes)).size[1] < shape[1]


def middle(shape: tuple[int, int]) -> Window:
    """Return a few pixels in the middle of a frame."""
    y0, x0 = ((length - min(PROBE_PIXELS, length)) // 2 for length in shape)
    return Window(y0, min(y0 + PROBE_PIXELS, shape[0]), x0, min(x0 + PROBE_PIXELS, shape[1]), shape)
