"""The test of each exposure against what the others show."""

from collections.abc import Callable

import numpy as np

from webbcal.core.dq import DQ
from webbcal.spec.products import Cal
from webbcal.steps._set import read_plane
from webbcal.steps.outlier_detection.views import Bits

BAND = 256  # rows that are tested together

MARGIN = 2
"""Rows beyond those tested that count: one for the slope, one for the neighbours."""

Reference = Callable[[slice], np.ndarray]
"""``reference(rows)``: what other exposures show at the pixels of some rows, float32."""

Limits = tuple[float, float, float, float, float]


def compare(
    image: Cal, reference: Reference, offset: float, limits: Limits
) -> tuple[Bits, Bits, int]:
    """Find the outliers of an exposure, rows by rows.

    Parameters
    ----------
    image : Cal
        The exposure.
    reference : callable
        What to compare it with.
    offset : float
        What the exposure has and the reference has not.
    limits : tuple of float
        As `kernels.outliers.find_outliers` takes them.

    Returns
    -------
    outlier, unusable : Bits
        Outliers; all pixels to be NaN: these, those flagged DO_NOT_USE, without value or error.
    count : int
        Of the outliers.
    """
    from webbcal.kernels.arrays import frozen
    from webbcal.kernels.outliers import find_outliers

    rows, columns = image.shape_of("sci")
    outlier, unusable = Bits((rows, columns)), Bits((rows, columns))
    count = 0
    for start in range(0, rows, BAND):
        stop = min(start + BAND, rows)
        low, high = max(start - MARGIN, 0), min(stop + MARGIN, rows)
        sci, err, dq = (read_plane(image, n, slice(low, high)) for n in ("sci", "err", "dq"))
        found = np.empty((stop - start, columns), np.uint8)
        inner = (start - low, stop - low)
        find_outliers(
            frozen(sci, np.float32),
            frozen(err, np.float32),
            frozen(reference(slice(low, high)), np.float32),
            inner,
            offset,
            limits,
            found,
        )
        own = slice(*inner)
        bad = (dq[own] & np.uint32(DQ.DO_NOT_USE) != 0) | np.isnan(sci[own]) | np.isnan(err[own])
        outlier.write(slice(start, stop), found)
        unusable.write(slice(start, stop), bad | (found != 0))
        count += int(np.count_nonzero(found))
    return outlier, unusable, count
