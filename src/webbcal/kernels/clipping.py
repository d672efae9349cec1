"""Clipped statistics of whole images, without sorting them.

Values are put into buckets of ascending values once. A median then needs the order within one
bucket, and moments between two limits the values of two buckets; the rest is known by bucket.
Medians are exact.
"""

from typing import Any, NamedTuple

import numpy as np

from webbcal.kernels._jit import entry, inlined, kernel
from webbcal.kernels.sorting import _select

BUCKETS = 1024
SAMPLE = 4096
"""Values that tell where the buckets are to lie."""

REACH = 8.0
"""Half the range of the buckets, in standard deviations as the quartiles tell it."""


class Buckets(NamedTuple):
    """Values in order, bucket by bucket, in no order within one.

    `values` (float32); bucket k holds those from `starts[k]` to `starts[k + 1]`. `sums` and
    `squares`: of the differences from `origin`, by bucket. Bucket k > 0 begins at `low` +
    (k - 1) / `scale`; the first and the last one hold everything outside.
    """

    values: Any
    starts: Any
    sums: Any
    squares: Any
    low: float
    scale: float
    origin: float


class Level(NamedTuple):
    """What clipping leaves: median, mean, standard deviation, number of values."""

    median: float
    mean: float
    deviation: float
    number: int


@kernel
def _bucket(value, low, scale):
    """Return the bucket of a value; never a lower one for a larger value."""
    if scale == 0.0:  # all values in one bucket, where a limit without bound is found, too
        return np.int64(1)
    place = (np.float64(value) - low) * scale + 1.0
    return np.int64(min(max(place, 0.0), BUCKETS - 1.0))


