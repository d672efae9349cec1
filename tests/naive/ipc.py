"""Deconvolution of interpixel capacitance, one value at a time."""

import numpy as np


def deconvolve(sci, weights, region):
    """Return (i, g, y, x) data; `weights` (j, k, y, x); `region` first and last + 1 row, column."""
    y0, y1, x0, x1 = region
    out = sci.astype(float)
    inside = np.zeros(sci.shape[2:], bool)
    inside[y0:y1, x0:x1] = True
    height, width = weights.shape[:2]
    for i, g, y, x in np.ndindex(sci.shape):
        if not inside[y, x]:
            continue
        total = 0.0
        for j, k in np.ndindex(height, width):
            v, u = y + height // 2 - j, x + width // 2 - k
            if 0 <= v < inside.shape[0] and 0 <= u < inside.shape[1] and inside[v, u]:
                total += float(weights[j, k, y, x]) * float(sci[i, g, v, u])
        out[i, g, y, x] = total
    return out
