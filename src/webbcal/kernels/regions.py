"""Connected regions of an image.

Pixels are given by their flat indices in the image, ascending: few of them are in a region.
"""

import numpy as np

from webbcal.kernels._jit import entry, part


@part
def root(parents, n):
    """Return the representative of a set, and shorten the way to it."""
    found = n
    while parents[found] != found:
        found = parents[found]
    while parents[n] != found:
        parents[n], n = found, parents[n]
    return found


@entry
def label(indices, columns, corners):
    """Tell connected regions apart.

    Parameters
    ----------
    indices : ndarray
        Flat indices of the pixels, ascending, int64.
    columns : int
        Length of a row.
    corners : bool
        Whether pixels that share a corner are connected, as those that share an edge are.

    Returns
    -------
    labels : ndarray
        Number of the region of each pixel, from 0 in the order of their first pixels, int64.
    count : int
        How many regions there are.

    Notes
    -----
    Source: A. Rosenfeld and J. L. Pfaltz 1966, J. ACM 13, 471; the sets are kept as trees.
    """
    size = indices.size
    aside = 1 if corners else 0
    parents = np.arange(size)
    above = 0  # the first pixel that can touch the present one from the row above
    for n in range(size):
        here = indices[n]
        y, x = here // columns, here % columns
        if n > 0 and x > 0 and indices[n - 1] == here - 1:
            parents[n] = root(parents, n - 1)
        while indices[above] < here - columns - aside:
            above += 1
        m = above
        while m < n and indices[m] <= here - columns + aside:
            v, u = indices[m] // columns, indices[m] % columns
            if v == y - 1 and abs(u - x) <= aside:
                one, other = root(parents, m), root(parents, n)
                parents[max(one, other)] = min(one, other)
            m += 1
    labels = np.empty(size, np.int64)
    count = 0
    for n in range(size):
        first = root(parents, n)
        if first == n:
            labels[n] = count
            count += 1
        else:
            labels[n] = labels[first]
    return labels, count
