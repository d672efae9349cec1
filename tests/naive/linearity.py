"""Linearity correction, one value at a time."""

import numpy as np


def polynomial(coefficients, value):
    """Return the sum of the powers of a value."""
    return sum(float(c) * value**k for k, c in enumerate(coefficients))


def usable(coefficients):
    """Tell whether a pixel's polynomial says anything."""
    return not np.isnan(coefficients).any() and coefficients[1] != 0


def linearise(sci, saturated, coefficients, unusable):
    """Return linear (i, g, y, x) data; saturated groups and unusable pixels keep their value."""
    out = sci.astype(float)
    for i, g, y, x in np.ndindex(sci.shape):
        c = coefficients[:, y, x]
        if not saturated[i, g, y, x] and not unusable[y, x] and usable(c):
            out[i, g, y, x] = polynomial(c, float(sci[i, g, y, x]))
    return out


def linearise_reads(sci, saturated, coefficients, inverse, frames):
    """Return linear data of groups that are means of frames; all coefficients usable."""
    plain = linearise(sci, saturated, coefficients, np.zeros(sci.shape[2:], bool))
    out = sci.astype(float)
    groups = sci.shape[1]
    times = np.arange(groups * frames).reshape(groups, frames) + 1.0
    mean_times = times.mean(axis=1)
    for i, g, y, x in np.ndindex(sci.shape):
        if saturated[i, g, y, x]:
            continue
        last = max(int((~saturated[i, :, y, x]).sum()) - 2, 1)
        first = plain[i, 0, y, x]
        rate = (plain[i, last, y, x] - first) / (mean_times[last] - mean_times[0])
        reads = [polynomial(inverse[:, y, x], first + rate * (t - mean_times[0])) for t in times[g]]
        shift = sci[i, g, y, x] - np.mean(reads)
        out[i, g, y, x] = np.mean([polynomial(coefficients[:, y, x], r + shift) for r in reads])
    return out
