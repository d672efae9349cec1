"""FITS files as they lie on disk: headers, extensions, arrays that are read in part.

Nothing a header says is trusted: sizes are checked against the length of the file before a byte
of data is read or a buffer is made.

Source: FITS Standard 4.0, sections 3, 4.4 and 7.
"""

import functools
import math
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from webbcal.core.errors import InvalidInput
from webbcal.io.cards import BLOCK, CARD, Card, parse_cards
from webbcal.spec.fields import Index

_BITPIX = {8: ">u1", 16: ">i2", 32: ">i4", 64: ">i8", -32: ">f4", -64: ">f8"}
_HEADER_LIMIT = 16 << 20  # bytes; the longest HISTORY seen in practice is a tenth of this
_AT_ONCE = 1 << 20  # bytes of whole rows read for a window of columns: they fit the cache
_TURNED_AT_ONCE = 1 << 15  # values whose bytes are put in order at a time: they fit the cache


class DiskFile:
    """An open file, read at any position from any thread.

    It stays open as long as it is used, so that its content stays the same when another process
    puts a new file under the same name.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            # Without O_NONBLOCK a named pipe would wait for a writer.
            self.descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError as error:
            raise InvalidInput(
                f"cannot open the file ({error.strerror})", where=path, advice="Check its name."
            ) from None
        if not stat.S_ISREG(os.fstat(self.descriptor).st_mode):
            raise InvalidInput("not a file", where=path, expected="a file, not a directory or pipe")

    def __del__(self) -> None:
        descriptor = self.__dict__.get("descriptor")
        if descriptor is not None:
            os.close(descriptor)

    def __reduce__(self) -> tuple[type["DiskFile"], tuple[Path]]:
        return DiskFile, (self.path,)

    @property
    def size(self) -> int:
        """Length in bytes, now."""
        return os.fstat(self.descriptor).st_size

    def read(self, offset: int, count: int) -> bytes:
        """Return up to `count` bytes, fewer only at the end of the file."""
        return os.pread(self.descriptor, count, offset)

    def read_into(self, buffer: np.ndarray, offset: int) -> None:
        """Fill a contiguous array with the bytes of the file from `offset`."""
        view = buffer.data.cast("B") if buffer.size else memoryview(b"")
        while view:
            count = os.preadv(self.descriptor, [view], offset)
            if count == 0:
                raise InvalidInput(
                    "the file ends too early",
                    where=self.path,
                    expected=f"at least {offset + len(view)} bytes",
                    found=f"{self.size} bytes",
                    advice="It has changed since it was opened, or its copy is incomplete.",
                )
            view, offset = view[count:], offset + count


@dataclass(frozen=True)
class DiskArray:
    """An image that lies in a FITS file.

    Parameters
    ----------
    file : DiskFile
        The file.
    offset : int
        Byte where the pixels begin.
    shape : tuple of int
        Numpy order.
    stored : dtype
        Type on disk, big-endian.
    scale, zero : float
        BSCALE and BZERO: value = stored * scale + zero.
    dtype : dtype
        Native type of what `read` returns; conversions other than byte order and the zero point
        of unsigned integers are done by casting.
    """

    file: DiskFile
    offset: int
    shape: tuple[int, ...]
    stored: np.dtype[Any]
    scale: float = 1
    zero: float = 0
    dtype: np.dtype[Any] = field(default_factory=lambda: np.dtype("f4"))

    def read(self, index: Index | None = None) -> np.ndarray:
        """Return the selected part as a fresh array in native byte order."""
        selection = self._selection(index)
        starts = tuple(start for start, _ in selection)
        counts = tuple(max(stop - start, 0) for start, stop in selection)
        raw = np.empty(counts, self.stored)
        if raw.size:
            axis = len(counts)
            while axis > 0 and counts[axis - 1] == self.shape[axis - 1]:
                axis -= 1
            if axis == len(counts) and axis > 0:
                self._read_columns(raw, starts)
            else:
                self._read_runs(raw, starts, max(axis - 1, 0))
        return self._decoded(raw.view(self.stored.newbyteorder("=")))

    @property
    def is_plain(self) -> bool:
        """Whether the bytes on disk are just what a new file with these values would hold."""
        zero = 1 << (8 * self.stored.itemsize - 1) if self.dtype.kind == "u" else 0
        if self.stored.itemsize == 1:
            zero = 0
        return (
            self.scale == 1
            and self.zero == zero
            and self.stored.itemsize == self.dtype.itemsize
            and (self.stored.kind == "f") == (self.dtype.kind == "f")
            and (self.stored.kind == self.dtype.kind or zero != 0)
        )

    @property
    def bytes(self) -> "DiskBytes":
        """The pixels as they are stored."""
        return DiskBytes(self.file, self.offset, math.prod(self.shape) * self.stored.itemsize)

    def _selection(self, index: Index | None) -> list[tuple[int, int]]:
        index = index or ()
        whole = [slice(None)] * (len(self.shape) - len(index))
        selection = []
        for part, length in zip((*index, *whole), self.shape, strict=True):
            start, stop, step = part.indices(length)
            if step != 1:
                raise ValueError("an array on disk is read without gaps")
            selection.append((start, stop))
        return selection

    def _strides(self) -> tuple[int, ...]:
        itemsize = self.stored.itemsize
        return tuple(
            itemsize * math.prod(self.shape[axis + 1 :]) for axis in range(len(self.shape))
        )

    def _read_runs(self, raw: np.ndarray, starts: tuple[int, ...], axis: int) -> None:
        """Read parts whose axes after `axis` are whole: one contiguous run for each."""
        strides = self._strides()
        corner = sum(start * stride for start, stride in zip(starts, strides, strict=True))
        for outer in np.ndindex(*raw.shape[:axis]):
            shift = sum(i * stride for i, stride in zip(outer, strides, strict=False))
            self.file.read_into(raw[outer], self.offset + corner + shift)
            self._turn(raw[outer])

    def _read_columns(self, raw: np.ndarray, starts: tuple[int, ...]) -> None:
        """Read a window of columns: whole rows, some at a time, of which it is a part."""
        width = self.shape[-1]
        rows_at_once = max(_AT_ONCE // (width * self.stored.itemsize), 1)
        strides = self._strides()
        first_row, first_column = (starts[-2] if len(starts) > 1 else 0), starts[-1]
        planes = raw.reshape(-1, raw.shape[-2] if raw.ndim > 1 else 1, raw.shape[-1])
        rows = np.empty((min(rows_at_once, planes.shape[1]), width), self.stored)
        columns = slice(first_column, first_column + planes.shape[2])
        for number, outer in enumerate(np.ndindex(*raw.shape[:-2])):
            shift = sum((i + starts[n]) * strides[n] for n, i in enumerate(outer))
            for row in range(0, planes.shape[1], rows_at_once):
                part = planes[number, row : row + rows_at_once]
                begin = self.offset + shift + (first_row + row) * width * self.stored.itemsize
                self.file.read_into(rows[: len(part)], begin)
                part[...] = rows[: len(part), columns]
        self._turn(raw)

    def _turn(self, raw: np.ndarray) -> None:
        """Put the bytes of stored values in native order, in place.

        The offset of an unsigned integer flips its highest bit and nothing else; that is done on
        the way.
        """
        size = self.stored.itemsize
        bits = raw.reshape(-1).view(f"u{size}")
        flip = bits.dtype.type(1 << (8 * size - 1))
        flips = self.scale == 1 and unsigned_of(self.stored, self.zero) is not None
        for start in range(0, bits.size if flips or size > 1 else 0, _TURNED_AT_ONCE):
            piece = bits[start : start + _TURNED_AT_ONCE]
            if size > 1:
                piece[...] = piece.view(f">u{size}")
            if flips:
                piece ^= flip

    def _decoded(self, native: np.ndarray) -> np.ndarray:
        """Turn stored values in native byte order into physical ones."""
        unsigned_type = unsigned_of(self.stored, self.zero)
        if self.scale != 1 or (self.zero != 0 and unsigned_type is None):
            real = np.float32 if self.stored.itemsize <= 2 else np.float64
            native = native * real(self.scale) + real(self.zero)
        elif unsigned_type is not None:
            native = native.view(unsigned_type)
        if native.dtype == self.dtype:
            return native
        with np.errstate(over="ignore", invalid="ignore"):
            return native.astype(self.dtype)


@dataclass(frozen=True)
class DiskBytes:
    """The bytes of a data unit."""

    file: DiskFile
    offset: int
    count: int

    def read(self) -> bytes:
        """Return them all."""
        buffer = np.empty(self.count, "u1")
        self.file.read_into(buffer, self.offset)
        return buffer.tobytes()


def unsigned_of(stored: np.dtype[Any], zero: float) -> str | None:
    """Return the type that a stored integer with the conventional BZERO stands for."""
    if stored.kind == "i" and zero == 1 << (8 * stored.itemsize - 1):
        return f"u{stored.itemsize}"
    return "i1" if stored.str[-2:] == "u1" and zero == -128 else None


@dataclass(frozen=True)
class Extension:
    """One header-and-data unit of a file; the primary one is called PRIMARY."""

    file: DiskFile
    name: str
    version: int
    kind: str  # IMAGE, BINTABLE, or what else XTENSION says
    shape: tuple[int, ...]  # numpy order; () without data
    header: bytes = field(repr=False)
    offset: int  # of the data
    size: int  # of the data, without padding

    @functools.cached_property
    def cards(self) -> tuple[Card, ...]:
        """Every entry of the header."""
        return tuple(parse_cards(self.header))

    @functools.cached_property
    def values(self) -> dict[str, Any]:
        """Value of each keyword; of one that occurs twice, the first."""
        values: dict[str, Any] = {}
        for card in self.cards:
            values.setdefault(card.keyword, card.value)
        return values

    @property
    def label(self) -> str:
        """Where this is, for a message: file and extension."""
        version = f",{self.version}" if self.version != 1 else ""
        return f"{self.file.path}[{self.name}{version}]"

    @property
    def data(self) -> DiskBytes:
        """The bytes of the data."""
        return DiskBytes(self.file, self.offset, self.size)

    def image(self, dtype: np.dtype[Any] | None = None) -> DiskArray:
        """Return the image, to be read as `dtype` (its own type if None)."""
        if self.kind != "IMAGE" or not self.shape:
            compressed = self.values.get("ZIMAGE") is True
            raise InvalidInput(
                "not an image" if self.shape else "no data",
                where=self.label,
                expected="an image",
                found="a compressed image" if compressed else self.kind,
                advice="Uncompress it first." if compressed else "",
            )
        stored = np.dtype(_BITPIX[self.values["BITPIX"]])
        scale, zero = self._number("BSCALE", 1), self._number("BZERO", 0)
        natural = stored.newbyteorder("=")
        if scale != 1 or (zero != 0 and unsigned_of(stored, zero) is None):
            natural = np.dtype("f4" if stored.itemsize <= 2 or stored.kind == "f" else "f8")
        elif zero != 0:
            natural = np.dtype(unsigned_of(stored, zero))
        if dtype is not None and natural.kind == "f" and dtype.kind in "iu":
            raise InvalidInput(
                "wrong type of pixels", where=self.label, expected=dtype, found=natural
            )
        return DiskArray(self.file, self.offset, self.shape, stored, scale, zero, dtype or natural)

    def _number(self, keyword: str, default: float) -> float:
        value = self.values.get(keyword, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InvalidInput(
                f"nonsense in {keyword}", where=self.label, expected="a number", found=repr(value)
            )
        return value


def read_extensions(path: Path) -> tuple[Extension, ...]:
    """Read the headers of a FITS file.

    Raises
    ------
    InvalidInput
        If it is not a FITS file, a header contradicts itself, or the file is shorter than its
        headers say.
    """
    file = DiskFile(path)
    length = file.size
    start = file.read(0, 10)
    if start[:9] != b"SIMPLE  =":
        compressed = start[:2] == b"\x1f\x8b"
        raise InvalidInput(
            "not a FITS file",
            where=path,
            expected="SIMPLE at its start",
            found="a gzip file" if compressed else repr(start.decode("latin-1")),
            advice="Run gunzip on it first." if compressed else "",
        )
    extensions: list[Extension] = []
    offset = 0
    while offset < length:
        header = _read_header(file, offset, length)
        if header is None:
            break
        extension = _extension(file, header, offset, number=len(extensions))
        end = extension.offset + extension.size
        if end > length:
            raise InvalidInput(
                "the file is truncated, or its header lies",
                where=extension.label,
                expected=f"at least {end} bytes",
                found=f"{length} bytes",
                advice="Fetch the file again.",
            )
        extensions.append(extension)
        offset = end + -end % BLOCK
    return tuple(extensions)


def _read_header(file: DiskFile, offset: int, length: int) -> bytes | None:
    """Return a header with its padding; None where only junk follows the last extension."""
    header = b""
    while len(header) < min(_HEADER_LIMIT, length - offset):
        block = file.read(offset + len(header), BLOCK)
        if not header and offset and block[:8] != b"XTENSION":
            return None  # section 3.5: special records may follow, and mean nothing to us
        header += block
        if len(block) < BLOCK:
            break
        if any(block[n : n + 8] == b"END     " for n in range(0, BLOCK, CARD)):
            return header
    raise InvalidInput(
        "a header has no end",
        where=f"{file.path}, byte {offset}",
        expected="an END card",
        found=f"{len(header)} bytes without one",
        advice="The file is truncated or damaged.",
    )


def _extension(file: DiskFile, header: bytes, offset: int, *, number: int) -> Extension:
    fixed: dict[str, Any] = {}
    wanted = (b"XTENSION", b"BITPIX", b"NAXIS", b"PCOUNT", b"GCOUNT", b"EXTNAME", b"EXTVER")
    structure = b"".join(
        header[n : n + CARD] for n in range(0, len(header), CARD) if header[n:].startswith(wanted)
    )
    for card in parse_cards(structure):
        fixed.setdefault(card.keyword, card.value)
    where = f"{file.path}, extension {number} ({fixed.get('EXTNAME', '')})"
    naxis = _count(fixed, "NAXIS", where, limit=999)
    shape = tuple(_count(fixed, f"NAXIS{n}", where) for n in range(naxis, 0, -1))
    bitpix = fixed.get("BITPIX")
    if bitpix not in _BITPIX or isinstance(bitpix, bool):
        raise InvalidInput(
            "nonsense in BITPIX", where=where, expected=sorted(_BITPIX), found=repr(bitpix)
        )
    extra = _count(fixed, "PCOUNT", where, default=0)
    copies = _count(fixed, "GCOUNT", where, default=1)
    size = abs(bitpix) // 8 * copies * (extra + math.prod(shape)) if shape else 0
    version = fixed.get("EXTVER", 1)
    return Extension(
        file=file,
        name=str(fixed.get("EXTNAME", "")).strip().upper() if number else "PRIMARY",
        version=version if isinstance(version, int) else 1,
        kind=str(fixed.get("XTENSION", "IMAGE")).strip() if number else "IMAGE",
        shape=shape,
        header=header,
        offset=offset + len(header),
        size=size,
    )


def _count(
    fixed: dict[str, Any], keyword: str, where: str, *, limit: int = 1 << 62, default: int = -1
) -> int:
    value = fixed.get(keyword, default)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= limit:
        raise InvalidInput(
            f"nonsense in {keyword}",
            where=where,
            expected="a whole number from 0",
            found=repr(fixed.get(keyword, "nothing")),
        )
    return value


@dataclass(frozen=True)
class Constant:
    """An array of one value, which takes no space until it is read."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    value: float

    def read(self, index: Index | None = None) -> np.ndarray:
        """Return the selected part as a fresh array."""
        parts = zip(index or (), self.shape, strict=False)
        selected = tuple(len(range(*part.indices(length))) for part, length in parts)
        return np.full(selected + self.shape[len(selected) :], self.value, self.dtype)
