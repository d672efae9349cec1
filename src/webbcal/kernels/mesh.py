"""Levels of an image in boxes, and what smooth surface goes through them."""

import numpy as np

from webbcal.kernels._jit import entry, kernel
from webbcal.kernels.sorting import median


@kernel
def clipped_median(sample, limit, rounds):
    """Return the median after values further than `limit` deviations from it are dropped.

    Both are taken again `rounds` times, or until none is dropped. `sample` (float32) is
    overwritten; NaN in it is not allowed. NaN for no values.
    """
    count = sample.size
    middle = median(sample)
    for _ in range(rounds):
        total = 0.0
        for k in range(count):
            total += sample[k]
        mean = total / count
        square = 0.0
        for k in range(count):
            square += (sample[k] - mean) ** 2
        reach = limit * np.sqrt(square / count)
        kept = 0
        for k in range(count):
            value = sample[k]
            if middle - reach <= value <= middle + reach:
                sample[kept] = value
                kept += 1
        if kept == count or kept == 0:
            break
        count = kept
        middle = median(sample[:count])
    return middle


@entry
def box_levels(image, mask, height, width, enough, limit, rounds):
    """Return the clipped median of each box of an image.

    Parameters
    ----------
    image : float32 (y, x)
        Values.
    mask : uint8 (y, x)
        0 leaves a pixel out.
    height, width : int
        Size of a box; those at the end may be smaller.
    enough : float
        Fraction of the pixels of a box that must be usable.
    limit, rounds : float, int
        See `clipped_median`.

    Returns
    -------
    float64 (box y, box x)
        NaN where too few pixels are usable.
    """
    rows, columns = image.shape
    down, across = (rows + height - 1) // height, (columns + width - 1) // width
    levels = np.full((down, across), np.nan)
    sample = np.empty(height * width, np.float32)
    for j in range(down):
        for i in range(across):
            count, size = 0, 0
            for y in range(j * height, min((j + 1) * height, rows)):
                for x in range(i * width, min((i + 1) * width, columns)):
                    size += 1
                    if mask[y, x] != 0:
                        sample[count] = image[y, x]
                        count += 1
            if count > 0 and count >= enough * size:
                levels[j, i] = clipped_median(sample[:count], limit, rounds)
    return levels


@entry
def smoothed(levels, half):
    """Return the median of the known levels within `half` boxes, NaN where there is none."""
    down, across = levels.shape
    medians = np.empty((down, across))
    sample = np.empty((2 * half + 1) ** 2)
    for j in range(down):
        for i in range(across):
            count = 0
            for b in range(max(j - half, 0), min(j + half + 1, down)):
                for a in range(max(i - half, 0), min(i + half + 1, across)):
                    if levels[b, a] == levels[b, a]:
                        sample[count] = levels[b, a]
                        count += 1
            medians[j, i] = median(sample[:count])
    return medians


@entry
def surface(coefficients, first_y, weights_y, first_x, weights_x):
    """Return a cubic spline surface.

    Parameters
    ----------
    coefficients : float64 (knot y, knot x)
        Of the basis splines.
    first_y, first_x : int64 (y), (x)
        First of the four knots that count for a row, a column.
    weights_y, weights_x : float64 (y, 4), (x, 4)
        Values of their basis splines.

    Returns
    -------
    float32 (y, x)
    """
    rows, columns = first_y.size, first_x.size
    knots = coefficients.shape[0]
    along = np.empty((knots, columns))
    for j in range(knots):
        for x in range(columns):
            total = 0.0
            for k in range(4):
                total += weights_x[x, k] * coefficients[j, first_x[x] + k]
            along[j, x] = total
    image = np.empty((rows, columns), np.float32)
    for y in range(rows):
        j = first_y[y]
        a, b, c, d = along[j], along[j + 1], along[j + 2], along[j + 3]
        w = weights_y[y]
        out = image[y]
        for x in range(columns):
            out[x] = w[0] * a[x] + w[1] * b[x] + w[2] * c[x] + w[3] * d[x]
    return image
