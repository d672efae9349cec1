"""Differences between images of the same sky, and clipped statistics of sky values."""

import numpy as np

from webbcal.kernels._jit import entry, part
from webbcal.kernels.clipping import median_between, moments, rank_of


@entry
def keep_usable(sci, dq, bad, low, high, out):
    """Copy the finite values from `low` to `high` of pixels without bad flags; NaN for others.

    Parameters
    ----------
    sci, out : float32 (y, x)
        Values, and the copy.
    dq : uint32 (y, x)
        Flags.
    bad : uint32
        Those that leave a pixel out.
    low, high : float
        Limits, themselves included.
    """
    rows, columns = sci.shape
    for y in range(rows):
        for x in range(columns):
            value = sci[y, x]
            good = (dq[y, x] & bad) == 0 and low <= value <= high and abs(value) < np.inf
            out[y, x] = value if good else np.float32(np.nan)


@entry
def matched_differences(first, second, nodes, step, stride, out):
    """Take the difference of two images where both see the same sky.

    Parameters
    ----------
    first, second : float32 (y, x)
        Images; NaN is left out.
    nodes : float64 (node y, node x, coordinate)
        Where every `step`-th pixel of the first image is in the second one: x, then y. Positions
        between them are found by linear interpolation; cells with NaN are left out.
    step : int
        Distance of the nodes, pixel.
    stride : int
        Only every so many-th pixel of a row is taken, with another start in each row.
    out : float32 (pixel)
        Filled with the value of the first image less that of the nearest pixel of the second.

    Returns
    -------
    int
        How many differences there are. No pixel after `out` is full.
    """
    rows, columns = first.shape
    height, width = second.shape
    count = 0
    for y in range(rows):
        j = y // step
        v = (y - j * step) / step
        offset = y % stride
        for i in range(nodes.shape[1] - 1):
            x_left = (1.0 - v) * nodes[j, i, 0] + v * nodes[j + 1, i, 0]
            y_left = (1.0 - v) * nodes[j, i, 1] + v * nodes[j + 1, i, 1]
            x_slope = ((1.0 - v) * nodes[j, i + 1, 0] + v * nodes[j + 1, i + 1, 0] - x_left) / step
            y_slope = ((1.0 - v) * nodes[j, i + 1, 1] + v * nodes[j + 1, i + 1, 1] - y_left) / step
            if not _crosses(x_left, x_left + step * x_slope, width):
                continue
            if not _crosses(y_left, y_left + step * y_slope, height):
                continue
            x0 = i * step
            start = x0 + (offset - x0) % stride
            for x in range(start, min(x0 + step, columns), stride):
                p = np.floor(x_left + (x - x0) * x_slope + 0.5)
                q = np.floor(y_left + (x - x0) * y_slope + 0.5)
                if not (0.0 <= p < width and 0.0 <= q < height):
                    continue
                difference = first[y, x] - second[np.int64(q), np.int64(p)]
                if difference == difference:
                    if count == out.size:
                        return count
                    out[count] = difference
                    count += 1
    return count


@part
def _crosses(a, b, size):
    """Tell whether positions from a to b, which must not be NaN, come near 0 to size."""
    return min(a, b) < size + 1.0 and max(a, b) > -1.0


@entry
def clipped_range(buckets, lower, upper, rounds):
    """Drop values too far from the mean, `rounds` times or until none is.

    Parameters
    ----------
    buckets : Buckets
        The values.
    lower, upper : float
        How many standard deviations below and above the mean are allowed.
    rounds : int
        How many times.

    Returns
    -------
    low, high : float
        Limits of what is left, themselves included.
    mean, median, deviation : float
        Of what is left; NaN for nothing.
    number : int
        How many values are left.
    """
    first, last = 0, buckets.values.size
    low, high = -np.inf, np.inf
    mean, deviation = np.nan, np.nan
    for n in range(rounds + 1):
        count = last - first
        if count <= 0:
            break
        total, square = moments(buckets, low, high)
        mean = buckets.origin + total / count
        deviation = np.sqrt(max(square / count - (total / count) ** 2, 0.0))
        if n == rounds:
            break
        low, high = max(low, mean - lower * deviation), min(high, mean + upper * deviation)
        first, last = rank_of(buckets, low, False), rank_of(buckets, high, True)
        if last - first == count:
            break
    return low, high, mean, median_between(buckets, first, last), deviation, last - first


@entry
def counts_in_bins(values, low, width, bins):
    """Count values into bins of a width, the first one from `low`; others are left out."""
    counts = np.zeros(bins, np.int64)
    for k in range(values.size):
        place = np.floor((np.float64(values[k]) - low) / width)
        if 0.0 <= place < bins:
            counts[np.int64(place)] += 1
    return counts
