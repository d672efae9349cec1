"""Sums over circles on an image, their errors, and the level around them."""

import math

import numpy as np

from webbcal.kernels._jit import entry, kernel, part
from webbcal.kernels.sorting import median

CLIP_SIGMA = 3.0
CLIP_ROUNDS = 10
LEVEL, LEVEL_ERROR, LEVEL_COUNT = 0, 1, 2
SUM, VARIANCE, AREA, CURVATURE_X, CURVATURE_Y = 0, 1, 2, 3, 4


@part
def _quarter(x, y, radius):
    """Return the area that a disc about 0 shares with the rectangle from 0 to (x, y), signed."""
    sign = 1.0
    if x < 0.0:
        x, sign = -x, -sign
    if y < 0.0:
        y, sign = -y, -sign
    x, y = min(x, radius), min(y, radius)
    if x * x + y * y <= radius * radius:
        return sign * x * y
    edge = math.sqrt(radius * radius - y * y)  # below the arc up to here, then under it
    arc = 0.5 * (
        x * math.sqrt(radius * radius - x * x)
        + radius * radius * math.asin(x / radius)
        - edge * y
        - radius * radius * math.asin(edge / radius)
    )
    return sign * (y * edge + arc)


@kernel
def overlap(x, y, radius):
    """Return the area that a disc about 0 shares with the unit square centred on (x, y)."""
    return (
        _quarter(x + 0.5, y + 0.5, radius)
        - _quarter(x - 0.5, y + 0.5, radius)
        - _quarter(x + 0.5, y - 0.5, radius)
        + _quarter(x - 0.5, y - 0.5, radius)
    )


@part
def _known(sci, err, y, x):
    inside = 0 <= y < sci.shape[0] and 0 <= x < sci.shape[1]
    return inside and math.isfinite(sci[y, x]) and math.isfinite(err[y, x])


@part
def _spread(values, correlation):
    """Return each row of values convolved with the correlation."""
    height, width = values.shape
    reach = correlation.size - 1
    along = np.zeros((height, width))
    for j in range(height):
        for i in range(width):
            total = 0.0
            for k in range(max(i - reach, 0), min(i + reach + 1, width)):
                total += correlation[abs(k - i)] * values[j, k]
            along[j, i] = total
    return along


@part
def _correlated(weighted, correlation):
    """Return the sum over pairs of pixels of their weighted errors times their correlation."""
    spread = _spread(_spread(weighted, correlation).T.copy(), correlation)
    total = 0.0
    for j in range(weighted.shape[0]):
        for i in range(weighted.shape[1]):
            total += weighted[j, i] * spread[i, j]
    return total


@part
def _one_sum(sci, err, place, radius, blur, correlation, out):
    """Fill `out` with what one circle holds; NaN where a pixel of it is unknown."""
    x0, y0 = place
    low_x, high_x = math.floor(x0 - radius + 0.5), math.floor(x0 + radius + 0.5)
    low_y, high_y = math.floor(y0 - radius + 0.5), math.floor(y0 + radius + 0.5)
    weights = np.zeros((high_y - low_y + 3, high_x - low_x + 3))
    curvature_x, curvature_y = 0.0, 0.0
    out[:] = np.nan
    for y in range(low_y, high_y + 1):
        for x in range(low_x, high_x + 1):
            w = overlap(x - x0, y - y0, radius)
            if w <= 0.0:
                continue
            if not _known(sci, err, y, x):
                return
            j, i = y - low_y + 1, x - low_x + 1
            weights[j, i] += w
            if _known(sci, err, y, x - 1) and _known(sci, err, y, x + 1):
                curvature_x += w * (
                    np.float64(sci[y, x - 1]) + sci[y, x + 1] - 2.0 * np.float64(sci[y, x])
                )
                weights[j, i] += 2.0 * blur * w
                weights[j, i - 1] -= blur * w
                weights[j, i + 1] -= blur * w
            if _known(sci, err, y - 1, x) and _known(sci, err, y + 1, x):
                curvature_y += w * (
                    np.float64(sci[y - 1, x]) + sci[y + 1, x] - 2.0 * np.float64(sci[y, x])
                )
                weights[j, i] += 2.0 * blur * w
                weights[j - 1, i] -= blur * w
                weights[j + 1, i] -= blur * w
    total, area = 0.0, 0.0
    for j in range(weights.shape[0]):
        for i in range(weights.shape[1]):
            w = weights[j, i]
            if w != 0.0:
                y, x = low_y + j - 1, low_x + i - 1
                area += w
                total += w * sci[y, x]
                weights[j, i] = w * err[y, x]
    out[SUM], out[AREA] = total, area
    out[VARIANCE] = _correlated(weights, correlation)
    out[CURVATURE_X], out[CURVATURE_Y] = curvature_x, curvature_y


