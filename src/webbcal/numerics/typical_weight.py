"""One weight for all pixels of an exposure, by its read noise."""

from collections.abc import Callable

import numpy as np

SAMPLE_ROWS = 128
"""Rows of an exposure that tell its median variance: to a part in a thousand."""


def typical_weight(variance_of: Callable[[slice], np.ndarray], rows: int) -> float | None:
    """Return the inverse of the median variance of an exposure.

    Weights that differ from pixel to pixel mix the pixels of undersampled stars in proportions
    that depend on the noise and, where the variance follows the signal, on the star itself: its
    flux and place come out wrong. With one weight for each exposure they do not.

    Parameters
    ----------
    variance_of : callable
        ``variance_of(rows)``: variances of some rows, axes (y, x).
    rows : int
        How many there are.

    Returns
    -------
    float or None
        None where no variance is positive and finite.

    Source: Fruchter and Hook 2002, section 3.
    """
    chosen = np.unique(np.linspace(0, rows - 1, min(rows, SAMPLE_ROWS)).astype(int)).tolist()
    sample = np.concatenate([variance_of(slice(y, y + 1)).ravel() for y in chosen])
    usable = sample[np.isfinite(sample) & (sample > 0)]
    return 1.0 / float(np.median(usable)) if usable.size else None
