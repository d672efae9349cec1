"""Refuse files that a recipe cannot start from, before a pixel is read."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from webbcal.core.errors import InvalidInput
from webbcal.geometry.irs2 import FRAME, is_interleaved
from webbcal.spec.fields import Product
from webbcal.spec.meta import Meta, keywords
from webbcal.spec.products import GuiderRaw

P = TypeVar("P", bound=Product)

PLACEHOLDERS = ("N/A", "#TODO", "")
"""Text that stands for a value nobody knows."""


@dataclass(frozen=True)
class Requirement:
    """A metadata entry a stage cannot do without, and the values that make sense."""

    path: str
    low: float | None = None
    high: float | None = None


STAGE1 = (
    Requirement("instrument.name"),
    Requirement("instrument.detector"),
    Requirement("exposure.type"),
    Requirement("exposure.nints", 1),
    Requirement("exposure.ngroups", 1),
    Requirement("exposure.nframes", 1),
    Requirement("exposure.groupgap", 0),
    Requirement("exposure.frame_time", 1e-6, 1e6),
    Requirement("exposure.group_time", 1e-6, 1e7),
    Requirement("subarray.xstart", 1, 2048),
    Requirement("subarray.ystart", 1, 2048),
    Requirement("subarray.xsize", 1, 2048),
    Requirement("subarray.ysize", 1, 3200),
    Requirement("subarray.fastaxis", -2, 2),
    Requirement("subarray.slowaxis", -2, 2),
)


STAGE2 = (
    Requirement("instrument.name"),
    Requirement("instrument.detector"),
    Requirement("exposure.type"),
    Requirement("subarray.xstart", 1, 2048),
    Requirement("subarray.ystart", 1, 2048),
    Requirement("subarray.xsize", 1, 2048),
    Requirement("subarray.ysize", 1, 2048),
)

NODES = ("exposure", "subarray", "instrument")
"""Metadata that calibration reads; elsewhere nonsense does no harm."""


def check_exposure(uncal: Product, path: Path) -> Product:
    """Refuse a raw exposure whose header is incomplete or does not describe its pixels.

    Returns
    -------
    Product
        The exposure; whole numbers that the header writes with a decimal point are whole, and
        placeholders for numbers are gone.

    Raises
    ------
    InvalidInput
        Naming the keyword, what it should be and what it is.
    """
    uncal = replace_meta(uncal, _checked_numbers(uncal.meta, path))
    for requirement in STAGE1:
        _check_entry(uncal.meta, requirement, path)
    _check_axes(uncal.meta, path)
    _check_shape(uncal, path)
    return uncal


def check_rates(rates: P, path: Path) -> P:
    """Refuse count rates whose header is incomplete or does not describe their pixels.

    Returns and raises what `check_exposure` does.
    """
    rates = replace_meta(rates, _checked_numbers(rates.meta, path))
    for requirement in STAGE2:
        _check_entry(rates.meta, requirement, path)
    subarray, shape = rates.meta.subarray, rates.shape_of("sci")[-2:]
    if shape != (subarray.ysize, subarray.xsize):
        raise InvalidInput(
            "SCI does not fit its header",
            where=path,
            expected=f"{subarray.ysize} x {subarray.xsize} (SUBSIZE2, SUBSIZE1)",
            found=f"{shape[0]} x {shape[1]}",
            advice="The file is damaged or was cut; fetch it again.",
        )
    return rates


def replace_meta(uncal: P, values: Mapping[str, Any]) -> P:
    """Return an exposure with some metadata changed; its pixels stay on disk."""
    return uncal.with_changes(meta=uncal.meta.replace(values)) if values else uncal


def _checked_numbers(meta: Meta, path: Path) -> dict[str, Any]:
    """Refuse numbers that are none; return better values of those that say it another way."""
    better: dict[str, Any] = {}
    for entry in keywords():
        root, _, rest = entry.path.partition(".")
        if root != "meta" or rest.partition(".")[0] not in NODES or "[" in rest:
            continue
        value = meta.lookup(rest)
        if value is None or entry.type not in ("number", "integer"):
            continue
        if value in PLACEHOLDERS:
            better[rest] = None
            continue
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if number and entry.type == "integer" and math.isfinite(value) and value == int(value):
            if isinstance(value, float):
                better[rest] = int(value)
        elif not number or entry.type == "integer" or not math.isfinite(value):
            raise InvalidInput(
                f"keyword {entry.keyword}",
                where=path,
                expected="a whole number" if entry.type == "integer" else "a number",
                found=repr(value),
            )
    return better


def keyword_of(path: str) -> str:
    """Return the FITS keyword of a metadata path below ``meta``."""
    return next((k.keyword for k in keywords() if k.path == f"meta.{path}"), path)


def _check_entry(meta: Meta, requirement: Requirement, path: Path) -> None:
    value = meta.lookup(requirement.path)
    name = f"keyword {keyword_of(requirement.path)}"
    bounded = requirement.low is not None
    words = f"a number from {requirement.low}" if bounded else "text"
    if requirement.high is not None:
        words += f" to {requirement.high}"
    if value is None:
        raise InvalidInput(f"{name} is missing", where=path, expected=words)
    if not bounded:
        if not isinstance(value, str) or not value.strip():
            raise InvalidInput(name, where=path, expected=words, found=repr(value))
        return
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if (
        not number
        or not requirement.low <= value
        or (requirement.high is not None and value > requirement.high)
    ):
        raise InvalidInput(name, where=path, expected=words, found=repr(value))


def _check_axes(meta: Meta, path: Path) -> None:
    axes = meta.lookup("subarray.fastaxis"), meta.lookup("subarray.slowaxis")
    if sorted(map(abs, axes)) != [1, 2]:
        raise InvalidInput(
            "keywords FASTAXIS and SLOWAXIS",
            where=path,
            expected="one of them 1 or -1, the other 2 or -2",
            found=f"{axes[0]} and {axes[1]}",
        )


def _check_shape(uncal: Product, path: Path) -> None:
    shape = uncal.shape_of("sci")
    exposure, subarray = uncal.meta.exposure, uncal.meta.subarray
    first = uncal.meta.lookup("exposure.integration_start", 1)
    last = uncal.meta.lookup("exposure.integration_end")
    segmented = last is not None
    nints = last - first + 1 if segmented else exposure.nints
    interleaved = is_interleaved(uncal.meta)
    rows, columns = FRAME if interleaved else (subarray.ysize, subarray.xsize)
    if isinstance(uncal, GuiderRaw):
        # The strips in which a guider identifies stars come put together in one image.
        rows, columns = shape[-2:]
    expected = (nints, exposure.ngroups, rows, columns)
    for axis, (name, keyword) in enumerate(
        (
            ("integrations", "INTEND - INTSTART + 1" if segmented else "NINTS"),
            ("groups", "NGROUPS"),
            ("rows", "READPATT with IRS2" if interleaved else "SUBSIZE2"),
            ("columns", "READPATT with IRS2" if interleaved else "SUBSIZE1"),
        )
    ):
        if shape[axis] != expected[axis]:
            raise InvalidInput(
                f"SCI does not fit its header in the number of {name}",
                where=path,
                expected=f"{expected[axis]} ({keyword})",
                found=f"{shape[axis]} (NAXIS{4 - axis})",
                advice="The file is damaged or was cut; fetch it again.",
            )


def remarks(exposure: Product) -> tuple[str, ...]:
    """Return what is odd about an exposure but does not keep it from being calibrated."""
    if not exposure.has("int_times"):
        return ()
    first = exposure.meta.lookup("exposure.integration_start", 1)
    count = exposure.shape_of("sci")[0]
    wanted = set(range(first, first + count))
    present = {int(number) for number in exposure.int_times["integration_number"]}
    if not present or wanted <= present:
        return ()
    missing = len(wanted - present)
    return (f"INT_TIMES has no row for {missing} of {count} integrations",)
