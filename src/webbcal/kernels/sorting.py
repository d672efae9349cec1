"""Sort many short lists at once."""

from webbcal.kernels._jit import kernel


@kernel
def sort_columns(rows, count, lanes):
    """Sort each of the first `lanes` columns of the first `count` rows, in place, ascending.

    A network of compare-and-exchange operations does the same to every column, so that one
    vector instruction handles many of them.

    Parameters
    ----------
    rows : ndarray
        Axes (rank, lane). No NaN: a value to leave out is best set to infinity.
    count, lanes : int
        How many rows and columns to sort.

    Notes
    -----
    Source: Batcher's merge exchange; D. E. Knuth, The Art of Computer Programming 3, 5.2.2,
    algorithm M.
    """
    top = 1
    while top * 2 < count:
        top *= 2
    p = top if count > 1 else 0
    while p > 0:
        q = top
        r = 0
        d = p
        while True:
            for i in range(count - d):
                if i & p == r:
                    _exchange(rows[i], rows[i + d], lanes)
            if q == p:
                break
            d = q - p
            q //= 2
            r = p
        p //= 2


@kernel
def _exchange(low, high, lanes):
    """Put the smaller of each pair into `low`, the larger into `high`."""
    for lane in range(lanes):
        a = low[lane]
        b = high[lane]
        low[lane] = a if a < b else b
        high[lane] = b if a < b else a
