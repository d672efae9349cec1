"""Where the telescope looked, and which part of a detector was read, from the metadata."""

from webbcal.core.errors import InvalidProduct
from webbcal.spec.meta import Meta

MAX_ABERRATION = 1e-3  # of the scale, v/c: ten times what the orbit can give

LIMITS = {
    "v2_ref": (3600.0, "arcsec"),
    "v3_ref": (3600.0, "arcsec"),
    "ra_ref": (720.0, "deg"),
    "dec_ref": (90.0, "deg"),
    "roll_ref": (720.0, "deg"),
}
"""Largest absolute value of what tells where the telescope looked, and its unit."""


def corner_of(meta: Meta) -> tuple[int, int]:
    """Return the first row and column of the subarray, from 0; that of a missing keyword is 0.

    Raises
    ------
    InvalidProduct
        If SUBSTRT2 or SUBSTRT1 is no number from 1.
    """
    found = []
    for name in ("ystart", "xstart"):
        start = meta.subarray.lookup(name, 1)
        if not isinstance(start, int) or start < 1:
            raise InvalidProduct(f"meta.subarray.{name}", expected="a number from 1", found=start)
        found.append(start - 1)
    return found[0], found[1]


def pointing_of(meta: Meta) -> dict[str, float]:
    """Return where the telescope looked: the arguments of `geometry.imaging.Pointing`.

    Without VA_SCALE the scale is 1.

    Raises
    ------
    InvalidProduct
        If a keyword is missing or absurd.
    """
    found = {}
    for name, (limit, unit) in LIMITS.items():
        value = meta.wcsinfo.lookup(name)
        if not isinstance(value, int | float) or not abs(value) <= limit:
            raise InvalidProduct(
                f"{name.upper()} (meta.wcsinfo.{name}) does not tell where the telescope looked",
                expected=f"{-limit:g} to {limit:g} {unit}",
                found=value,
            )
        found[name] = float(value)
    scale = meta.velocity_aberration.lookup("scale_factor", 1.0)
    if not isinstance(scale, int | float) or not abs(scale - 1.0) <= MAX_ABERRATION:
        raise InvalidProduct(
            "VA_SCALE (meta.velocity_aberration.scale_factor) is no factor of the aberration",
            expected=f"1 within {MAX_ABERRATION:g}",
            found=scale,
        )
    return found | {"aberration": float(scale)}
