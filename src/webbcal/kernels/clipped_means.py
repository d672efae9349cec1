"""Means of many short lists of values, without those that stand out."""

import numpy as np

from webbcal.kernels._jit import entry, part

SHORT = 32
"""Longest list that is sorted by insertion."""


@part
def _limits(values, limit, rounds):
    """Return the first and one past the last of ascending values that clipping leaves.

    Values further than `limit` standard deviations from the median are dropped, both are taken
    again, `rounds` times, or without end if negative, until none is dropped.
    """
    first, last = 0, values.size
    done = 0
    while done != rounds and last - first > 1:
        count = last - first
        middle = first + count // 2
        median = np.float64(values[middle])
        if count % 2 == 0:
            median = 0.5 * (median + np.float64(values[middle - 1]))
        total, square = 0.0, 0.0
        for k in range(first, last):
            d = np.float64(values[k]) - median
            total += d
            square += d * d
        mean = total / count
        reach = limit * np.sqrt(max(square / count - mean * mean, 0.0))
        start, stop = first, last
        while first < stop and median - np.float64(values[first]) > reach:
            first += 1
        while last > first and np.float64(values[last - 1]) - median > reach:
            last -= 1
        if first == start and last == stop:
            break
        done += 1
    return first, last


@part
def _sort(values, count):
    """Sort the first values of a list, in place: by insertion, since there are few."""
    for k in range(1, count):
        value = values[k]
        n = k
        while n > 0 and values[n - 1] > value:
            values[n] = values[n - 1]
            n -= 1
        values[n] = value


@part
def _range(values, flags, unusable, limit, rounds, kept):
    """Return the smallest and the largest sample that is left; where there is none, 0 and -1."""
    count = 0
    for k in range(values.size):
        if not np.isnan(values[k]) and (flags[k] & unusable) == 0:
            kept[count] = values[k]
            count += 1
    if count == 0:
        return np.float32(0.0), np.float32(-1.0)
    if count > SHORT:
        kept[:count].sort()
    else:
        _sort(kept, count)
    first, last = _limits(kept[:count], limit, rounds)
    return kept[first], kept[last - 1]


@entry
def clipped_means(values, flags, poisson, rnoise, unusable, limit, rounds):
    """Average samples of every pixel without the unusable ones and those that stand out.

    Parameters
    ----------
    values, poisson, rnoise : float32 (sample, y, x)
        Values and the two parts of their variance.
    flags : uint32 (sample, y, x)
        Flags of the samples.
    unusable : uint32
        Flags that leave a sample out; one that is NaN is left out, too.
    limit : float
        How many standard deviations from the median a sample may be.
    rounds : int
        How often samples are dropped; negative: until none is.

    Returns
    -------
    mean, variance_poisson, variance_rnoise : float32 (y, x)
        Of the samples that are left; NaN where there is none.
    combined : uint32 (y, x)
        All flags of the samples that are left; where there is none, of all samples.

    Notes
    -----
    Sums are taken in the order of the samples, in float64.
    """
    samples, rows, columns = values.shape
    mean = np.empty((rows, columns), np.float32)
    variance_poisson = np.empty((rows, columns), np.float32)
    variance_rnoise = np.empty((rows, columns), np.float32)
    combined = np.zeros((rows, columns), np.uint32)
    kept = np.empty(samples, np.float32)
    for y in range(rows):
        for x in range(columns):
            low, high = _range(values[:, y, x], flags[:, y, x], unusable, limit, rounds, kept)
            total, of_poisson, of_rnoise, number = 0.0, 0.0, 0.0, 0
            bits = np.uint32(0)
            for k in range(samples):
                value = values[k, y, x]
                flag = flags[k, y, x]
                if low > high:
                    bits |= flag
                elif low <= value <= high and (flag & unusable) == 0:
                    total += np.float64(value)
                    of_poisson += np.float64(poisson[k, y, x])
                    of_rnoise += np.float64(rnoise[k, y, x])
                    bits |= flag
                    number += 1
            combined[y, x] = bits
            if number == 0:
                mean[y, x] = np.nan
                variance_poisson[y, x] = np.nan
                variance_rnoise[y, x] = np.nan
            else:
                square = np.float64(number) * np.float64(number)
                mean[y, x] = total / number
                variance_poisson[y, x] = of_poisson / square
                variance_rnoise[y, x] = of_rnoise / square
    return mean, variance_poisson, variance_rnoise, combined
