"""Pixels without a usable value: they have no number in any array, and the flag that says so."""

from typing import TypeVar

import numpy as np

from webbcal.core.dq import DQ
from webbcal.spec.products import Cal, CalInts

Images = TypeVar("Images", Cal, CalInts)

_ARRAYS = ("sci", "err", "var_poisson", "var_rnoise", "var_flat")


def matched(image: Images) -> Images:
    """Return an image whose values, errors and flags agree on which pixels are unusable.

    Parameters
    ----------
    image : Cal or CalInts
        Axes (y, x) or (integration, y, x).

    Returns
    -------
    Cal or CalInts
        A pixel that is flagged DO_NOT_USE, or whose value or error is NaN, is flagged DO_NOT_USE
        and NaN in value, error and all variances. The image itself if it was so already.

    Source: JWST User Documentation, data products: values of pixels flagged DO_NOT_USE.
    """
    flagged = (image.dq & np.uint32(DQ.DO_NOT_USE)) != 0
    bad = np.isnan(image.sci) | np.isnan(image.err) | flagged
    changes: dict[str, np.ndarray] = {}
    if not np.array_equal(bad, flagged):
        changes["dq"] = image.dq | np.where(bad, np.uint32(DQ.DO_NOT_USE), np.uint32(0))
    for name in _ARRAYS:
        array = getattr(image, name) if image.has(name) else None
        if array is not None and not np.isnan(array[bad]).all():
            changes[name] = np.where(bad, np.float32(np.nan), array)
    return image.with_changes(**changes) if changes else image
