"""Outliers among images of the same sky: the median of groups, and the test against it."""

import numpy as np

from webbcal.kernels._jit import kernel, part
from webbcal.kernels.sorting import sort_columns

TILE = 256  # columns that are sorted together

LOOSE, STRICT = 1, 2  # limits that a difference exceeds: the second, the first


@kernel
def median_of_groups(planes, lowest_of_two, out):
    """Find the median over groups, pixel by pixel.

    Parameters
    ----------
    planes : float32 (group, y, x)
        NaN where a group has no value.
    lowest_of_two : bool
        Whether the lower value is taken where just two groups have one; else their mean.
    out : float32 (y, x)
        Filled; NaN without any value.
    """
    groups, rows, columns = planes.shape
    room = np.empty((groups, TILE), np.float32)
    counts = np.empty(TILE, np.int64)
    infinite = np.float32(np.inf)
    for y in range(rows):
        for start in range(0, columns, TILE):
            width = min(TILE, columns - start)
            counts[:] = 0
            for g in range(groups):
                values, line = planes[g, y], room[g]
                for x in range(width):
                    value = values[start + x]
                    known = value == value
                    line[x] = value if known else infinite
                    counts[x] += known
            sort_columns(room, groups)
            for x in range(width):
                out[y, start + x] = _middle(room, counts[x], x, lowest_of_two)


@part
def _middle(ordered, count, x, lowest_of_two):
    """Return the median of the first values of a column in ascending order."""
    if count == 0:
        return np.float32(np.nan)
    if count == 2 and lowest_of_two:
        return ordered[0, x]
    upper = ordered[count // 2, x]
    if count % 2:
        return upper
    return np.float32(0.5 * (np.float64(ordered[count // 2 - 1, x]) + np.float64(upper)))


@kernel
def find_outliers(sci, err, reference, inner, offset, limits, out):
    r"""Flag pixels that differ from a reference by more than noise and sampling explain.

    With the difference :math:`d = |s - r - b|` of value, reference and offset, the error
    :math:`\sigma` and the largest difference :math:`\Delta` of the reference to its four
    neighbours, a pixel is flagged if

    .. math:: d > a_2 \Delta + n_2 \sigma

    and it or one of its eight neighbours has

    .. math:: d > a_1 \Delta + n_1 \sigma .

    Parameters
    ----------
    sci, err, reference : float32 (y, x)
        Rows of an image, with two more on either side of the inner ones except where the image
        ends. NaN in `sci` or `reference` is never an outlier; NaN in `err` counts as 0;
        neighbours that are NaN do not count.
    inner : tuple of int
        First row and behind the last row that are wanted.
    offset : float
        What the image has and the reference has not.
    limits : tuple of float
        Numbers of standard deviations n1, n2; factors of the derivative a1, a2.
    out : uint8 (y, x)
        Filled with 1 for outliers, 0 for others: the inner rows.
    """
    rows, columns = sci.shape
    first, last = inner
    top, bottom = max(first - 1, 0), min(last + 1, rows)
    seen = np.zeros((bottom - top, columns), np.uint8)
    for y in range(top, bottom):
        _test_row(sci, err, reference, y, offset, limits, seen[y - top])
    for y in range(first, last):
        low, high = max(y - 1, top) - top, min(y + 2, bottom) - top
        for x in range(columns):
            out[y - first, x] = 0
            if seen[y - top, x] & LOOSE == 0:
                continue
            for q in range(low, high):
                for p in range(max(x - 1, 0), min(x + 2, columns)):
                    if seen[q, p] & STRICT:
                        out[y - first, x] = 1


@part
def _test_row(sci, err, reference, y, offset, limits, seen):
    """Tell which limits each pixel of a row exceeds."""
    snr_first, snr_second, scale_first, scale_second = limits
    rows, columns = sci.shape
    for x in range(columns):
        here = np.float64(reference[y, x])
        difference = abs(np.float64(sci[y, x]) - here - offset)
        if np.isnan(difference):
            continue
        sigma = np.float64(err[y, x])
        if np.isnan(sigma):
            sigma = 0.0
        if not difference > min(snr_first, snr_second) * sigma:
            continue
        steepest = 0.0
        if y > 0:
            steepest = _steeper(steepest, here, reference[y - 1, x])
        if y + 1 < rows:
            steepest = _steeper(steepest, here, reference[y + 1, x])
        if x > 0:
            steepest = _steeper(steepest, here, reference[y, x - 1])
        if x + 1 < columns:
            steepest = _steeper(steepest, here, reference[y, x + 1])
        second = difference > scale_second * steepest + snr_second * sigma
        first = difference > scale_first * steepest + snr_first * sigma
        seen[x] = (LOOSE if second else 0) | (STRICT if first else 0)


@part
def _steeper(steepest, here, there):
    step = abs(np.float64(there) - here)
    return step if step > steepest else steepest
