"""Positions of stars: a round Gaussian curve fitted to the pixels around each one."""

import numpy as np

from webbcal.kernels._jit import entry, part

AMPLITUDE, X, Y, SIGMA, LEVEL = range(5)
ROUNDS = 50
STOP = 1e-5  # pixel
LARGEST_STEP = 0.5  # pixel
SMALLEST_SIGMA = 0.2  # pixel: below, all the light is in one
FEWEST_PIXELS = 10  # twice as many as parameters


@entry
def star_positions(image, error, mask, start, half, sigma):
    r"""Fit a Gaussian curve to each star by least squares, all pixels of equal weight.

    .. math:: I(x, y) = A \exp(-((x-x_0)^2 + (y-y_0)^2) / 2 s^2) + b

    Parameters
    ----------
    image : float32 (y, x)
        Values.
    error : float32 (y, x)
        Their standard error; NaN or 0 counts as none.
    mask : uint8 (y, x)
        0 leaves a pixel out.
    start : float64 (star, 2)
        x, y where to begin, from 0.
    half : int
        Pixels on each side of the middle one that are fitted.
    sigma : float
        Width s to begin with, pixel.

    Returns
    -------
    float64 (star, 6)
        x, y, the standard error of both, amplitude, width; NaN where the fit does not converge,
        leaves the neighbourhood of the start or has too few pixels.

    Notes
    -----
    Equal weights, not those of the noise: the curve is not the true image of a star, and weights
    that follow the noise would let the shape of bright stars decide about their place. The
    errors are those of the position for the noise given, for whatever weights:
    :math:`(J^T J)^{-1} J^T V J (J^T J)^{-1}`.
    """
    count = start.shape[0]
    result = np.full((count, 6), np.nan)
    for n in range(count):
        _fit(image, error, mask, start[n, 0], start[n, 1], half, sigma, result[n])
    return result


@part
def _fit(image, error, mask, x, y, half, sigma, result):
    """Fit one star, the window moved along with it."""
    rows, columns = image.shape
    p = np.empty(5)
    p[X], p[Y], p[SIGMA] = x, y, sigma
    for _ in range(4):
        middle_x, middle_y = int(np.rint(p[X])), int(np.rint(p[Y]))
        x0, x1 = max(middle_x - half, 0), min(middle_x + half + 1, columns)
        y0, y1 = max(middle_y - half, 0), min(middle_y + half + 1, rows)
        if x0 >= x1 or y0 >= y1:
            return
        values, usable = image[y0:y1, x0:x1], mask[y0:y1, x0:x1]
        p[X], p[Y] = p[X] - x0, p[Y] - y0
        if not _converges(values, usable, p):
            return
        _errors(values, error[y0:y1, x0:x1], usable, p, result)
        p[X], p[Y] = p[X] + x0, p[Y] + y0
        if not np.hypot(p[X] - x, p[Y] - y) <= half:
            return
        if np.rint(p[X]) == middle_x and np.rint(p[Y]) == middle_y:
            break
        # A star near the border of two pixels may go to and fro between two windows: either do.
    if p[AMPLITUDE] > 0:
        result[0], result[1] = p[X], p[Y]
        result[4], result[5] = p[AMPLITUDE], p[SIGMA]


@part
def _gradient(p, x, y, row):
    """Fill the derivatives of the curve at a pixel; return its value."""
    u, v = x - p[X], y - p[Y]
    shape = np.exp(-0.5 * (u * u + v * v) / (p[SIGMA] * p[SIGMA]))
    scale = p[AMPLITUDE] * shape / (p[SIGMA] * p[SIGMA])
    row[AMPLITUDE] = shape
    row[X] = scale * u
    row[Y] = scale * v
    row[SIGMA] = scale * (u * u + v * v) / p[SIGMA]
    row[LEVEL] = 1.0
    return p[AMPLITUDE] * shape + p[LEVEL]


@part
def _converges(image, mask, p):
    """Improve the parameters by Gauss-Newton steps; tell whether they converge."""
    largest_sigma = max(image.shape)
    if not _start_levels(image, mask, p):
        return False
    step = np.empty(5)
    for _ in range(ROUNDS):
        matrix, right = _equations(image, mask, p)
        if not _solve(matrix, right, step):
            return False
        largest = max(abs(step[X]), abs(step[Y]), abs(step[SIGMA]))
        if not np.isfinite(largest):
            return False
        p += step * min(1.0, LARGEST_STEP / max(largest, STOP))
        if p[SIGMA] < SMALLEST_SIGMA or p[SIGMA] > largest_sigma:
            return False
        if largest < STOP:
            return True
    return False


@part
def _start_levels(image, mask, p):
    """Set level and amplitude to begin with; tell whether there are pixels enough."""
    low, high, count = np.inf, -np.inf, 0
    for y in range(image.shape[0]):
        for x in range(image.shape[1]):
            if mask[y, x] != 0:
                low, high = min(low, image[y, x]), max(high, image[y, x])
                count += 1
    p[LEVEL], p[AMPLITUDE] = low, high - low
    return count >= FEWEST_PIXELS and high > low


@part
def _equations(image, mask, p):
    """Return the matrix and the right side of the normal equations."""
    matrix, right, row = np.zeros((5, 5)), np.zeros(5), np.empty(5)
    for y in range(image.shape[0]):
        for x in range(image.shape[1]):
            if mask[y, x] == 0:
                continue
            residual = image[y, x] - _gradient(p, x, y, row)
            for a in range(5):
                right[a] += row[a] * residual
                for b in range(5):
                    matrix[a, b] += row[a] * row[b]
    return matrix, right


@part
def _solve(matrix, right, solution):
    """Solve equations by Cholesky's method, the matrix overwritten; False if it is singular."""
    n = right.size
    for a in range(n):
        total = matrix[a, a]
        for k in range(a):
            total -= matrix[a, k] ** 2
        if not total > 1e-12 * matrix[a, a]:
            return False
        matrix[a, a] = np.sqrt(total)
        for b in range(a + 1, n):
            total = matrix[b, a]
            for k in range(a):
                total -= matrix[b, k] * matrix[a, k]
            matrix[b, a] = total / matrix[a, a]
    for a in range(n):
        total = right[a]
        for k in range(a):
            total -= matrix[a, k] * solution[k]
        solution[a] = total / matrix[a, a]
    for a in range(n - 1, -1, -1):
        total = solution[a]
        for k in range(a + 1, n):
            total -= matrix[k, a] * solution[k]
        solution[a] = total / matrix[a, a]
    return True


@part
def _errors(image, error, mask, p, result):
    """Fill the standard errors of x and y."""
    matrix, _ = _equations(image, mask, p)
    unit, across, along = np.zeros(5), np.empty(5), np.empty(5)
    row = np.empty(5)
    unit[X] = 1.0
    _solve(matrix.copy(), unit, across)
    unit[X], unit[Y] = 0.0, 1.0
    _solve(matrix, unit, along)
    total_x, total_y = 0.0, 0.0
    for y in range(image.shape[0]):
        for x in range(image.shape[1]):
            if mask[y, x] != 0 and error[y, x] > 0:
                _gradient(p, x, y, row)
                by_x, by_y = 0.0, 0.0  # with np.dot, numba would load SciPy
                for a in range(5):
                    by_x += row[a] * across[a]
                    by_y += row[a] * along[a]
                total_x += (by_x * error[y, x]) ** 2
                total_y += (by_y * error[y, x]) ** 2
    result[2], result[3] = np.sqrt(total_x), np.sqrt(total_y)
