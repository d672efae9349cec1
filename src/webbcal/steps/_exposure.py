"""Facts of an exposure that several steps read from its metadata."""

from webbcal.core.errors import InvalidProduct
from webbcal.spec.meta import Meta


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
