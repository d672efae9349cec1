"""Slow waves along the lines of an image, fitted to those pixels that show only background.

Axes: line, pixel along the line.
"""

import numpy as np

from webbcal.kernels._jit import entry, kernel
from webbcal.kernels.clipping import BINS, MAD, gather, median_by_bins


@entry
def reject_outliers(image, mask, limit):
    """Return the mask (uint8) without values beyond `limit` deviations of the line's median.

    The deviation is that of a normal distribution with the same median absolute one.
    """
    lines, pixels = image.shape
    kept = np.zeros((lines, pixels), np.uint8)
    sample, room = np.empty(pixels + 1, np.float32), np.empty(pixels + 1, np.float32)
    bins = np.empty(BINS, np.int64)
    for line in range(lines):
        values, good, out = image[line], mask[line], kept[line]
        count = gather(values, good, sample)
        if count == 0:
            continue
        middle = median_by_bins(sample[:count], bins, room)
        for k in range(count):
            sample[k] = np.abs(sample[k] - middle)
        reach = limit * MAD * median_by_bins(sample[:count], bins, room)
        for x in range(pixels):
            near = np.abs(values[x] - middle) <= reach
            out[x] = np.uint8(1 if (good[x] != 0) & near else 0)
    return kept


@kernel
def solve(matrix, right, solution):
    """Solve a symmetric positive definite system by Cholesky's method, in place.

    The lower triangle of `matrix` is overwritten. A direction that the data do not tell (a pivot
    that is not positive) gets no part in the solution.
    """
    n = right.size
    for j in range(n):
        total = matrix[j, j]
        for k in range(j):
            total -= matrix[j, k] * matrix[j, k]
        pivot = np.sqrt(total) if total > 0.0 else np.inf
        matrix[j, j] = pivot
        for i in range(j + 1, n):
            total = matrix[i, j]
            for k in range(j):
                total -= matrix[i, k] * matrix[j, k]
            matrix[i, j] = total / pivot
    for i in range(n):
        total = right[i]
        for k in range(i):
            total -= matrix[i, k] * solution[k]
        solution[i] = total / matrix[i, i]
    for i in range(n - 1, -1, -1):
        total = solution[i]
        for k in range(i + 1, n):
            total -= matrix[k, i] * solution[k]
        solution[i] = total / matrix[i, i]


@entry
def wave_amplitudes(even, odd, right, pass_band, stiffness):
    r"""Return the amplitudes of the slow waves of each line.

    The model of a line of n pixels is
    :math:`\sum_k a_k \cos 2 \pi k x / n + b_k \sin 2 \pi k x / n`; the amplitudes minimize the
    weighted sum of the squared differences.

    Parameters
    ----------
    even, odd : float64 (line, order)
        Sums of the weights times cos and sin of 2 pi k x / n, for k up to twice the highest order
        of the model.
    right : float64 (line, amplitude)
        Sums of weights and values times the cosines, k >= 0, and times the sines, k > 0.
    pass_band : float64 (wave)
        What part of wave k is kept.
    stiffness : float
        How much a squared amplitude costs, relative to the mean over all pixels of a line.

    Returns
    -------
    float64 (line, amplitude)
        Of the cosines, k >= 0, and of the sines, k > 0; 0 in lines without a weight.
    """
    lines, orders = right.shape
    waves = pass_band.size
    matrix, solution = np.empty((orders, orders)), np.empty(orders)
    amplitudes = np.zeros((lines, orders))
    for line in range(lines):
        total = even[line, 0]
        if not total > 0.0:
            continue
        _normal_matrix(even[line], odd[line], waves, matrix)
        for j in range(1, orders):
            matrix[j, j] += stiffness * total
        solve(matrix, right[line], solution)
        for k in range(waves):
            amplitudes[line, k] = solution[k] * pass_band[k]
        for k in range(1, waves):
            amplitudes[line, waves - 1 + k] = solution[waves - 1 + k] * pass_band[k]
    return amplitudes


@kernel
def _normal_matrix(even, odd, waves, matrix):
    """Set the lower triangle of the normal matrix: products of waves are waves of other orders."""
    for k in range(waves):
        for j in range(k + 1):
            matrix[k, j] = 0.5 * (even[k - j] + even[k + j])
    for k in range(1, waves):
        row = waves - 1 + k
        for j in range(waves):
            difference = odd[k - j] if k >= j else -odd[j - k]
            matrix[row, j] = 0.5 * (odd[k + j] + difference)
        for j in range(1, k + 1):
            matrix[row, waves - 1 + j] = 0.5 * (even[k - j] - even[k + j])


