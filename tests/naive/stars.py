"""Slow and plain forms of the kernels that look for stars and measure them."""

import numpy as np
from scipy.optimize import least_squares


def clipped_level(sample, limit, rounds):
    """Return median and deviation after values far from the median are dropped."""
    values = np.asarray(sample, np.float64)
    for _ in range(rounds):
        middle, deviation = np.median(values), values.std()
        kept = values[np.abs(values - middle) <= limit * deviation]
        if kept.size in (0, values.size):
            break
        values = kept
    return np.median(values), values.std()


def levels_and_noise(image, mask, box, stride, limit, rounds):
    down, across = (-(-n // box) for n in image.shape)
    levels, noise = np.full((down, across), np.nan), np.full((down, across), np.nan)
    for j in range(down):
        for i in range(across):
            part = np.s_[j * box : (j + 1) * box : stride, i * box : (i + 1) * box : stride]
            good = image[part][mask[part] != 0]
            if good.size and 10 * good.size >= image[part].size:
                levels[j, i], noise[j, i] = clipped_level(good, limit, rounds)
    return levels, noise


def flattened(image, mask, levels, box):
    """Return the image without a surface that is linear between the centres of boxes."""
    down, across = levels.shape
    rows, columns = (
        np.interp(np.arange(n), (np.arange(k) + 0.5) * box - 0.5, np.arange(k))
        for n, k in zip(image.shape, levels.shape, strict=True)
    )
    along = np.array([np.interp(columns, np.arange(across), line) for line in levels])
    surface = np.array([np.interp(rows, np.arange(down), column) for column in along.T]).T
    return np.where(mask != 0, image - surface, 0.0)


def filtered(image, weights):
    half_y, half_x = (n // 2 for n in weights.shape)
    padded = np.pad(image.astype(np.float64), ((half_y,) * 2, (half_x,) * 2))
    result = np.zeros(image.shape)
    for (j, i), weight in np.ndenumerate(weights):
        result += weight * padded[j : j + image.shape[0], i : i + image.shape[1]]
    return result


def peaks(image, threshold, reach):
    found = []
    rows, columns = np.indices(image.shape)
    for y, x in np.argwhere(image > threshold):
        near = np.hypot(rows - y, columns - x) <= reach
        before = (rows < y) | ((rows == y) & (columns < x))
        higher = (image > image[y, x]) | ((image == image[y, x]) & before)
        if not (near & higher).any():
            found.append((y, x))
    return np.array(found, np.int64).reshape(-1, 2)


def star_position(image, error, mask, start, half, sigma):
    """Return x, y and their errors, of a Gaussian curve fitted to the pixels around a place."""
    x0, y0 = (round(value) for value in start)
    rows, columns = np.mgrid[y0 - half : y0 + half + 1, x0 - half : x0 + half + 1]
    good = mask[rows, columns] != 0
    rows, columns = rows[good], columns[good]
    values = image[rows, columns].astype(np.float64)

    def residual(p):
        square = (columns - p[1]) ** 2 + (rows - p[2]) ** 2
        return p[0] * np.exp(-square / (2 * p[3] ** 2)) + p[4] - values

    low = values.min()
    begin = [values.max() - low, start[0], start[1], sigma, low]
    found = least_squares(residual, begin, xtol=1e-12, ftol=1e-12, gtol=1e-12)
    influence = np.linalg.pinv(found.jac) * error[rows, columns]
    return found.x[1], found.x[2], *np.sqrt((influence[1:3] ** 2).sum(axis=1))
