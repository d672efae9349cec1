"""Search for jumps, one pixel, one difference at a time."""

import math

import numpy as np

DNU, SAT, JUMP = 1, 2, 4


def differences(data, gdq):
    """Return first differences, axes (integration, difference), NaN where a group is bad."""
    bad = (gdq & (DNU | SAT) != 0) | ~np.isfinite(data)
    good = np.where(bad, np.float32(np.nan), data.astype(np.float32))
    return np.diff(good, axis=1).astype(float)


def median(values):
    """Return the median of the finite values, NaN without any."""
    values = values[np.isfinite(values)]
    return float(np.median(values)) if values.size else math.nan


def clipped_median(values):
    """Return the median without the largest (4 or more), of 3, the smaller of 2, else NaN."""
    values = np.sort(values[np.isfinite(values)])
    if values.size < 2:
        return math.nan
    if values.size == 2:
        return float(values[0])
    return float(np.median(values if values.size == 3 else values[:-1]))


def ratios(d, centre, gain, readnoise, nframes):
    """Return distances from `centre` (DN) in units of the expected noise."""
    gain = abs(gain)
    noise = abs(centre) * gain + (readnoise * gain) ** 2 / nframes
    return np.abs(d - centre) * gain / math.sqrt(noise) if noise > 0 else np.full(d.shape, np.nan)


def find_iteratively(data, gdq, gain, readnoise, nframes, thresholds):
    """Return where jumps are, by removing the most deviant difference as long as it deviates.

    `thresholds` are those for two, three and at least four differences.
    """
    d = np.abs(differences(data, gdq))
    jump = np.zeros(d.shape, bool)
    while True:
        n = np.isfinite(d).sum()
        if n < 2:
            return jump
        r = ratios(d, clipped_median(d), gain, readnoise, nframes)
        worst = np.unravel_index(np.argmax(np.where(np.isfinite(r), r, -1)), r.shape)
        if not r[worst] > thresholds[min(n, 4) - 2]:
            return jump
        jump[worst] = True
        d[worst] = np.nan


def find_at_once(data, gdq, gain, readnoise, nframes, threshold):
    """Return where differences deviate from their median."""
    d = differences(data, gdq)
    return ratios(d, median(d), gain, readnoise, nframes) > threshold


def find_by_clipping(data, gdq, threshold, together):
    """Return where differences deviate from those of other integrations, or from all."""
    d = differences(data, gdq)
    jump = np.zeros(d.shape, bool)
    parts = [...] if together else [np.s_[:, k] for k in range(d.shape[1])]
    for part in parts:
        values = d[part]
        kept = np.isfinite(values)
        for _ in range(5):
            if kept.sum() < 2:
                break
            reach = threshold * values[kept].std()
            kept &= np.abs(values - np.median(values[kept])) <= reach
        jump[part] = np.isfinite(values) & ~kept
    return jump


def flag_neighbours(jump, d, gdq, gain, readnoise, nframes, low, high):
    """Return jumps together with the four neighbours of strong ones; axes (i, difference, y, x)."""
    result = jump.copy()
    rows, columns = jump.shape[2:]
    for i, k, y, x in np.argwhere(jump):
        ratio = ratios(d[i, k, y, x], median(d[:, :, y, x]), gain[y, x], readnoise[y, x], nframes)
        if not low < ratio < high:
            continue
        for v, u in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
            inside = 0 <= v < rows and 0 <= u < columns
            if inside and not gdq[i, k + 1, v, u] & (DNU | SAT):
                result[i, k, v, u] = True
    return result


def flag_after(jump, d, gdq, steps_and_groups):
    """Return jumps together with the groups after those of at least some size, DN."""
    result = jump.copy()
    for i, k, y, x in np.argwhere(jump):
        excess = d[i, k, y, x] - median(d[:, :, y, x])
        for step, groups in steps_and_groups:
            for later in range(k + 1, min(k + groups + 1, jump.shape[1])):
                if excess >= step and not gdq[i, later + 1, y, x] & (DNU | SAT):
                    result[i, later, y, x] = True
    return result
