"""How memory of arrays that are gone is used again."""

import ctypes
from contextlib import suppress

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # malloc.h
DEFAULT_TRIM_BYTES = 128 << 10
LARGE_BYTES = 4 << 20
KEPT_BYTES = 32 << 20
"""The largest arrays that the allocator can be told to keep."""


def return_large_arrays() -> None:
    """Have the allocator return arrays above `LARGE_BYTES` to the system when they are freed.

    By default it learns from the first large array to keep all later ones in pools, one for each
    thread. The tiles of a long exposure then took 80 MB more than they use. Elsewhere than with
    the GNU C library nothing happens.
    """
    _set(M_MMAP_THRESHOLD, LARGE_BYTES)
    _set(M_TRIM_THRESHOLD, DEFAULT_TRIM_BYTES)


def keep_arrays() -> None:
    """Have the allocator keep arrays that are freed for those that come next.

    For windows of the same size, one after the other. By default it returns the end of its pools
    to the system again and again, which fills every new page with zeros: a tenth of the processor
    time of an exposure of 84 million values. Elsewhere than with the GNU C library nothing
    happens.
    """
    _set(M_MMAP_THRESHOLD, KEPT_BYTES)
    _set(M_TRIM_THRESHOLD, 1 << 30)


def return_all() -> None:
    """Return what was kept: sizes are different from now on."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def _set(parameter: int, value: int) -> None:
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(parameter, value)
