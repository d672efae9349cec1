"""The mean excess of signal in a ring around each pixel."""

import numpy as np

from webbcal.kernels._jit import entry, kernel
from webbcal.kernels.group_flags import BAD, JUMP


@entry
def ring_widths(inner, outer):
    """Return how far each row of a ring extends to the sides, and its hole.

    Parameters
    ----------
    inner, outer : float
        Radii, pixel: the ring holds the pixels with inner <= r <= outer.

    Returns
    -------
    widths : ndarray
        int64, axes (row, 2), rows from -outer to outer: half widths of the disc and of the
        hole in it; -1 where a row has none.
    """
    reach = np.int64(outer)
    widths = np.full((2 * reach + 1, 2), -1)
    for row in range(2 * reach + 1):
        v = row - reach
        for u in range(reach + 1):
            square = u * u + v * v
            if square <= outer * outer:
                widths[row, 0] = u
            if square < inner * inner:
                widths[row, 1] = u
    return widths


@entry
def mean_excess(signal, flags, typical, weight, widths):
    """Return the mean excess in a ring around each pixel, in standard deviations.

    Parameters
    ----------
    signal : ndarray
        Of two successive groups, float32, DN, axes (2, y, x).
    flags : ndarray
        uint8, same axes. A pixel that is DO_NOT_USE or SATURATED in one of them, or has
        JUMP_DET in the second, does not count; nor does NaN.
    typical : ndarray
        Typical difference, float32, DN, axes (y, x).
    weight : ndarray
        One over the standard deviation of the difference, float32, axes (y, x); 0 for a pixel
        that never counts.
    widths : ndarray
        From `ring_widths`.

    Returns
    -------
    ndarray
        float32, axes (y, x); NaN where no pixel of the ring counts.
    """
    rows, columns = typical.shape
    reach = widths.shape[0] // 2
    result = np.empty((rows, columns), np.float32)
    # Sums along each row, of all half widths, of the rows that an output row needs.
    held = 2 * reach + 1
    sums = np.zeros((held, reach + 1, columns), np.float32)
    counts = np.zeros((held, reach + 1, columns), np.float32)
    row_sum = np.zeros(columns + 2 * reach, np.float32)
    row_count = np.zeros(columns + 2 * reach, np.float32)
    total = np.empty(columns, np.float32)
    number = np.empty(columns, np.float32)
    for y in range(rows + reach):
        slot = y % held
        _row(signal, flags, typical, weight, y, reach, row_sum, row_count)
        _sum_along(row_sum, sums[slot])
        _sum_along(row_count, counts[slot])
        out = y - reach
        if out < 0:
            continue
        for x in range(columns):
            total[x] = 0
            number[x] = 0
        for n in range(held):
            v = out + n - reach
            if v < 0:
                continue
            _add(total, number, sums[v % held, widths[n, 0]], counts[v % held, widths[n, 0]], 1)
            if widths[n, 1] >= 0:
                _add(
                    total, number, sums[v % held, widths[n, 1]], counts[v % held, widths[n, 1]], -1
                )
        for x in range(columns):
            result[out, x] = total[x] / number[x] if number[x] > 0 else np.float32(np.nan)
    return result


@kernel
def _row(signal, flags, typical, weight, y, reach, row_sum, row_count):
    """Fill in the excess of the pixels of a row, and which count; zeros outside the frame."""
    rows, columns = typical.shape
    if y >= rows:
        for x in range(columns):
            row_sum[reach + x] = 0
            row_count[reach + x] = 0
        return
    before, after = signal[0, y], signal[1, y]
    flags0, flags1 = flags[0, y], flags[1, y]
    centre, inverse = typical[y], weight[y]
    sums, counts = row_sum[reach : reach + columns], row_count[reach : reach + columns]
    for x in range(columns):
        excess = (after[x] - before[x] - centre[x]) * inverse[x]
        bad = (flags0[x] | flags1[x]) & BAD | flags1[x] & JUMP
        good = (bad == 0) & (inverse[x] > 0) & (abs(excess) < np.inf)
        sums[x] = excess if good else np.float32(0)
        counts[x] = np.float32(1) if good else np.float32(0)


@kernel
def _sum_along(values, result):
    """Set row w of `result` to the sums over 2 w + 1 values; `values` has a margin."""
    reach, columns = result.shape[0] - 1, result.shape[1]
    middle = values[reach : reach + columns]
    target = result[0]
    for x in range(columns):
        target[x] = middle[x]
    for w in range(1, reach + 1):
        target, narrower = result[w], result[w - 1]
        left, right = (
            values[reach - w : reach - w + columns],
            values[reach + w : reach + w + columns],
        )
        for x in range(columns):
            target[x] = narrower[x] + (left[x] + right[x])


@kernel
def _add(total, number, sums, counts, sign):
    """Add, or subtract, sums and counts of a row."""
    factor = np.float32(sign)
    for x in range(total.size):
        total[x] += factor * sums[x]
        number[x] += factor * counts[x]
