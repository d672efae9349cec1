"""Normal equations of maps that lay the stars of several images on each other."""

import numpy as np

from webbcal.kernels._jit import entry


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
