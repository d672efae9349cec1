"""One weight for all pixels of an exposure, by its read noise."""

from collections.abc import Callable

import numpy as np

BANDS, BAND_ROWS = 32, 4
"""So many bands of rows of an exposure tell its median variance: to a part in a thousand."""


def sample_bands(rows: int) -> list[slice]:
    """Return bands of rows spread over an exposure of so many rows."""
    starts = np.unique(np.linspace(0, max(rows - BAND_ROWS, 0), BANDS).astype(int)).tolist()
    return [slice(y, min(y + BAND_ROWS, rows)) for y in starts]


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
    sample = np.concatenate([variance_of(band).ravel() for band in sample_bands(rows)])
    usable = sample[np.isfinite(sample) & (sample > 0)]
    return 1.0 / float(np.median(usable)) if usable.size else None
