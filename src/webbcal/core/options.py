"""Declare the options of a step once: type, default, unit, bounds and help text."""

import dataclasses
import difflib
import functools
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Self

from webbcal.core.errors import InvalidOptions

Numbers = tuple[float, ...]
"""Type of an option that is a list of numbers."""

Names = tuple[str, ...]
"""Type of an option that is a list of names: of files, say."""

_LISTS = (Numbers, Names)

_WORDS = {
    types.NoneType: "nothing",
    Numbers: "a list of numbers",
    Names: "a list of names",
}


def option(
    default: Any,
    doc: str,
    *,
    unit: str = "",
    low: float | None = None,
    high: float | None = None,
    choices: tuple[Any, ...] = (),
) -> Any:
    """Declare one option of an `Options` class."""
    meta = {"doc": doc, "unit": unit, "low": low, "high": high, "choices": choices}
    return field(default=default, metadata=meta)


def _types(cls: type) -> dict[str, tuple[Any, ...]]:
    """Return, per option, the types a value may have; ``X | None`` counts as two."""
    key: Any = cls
    return _types_once(key)


@functools.cache
def _types_once(cls: Any) -> dict[str, tuple[Any, ...]]:
    return {
        name: typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
        for name, hint in typing.get_type_hints(cls).items()
    }


def _numbers(name: str, values: Sequence[Any]) -> Numbers:
    """Return a list of numbers, given as numbers or as text."""
    wrong = InvalidOptions(f"option {name}", expected="a list of numbers", found=repr(values))
    if any(isinstance(value, bool) for value in values):
        raise wrong
    try:
        return tuple(float(value) for value in values)
    except (ValueError, TypeError):
        raise wrong from None


def _names(name: str, values: Sequence[Any]) -> Names:
    """Return a list of names; white space around them does not count."""
    if not all(isinstance(value, str) for value in values):
        raise InvalidOptions(f"option {name}", expected="a list of names", found=repr(values))
    return tuple(value.strip() for value in values if value.strip())


@dataclass(frozen=True)
class Options:
    """Base of every step's options: immutable and checked on construction."""

    def __post_init__(self) -> None:
        for f in fields(self):
            allowed = _types(type(self))[f.name]
            value = getattr(self, f.name)
            if float in allowed and type(value) is int:  # TOML writes 2 for 2.0
                value = float(value)
                object.__setattr__(self, f.name, value)
            if Numbers in allowed and isinstance(value, list | tuple):
                value = _numbers(f.name, value)
                object.__setattr__(self, f.name, value)
            if Names in allowed and isinstance(value, str | list | tuple):
                value = _names(f.name, value.split(",") if isinstance(value, str) else value)
                object.__setattr__(self, f.name, value)
            self._check(f.name, value, allowed, f.metadata)

    def _check(
        self, name: str, value: Any, allowed: tuple[Any, ...], meta: Mapping[str, Any]
    ) -> None:
        kinds = tuple(tuple if kind in _LISTS else kind for kind in allowed)
        wrong_type = not isinstance(value, kinds) or (
            isinstance(value, bool) and bool not in allowed
        )
        numbers = value if isinstance(value, tuple) else (value,)
        if wrong_type or any(isinstance(number, float) and number != number for number in numbers):
            words = " or ".join(_WORDS.get(t) or t.__name__ for t in allowed)
            raise InvalidOptions(f"option {name}", expected=words, found=repr(value))
        if value is None:
            return
        low, high = meta["low"], meta["high"]
        if any(
            (low is not None and number < low) or (high is not None and number > high)
            for number in numbers
        ):
            limits = f"{'-inf' if low is None else low} to {'inf' if high is None else high}"
            unit = f" {meta['unit']}" if meta["unit"] else ""
            raise InvalidOptions(f"option {name}", expected=limits + unit, found=repr(value))
        if meta["choices"] and value not in meta["choices"]:
            words = " or ".join(map(str, meta["choices"]))
            raise InvalidOptions(f"option {name}", expected=words, found=repr(value))

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any], *, where: str = "") -> Self:
        """Build options from parsed TOML, ASDF or keyword values.

        Raises
        ------
        InvalidOptions
            For an unknown name (the nearest known ones are suggested) or a bad value.
        """
        known = [f.name for f in fields(cls)]
        for name in mapping:
            if name not in known:
                near = difflib.get_close_matches(name, known, n=1)
                raise InvalidOptions(
                    f"unknown option {name}",
                    where=where or None,
                    expected="one of " + ", ".join(known) if known else "no options",
                    advice=f"Did you mean {near[0]}?" if near else "",
                )
        try:
            return cls(**mapping)
        except InvalidOptions as error:
            raise InvalidOptions(
                error.what, where=where or None, expected=error.expected, found=error.found
            ) from None

    @classmethod
    def parse(cls, name: str, text: str) -> Any:
        """Turn the text of one option, as typed on the command line, into its value."""
        allowed = _types(cls).get(name, (str,))
        if types.NoneType in allowed and text.lower() in ("none", ""):
            return None
        if bool in allowed and text.lower() in ("true", "false", "yes", "no", "on", "off"):
            return text.lower() in ("true", "yes", "on")
        for kind in (int, float):
            if kind in allowed:
                try:
                    return kind(text)
                except ValueError:
                    continue
        if Numbers in allowed:
            return _numbers(name, text.strip("[]() ").rstrip(",").split(","))
        if Names in allowed:
            return _names(name, text.split(","))
        return text

    def as_dict(self) -> dict[str, Any]:
        """Return the options as plain values, for records and TOML."""
        return dataclasses.asdict(self)
