"""Maps that lay the stars of several images on each other: normal equations and residuals."""

import numpy as np

from webbcal.kernels._jit import entry, part

ALONE = 1e-9
"""What is left of a sum after its only term is taken away, in parts of it, is rounding."""


@entry
def normal_equations(starts, group, weights, slopes, offsets, first):
    r"""Return matrix and right side of the normal equations, the places of stars eliminated.

    With the slopes :math:`A_i` of the place of detection i by the parameters of its group, its
    offset :math:`o_i` from the mean of its star, and the sum W of the weights of the star

    .. math:: N = \sum_i w_i A_i^T A_i - \sum_s \frac{1}{W_s} \sum_{ij \in s} w_i w_j A_i^T A_j,
              \qquad b = -\sum_i w_i A_i^T o_i .

    Parameters
    ----------
    starts : int64 (star + 1)
        Where the detections of each star begin.
    group : int64 (detection)
        Which map each belongs to.
    weights : float64 (detection)
        0 for what does not count.
    slopes : float64 (detection, coordinate, parameter)
        A; parameters beyond those of the group are not looked at.
    offsets : float64 (detection, coordinate)
        o.
    first : int64 (group + 1)
        Where the parameters of each group begin.

    Returns
    -------
    tuple of float64 (parameter, parameter), float64 (parameter)

    Notes
    -----
    Source: Bevington, chapter 7, and the elimination of unknowns that enter linearly.
    """
    size = first[-1]
    matrix, right = np.zeros((size, size)), np.zeros(size)
    for s in range(starts.size - 1):
        total = 0.0
        for i in range(starts[s], starts[s + 1]):
            total += weights[i]
        for i in range(starts[s], starts[s + 1]):
            if weights[i] == 0.0:
                continue
            p0, p1 = first[group[i]], first[group[i] + 1]
            for p in range(p0, p1):
                a0, a1 = slopes[i, 0, p - p0], slopes[i, 1, p - p0]
                right[p] -= weights[i] * (a0 * offsets[i, 0] + a1 * offsets[i, 1])
            for j in range(starts[s], starts[s + 1]):
                factor = -weights[i] * weights[j] / total
                factor += weights[i] if i == j else 0.0
                q0, q1 = first[group[j]], first[group[j] + 1]
                for p in range(p0, p1):
                    a0, a1 = factor * slopes[i, 0, p - p0], factor * slopes[i, 1, p - p0]
                    for q in range(q0, q1):
                        matrix[p, q] += a0 * slopes[j, 0, q - q0] + a1 * slopes[j, 1, q - q0]
    return matrix, right


@part
def _fill(star, places, variance, used, extra, sums, off, expected):
    """Fill the residuals and their deviations; `sums` has axes (star; weight, x, y)."""
    sums[:] = 0.0
    for i in range(star.size):
        if used[i]:
            weight = 1.0 / (variance[i] + extra)
            sums[star[i], 0] += weight
            sums[star[i], 1] += weight * places[i, 0]
            sums[star[i], 2] += weight * places[i, 1]
    for i in range(star.size):
        total, weight = sums[star[i], 0], 0.0
        if used[i]:
            weight = 1.0 / (variance[i] + extra)
        rest = total - weight
        if rest <= ALONE * total:
            off[i, 0] = off[i, 1] = expected[i] = np.nan
            continue
        for c in range(2):
            off[i, c] = places[i, c] - (sums[star[i], 1 + c] - weight * places[i, c]) / rest
        expected[i] = np.sqrt(variance[i] + extra + 1.0 / rest)


@entry
def residuals(star, stars, places, variance, used, extra):
    """Return how far each detection is from the mean of the others of its star.

    Parameters
    ----------
    star : int64 (detection)
        Which star each is of.
    stars : int
        How many there are.
    places : float64 (detection, coordinate)
        As the maps have them.
    variance : float64 (detection)
        Of each coordinate.
    used : bool (detection)
        Which ones count in the means.
    extra : float
        Variance that all have besides.

    Returns
    -------
    tuple of float64 (detection, coordinate), float64 (detection)
        The residuals and their standard deviations; NaN where no other one counts.
    """
    off, expected = np.empty((star.size, 2)), np.empty(star.size)
    _fill(star, places, variance, used, extra, np.empty((stars, 3)), off, expected)
    return off, expected


@entry
def common_variance(star, stars, places, variance, used, bounds, steps, median):
    """Return the variance that all have besides, by the median of the normalized residuals.

    Parameters
    ----------
    star, stars, places, variance, used
        As for `residuals`.
    bounds : tuple of float
        Smallest and largest variance, above 0.
    steps : int
        How often the range of its logarithm is halved.
    median : float
        What that of the squares shall be.

    Returns
    -------
    float
        The upper end of the last range.

    Notes
    -----
    Source: Rousseeuw and Leroy 1987 for scales by medians.
    """
    off, expected = np.empty((star.size, 2)), np.empty(star.size)
    sums, squares = np.empty((stars, 3)), np.empty(star.size)
    low, high = bounds
    for _ in range(steps):
        middle = np.sqrt(low * high)
        _fill(star, places, variance, used, middle, sums, off, expected)
        count = 0
        for i in range(star.size):
            square = (off[i, 0] / expected[i]) ** 2 + (off[i, 1] / expected[i]) ** 2
            if used[i] and np.isfinite(square):
                squares[count] = square
                count += 1
        found = np.sort(squares[:count])
        typical = 0.5 * (found[(count - 1) // 2] + found[count // 2]) if count > 0 else 0.0
        if typical > median:
            low = middle
        else:
            high = middle
    return high
