"""Binary tables: from the bytes of a FITS file to structured arrays, and back.

Source: FITS Standard 4.0, section 7.3.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from webbcal.core.errors import InvalidInput, InvalidProduct
from webbcal.io.cards import Card
from webbcal.io.fits import Extension, unsigned_of
from webbcal.spec.fields import Column, Index, Table

_CODES = {
    "L": "i1",
    "B": "u1",
    "I": "i2",
    "J": "i4",
    "K": "i8",
    "E": "f4",
    "D": "f8",
    "C": "c8",
    "M": "c16",
}
_TFORM = re.compile(r"(\d*)([LXBIJKAEDCMPQ])")


@dataclass(frozen=True)
class StoredColumn:
    """One column as the header of a file describes it."""

    name: str
    form: str  # TFORM
    stored: np.dtype[Any]  # of a cell on disk, big-endian, with the shape of the cell
    scale: float
    zero: float

    @property
    def dtype(self) -> np.dtype[Any]:
        """Native type of a cell, with its shape."""
        base, shape = self.stored.base, self.stored.shape
        unsigned = unsigned_of(base, self.zero) if self.scale == 1 else None
        native: np.dtype[Any]
        if self.form.endswith("L"):
            native = np.dtype(bool)
        elif unsigned is not None:
            native = np.dtype(unsigned)
        elif self.scale != 1 or self.zero != 0:
            native = np.dtype("f8")
        else:
            native = base.newbyteorder("=")
        return np.dtype((native, shape)) if shape else native

    def decode(self, raw: np.ndarray) -> np.ndarray:
        """Return the values of the column."""
        if self.form.endswith("L"):
            logical: np.ndarray = raw == ord("T")
            return logical
        native: np.ndarray = raw.astype(self.stored.base.newbyteorder("="))
        unsigned = unsigned_of(self.stored.base, self.zero) if self.scale == 1 else None
        if unsigned is not None:
            bits = native.view(f"u{native.itemsize}")
            bits ^= bits.dtype.type(1 << (8 * native.itemsize - 1))
            return native.view(unsigned)
        if self.scale != 1 or self.zero != 0:
            return native * float(self.scale) + float(self.zero)
        return native


def stored_columns(extension: Extension) -> tuple[StoredColumn, ...]:
    """Return the columns of a binary table as its header describes them.

    Raises
    ------
    InvalidInput
        If the extension is no binary table, the header contradicts itself, or a column has
        variable length (no product has any).
    """
    if extension.kind != "BINTABLE":
        raise InvalidInput(
            "not a table", where=extension.label, expected="BINTABLE", found=extension.kind
        )
    values = extension.values
    count = values.get("TFIELDS")
    if isinstance(count, bool) or not isinstance(count, int) or not 0 <= count <= 999:
        raise InvalidInput(
            "nonsense in TFIELDS", where=extension.label, expected="0 to 999", found=repr(count)
        )
    columns = tuple(_stored_column(extension, number) for number in range(1, count + 1))
    width = sum(column.stored.itemsize for column in columns)
    if len(extension.shape) != 2 or width != extension.shape[1]:
        raise InvalidInput(
            "the columns do not fill the rows",
            where=extension.label,
            expected=f"NAXIS1 = {width}, the sum of the TFORMn",
            found=f"shape {extension.shape}",
        )
    return columns


def _stored_column(extension: Extension, number: int) -> StoredColumn:
    values = extension.values
    form = str(values.get(f"TFORM{number}", "")).strip()
    found = _TFORM.match(form)
    if found is None or found[2] in "XPQ":
        raise InvalidInput(
            f"cannot read column {number}",
            where=extension.label,
            expected="a TFORM of fixed length",
            found=repr(form),
        )
    repeat = int(found[1] or 1)
    if found[2] == "A":
        stored = np.dtype(f"S{repeat}") if repeat else np.dtype("V0")
    else:
        base = np.dtype(">" + _CODES[found[2]])
        shape = _cell_shape(values.get(f"TDIM{number}"), repeat)
        stored = np.dtype((base, shape)) if shape else base
    numbers = [values.get(f"{key}{number}", unset) for key, unset in (("TSCAL", 1), ("TZERO", 0))]
    if found[2] == "A" or not all(isinstance(n, int | float) for n in numbers):
        numbers = [1, 0]
    name = str(values.get(f"TTYPE{number}", f"column{number}")).strip()
    return StoredColumn(name, f"{repeat}{found[2]}", stored, numbers[0], numbers[1])


def _cell_shape(tdim: Any, repeat: int) -> tuple[int, ...]:
    if isinstance(tdim, str):
        shape = tuple(int(n) for n in re.findall(r"\d+", tdim))[::-1]
        if shape and math.prod(shape) == repeat:
            return shape
    return () if repeat == 1 else (repeat,)


def read_table(
    extension: Extension, spec: Table | None = None, wanted: slice = slice(None)
) -> np.ndarray:
    """Read a binary table.

    Parameters
    ----------
    extension : Extension
        Where it lies.
    spec : Table or None
        Its declaration: values are cast to the declared types, columns matched by name whatever
        the case. Columns that the file lacks are NaN, zero or empty; undeclared ones come last.
    wanted : slice
        Rows to read, without gaps.

    Returns
    -------
    ndarray
        Structured, native byte order. Strings are bytes, at least as wide as declared.
    """
    dtype, stored, sources = _layout(extension, spec)
    layout = np.dtype([(str(n), column.stored) for n, column in enumerate(stored)])
    start, stop, _ = wanted.indices(extension.shape[0])
    rows, width = max(stop - start, 0), extension.shape[1]
    raw = np.empty(rows * width, "u1")
    extension.file.read_into(raw, extension.offset + start * width)
    records: np.ndarray = raw.view(layout) if raw.size else np.empty(rows, layout)
    table = np.zeros(rows, dtype)
    assert dtype.names is not None
    for name, source in zip(dtype.names, sources, strict=True):
        if source is not None:
            with np.errstate(over="ignore", invalid="ignore"):
                table[name] = stored[source].decode(records[str(source)])
        elif dtype[name].base.kind == "f":
            table[name] = np.nan
    return table


def _layout(
    extension: Extension, spec: Table | None
) -> tuple[np.dtype[Any], tuple[StoredColumn, ...], list[int | None]]:
    """Return the type to read as, the columns on disk, and which of them goes where."""
    stored = stored_columns(extension)
    names = [column.name or f"column{n}" for n, column in enumerate(stored, 1)]
    by_name = {name.lower(): n for n, name in reversed(list(enumerate(names)))}
    declared = spec.columns if spec is not None else ()
    wanted = list(_wanted(declared, stored, by_name))
    if wanted and all(source is None for _, _, source in wanted):
        raise InvalidInput(
            "none of the columns is known",
            where=extension.label,
            expected=", ".join(column.name for column in declared),
            found=", ".join(names),
        )
    known = {column.name.lower() for column in declared}
    wanted += [
        (name, column.dtype, n)
        for n, (name, column) in _unique(names, stored)
        if name.lower() not in known
    ]
    dtype = np.dtype([(name, dtype) for name, dtype, _ in wanted])
    return dtype, stored, [source for _, _, source in wanted]


@dataclass(frozen=True)
class DiskTable:
    """A table that lies in a FITS file, read when touched."""

    extension: Extension
    spec: Table | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of rows."""
        return self.extension.shape[:1]

    @property
    def dtype(self) -> np.dtype[Any]:
        """Structured type of the rows."""
        return _layout(self.extension, self.spec)[0]

    def read(self, index: Index | None = None) -> np.ndarray:
        """Return the selected rows as a fresh array."""
        if index and index[0].step in (None, 1):
            return read_table(self.extension, self.spec, index[0])
        table = read_table(self.extension, self.spec)
        return table[index].copy() if index else table


