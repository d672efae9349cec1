"""What reference selection needs to know of an exposure."""

import functools
import re
from collections.abc import Mapping
from typing import Any

from webbcal.core.errors import InvalidInput
from webbcal.spec.meta import Meta, keywords

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_TIME = re.compile(r"\d{2}:\d{2}:\d{2}(\.\d+)?")


@functools.cache
def _keyword_of_path() -> dict[str, str]:
    return {entry.path: entry.keyword for entry in keywords() if entry.keyword}


@functools.cache
def _path_of_keyword() -> dict[str, str]:
    return {
        entry.keyword: entry.path
        for entry in reversed(keywords())
        if entry.extension == "PRIMARY" and entry.keyword
    }


def keyword_of(path: str) -> str:
    """Return the FITS keyword of a metadata path, whose case does not matter; else the path."""
    return _keyword_of_path().get(path.lower(), path)


def value_of(meta: Meta, keyword: str) -> Any:
    """Return the value of an exposure's FITS keyword, None where it is unset."""
    path = _path_of_keyword().get(keyword)
    return None if path is None else meta.lookup(path.removeprefix("meta."))


def flat_header(meta: Meta) -> dict[str, str | int | float | bool]:
    """Return the plain values of a metadata tree as the selection rules call them.

    ``meta.instrument.detector`` becomes ``META.INSTRUMENT.DETECTOR``. Rules look no deeper
    than that.
    """
    values = [(name, value) for name, value in meta.items()]
    for node, leaves in meta.items():
        if isinstance(leaves, Mapping):
            values += [(f"{node}.{name}", value) for name, value in leaves.items()]
    return {
        f"META.{path}".upper(): value
        for path, value in values
        if isinstance(value, str | int | float | bool)
    }


def exposure_datetime(meta: Meta) -> str:
    """Return the start of the exposure as ``YYYY-MM-DD hh:mm:ss[.f]``, sortable as text.

    Raises
    ------
    InvalidInput
        DATE-OBS or TIME-OBS is missing or malformed.
    """
    date, time = str(meta.observation.date), str(meta.observation.time)
    if not _DATE.fullmatch(date) or not _TIME.fullmatch(time):
        raise InvalidInput(
            "date of the observation is needed to select references",
            expected="DATE-OBS YYYY-MM-DD and TIME-OBS hh:mm:ss",
            found=f"DATE-OBS {meta.observation.date!r} and TIME-OBS {meta.observation.time!r}",
        )
    return f"{date} {time}"


def instrument_of(meta: Meta) -> str:
    """Return the instrument in lower case.

    Raises
    ------
    InvalidInput
        INSTRUME is missing.
    """
    name = meta.instrument.name
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z]+", name):
        raise InvalidInput(
            "instrument is needed to select references",
            expected="INSTRUME, a name",
            found=repr(name),
        )
    return name.lower()


def describe(keys: Mapping[str, Any]) -> str:
    """Return selection keys as one readable phrase."""
    return ", ".join(
        f"{name}={'not set' if value is None else value}" for name, value in keys.items()
    )
