"""Search for jumps, one pixel, one difference at a time."""

import math
import warnings

import numpy as np

DNU, SAT, JUMP = 1, 2, 4


def differences(data, gdq):
    """Return first differences, axes (integration, difference), NaN where a group is bad."""
    good = np.where(gdq & (DNU | SAT), np.nan, data.astype(np.float32))
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
