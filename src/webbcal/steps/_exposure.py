"""Facts of an exposure that several steps read from its metadata."""

import numpy as np

from webbcal.core.errors import InvalidProduct
from webbcal.spec.meta import Meta
from webbcal.spec.products.detector1 import Ramp


def positive(meta: Meta, name: str) -> float:
    """Return a positive number of ``meta.exposure``.

    Raises
    ------
    InvalidProduct
        If it is missing or not positive.
    """
    value = meta.exposure.lookup(name)
    if not isinstance(value, int | float) or not value > 0:
        raise InvalidProduct(f"meta.exposure.{name}", expected="a positive number", found=value)
    return float(value)


def first_integration(meta: Meta) -> int:
    """Return the number within the whole exposure, from 0, of the first integration held.

    A file may be a segment of an exposure; and what the runner hands to a step may be a part of
    a file, whose metadata then say so in the same way.
    """
    start = meta.exposure.lookup("integration_start")
    return start - 1 if isinstance(start, int) and start > 0 else 0


def frame_of(ramp: Ramp, name: str, integration: int, group: int) -> np.ndarray:
    """Return one frame (y, x) of an array of a ramp; only that is read where it lies on disk."""
    stored = None if name in vars(ramp) else ramp.stored(name)
    if stored is None:
        return np.asarray(getattr(ramp, name)[integration, group])
    one = slice(integration, integration + 1), slice(group, group + 1)
    return np.asarray(stored.read((*one, slice(None), slice(None)))[0, 0])
