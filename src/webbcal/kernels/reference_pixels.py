"""What reference pixels tell, and its subtraction.

Axes: i integration, g group, y row, x column, r row of the detector, c reference column.
"""

import numpy as np

from webbcal.kernels._jit import entry, kernel


@kernel
def clipped_mean(sample, limit):
    """Return the mean of values within `limit` standard deviations of it, NaN if there is none.

    Outliers are dropped and mean and deviation taken again until none is left. `sample` (1-D,
    float64) is overwritten. NaN in it is not allowed.
    """
    count, before = sample.size, -1
    mean = np.nan
    while count != before and count > 0:
        total = 0.0
        for k in range(count):
            total += sample[k]
        mean = total / count
        spread = 0.0
        for k in range(count):
            spread += (sample[k] - mean) ** 2
        reach = limit * np.sqrt(spread / count)
        if reach == 0.0:
            break
        before, kept = count, 0
        for k in range(before):
            if mean - reach <= sample[k] <= mean + reach:
                sample[kept] = sample[k]
                kept += 1
        count = kept
    return mean


@entry
def clipped_means(values, bounds, limit):
    """Return the clipped mean of each set of pixels in each group.

    Parameters
    ----------
    values : float32 (i, g, pixel)
        Signal, DN, pixels of a set next to each other; NaN is left out.
    bounds : int64 (set + 1)
        First pixel of each set, and the number of pixels.
    limit : float
        Standard deviations.

    Returns
    -------
    float32 (i, g, set)
        Means, NaN where a set has no value.
    """
    integrations, groups, pixels = values.shape
    sets = bounds.size - 1
    means = np.empty((integrations, groups, sets), np.float32)
    sample = np.empty(pixels)
    for i in range(integrations):
        for g in range(groups):
            for s in range(sets):
                count = 0
                for k in range(bounds[s], bounds[s + 1]):
                    sample[count] = values[i, g, k]
                    count += values[i, g, k] == values[i, g, k]
                means[i, g, s] = clipped_mean(sample[:count], limit)
    return means


@kernel
def mirrored(row, rows):
    """Return the row that stands in for one beyond the edge: rows are mirrored at the last."""
    if rows == 1:
        return 0
    while row < 0 or row >= rows:
        row = -row if row < 0 else 2 * (rows - 1) - row
    return row


@kernel
def position_of(ordered, count, value):
    """Return where a value belongs among the first `count` values in ascending order."""
    low, high = 0, count
    while low < high:
        middle = (low + high) // 2
        if ordered[middle] < value:
            low = middle + 1
        else:
            high = middle
    return low


@kernel
def insert(ordered, count, row):
    """Insert the numbers of `row` among `count` ordered values; return the new count."""
    for value in row:
        if value == value:
            place = position_of(ordered, count, value)
            for k in range(count, place, -1):
                ordered[k] = ordered[k - 1]
            ordered[place] = value
            count += 1
    return count


@kernel
def remove(ordered, count, row):
    """Remove the numbers of `row`, which must be there; return the new count."""
    for value in row:
        if value == value:
            for k in range(position_of(ordered, count, value), count - 1):
                ordered[k] = ordered[k + 1]
            count -= 1
    return count


@kernel
def running_median(strip, half, medians):
    """Set `medians` (r) to the medians of `strip` (r, c) over 2 `half` + 1 rows.

    NaN is left out; the median of nothing is NaN.
    """
    rows, width = strip.shape
    ordered = np.empty((2 * half + 1) * width, strip.dtype)
    count = 0
    for row in range(-half, half):
        count = insert(ordered, count, strip[mirrored(row, rows)])
    for row in range(rows):
        count = insert(ordered, count, strip[mirrored(row + half, rows)])
        if count == 0:
            medians[row] = np.nan
        elif count % 2:
            medians[row] = ordered[count // 2]
        else:
            pair = np.float64(ordered[count // 2 - 1]) + ordered[count // 2]
            medians[row] = 0.5 * pair
        count = remove(ordered, count, strip[mirrored(row - half, rows)])


@entry
def running_medians(strips, half):
    """Return `running_median` of each strip: (i, g, r, c) to (i, g, r), float32."""
    integrations, groups, rows, _ = strips.shape
    medians = np.empty((integrations, groups, rows), np.float32)
    for i in range(integrations):
        for g in range(groups):
            running_median(strips[i, g], half, medians[i, g])
    return medians


@entry
def subtract_levels(sci, columns, rows, columns_first):
    """Return (i, g, y, x) data less the levels of their columns (i, g, x) and rows (i, g, y).

    Both are subtracted in float32, one after the other; NaN stays NaN.
    """
    integrations, groups, height, width = sci.shape
    out = np.empty_like(sci)
    for i in range(integrations):
        for g in range(groups):
            level = columns[i, g]
            for y in range(height):
                source, target, row = sci[i, g, y], out[i, g, y], rows[i, g, y]
                if columns_first:
                    for x in range(width):
                        target[x] = (source[x] - level[x]) - row
                else:
                    for x in range(width):
                        target[x] = (source[x] - row) - level[x]
    return out


@entry
def subtract_by_parity(sci, levels, first):
    """Return (i, g, y, x) data less one level per column for even rows and one for odd rows.

    Parameters
    ----------
    sci : float32 (i, g, y, x)
        Signal, DN; NaN stays NaN.
    levels : float32 (i, g, parity, x)
        Levels of even and of odd rows, DN.
    first : int
        Number of the first row, which tells whether it is even.
    """
    integrations, groups, height, width = sci.shape
    out = np.empty_like(sci)
    for i in range(integrations):
        for g in range(groups):
            for y in range(height):
                source, target = sci[i, g, y], out[i, g, y]
                level = levels[i, g, (first + y) % 2]
                for x in range(width):
                    target[x] = source[x] - level[x]
    return out