@kernel
def _quartiles(values, usable):
    """Return the quartiles of a sample of the usable values, and how many usable ones there are."""
    count = 0
    for k in range(values.size):
        count += usable[k] != 0
    stride = max(count // SAMPLE, 1)
    sample = np.empty((count + stride - 1) // stride, np.float32)
    seen, kept = 0, 0
    for k in range(values.size):
        if usable[k] != 0:
            if seen % stride == 0:
                sample[kept] = values[k]
                kept += 1
            seen += 1
    sample.sort()
    if kept == 0:
        return 0.0, 0.0, 0.0, 0
    return (
        np.float64(sample[kept // 4]),
        np.float64(sample[kept // 2]),
        np.float64(sample[(3 * kept) // 4]),
        count,
    )


@entry
def into_buckets(values, usable):
    """Return the usable values in buckets.

    Parameters
    ----------
    values : float32 (pixel)
        Must be finite where usable.
    usable : uint8 (pixel)
        0 leaves a value out.

    Returns
    -------
    Buckets
    """
    first, origin, third, count = _quartiles(values, usable)
    half = REACH * (third - first) / 1.349
    low = origin - half
    scale = (BUCKETS - 2) / (2.0 * half) if half > 0.0 else 0.0
    starts = np.zeros(BUCKETS + 1, np.int64)
    for k in range(values.size):
        if usable[k] != 0:
            starts[_bucket(values[k], low, scale) + 1] += 1
    for b in range(BUCKETS):
        starts[b + 1] += starts[b]
    ordered = np.empty(count, np.float32)
    place = starts.copy()
    for k in range(values.size):
        if usable[k] != 0:
            b = _bucket(values[k], low, scale)
            ordered[place[b]] = values[k]
            place[b] += 1
    sums, squares = np.zeros(BUCKETS), np.zeros(BUCKETS)
    for b in range(BUCKETS):
        total, square = 0.0, 0.0
        for k in range(starts[b], starts[b + 1]):
            d = np.float64(ordered[k]) - origin
            total += d
            square += d * d
        sums[b], squares[b] = total, square
    return Buckets(ordered, starts, sums, squares, low, scale, origin)


@kernel
def ranked(buckets, rank):
    """Return the value of a rank, counted from 0 for the smallest."""
    b = np.searchsorted(buckets.starts, rank, side="right") - 1
    part = buckets.values[buckets.starts[b] : buckets.starts[b + 1]]
    return np.float64(_select(part, rank - buckets.starts[b]))


@kernel
def median_between(buckets, first, last):
    """Return the median of the values of ranks `first` to `last` (excluded); NaN for none."""
    count = last - first
    if count <= 0:
        return np.nan
    upper = ranked(buckets, first + count // 2)
    if count % 2:
        return upper
    return 0.5 * (ranked(buckets, first + count // 2 - 1) + upper)


@kernel
def rank_of(buckets, limit, inclusive):
    """Return how many values are below a limit, or not above it if `inclusive`."""
    b = _bucket(limit, buckets.low, buckets.scale)
    count = buckets.starts[b]
    for k in range(buckets.starts[b], buckets.starts[b + 1]):
        value = buckets.values[k]
        count += value < limit or (inclusive and value == limit)
    return count


@kernel
def moments(buckets, low, high):
    """Return the sums of differences from the origin, and of their squares, of low <= v <= high."""
    first = _bucket(low, buckets.low, buckets.scale)
    last = _bucket(high, buckets.low, buckets.scale)
    total, square = 0.0, 0.0
    for b in range(first, last + 1):
        if first < b < last:
            total += buckets.sums[b]
            square += buckets.squares[b]
            continue
        for k in range(buckets.starts[b], buckets.starts[b + 1]):
            if low <= buckets.values[k] <= high:
                d = np.float64(buckets.values[k]) - buckets.origin
                total += d
                square += d * d
    return total, square


@entry
def clipped_level(buckets, limit, rounds):
    """Return the statistics of values within `limit` standard deviations of their median.

    Median and deviation are taken again and values dropped, `rounds` times or until none is.
    """
    first, last = 0, buckets.values.size
    median, mean, deviation = np.nan, np.nan, np.nan
    low, high = -np.inf, np.inf
    for n in range(rounds + 1):
        count = last - first
        if count <= 0:
            break
        median = median_between(buckets, first, last)
        total, square = moments(buckets, low, high)
        mean = buckets.origin + total / count
        deviation = np.sqrt(max(square / count - (total / count) ** 2, 0.0))
        if n == rounds:
            break
        low = max(low, median - limit * deviation)
        high = min(high, median + limit * deviation)
        before = count
        first, last = rank_of(buckets, low, False), rank_of(buckets, high, True)
        if last - first == before:
            break
    return Level(median, mean, deviation, last - first)


@entry
def clipped_lower_half(buckets, centre, limit, rounds):
    """Return the standard deviation of the values below a centre and their mirror images.

    Values further than `limit` deviations from the centre are dropped, `rounds` times or until
    none is.
    """
    low, deviation = -np.inf, np.nan
    first, last = 0, rank_of(buckets, centre, True)
    offset = centre - buckets.origin
    for n in range(rounds + 1):
        count = last - first
        if count <= 0:
            break
        total, square = moments(buckets, low, centre)
        deviation = np.sqrt(
            max(square / count - 2.0 * offset * total / count + offset * offset, 0.0)
        )
        if n == rounds:
            break
        low = max(low, centre - limit * deviation)
        before, first = first, rank_of(buckets, low, False)
        if first == before:
            break
    return deviation


BINS = 256
"""Into which `median_by_bins` counts the pixels of a line."""

MAD = 1.4826
"""Standard deviation of a normal distribution over its median absolute deviation."""


@inlined
def gather(values, mask, sample):
    """Put the values whose mask is not 0 to the front of `sample`; return how many they are."""
    count = 0
    for x in range(values.size):
        sample[count] = values[x]
        count += mask[x] != 0
    return count


@kernel
def median_by_bins(values, bins, chosen):
    """Return the median of values without NaN, which stay as they are; NaN for none.

    Counting into bins first leaves few values to be put in order.

    Parameters
    ----------
    values : float32 (value)
    bins : int64 (bin)
        Room to count in.
    chosen : float32 (value)
        Room for as many values.
    """
    n = values.size
    if n == 0:
        return np.nan
    low, high = values[0], values[0]
    for k in range(n):
        low = min(low, values[k])
        high = max(high, values[k])
    if not high > low:
        return np.float64(low)
    scale = np.float64(bins.size - 1) / (np.float64(high) - np.float64(low))
    for b in range(bins.size):
        bins[b] = 0
    for k in range(n):
        bins[np.int64((np.float64(values[k]) - low) * scale)] += 1
    rank = (n - 1) // 2  # the lower one of the two in the middle
    first, below = 0, 0
    while below + bins[first] <= rank:
        below += bins[first]
        first += 1
    last, upto = first, below + bins[first]
    while upto <= n // 2:
        last += 1
        upto += bins[last]
    count = 0
    for k in range(n):
        place = np.int64((np.float64(values[k]) - low) * scale)
        chosen[count] = values[k]
        count += int((place >= first) & (place <= last))
    part = chosen[:count]
    lower = np.float64(_select(part, rank - below))
    if n % 2:
        return lower
    return 0.5 * (lower + np.float64(_select(part, n // 2 - below)))
