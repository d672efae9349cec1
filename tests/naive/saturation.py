"""Saturation flags, one rule at a time on whole planes."""

import numpy as np

DNU, SAT, FLOOR = 1, 2, 64


def grow(mask, reach):
    """Return a (y, x) mask with all pixels in a square around each True one."""
    out = np.zeros_like(mask)
    for y, x in np.argwhere(mask):
        out[max(y - reach, 0) : y + reach + 1, max(x - reach, 0) : x + reach + 1] = True
    return out


def flag_saturation(sci, groupdq, threshold, bias, checked, pattern):
    """Return flags; `checked` (y, x): whether the pixel has a threshold."""
    out = groupdq.copy()
    for i in range(sci.shape[0]):
        flag_integration(sci[i], groupdq[i], threshold, bias, checked, pattern, out[i])
    return out


def flag_integration(sci, groupdq, threshold, bias, checked, pattern, out):
    """Flag (g, y, x) data in `out`."""
    frames, reach, interleaved, partial = pattern
    groups = len(sci)
    full = np.zeros(sci.shape, bool)
    for g in range(groups):
        above = checked & (sci[g] >= threshold)
        full[g] = above | (groupdq[g] & SAT > 0) | (full[g - 1] if g else False)
        out[g][sci[g] <= 0] |= FLOOR | DNU
    saturated = np.array([grow(plane, reach) for plane in full])
    out[saturated] |= SAT
    if frames == 1:
        return
    for g in range(groups - 1 if partial else 0):
        reads = np.arange(g * frames + 1, (g + 1) * frames + 1)
        hidden = checked & (sci[g] >= threshold * (reads.mean() / reads[-1]))
        usable = ~saturated[g] & (groupdq[g] & DNU == 0) & (sci[g] > 0)
        out[g][grow(hidden & usable & saturated[g + 1], reach)] |= DNU
    if groups > 2:
        limit = np.where(checked, threshold, 65536.0)
        mean_first = np.arange(1, frames + 1).mean()
        expected = (sci[0] - bias) / mean_first * (3 * frames) + bias
        leap = sci[1] - sci[0] > (limit - sci[0]) / frames
        sudden = (expected < limit) & leap
        if interleaved:
            out[1][grow(sudden & full[2] & ~full[1], reach)] |= SAT
        else:
            out[1][sudden & saturated[2] & ~saturated[1]] |= DNU