def conform_table(table: np.ndarray, spec: Table, where: str) -> np.ndarray:
    """Return a table with the declared columns first, in their order and types.

    Raises
    ------
    InvalidProduct
        If a declared column is missing.
    """
    assert table.dtype.names is not None
    have = {name.lower(): name for name in table.dtype.names}
    wanted: list[tuple[str, np.dtype[Any], str]] = []
    for column in spec.columns:
        name = have.pop(column.name.lower(), None)
        if name is None and column.optional:
            continue
        if name is None:
            raise InvalidProduct(
                f"column {column.name} is missing",
                where=f"{where}, table {spec.extname}",
                found=", ".join(table.dtype.names),
            )
        dtype, base = table.dtype[name], column.dtype
        if base.kind == "S":
            width = dtype.itemsize // (4 if dtype.kind == "U" else 1)
            base = np.dtype(f"S{max(width, base.itemsize)}")
        wanted.append((column.name, np.dtype((base, dtype.shape)) if dtype.shape else base, name))
    wanted += [(name, table.dtype[name], name) for name in have.values()]
    new = np.dtype([(name, dtype) for name, dtype, _ in wanted])
    if new == table.dtype:
        return table
    rows = np.empty(table.shape, new)
    for name, _, source in wanted:
        values = table[source]
        rows[name] = np.char.encode(values, "utf-8") if values.dtype.kind == "U" else values
    return rows


