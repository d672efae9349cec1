"""Columns of a binary table, as its header describes them.

Source: FITS Standard 4.0, section 7.3.
"""

import math
import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from webbcal.io.conformance.cards import Header

MAX_COLUMNS = 999  # FITS Standard 4.0, section 7.3.1

UNSIGNED = {("u1", -(2**7)): "i1", ("i2", 2**15): "u2", ("i4", 2**31): "u4", ("i8", 2**63): "u8"}
_COLUMN_TYPES = {
    "L": ("?", 1),
    "B": ("u1", 1),
    "I": ("i2", 2),
    "J": ("i4", 4),
    "K": ("i8", 8),
    "E": ("f4", 4),
    "D": ("f8", 8),
    "C": ("c8", 8),
    "M": ("c16", 16),
    "A": ("S", 1),
    "P": ("", 8),
    "Q": ("", 16),
}
_TFORM = re.compile(r"(\d{0,9})([LXBIJKAEDCMPQ])(.*)\Z")


@dataclass(frozen=True, slots=True)
class RawColumn:
    """One column as the header describes it; dtype None where TFORM cannot be understood.

    `shape` is that of a cell in numpy order, `width` its bytes on disk.
    """

    name: str
    tform: str
    dtype: np.dtype[Any] | None
    shape: tuple[int, ...]
    width: int
    unit: str


def columns_of(header: Header) -> tuple[RawColumn, ...]:
    """Return the columns a header describes, at most as many as FITS allows."""
    number = min(max(header.integer("TFIELDS") or 0, 0), MAX_COLUMNS)
    return tuple(_column(header, n) for n in range(1, number + 1))


def _column(header: Header, n: int) -> RawColumn:
    name, tform = header.text(f"TTYPE{n}").strip(), header.text(f"TFORM{n}").strip()
    unit = header.text(f"TUNIT{n}").strip()
    match = _TFORM.match(tform)
    if match is None:
        return RawColumn(name, tform, None, (), 0, unit)
    repeat = int(match[1]) if match[1] else 1
    letter = match[2]
    if letter == "X":
        return RawColumn(name, tform, None, (), (repeat + 7) // 8, unit)
    base, size = _COLUMN_TYPES[letter]
    shape = _cell(header.text(f"TDIM{n}"), () if repeat == 1 or letter == "A" else (repeat,))
    if letter == "A":
        text = np.dtype(f"S{min(shape[-1] if shape else repeat, 10**6)}")
        return RawColumn(name, tform, text, shape[:-1], repeat, unit)
    if letter in "PQ":
        return RawColumn(name, tform, None, (), repeat * size, unit)
    zero = header.get(f"TZERO{n}") or 0
    if header.get(f"TSCAL{n}") in (None, 1) and zero == int(finite(zero)):
        base = UNSIGNED.get((base, int(zero)), base)
    return RawColumn(name, tform, np.dtype(base), shape, repeat * size, unit)


def _cell(tdim: str, plain: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape of a cell, numpy order; TDIM lists the fastest axis first."""
    if not re.fullmatch(r"\(\s*\d{1,9}(\s*,\s*\d{1,9})*\s*\)", tdim.strip()):
        return plain
    return tuple(int(n) for n in re.findall(r"\d+", tdim))[::-1]


def finite(value: object) -> float:
    """Return a number, 0 for what is none or not finite."""
    if isinstance(value, int | float) and math.isfinite(value):
        return value
    return 0
