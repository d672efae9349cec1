"""Outliers among images of the same sky: the median of groups, and the test against it."""

import numpy as np

from webbcal.kernels._jit import entry, part
from webbcal.kernels.sorting import sort_columns

TILE = 256  # columns that are sorted together

LOOSE, STRICT = 1, 2  # limits that a difference exceeds: the second, the first


@entry
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


@entry
def find_outliers(sci, err, reference, inner, offset, limits, out):
    r"""Flag pixels that differ from a reference by more than noise and sampling explain.

    The reference r has been interpolated, and so lost part of its structure. Linear
    interpolation at the fraction t between two pixels broadens by the variance t (1 - t), which is
    0 to 1/4 along each axis; twice, in the mosaic and at the image, by 0 to 1/2. What the image
    shows is between r and :math:`r - c \nabla^2 r`: c is 1/4 to second order; at the peak of a
    Gaussian of sigma 0.9 pixel 0.28 for the mean and 0.46 for the largest of these variances.
    With d, the distance of the value less the offset from this interval, the error
    :math:`\sigma`, and the largest difference :math:`\Delta` of the reference to its four
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
        Numbers of standard deviations n1, n2; factors of the slope a1, a2; factor c.
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
    snr_first, snr_second, scale_first, scale_second, curvature = limits
    for x in range(sci.shape[1]):
        here = np.float64(reference[y, x])
        excess = np.float64(sci[y, x]) - here - offset
        if np.isnan(excess):
            continue
        sigma = np.float64(err[y, x])
        if np.isnan(sigma):
            sigma = np.float64(0.0)
        if not abs(excess) > min(snr_first, snr_second) * sigma:
            continue
        slope, bend = _structure(reference, y, x)
        loss = -curvature * bend
        distance = max(excess - max(loss, 0.0), min(loss, 0.0) - excess)
        second = distance > scale_second * slope + snr_second * sigma
        first = distance > scale_first * slope + snr_first * sigma
        seen[x] = (LOOSE if second else 0) | (STRICT if first else 0)


@part
def _structure(reference, y, x):
    """Return the largest difference of a pixel to its four neighbours, and their sum."""
    rows, columns = reference.shape
    here = np.float64(reference[y, x])
    slope, bend = 0.0, 0.0
    for k in range(4):
        q = y + (1 if k == 0 else -1 if k == 1 else 0)
        p = x + (1 if k == 2 else -1 if k == 3 else 0)
        if not (0 <= q < rows and 0 <= p < columns):
            continue
        step = np.float64(reference[q, p]) - here
        if step == step:
            bend += step
            slope = max(slope, abs(step))
    return slope, bend
