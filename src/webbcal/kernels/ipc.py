"""Convolution that undoes interpixel capacitance.

Axes: i integration, g group, y row, x column; j, k row and column of the convolution kernel.
"""

import numpy as np

from webbcal.kernels._jit import entry, kernel


@kernel
def add_shifted(row, weights, shift, bounds, total):
    """Add ``weights[x] row[x + shift]`` to `total` (x) for x and x + shift within the bounds.

    `weights` has one element where it is the same for all x.
    """
    first, last = max(bounds[0], bounds[0] - shift), min(bounds[1], bounds[1] - shift)
    if weights.size == 1:
        for x in range(first, last):
            total[x] += weights[0] * row[x + shift]
    else:
        for x in range(first, last):
            total[x] += weights[x] * row[x + shift]


@entry
def deconvolve(sci, weights, region):
    """Return (i, g, y, x) data in which each pixel holds a weighted sum of its neighbours.

    Parameters
    ----------
    sci : float32 (i, g, y, x)
        Signal, DN. NaN spreads to the pixels whose weight for it is not absent.
    weights : float32 (j, k, y, x) or (j, k, 1, 1)
        Weight, in output pixel (y, x), of the input pixel (y + J // 2 - j, x + K // 2 - k).
    region : tuple of int
        First and last + 1 of the rows, and of the columns, to correct. Pixels outside keep
        their value and count as zero.
    """
    integrations, groups, rows, columns = sci.shape
    y0, y1, x0, x1 = region
    height, width = weights.shape[0], weights.shape[1]
    varying = weights.shape[2] > 1
    out = np.empty_like(sci)
    total = np.empty(columns)
    for i in range(integrations):
        for g in range(groups):
            for y in range(rows):
                for x in range(columns):
                    out[i, g, y, x] = sci[i, g, y, x]
                    total[x] = 0.0
                if y < y0 or y >= y1:
                    continue
                for j in range(height):
                    source = y + height // 2 - j
                    if source < y0 or source >= y1:
                        continue
                    for k in range(width):
                        add_shifted(
                            sci[i, g, source],
                            weights[j, k, y if varying else 0],
                            width // 2 - k,
                            (x0, x1),
                            total,
                        )
                for x in range(x0, x1):
                    out[i, g, y, x] = np.float32(total[x])
    return out
