"""Places of sources: first moments under a Gaussian window that moves with them."""

import math

import numpy as np

from webbcal.kernels._jit import entry, part

REACH = 4.0
"""Where the window is cut off, in its standard deviations."""

ROUNDS = 40
STOP = 1e-5  # pixel
LEAST_KNOWN = 0.5
"""Part of the window that must be known."""


@part
def _value(sci, level, labels, own, y, x):
    """Return the value of a pixel; NaN if it is unknown, outside, or of another source."""
    if not (0 <= y < sci.shape[0] and 0 <= x < sci.shape[1]):
        return np.nan
    if labels[y, x] != own and labels[y, x] != 0:
        return np.nan
    return np.float64(sci[y, x]) - np.float64(level[y, x])


@part
def _between(sci, level, labels, own, y, x):
    """Return the value between four pixels, by linear interpolation; NaN if one has none."""
    row, column = math.floor(y), math.floor(x)
    v, u = y - row, x - column
    value = 0.0
    for j in range(2):
        for i in range(2):
            share = (v if j == 1 else 1.0 - v) * (u if i == 1 else 1.0 - u)
            if share > 0.0:
                value += share * _value(sci, level, labels, own, row + j, column + i)
    return value


@part
def _step(sci, level, labels, own, x0, y0, sigma):
    """Return by how much a place must move, x and y, and which part of the window is known."""
    radius = REACH * sigma
    total, along_x, along_y, window, known = 0.0, 0.0, 0.0, 0.0, 0.0
    for y in range(math.ceil(y0 - radius), math.floor(y0 + radius) + 1):
        for x in range(math.ceil(x0 - radius), math.floor(x0 + radius) + 1):
            u, v = x - x0, y - y0
            if u * u + v * v > radius * radius:
                continue
            weight = math.exp(-0.5 * (u * u + v * v) / (sigma * sigma))
            window += weight
            value = _value(sci, level, labels, own, y, x)
            if not math.isfinite(value):
                value = _between(sci, level, labels, own, y0 - v, x0 - u)
            if not math.isfinite(value):
                continue
            known += weight
            total += weight * value
            along_x += weight * value * u
            along_y += weight * value * v
    if not total > 0.0:
        return np.nan, np.nan, 0.0
    return 2.0 * along_x / total, 2.0 * along_y / total, known / window


@entry
def window_centroids(sci, level, labels, places, sigma):
    r"""Move places to the centroids of sources under a Gaussian window.

    .. math:: x_{n+1} = x_n + 2 \frac{\sum w_i f_i (x_i - x_n)}{\sum w_i f_i}, \qquad
              w_i = \exp(-r_i^2 / 2 s^2)

    until they stay. The factor 2 is exact where source and window are of the same width; the
    limit does not depend on it.

    Parameters
    ----------
    sci, level : float32 (y, x)
        Values, and the background that is taken off.
    labels : int32 (y, x)
        Sources, from 1; 0 for none.
    places : float64 (source, 2)
        x and y to begin with, from 0, of source 1, 2, ...
    sigma : float
        s, pixel.

    Returns
    -------
    float64 (source, 2)
        x and y. NaN where the place does not settle or leaves its source, or half of the window is
        unknown.

    Notes
    -----
    A pixel of another source, or one that is unknown, counts as what lies opposite to it, which
    does not pull the place to either side; or not at all, where that is unknown too.

    Source: E. Bertin, SExtractor manual, windowed positional parameters.
    """
    found = np.full(places.shape, np.nan)
    for k in range(places.shape[0]):
        x, y = places[k]
        for _ in range(ROUNDS):
            if not (math.isfinite(x) and math.isfinite(y)):
                break
            column, row = round(x), round(y)
            inside = 0 <= row < sci.shape[0] and 0 <= column < sci.shape[1]
            if not inside or labels[row, column] != k + 1:
                break
            step_x, step_y, known = _step(sci, level, labels, k + 1, x, y, sigma)
            if known < LEAST_KNOWN:
                break
            if abs(step_x) < STOP and abs(step_y) < STOP:
                found[k, 0], found[k, 1] = x, y
                break
            x, y = x + step_x, y + step_y
    return found
