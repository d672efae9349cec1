"""The mean of a few samples without those that stand out, one pixel at a time."""

import numpy as np


def clipped_mean(values, flags, poisson, rnoise, unusable, limit, rounds):
    """Return mean, the two variances and the flags of one pixel; axes (sample,)."""
    left = [k for k, v in enumerate(values) if not np.isnan(v) and not flags[k] & unusable]
    if not left:
        return np.nan, np.nan, np.nan, int(np.bitwise_or.reduce(flags))
    while rounds != 0:
        sample = np.array([values[k] for k in left], np.float64)
        far = np.abs(sample - np.median(sample)) > limit * sample.std()
        if not far.any() or len(left) == 1:
            break
        left = [k for k, drop in zip(left, far, strict=True) if not drop]
        rounds -= 1
    n = len(left)
    return (
        sum(float(values[k]) for k in left) / n,
        sum(float(poisson[k]) for k in left) / n**2,
        sum(float(rnoise[k]) for k in left) / n**2,
        int(np.bitwise_or.reduce([flags[k] for k in left])),
    )
