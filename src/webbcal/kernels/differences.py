"""The typical difference between successive groups of each pixel, and how it scatters."""

import numpy as np

from webbcal.kernels._jit import entry, kernel
from webbcal.kernels.group_flags import BAD, JUMP
from webbcal.kernels.sorting import sort_columns

LANES, LONG = 256, 256
FEW_LANES = 128  # for long lists, so that they stay in the second-level cache


@entry
def typical_differences(sci, groupdq, together):
    """Return median and scatter of the differences between the groups of each pixel.

    Parameters
    ----------
    sci : ndarray
        float32, DN, axes (integration, group, pixel).
    groupdq : ndarray
        uint8, same axes. Differences with a group that is DO_NOT_USE or SATURATED, or into one
        with JUMP_DET, are left out, as are NaN and infinite ones.
    together : bool
        Whether all groups are taken together; else each difference only with the same one of
        the other integrations.

    Returns
    -------
    centre, scatter : ndarray
        float32, DN, axes (difference, pixel), the first one long if `together`: the median, and
        half the range of the middle 68 %. NaN where nothing is left.
    """
    nints, ngroups, npixels = sci.shape
    parts = 1 if together else ngroups - 1
    size = nints * (ngroups - 1) // parts
    centre = np.empty((parts, npixels), np.float32)
    scatter = np.empty((parts, npixels), np.float32)
    lanes = LANES if size <= LONG else FEW_LANES
    rows = np.full((size, lanes), np.float32(np.inf))
    number = np.empty(lanes, np.int64)
    for start in range(0, npixels, lanes):
        stop = min(start + lanes, npixels)
        for part in range(parts):
            first, last = (0, ngroups - 1) if together else (part, part + 1)
            _fill(sci, groupdq, (start, stop, first, last), rows, number)
            sort_columns(rows, size)
            for lane in range(stop - start):
                n = number[lane]
                low, high = rank(n, 0.158655), rank(n, 0.841345)
                middle = np.float32(np.nan)
                half = np.float32(np.nan)
                if n > 0:
                    middle = np.float32(0.5) * (rows[(n - 1) // 2, lane] + rows[n // 2, lane])
                    half = np.float32(0.5) * (rows[high, lane] - rows[low, lane])
                centre[part, start + lane] = middle
                scatter[part, start + lane] = half
    return centre, scatter


@kernel
def rank(n, share):
    """Return the rank of the value below which a share of n ordered ones lies."""
    return min(max(np.int64(np.rint(share * n - 0.5)), 0), max(n - 1, 0))


@kernel
def _fill(sci, groupdq, part, rows, number):
    """Fill rows with the usable differences, infinity for others, and count the usable ones."""
    start, stop, first, last = part
    lanes = stop - start
    for lane in range(lanes):
        number[lane] = 0
    n = 0
    for i in range(sci.shape[0]):
        for k in range(first, last):
            row = rows[n]
            n += 1
            flags0, flags1 = groupdq[i, k, start:stop], groupdq[i, k + 1, start:stop]
            values0, values1 = sci[i, k, start:stop], sci[i, k + 1, start:stop]
            for lane in range(lanes):
                d = values1[lane] - values0[lane]
                bad = (flags1[lane] | flags0[lane]) & BAD | flags1[lane] & JUMP
                good = (bad == 0) & (abs(d) < np.inf)
                row[lane] = d if good else np.float32(np.inf)
                number[lane] += np.int64(good)
