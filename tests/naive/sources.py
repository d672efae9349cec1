"""Slow, obvious forms of what is measured of sources."""

import numpy as np
from scipy import ndimage


def weights(shape, place, radius, samples=400):
    """Return the part of each pixel inside a circle, by counting sample points."""
    x0, y0 = place
    offsets = (np.arange(samples) + 0.5) / samples - 0.5
    result = np.zeros(shape)
    for y in range(shape[0]):
        for x in range(shape[1]):
            if np.hypot(x - x0, y - y0) < radius + 1:
                square = (x + offsets[None, :] - x0) ** 2 + (y + offsets[:, None] - y0) ** 2
                result[y, x] = (square < radius**2).mean()
    return result


def sharpened(image, blur):
    """Return an image less `blur` times its second differences along both axes."""
    result = image.astype(float).copy()
    for axis in (0, 1):
        result -= blur * ndimage.convolve1d(image.astype(float), [1, -2, 1], axis=axis)
    return result


def variance(pixel_weights, errors, correlation):
    """Return the variance of a weighted sum by going through all pairs of pixels."""
    used = np.argwhere(pixel_weights != 0)
    total = 0.0
    for y, x in used:
        for v, u in used:
            dy, dx = abs(y - v), abs(x - u)
            if dy < len(correlation) and dx < len(correlation):
                pair = errors[y, x] * errors[v, u] * correlation[dy] * correlation[dx]
                total += pixel_weights[y, x] * pixel_weights[v, u] * pair
    return total


def clipped_median(values, sigma=3.0, rounds=10):
    """Return median, deviation and the values that are left."""
    kept = np.ones(values.size, bool)
    for _ in range(rounds):
        inside = np.abs(values - np.median(values[kept])) <= sigma * np.std(values[kept])
        if (kept & inside).sum() == kept.sum():
            break
        kept &= inside
    return np.median(values[kept]), np.std(values[kept]), kept


def separate_regions(image, bounds, npixels, structure):
    """Return one mask per region that stands alone above the first bound, by recursion."""
    regions, count = ndimage.label(image > bounds[0], structure)
    large = [regions == n for n in range(1, count + 1) if (regions == n).sum() >= npixels]
    found = []
    for region in large:
        inner = [region]
        if len(bounds) > 1:
            above = np.where(region, image, -np.inf)
            inner = _first_split(above, bounds[1:], npixels, structure) or [region]
        found += inner
    return found


def _first_split(image, bounds, npixels, structure):
    """Return the regions of the lowest bound at which there are several; none if there is none."""
    for k in range(len(bounds)):
        regions, count = ndimage.label(image > bounds[k], structure)
        large = [n for n in range(1, count + 1) if (regions == n).sum() >= npixels]
        if len(large) > 1:
            return separate_regions(image, bounds[k:], npixels, structure)
    return []


def watershed(image, inside, seeds, structure):
    """Return which seed each pixel belongs to, always taking the highest pixel that is next."""
    marks = np.zeros(image.shape, int)
    for n, seed in enumerate(seeds, start=1):
        marks[seed] = n
    done = np.zeros(image.shape, bool)
    while True:
        waiting = (marks > 0) & ~done
        if not waiting.any():
            return marks
        y, x = np.unravel_index(np.argmax(np.where(waiting, image, -np.inf)), image.shape)
        done[y, x] = True
        for j in (-1, 0, 1):
            for i in (-1, 0, 1):
                v, u = y + j, x + i
                known = 0 <= v < image.shape[0] and 0 <= u < image.shape[1]
                if structure[j + 1, i + 1] and known and inside[v, u] and marks[v, u] == 0:
                    marks[v, u] = marks[y, x]


def window_centroid(image, usable, place, sigma, rounds=200):
    """Return the centroid under a Gaussian window, each step over the whole image.

    Pixels that are not usable count as what lies opposite, where that is known.
    """
    y, x = np.mgrid[: image.shape[0], : image.shape[1]].astype(float)
    values = np.where(usable, image, np.nan).astype(float)
    x0, y0 = place
    for _ in range(rounds):
        radius = np.hypot(x - x0, y - y0)
        weight = np.exp(-0.5 * (radius / sigma) ** 2) * (radius <= 4 * sigma)
        opposite = ndimage.map_coordinates(values, [2 * y0 - y, 2 * x0 - x], order=1, cval=np.nan)
        filled = np.where(np.isfinite(values), values, opposite)
        light = np.where(np.isfinite(filled), filled, 0) * weight
        x0, y0 = (p + 2 * (light * (q - p)).sum() / light.sum() for p, q in ((x0, x), (y0, y)))
    return x0, y0