@entry
def aperture_sums(sci, err, centres, radii, blur, correlation):
    r"""Return sums over circles, each pixel weighted with the part of it inside.

    The image is taken to be blurred: its sum over a circle is that of

    .. math:: g - b (\partial_x^2 g + \partial_y^2 g),

    with differences of neighbouring pixels for the derivatives, where these are known.

    Parameters
    ----------
    sci, err : float32 (y, x)
        Values and their errors.
    centres : float64 (source, 2)
        x and y, from 0.
    radii : float64 (radius)
        Pixel.
    blur : float
        b, half the variance of the blur along each axis, pixel squared; 0 for none.
    correlation : float64 (distance)
        Of pixels 0, 1, ... columns or rows apart: the covariance is the product of both errors
        and the correlations along both axes.

    Returns
    -------
    float64 (source, radius, 5)
        Sum, its variance, sum of the weights, and what the circle holds of both second
        derivatives. NaN where a pixel that touches the circle is not finite or outside.

    Source: J. S. Bendat and A. G. Piersol 2010, Random Data, chapter 8 (sums of correlated values).
    """
    sums = np.full((centres.shape[0], radii.size, 5), np.nan)
    for k in range(centres.shape[0]):
        x, y = centres[k]
        if math.isfinite(x) and math.isfinite(y):
            for r in range(radii.size):
                _one_sum(sci, err, (x, y), radii[r], blur, correlation, sums[k, r])
    return sums


@part
def _clipped(sample, variances, count):
    """Return median, deviation, mean variance and number of what clipping leaves."""
    middle, deviation = np.nan, np.nan
    room = np.empty(count)  # finding a median puts values out of order
    for n in range(CLIP_ROUNDS + 1):
        if count == 0:
            break
        room[:count] = sample[:count]
        middle = median(room[:count])
        mean = 0.0
        for k in range(count):
            mean += sample[k]
        mean /= count
        square = 0.0
        for k in range(count):
            square += (sample[k] - mean) ** 2
        deviation = math.sqrt(square / count)
        if n == CLIP_ROUNDS:
            break
        kept = 0
        for k in range(count):
            if abs(sample[k] - middle) <= CLIP_SIGMA * deviation:
                sample[kept], variances[kept] = sample[k], variances[k]
                kept += 1
        if kept == count:
            break
        count = kept
    variance = 0.0
    for k in range(count):
        variance += variances[k]
    return middle, deviation, variance / max(count, 1), count


@entry
def ring_levels(sci, err, labels, own, centres, inner, outer, enough):
    r"""Return the clipped median of the pixels in a ring about each source, and its error.

    With the deviation s of the n pixels that are left and their mean variance :math:`\sigma^2`,
    right for sums over many pixels, the error of the median is
    :math:`\sqrt{((\pi/2 - 1) s^2 + \sigma^2) / n}`: of correlated normal values, the median loses
    what independent ones would only by what each pixel scatters for itself.

    Parameters
    ----------
    sci, err : float32 (y, x)
        Values and errors; those that are not finite are left out.
    labels : int32 (y, x)
        Sources; the pixels of others are left out where enough remain.
    own : int64 (source)
        The label of each source: its own light stays, as aperture corrections assume.
    centres : float64 (source, 2)
        x and y.
    inner, outer : float
        Radii, pixel; a pixel counts if its centre is between them.
    enough : float
        Part of the ring that must be free of others for them to be left out.

    Returns
    -------
    float64 (source, 3)
        Level, error, number of pixels; NaN, NaN and 0 where no pixel is known.

    Source: variance of a median of correlated normal values, from the arcsine law, J. S. Bendat
    and A. G. Piersol 2010, Random Data, chapter 5.
    """
    levels = np.full((centres.shape[0], 3), np.nan)
    levels[:, LEVEL_COUNT] = 0.0
    side = 2 * math.ceil(outer) + 3
    free, free_variance = np.empty(side * side), np.empty(side * side)
    other, other_variance = np.empty(side * side), np.empty(side * side)
    for k in range(centres.shape[0]):
        x0, y0 = centres[k]
        if not (math.isfinite(x0) and math.isfinite(y0)):
            continue
        n_free, n_all = 0, 0
        for y in range(
            max(math.floor(y0 - outer), 0), min(math.ceil(y0 + outer) + 1, sci.shape[0])
        ):
            for x in range(
                max(math.floor(x0 - outer), 0), min(math.ceil(x0 + outer) + 1, sci.shape[1])
            ):
                distance = (x - x0) ** 2 + (y - y0) ** 2
                if distance < inner * inner or distance >= outer * outer:
                    continue
                if not _known(sci, err, y, x):
                    continue
                value, variance = np.float64(sci[y, x]), np.float64(err[y, x]) ** 2
                other[n_all], other_variance[n_all] = value, variance
                n_all += 1
                if labels[y, x] == 0 or labels[y, x] == own[k]:
                    free[n_free], free_variance[n_free] = value, variance
                    n_free += 1
        if n_all == 0:
            continue
        if n_free >= enough * n_all:
            middle, deviation, variance, count = _clipped(free, free_variance, n_free)
        else:
            middle, deviation, variance, count = _clipped(other, other_variance, n_all)
        levels[k, LEVEL], levels[k, LEVEL_COUNT] = middle, count
        levels[k, LEVEL_ERROR] = math.sqrt(
            ((0.5 * math.pi - 1.0) * deviation * deviation + variance) / count
        )
    return levels
