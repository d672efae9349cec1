"""How far from its core an event leaves charge: distances, excesses, and their medians in rings."""

import numpy as np

from webbcal.kernels._jit import entry, kernel
from webbcal.kernels.group_flags import BAD, JUMP
from webbcal.kernels.sorting import median


@entry
def distances(inside):
    """Return the distance of every pixel from the nearest one that is inside.

    Parameters
    ----------
    inside : ndarray
        bool, axes (y, x); at least one is True.

    Returns
    -------
    ndarray
        float32, axes (y, x), pixel; 0 inside.

    Notes
    -----
    Source: P. F. Felzenszwalb and D. P. Huttenlocher 2012, Theory of Computing 8, 415: rows
    first, then in each column the lower envelope of parabolas.
    """
    rows, columns = inside.shape
    far = rows + columns
    along = np.empty((columns, rows), np.int64)  # distance within the row
    for y in range(rows):
        last = -far
        for x in range(columns):
            last = x if inside[y, x] else last
            along[x, y] = x - last
        last = 2 * far
        for x in range(columns - 1, -1, -1):
            last = x if inside[y, x] else last
            along[x, y] = min(along[x, y], last - x)
    result = np.empty((rows, columns), np.float32)
    lowest, begin = np.empty(rows, np.int64), np.empty(rows + 1)
    for x in range(columns):
        _envelope(along[x], lowest, begin)
        m = 0
        for y in range(rows):
            while begin[m + 1] < y:
                m += 1
            square = (y - lowest[m]) ** 2 + along[x, lowest[m]] ** 2
            result[y, x] = np.sqrt(np.float64(square))
    return result


@kernel
def _envelope(along, lowest, begin):
    """Find the rows whose parabolas are lowest somewhere, and from which row on each is."""
    n = 0
    lowest[0] = 0
    begin[0] = -np.inf
    for y in range(1, along.size):
        height = along[y] ** 2 + y * y
        while True:
            other = lowest[n]
            meet = (height - along[other] ** 2 - other * other) / (2.0 * (y - other))
            if meet > begin[n]:
                break
            n -= 1
        n += 1
        lowest[n] = y
        begin[n] = meet
    begin[n + 1] = np.inf


@entry
def excesses(signal, flags, gain, readnoise, frames, hit):
    """Return how much some differences exceed the typical one of their pixel.

    Parameters
    ----------
    signal : ndarray
        float32, DN, axes (group, y, x).
    flags : ndarray
        uint8, same axes.
    gain, readnoise : ndarray
        Electron/DN; noise of a pair of frames, DN; float32, axes (y, x).
    frames : float
        Frames per group.
    hit : ndarray
        int64: the groups after the differences wanted. They are left out of the median, and
        so are those into a group with JUMP_DET.

    Returns
    -------
    ndarray
        float32, axes (group of `hit`, y, x), standard deviations of a difference; NaN where a
        group is DO_NOT_USE or SATURATED, no other difference is usable, or a value is NaN.
    """
    ngroups, rows, columns = signal.shape
    result = np.empty((hit.size, rows, columns), np.float32)
    values = np.empty(ngroups, np.float32)
    for y in range(rows):
        for x in range(columns):
            n = 0
            for k in range(1, ngroups):
                d = signal[k, y, x] - signal[k - 1, y, x]
                bad = (flags[k, y, x] | flags[k - 1, y, x]) & BAD | flags[k, y, x] & JUMP
                calm = (bad == 0) & (abs(d) < np.inf)
                for h in hit:
                    calm = calm and h != k
                if calm:
                    values[n] = d
                    n += 1
            centre = median(values[:n])
            noise = np.float64(readnoise[y, x])
            variance = abs(centre) / np.float64(gain[y, x]) + noise * noise / frames
            for m in range(hit.size):
                k = hit[m]
                d = np.float64(signal[k, y, x] - signal[k - 1, y, x])
                bad = (flags[k, y, x] | flags[k - 1, y, x]) & BAD
                excess = (d - centre) / np.sqrt(variance)
                good = (bad == 0) & (abs(excess) < np.inf)
                result[m, y, x] = np.float32(excess) if good else np.float32(np.nan)
    return result


@entry
def ring_medians(distance, excess, flags):
    """Return what the rings around a core are like, each one pixel wide.

    Parameters
    ----------
    distance : ndarray
        From the core, float32, axes (y, x); ring r holds distances above r, up to r + 1.
    excess : ndarray
        float32, same axes; NaN and pixels in the core do not count.
    flags : ndarray
        Of the group, uint8, same axes.

    Returns
    -------
    middle : ndarray
        Median excess, float64, axis (ring); 0 where a ring is empty.
    count, jumps : ndarray
        Pixels that count, and those of them with JUMP_DET, int64, axis (ring).
    """
    rows, columns = distance.shape
    rings = rows + columns
    count, jumps = np.zeros(rings, np.int64), np.zeros(rings, np.int64)
    last = 0
    for y in range(rows):
        for x in range(columns):
            if distance[y, x] > 0 and abs(excess[y, x]) < np.inf:
                ring = int(np.ceil(distance[y, x])) - 1
                count[ring] += 1
                jumps[ring] += np.int64((flags[y, x] & JUMP) != 0)
                last = max(last, ring + 1)
    begin = np.zeros(last + 1, np.int64)
    for ring in range(last):
        begin[ring + 1] = begin[ring] + count[ring]
    values = np.empty(begin[last], np.float32)
    filled = begin.copy()
    for y in range(rows):
        for x in range(columns):
            if distance[y, x] > 0 and abs(excess[y, x]) < np.inf:
                ring = int(np.ceil(distance[y, x])) - 1
                values[filled[ring]] = excess[y, x]
                filled[ring] += 1
    middle = np.zeros(last)
    for ring in range(last):
        if count[ring] > 0:
            middle[ring] = median(values[begin[ring] : begin[ring + 1]])
    return middle, count[:last].copy(), jumps[:last].copy()
