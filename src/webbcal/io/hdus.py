"""Extensions to be written: their headers, and their data in small pieces."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import numpy as np

from webbcal.core.errors import InvalidInput
from webbcal.io.asdf_tree import Link
from webbcal.io.cards import BLOCK, Card, format_card, header_block
from webbcal.io.fits import DiskArray, DiskBytes, Extension
from webbcal.io.tables import DiskTable, encode_table, table_cards
from webbcal.spec.fields import Image, Stored, Table

_CHUNK = 2 << 20  # bytes converted and written at a time: fits the cache of a core
_BITPIX = {"u1": 8, "i2": 16, "u2": 16, "i4": 32, "u4": 32, "i8": 64, "f4": -32, "f8": -64}


@dataclass
class NewHdu:
    """One extension to be written."""

    name: str
    version: int
    structure: list[Card]
    data: Any = None  # ndarray, Stored, bytes, DiskBytes
    cards: list[str] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)
    copied: bytes = b""  # the header, where a whole extension is copied

    def add(self, keyword: str, value: Any, comment: str) -> bool:
        """Add a keyword; False if it is there with another value."""
        if keyword not in self.values:
            self.values[keyword] = value
            self.cards.append(format_card(keyword, value, comment))
        return bool(self.values[keyword] == value)

    def header(self) -> bytes:
        """Return the complete header block."""
        if self.copied:
            return self.copied
        return header_block([*(card.format() for card in self.structure), *self.cards])


def image_hdu(spec: Image, data: np.ndarray | Stored, version: int) -> NewHdu:
    """Describe an image extension; the axes are named in the comments."""
    dtype = spec.dtype
    structure = [
        Card("XTENSION", "IMAGE", "kind of extension"),
        Card("BITPIX", _BITPIX[dtype.str[1:]], "type of a pixel"),
        Card("NAXIS", len(data.shape), "number of axes"),
    ]
    axes = tuple(reversed(spec.axes_of(len(data.shape)) or spec.axes))
    for n, (axis, size) in enumerate(zip(axes, reversed(data.shape), strict=True), 1):
        structure.append(Card(f"NAXIS{n}", size, f"axis {axis}"))
    structure += [Card("PCOUNT", 0, "nothing after the data"), Card("GCOUNT", 1, "one group")]
    if dtype.kind == "u" and dtype.itemsize > 1:
        structure.append(Card("BSCALE", 1, "value = stored x BSCALE + BZERO"))
        structure.append(Card("BZERO", 1 << (8 * dtype.itemsize - 1), "unsigned integers"))
    return NewHdu(spec.extname.upper(), version, [*structure, *_name_cards(spec, version)], data)


def table_hdu(spec: Table, table: np.ndarray, version: int) -> NewHdu:
    """Describe a table extension."""
    rows = encode_table(table)
    structure = table_structure(len(rows) // len(table) if len(table) else 0, len(table))
    if not len(table):
        structure[3] = Card("NAXIS1", table.dtype.itemsize, "bytes in a row")
    return NewHdu(
        spec.extname.upper(),
        version,
        [*structure, *table_cards(table, spec), *_name_cards(spec, version)],
        rows,
    )


def table_structure(width: int, rows: int) -> list[Card]:
    """Return the entries that every table begins with."""
    return [
        Card("XTENSION", "BINTABLE", "kind of extension"),
        Card("BITPIX", 8, "bytes"),
        Card("NAXIS", 2, "number of axes"),
        Card("NAXIS1", width, "bytes in a row"),
        Card("NAXIS2", rows, "number of rows"),
        Card("PCOUNT", 0, "nothing after the data"),
        Card("GCOUNT", 1, "one group"),
    ]


def _name_cards(spec: Image | Table, version: int) -> list[Card]:
    return [
        Card("EXTNAME", spec.extname.upper(), "name of this extension"),
        Card("EXTVER", version, "number among those of this name"),
    ]


def link_to(extension: Extension) -> Link | None:
    """Return a link to an undeclared extension, None where a tree cannot describe it."""
    if not extension.size or extension.version != 1 or "." in extension.name:
        return None
    source = f"fits:{extension.name},{extension.version}"
    if extension.kind == "IMAGE":
        return Link(source, extension.image().dtype.name, extension.shape)
    try:
        table = DiskTable(extension)
        return Link(source, table_datatype(table.dtype), table.shape)
    except InvalidInput:
        return None


def table_datatype(dtype: np.dtype[Any]) -> list[dict[str, Any]]:
    """Describe the columns of a table as the metadata tree does."""
    columns = []
    for name in dtype.names or ():
        base = dtype[name].base
        kind = "bool8" if base.kind == "b" else base.name
        column: dict[str, Any] = {
            "byteorder": "big",
            "datatype": ["ascii", base.itemsize] if base.kind == "S" else kind,
            "name": name,
        }
        if dtype[name].shape:
            column["shape"] = list(dtype[name].shape)
        columns.append(column)
    return columns


def write_data(file: BinaryIO, data: Any) -> None:
    """Write the data of an extension, converted chunk by chunk, and its padding."""
    if data is None:
        return
    size = 0
    for chunk in _chunks(data):
        file.write(chunk)
        size += chunk.nbytes if isinstance(chunk, np.ndarray) else len(chunk)
    file.write(bytes(-size % BLOCK))


def _chunks(data: Any) -> Iterator[Any]:
    if isinstance(data, bytes):
        yield data
    elif isinstance(data, DiskBytes):
        yield from _copy(data)
    elif isinstance(data, DiskArray) and data.is_plain:
        yield from _copy(data.bytes)
    else:
        for index in _pieces(data.shape, data.dtype.itemsize):
            yield big_endian(data[index] if isinstance(data, np.ndarray) else data.read(index))


def _copy(data: DiskBytes) -> Iterator[np.ndarray]:
    buffer = np.empty(min(data.count, _CHUNK), "u1")
    for start in range(0, data.count, _CHUNK):
        piece = buffer[: min(_CHUNK, data.count - start)]
        data.file.read_into(piece, data.offset + start)
        yield piece


def _pieces(shape: tuple[int, ...], itemsize: int) -> Iterator[tuple[slice, ...]]:
    """Yield selections, contiguous in C order, of at most a chunk each."""
    axis = 0
    while axis < len(shape) - 1 and math.prod(shape[axis + 1 :]) * itemsize > _CHUNK:
        axis += 1
    step = max(_CHUNK // max(math.prod(shape[axis + 1 :]) * itemsize, 1), 1)
    for outer in np.ndindex(*shape[:axis]):
        for start in range(0, shape[axis], step):
            stop = min(start + step, shape[axis])
            yield (*(slice(n, n + 1) for n in outer), slice(start, stop))


def big_endian(values: np.ndarray) -> np.ndarray:
    """Return the values as a FITS image stores them, contiguous."""
    dtype = values.dtype
    if dtype.kind == "u" and dtype.itemsize > 1:
        values = values ^ dtype.type(1 << (8 * dtype.itemsize - 1))
    return values.astype(dtype.newbyteorder(">"), order="C", copy=False)


def from_big_endian(stored: np.ndarray) -> np.ndarray:
    """Return the values of what `big_endian` has made."""
    values = stored.astype(stored.dtype.newbyteorder("="), copy=False)
    if values.dtype.kind == "u" and values.dtype.itemsize > 1:
        values = values ^ values.dtype.type(1 << (8 * values.dtype.itemsize - 1))
    return values
