"""Smooth images with a symmetric curve along both axes."""

import numpy as np

from webbcal.kernels._jit import entry, inlined


@inlined
def _add(factor, row, line):
    for x in range(line.size):
        line[x] += factor * row[x]


@entry
def smoothed(image, curve):
    r"""Return an image smoothed along both axes; beyond its edges it is zero.

    .. math:: S(x, y) = \sum_{vu} c_v c_u I(x + u, y + v)

    Parameters
    ----------
    image : float32 (y, x)
        Without NaN.
    curve : float64 (offset)
        The curve from its middle on: its other half is the same.

    Returns
    -------
    float32 (y, x)
        The sums are float64.
    """
    rows, columns = image.shape
    reach = curve.size - 1
    result = np.empty((rows, columns), np.float32)
    line = np.zeros(columns + 2 * reach)
    inner = line[reach : reach + columns]
    total = np.empty(columns)
    for y in range(rows):
        inner[:] = 0.0
        for k in range(max(-reach, -y), min(reach, rows - 1 - y) + 1):
            _add(curve[abs(k)], image[y + k], inner)
        total[:] = 0.0
        for k in range(-reach, reach + 1):
            _add(curve[abs(k)], line[reach + k : reach + k + columns], total)
        for x in range(columns):
            result[y, x] = total[x]
    return result
