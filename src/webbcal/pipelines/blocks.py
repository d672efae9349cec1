"""Windows that cover a frame: the blocks that go through the steps from end to end."""

from collections.abc import Iterator

from webbcal.spec.window import Window

MINIMUM_ROWS = 20
"""Whole rows are worth having down to this height: margins of three rows cost a third then."""

STRETCH = 4
"""How much larger than asked for a block may be to hold that many whole rows."""

TILE_ROWS = 32

PROBE_PIXELS = 8
"""Rows and columns on which every step is tried before the sweep."""


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


def middle(shape: tuple[int, int]) -> Window:
    """Return a few pixels in the middle of a frame."""
    y0, x0 = ((length - min(PROBE_PIXELS, length)) // 2 for length in shape)
    return Window(y0, min(y0 + PROBE_PIXELS, shape[0]), x0, min(x0 + PROBE_PIXELS, shape[1]), shape)
