"""Statistics of reference pixels, obvious versions."""

import numpy as np


def clipped_mean(sample, limit):
    """Return the mean after dropping outliers until none is left; NaN of nothing."""
    sample = np.asarray(sample, float)
    sample = sample[~np.isnan(sample)]
    while sample.size:
        keep = np.abs(sample - sample.mean()) <= limit * sample.std()
        if sample.std() == 0 or keep.all():
            return sample.mean()
        sample = sample[keep]
    return np.nan


def running_median(strip, half):
    """Return the medians of (r, c) values over rows r - half to r + half, mirrored at the ends."""
    rows = len(strip)
    padded = np.pad(strip, ((half, half), (0, 0)), mode="reflect") if rows > 1 else strip
    medians = []
    for row in range(rows):
        values = padded[row : row + 2 * half + 1] if rows > 1 else padded
        values = values[~np.isnan(values)]
        medians.append(np.median(values.astype(float)) if values.size else np.nan)
    return np.array(medians)
