"""Sort many short lists at once, and find medians."""

import numpy as np

from webbcal.kernels._jit import kernel


@kernel
def sort_columns(rows, count):
    """Sort the first `count` values of every column, in place, ascending.

    A network of compare-and-exchange operations does the same to every column, so that one
    vector instruction handles many of them.

    Parameters
    ----------
    rows : ndarray
        Axes (rank, column), contiguous. A value to leave out is best set to infinity; NaN may
        end up anywhere in its column.
    count : int
        How many rows to sort.

    Notes
    -----
    Source: Batcher's merge exchange; D. E. Knuth, The Art of Computer Programming 3, 5.2.2,
    algorithm M.
    """
    width = rows.shape[1]
    values = rows.reshape(-1)
    top = 1
    while top * 2 < count:
        top *= 2
    p = top if count > 1 else 0
    while p > 0:
        q = top
        r = 0
        d = p
        while True:
            # The rows i with i & p == r come in runs of p, which lie together in memory.
            for first in range(r, count - d, 2 * p):
                last = min(first + p, count - d)
                _exchange(values, first * width, (first + d) * width, (last - first) * width)
            if q == p:
                break
            d = q - p
            q //= 2
            r = p
        p //= 2


@kernel
def _exchange(values, low, high, length):
    """Put the smaller of each pair into the part that begins at `low`, the larger at `high`."""
    lows, highs = values[low : low + length], values[high : high + length]
    for n in range(length):
        a = lows[n]
        b = highs[n]
        lows[n] = a if a < b else b
        highs[n] = b if a < b else a


@kernel
def median(values):
    """Return the median of values without NaN, which are put into another order; NaN for none."""
    n = values.size
    if n == 0:
        return np.nan
    middle = n // 2
    upper = np.float64(_select(values, middle))
    if n % 2:
        return upper
    lower = values[0]
    for i in range(1, middle):
        lower = max(lower, values[i])
    return 0.5 * (np.float64(lower) + upper)


@kernel
def _select(values, rank):
    """Return the value of a rank, moved to its place with smaller ones before it.

    Source: C. A. R. Hoare 1961, algorithm 65, Find.
    """
    low, high = 0, values.size - 1
    while low < high:
        pivot = values[(low + high) // 2]
        i, j = low, high
        while i <= j:
            while values[i] < pivot:
                i += 1
            while pivot < values[j]:
                j -= 1
            if i <= j:
                values[i], values[j] = values[j], values[i]
                i += 1
                j -= 1
        if rank <= j:
            high = j
        elif rank >= i:
            low = i
        else:
            break
    return values[rank]