def empty_table(spec: Table) -> np.ndarray:
    """Return a table without rows."""
    formats = [(c.name, c.dtype, tuple(n or 0 for n in c.shape)) for c in spec.columns]
    return np.empty(0, np.dtype(formats))


def _unique(
    names: list[str], stored: tuple[StoredColumn, ...]
) -> Iterator[tuple[int, tuple[str, StoredColumn]]]:
    """Yield number, name and column; of columns with the same name only the first."""
    seen = set()
    for n, (name, column) in enumerate(zip(names, stored, strict=True)):
        if name.lower() not in seen:
            seen.add(name.lower())
            yield n, (name, column)


def _wanted(
    declared: tuple[Column, ...], stored: tuple[StoredColumn, ...], by_name: dict[str, int]
) -> Iterator[tuple[str, np.dtype[Any], int | None]]:
    """Yield the declared columns: name, type to read as, number in the file."""
    for column in declared:
        source = by_name.get(column.name.lower())
        if source is None and column.optional:
            continue
        base = column.dtype
        shape = tuple(n or 0 for n in column.shape)
        if source is not None:
            have = stored[source].dtype
            shape = have.shape
            if base.kind == "S":
                base = max(base, have.base, key=lambda dtype: dtype.itemsize)
        yield column.name, np.dtype((base, shape)) if shape else base, source


def table_cards(table: np.ndarray, spec: Table | None = None) -> list[Card]:
    """Return TFIELDS and the entries that describe the columns of a structured array."""
    declared = {c.name.lower(): c for c in spec.columns} if spec is not None else {}
    assert table.dtype.names is not None
    cards = [Card("TFIELDS", len(table.dtype.names), "number of columns")]
    for n, name in enumerate(table.dtype.names, 1):
        dtype = table.dtype[name]
        column: Column | None = declared.get(name.lower())
        cards += [
            Card(f"TTYPE{n}", column.name if column else name),
            Card(f"TFORM{n}", _form_of(dtype)),
        ]
        if column is not None and column.unit:
            cards.append(Card(f"TUNIT{n}", column.unit))
        if dtype.base.kind == "u" and dtype.base.itemsize > 1:
            cards.append(Card(f"TZERO{n}", 1 << (8 * dtype.base.itemsize - 1)))
        if dtype.shape:
            sizes = ",".join(str(size) for size in reversed(dtype.shape))
            cards.append(Card(f"TDIM{n}", f"({sizes})"))
    return cards


def _form_of(dtype: np.dtype[Any]) -> str:
    repeat = math.prod(dtype.shape)
    base = dtype.base
    if base.kind == "S":
        return f"{base.itemsize}A"
    code = {
        "?": "L",
        "b": "L",  # the products keep logical columns as int8
        "B": "B",
        "h": "I",
        "H": "I",
        "i": "J",
        "I": "J",
        "l": "K",
        "q": "K",
        "L": "K",
        "Q": "K",
        "f": "E",
        "d": "D",
        "F": "C",
        "D": "M",
    }[base.char]
    return f"{repeat}{code}" if dtype.shape else code


def encode_table(table: np.ndarray) -> bytes:
    """Return the rows of a structured array as a binary table stores them."""
    assert table.dtype.names is not None
    formats = []
    for name in table.dtype.names:
        dtype = table.dtype[name]
        base = dtype.base
        if base.kind == "S":
            stored = base
        elif base.char in "?b":
            stored = np.dtype("u1")
        else:
            kind = "i" if base.kind == "u" and base.itemsize > 1 else base.kind
            stored = np.dtype(f">{kind}{base.itemsize}")
        formats.append(np.dtype((stored, dtype.shape)) if dtype.shape else stored)
    rows = np.empty(table.shape, np.dtype({"names": table.dtype.names, "formats": formats}))
    for name in table.dtype.names:
        values, base = table[name], table.dtype[name].base
        if base.char in "?b":
            values = np.where(values, ord("T"), ord("F")).astype("u1")
        elif base.kind == "u" and base.itemsize > 1:
            flipped = values ^ base.type(1 << (8 * base.itemsize - 1))
            values = flipped.view(f"i{base.itemsize}")
        rows[name] = values
    return rows.tobytes()