@entry
def smooth_across(model, kernel_half):
    """Return an image smoothed over its lines, mirrored at the borders.

    `kernel_half` (float64): the weight of the line itself, and of those 1, 2 ... lines away.
    """
    lines, pixels = model.shape
    smooth = np.empty((lines, pixels), np.float32)
    total = np.empty(pixels)
    for line in range(lines):
        source = model[line]
        for x in range(pixels):
            total[x] = kernel_half[0] * source[x]
        for k in range(1, kernel_half.size):
            below, above = line - k, line + k
            while below < 0 or below >= lines:
                below = -1 - below if below < 0 else 2 * lines - 1 - below
            while above < 0 or above >= lines:
                above = -1 - above if above < 0 else 2 * lines - 1 - above
            one, other = model[below], model[above]
            for x in range(pixels):
                total[x] += kernel_half[k] * (np.float64(one[x]) + other[x])
        out = smooth[line]
        for x in range(pixels):
            out[x] = total[x]
    return smooth


@entry
def fit_in_time(image, mask, table, pixels_per_line, waves, stiffness):
    r"""Return the waves in a run of lines, as samples of one time series.

    The model is :math:`\sum_k a_k \cos 2 \pi k t / n + b_k \sin 2 \pi k t / n` with the wave
    numbers k given; pixel x of line l is read at :math:`t = l p + x`.

    Parameters
    ----------
    image : float32 (line, pixel)
        DN.
    mask : uint8 (line, pixel)
        0 leaves a pixel out.
    table : float64 (n)
        cos of 2 pi t / n, for the whole length n of the series, which 4 divides.
    pixels_per_line : int
        Samples p from the begin of a line to that of the next one.
    waves : float64 (wave, 2)
        Wave numbers, and what part of each wave is kept; the first is that of the mean, 0.
    stiffness : float
        How much a squared amplitude costs, relative to the number of pixels.

    Returns
    -------
    float64 (line, pixel)
    """
    lines, pixels = image.shape
    count = waves.shape[0]
    size = 2 * count
    matrix, right = np.zeros((size, size)), np.zeros(size)
    basis, solution = np.empty(size), np.empty(size)
    usable = _sums_in_time(image, mask, table, pixels_per_line, waves, matrix, right)
    for i in range(size):
        matrix[i, i] += 0.0 if i == 0 else stiffness * max(usable, 1)
    solve(matrix, right, solution)
    for k in range(count):
        solution[2 * k] *= waves[k, 1]
        solution[2 * k + 1] *= waves[k, 1]
    model = np.empty((lines, pixels))
    for line in range(lines):
        for x in range(pixels):
            _waves_at(line * pixels_per_line + x, table, waves, basis)
            total = 0.0
            for i in range(size):
                total += solution[i] * basis[i]
            model[line, x] = total
    return model


@kernel
def _sums_in_time(image, mask, table, pixels_per_line, waves, matrix, right):
    """Add all usable pixels to the normal matrix (lower triangle); return how many there are."""
    lines, pixels = image.shape
    size = right.size
    basis = np.empty(size)
    usable = 0
    for line in range(lines):
        for x in range(pixels):
            if mask[line, x] == 0:
                continue
            usable += 1
            _waves_at(line * pixels_per_line + x, table, waves, basis)
            value = np.float64(image[line, x])
            for i in range(size):
                b = basis[i]
                right[i] += b * value
                row = matrix[i]
                for j in range(i + 1):
                    row[j] += b * basis[j]
    return usable


@kernel
def _waves_at(t, table, waves, basis):
    """Set `basis` to cosine and sine of each wave at a time."""
    n = table.size
    for k in range(waves.shape[0]):
        phase = (np.int64(waves[k, 0]) * t) % n
        basis[2 * k] = table[phase]
        basis[2 * k + 1] = table[(phase + 3 * (n // 4)) % n]  # sin a = cos(a - pi / 2)


@entry
def widened(rejected):
    """Return a map of pixels (uint8) with the neighbours along the line added."""
    lines, pixels = rejected.shape
    wide = rejected.copy()
    for line in range(lines):
        for x in range(pixels):
            if rejected[line, x] != 0:
                wide[line, max(x - 1, 0)] = 1
                wide[line, min(x + 1, pixels - 1)] = 1
    return wide
