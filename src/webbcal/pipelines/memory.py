"""Give memory back as soon as an array is gone."""

import ctypes
from contextlib import suppress

M_MMAP_THRESHOLD = -3  # malloc.h
LARGE_BYTES = 4 << 20


def return_large_arrays() -> None:
    """Have the allocator return arrays above `LARGE_BYTES` to the system when they are freed.

    By default it learns from the first large array to keep all later ones in pools, one for each
    thread. The tiles of a long exposure then took 80 MB more than they use. Elsewhere than with
    the GNU C library nothing happens.
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, LARGE_BYTES)
