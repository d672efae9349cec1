"""Peaks of an image that look like stars: level and noise in boxes, filter, local maxima."""

import numpy as np

from webbcal.kernels._jit import entry, part


@part
def clipped_level(sample, limit, rounds):
    """Return median and standard deviation after values far from the median are dropped.

    Parameters
    ----------
    sample : float32 (value)
        Without NaN; it is sorted.
    limit, rounds : float, int
        Values further than `limit` deviations from the median are dropped, `rounds` times or
        until none is.

    Returns
    -------
    tuple of float
        NaN for no values.
    """
    sample.sort()
    first, last = 0, sample.size
    middle, deviation = np.nan, np.nan
    for _ in range(rounds + 1):
        count = last - first
        if count == 0:
            break
        middle = 0.5 * (
            np.float64(sample[first + (count - 1) // 2]) + np.float64(sample[first + count // 2])
        )
        total = 0.0
        for k in range(first, last):
            total += sample[k]
        mean, square = total / count, 0.0
        for k in range(first, last):
            square += (sample[k] - mean) ** 2
        deviation = np.sqrt(square / count)
        low, high = middle - limit * deviation, middle + limit * deviation
        before = count
        while first < last and sample[first] < low:
            first += 1
        while last > first and sample[last - 1] > high:
            last -= 1
        if last - first == before:
            break
    return middle, deviation


@entry
def levels_and_noise(image, mask, box, stride, limit, rounds):
    """Return level and noise of each box of an image, from every `stride`-th row and column.

    Parameters
    ----------
    image : float32 (y, x)
        Values.
    mask : uint8 (y, x)
        0 leaves a pixel out.
    box : int
        Size of a box; the last one of each axis may be smaller.
    stride, limit, rounds : int, float, int
        Which pixels are looked at; see `clipped_level`.

    Returns
    -------
    tuple of float64 (box y, box x)
        Clipped median and standard deviation; NaN where fewer than a tenth of the pixels that
        were looked at is usable.
    """
    rows, columns = image.shape
    down, across = (rows + box - 1) // box, (columns + box - 1) // box
    levels, noise = np.full((down, across), np.nan), np.full((down, across), np.nan)
    sample = np.empty((box // stride + 1) ** 2, np.float32)
    for j in range(down):
        for i in range(across):
            count, size = 0, 0
            for y in range(j * box, min((j + 1) * box, rows), stride):
                for x in range(i * box, min((i + 1) * box, columns), stride):
                    size += 1
                    if mask[y, x] != 0:
                        sample[count] = image[y, x]
                        count += 1
            if count > 0 and 10 * count >= size:
                levels[j, i], noise[j, i] = clipped_level(sample[:count], limit, rounds)
    return levels, noise


@entry
def flattened(image, mask, levels, box):
    """Return an image without its background, 0 where it cannot be used.

    The background goes linearly from the centre of a box to that of the next, and stays the same
    outside of the outermost centres.

    Parameters
    ----------
    image : float32 (y, x)
        Values.
    mask : uint8 (y, x)
        0 marks a pixel that cannot be used.
    levels : float64 (box y, box x)
        Background of each box, without NaN.
    box : int
        Size of a box.

    Returns
    -------
    float32 (y, x)
    """
    rows, columns = image.shape
    down, across = levels.shape
    result = np.empty((rows, columns), np.float32)
    place = np.empty(columns)
    for x in range(columns):
        place[x] = min(max((x + 0.5) / box - 0.5, 0.0), across - 1.0)
    background = np.empty(columns)
    for y in range(rows):
        v = min(max((y + 0.5) / box - 0.5, 0.0), down - 1.0)
        j = int(v)
        upper = min(j + 1, down - 1)
        for x in range(columns):
            i = int(place[x])
            right = min(i + 1, across - 1)
            h = place[x] - i
            here = levels[j, i] * (1 - h) + levels[j, right] * h
            above = levels[upper, i] * (1 - h) + levels[upper, right] * h
            background[x] = here + (above - here) * (v - j)
        for x in range(columns):
            result[y, x] = image[y, x] - background[x] if mask[y, x] != 0 else 0.0
    return result


@entry
def filtered(image, weights):
    """Return the sum of the pixels around each one, with weights; 0 beyond the border.

    Parameters
    ----------
    image : float32 (y, x)
        Without NaN.
    weights : float64 (y, x)
        Odd number of rows and columns.

    Returns
    -------
    float32 (y, x)
    """
    rows, columns = image.shape
    half_y, half_x = weights.shape[0] // 2, weights.shape[1] // 2
    result = np.empty((rows, columns), np.float32)
    total = np.empty(columns)
    for y in range(rows):
        total[:] = 0.0
        for j in range(max(-half_y, -y), min(half_y, rows - 1 - y) + 1):
            line = image[y + j]
            for i in range(-half_x, half_x + 1):
                weight = weights[j + half_y, i + half_x]
                if weight == 0.0:
                    continue
                first, last = max(0, -i), min(columns, columns - i)
                source = line[first + i : last + i]
                sums = total[first:last]
                for x in range(sums.size):
                    sums[x] += weight * source[x]
        result[y] = total
    return result


@entry
def peaks(image, threshold, reach):
    """Return the pixels above a threshold that none within a distance exceeds.

    Parameters
    ----------
    image : float32 (y, x)
        Without NaN.
    threshold : float
        A peak is higher.
    reach : float
        Distance in pixel. Of equal values the first one counts, by row, then column.

    Returns
    -------
    int64 (peak, 2)
        Row and column, in order of rows.
    """
    rows, columns = image.shape
    half = int(reach)
    found = np.empty((1024, 2), np.int64)
    count = 0
    for y in range(rows):
        for x in range(columns):
            value = image[y, x]
            if not value > threshold:
                continue
            if not _is_peak(image, y, x, half, reach):
                continue
            if count == found.shape[0]:
                larger = np.empty((2 * count, 2), np.int64)
                larger[:count] = found
                found = larger
            found[count, 0], found[count, 1] = y, x
            count += 1
    return found[:count].copy()


@part
def _is_peak(image, y, x, half, reach):
    rows, columns = image.shape
    value = image[y, x]
    for b in range(max(y - half, 0), min(y + half + 1, rows)):
        for a in range(max(x - half, 0), min(x + half + 1, columns)):
            if (b - y) ** 2 + (a - x) ** 2 > reach * reach:
                continue
            other = image[b, a]
            if other > value or (other == value and (b < y or (b == y and a < x))):
                return False
    return True
