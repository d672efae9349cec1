"""The structure of a FITS file, read from its bytes.

astropy repairs, guesses and hides what a checker must see, and may follow a header that lies
about sizes. This reader walks the blocks, believes nothing it has not compared with the length
of the file, and never reads pixels. Every oddity becomes a finding.

Source: FITS Standard 4.0, sections 3, 4.4 and 7.
"""

import hashlib
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from webbcal.core.errors import InvalidInput
from webbcal.io.conformance.cards import BLOCK, CARD, Header, has_end, parse_header
from webbcal.io.conformance.columns import UNSIGNED, RawColumn, columns_of, finite
from webbcal.io.conformance.findings import Finding, error, printable, warning

MAX_HEADER_BLOCKS = 4000  # 144 000 cards: more than any product, and bounds memory
MAX_EXTENSIONS = 20_000
MAX_AXES = 999  # FITS Standard 4.0, section 4.4.1

_IMAGE_TYPES = {8: "u1", 16: "i2", 32: "i4", 64: "i8", -32: "f4", -64: "f8"}


@dataclass(frozen=True)
class RawHDU:
    """One header with the place of its data."""

    index: int
    header: Header
    header_start: int
    data_start: int
    data_size: int
    columns: tuple[RawColumn, ...] = ()

    @property
    def name(self) -> str:
        """EXTNAME in capitals; PRIMARY for the first."""
        return self.header.text("EXTNAME").strip().upper() or ("" if self.index else "PRIMARY")

    @property
    def version(self) -> int:
        """EXTVER, 1 where it is not given."""
        version = self.header.integer("EXTVER")
        return 1 if version is None else version

    @property
    def kind(self) -> str:
        """``primary``, ``image``, ``table`` or ``other``."""
        if self.index == 0:
            return "primary"
        words = {"IMAGE": "image", "BINTABLE": "table"}
        return words.get(self.header.text("XTENSION").strip(), "other")

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of the axes in numpy order; (rows,) for a table."""
        sizes = _axes(self.header)
        return sizes[1::-1][:1] if self.kind == "table" else sizes[::-1]

    @property
    def empty(self) -> bool:
        """Whether there is a header only (NAXIS = 0)."""
        return not self.header.integer("NAXIS")

    @property
    def dtype(self) -> np.dtype[Any] | None:
        """Data type of an image after BZERO; None for a table or another scaling."""
        if self.kind not in ("image", "primary"):
            return None
        base = _IMAGE_TYPES.get(self.header.integer("BITPIX") or 0)
        if base is None or self.header.get("BSCALE") not in (None, 1):
            return None
        zero = self.header.get("BZERO") or 0
        stored = UNSIGNED.get((base, int(zero))) if zero == int(finite(zero)) else None
        return np.dtype(stored or base) if stored or not zero else None

    def __str__(self) -> str:
        name = self.name or f"extension {self.index}"
        return name if self.version == 1 else f"{name},{self.version}"


@dataclass
class RawFile:
    """The structure of a file; `broken` where the walk could not reach its end."""

    path: Path
    size: int
    hdus: list[RawHDU] = field(default_factory=list)
    damage: list[Finding] = field(default_factory=list)
    broken: bool = False

    @property
    def primary(self) -> Header:
        """The primary header."""
        return self.hdus[0].header

    def find(self, name: str, version: int = 1) -> RawHDU | None:
        """Return the extension of a name and version."""
        matches = [h for h in self.named(name) if h.version == version]
        return matches[0] if matches else None

    def named(self, name: str) -> list[RawHDU]:
        """Return the extensions of a name, in file order."""
        return [h for h in self.hdus if h.name == name.upper()]

    def read(self, hdu: RawHDU, limit: int) -> bytes:
        """Return the data of an extension, at most `limit` bytes."""
        with self.path.open("rb") as stream:
            stream.seek(hdu.data_start)
            return stream.read(min(hdu.data_size, limit))

    def header_hash(self) -> str:
        """Return the SHA-256 of all header blocks but those of the ASDF extension."""
        digest = hashlib.sha256()
        with self.path.open("rb") as stream:
            for hdu in self.hdus:
                if hdu.name != "ASDF":
                    stream.seek(hdu.header_start)
                    digest.update(stream.read(hdu.data_start - hdu.header_start))
        return digest.hexdigest()


def read_structure(path: Path) -> RawFile:
    """Walk the headers of a FITS file.

    Raises
    ------
    InvalidInput
        The file cannot be opened, or it is not a FITS file.
    """
    with _reading(path) as stream:
        return _walk(stream, path, path.stat().st_size)


def first_bytes(path: Path, number: int = 32) -> bytes:
    """Return the start of a file, which tells its kind.

    Raises
    ------
    InvalidInput
        The file cannot be opened.
    """
    with _reading(path) as stream:
        return stream.read(number)


@contextmanager
def _reading(path: Path) -> Iterator[BinaryIO]:
    try:
        if not path.is_file():
            kind = "is not a file" if path.exists() else "does not exist"
            raise InvalidInput(kind, where=path)
        with path.open("rb") as stream:
            yield stream
    except OSError as problem:
        reason = problem.strerror or str(problem)
        raise InvalidInput(f"cannot be read ({reason})", where=path) from None


def _walk(stream: BinaryIO, path: Path, size: int) -> RawFile:
    start = stream.read(CARD)
    _must_be_fits(start, path)
    raw = RawFile(path, size)
    position = 0
    while position < size and not raw.broken:
        stream.seek(position)
        hdu = _read_hdu(stream, raw, position)
        if hdu is None:
            break
        raw.hdus.append(hdu)
        position = _next(raw, hdu)
        if len(raw.hdus) >= MAX_EXTENSIONS:
            _stop(raw, error("structure.extensions", "The file has too many extensions."))
    if not raw.hdus:
        raise InvalidInput(
            "has no complete FITS header", where=path, advice="The file is cut off or damaged."
        )
    return raw


def _must_be_fits(start: bytes, path: Path) -> None:
    if start.startswith(b"SIMPLE  ="):
        return
    if not start:
        raise InvalidInput("is empty", where=path)
    found = "the start " + repr(start[:16].decode("latin-1"))
    advice = ""
    if start.startswith(b"\x1f\x8b"):
        found, advice = "a gzip file", "Decompress it first."
    elif start.startswith(b"#ASDF"):
        found = "an ASDF file"
    raise InvalidInput(
        "is not a FITS file", where=path, expected="SIMPLE  =", found=found, advice=advice
    )


def _read_hdu(stream: BinaryIO, raw: RawFile, position: int) -> RawHDU | None:
    index = len(raw.hdus)
    first = stream.read(BLOCK)
    if index and not first.startswith(b"XTENSION="):
        _leftover(raw, first, position)
        return None
    blocks = [first]
    while (end := has_end(blocks[-1])) is None and len(blocks) < MAX_HEADER_BLOCKS:
        block = stream.read(BLOCK)
        if not block:
            break
        blocks.append(block)
    content = b"".join(blocks)
    header = parse_header(content)
    if end is None:
        _stop(
            raw,
            error(
                "structure.end",
                f"The header that starts at byte {position} has no END card.",
                extension=_label(header, index),
                expected="an END card",
                found=f"none in {len(content)} bytes",
            ),
        )
        return None
    data_start = position + len(blocks) * BLOCK
    _check_cards(raw, header, index, fill=blocks[-1][end + CARD :])
    size = _data_size(raw, header, index)
    columns = columns_of(header) if header.text("XTENSION").strip() == "BINTABLE" else ()
    return RawHDU(index, header, position, data_start, size, columns)


def _label(header: Header, index: int) -> str:
    return header.text("EXTNAME").strip().upper() or ("PRIMARY" if index == 0 else f"HDU {index}")


def _leftover(raw: RawFile, block: bytes, position: int) -> None:
    left = raw.size - position
    if left < BLOCK or not block.strip(b"\0 "):
        raw.damage.append(
            warning(
                "structure.trailing",
                f"{left} bytes follow the last extension.",
                expected="the end of the file",
                found=f"{left} bytes",
            )
        )
        return
    _stop(
        raw,
        error(
            "structure.extension",
            f"At byte {position}, after {raw.hdus[-1]}, an extension should begin.",
            expected="XTENSION=",
            found=printable(block[:16].decode("latin-1")),
        ),
    )


def _stop(raw: RawFile, finding: Finding) -> None:
    raw.damage.append(finding)
    raw.broken = True


def _check_cards(raw: RawFile, header: Header, index: int, fill: bytes) -> None:
    label = _label(header, index)
    for card in header:
        if card.problem:
            raw.damage.append(
                error(
                    "structure.card",
                    f"Card {card.keyword} {card.problem}.",
                    extension=label,
                    item=card.keyword,
                    found=str(card.value),
                )
            )
    for keyword in header.repeated():
        raw.damage.append(
            warning(
                "keyword.repeated",
                f"{keyword} occurs more than once; readers differ in which one they take.",
                extension=label,
                item=keyword,
            )
        )
    if fill.strip(b" "):
        raw.damage.append(
            warning("structure.fill", "The header is not filled up with blanks.", extension=label)
        )


def _axes(header: Header) -> tuple[int, ...]:
    """Return NAXIS1, NAXIS2, ...: zero for one that is missing or nonsense."""
    number = min(max(header.integer("NAXIS") or 0, 0), MAX_AXES)
    return tuple(max(header.integer(f"NAXIS{n}") or 0, 0) for n in range(1, number + 1))


def _data_size(raw: RawFile, header: Header, index: int) -> int:
    """Return the bytes of data a header announces, after checking the keywords that say so."""
    number = header.integer("NAXIS")
    wanted = [("BITPIX", header.integer("BITPIX") in _IMAGE_TYPES, "8, 16, 32, 64, -32 or -64")]
    wanted.append(("NAXIS", number is not None and 0 <= number <= MAX_AXES, "0 to 999"))
    for n in range(1, min(max(number or 0, 0), MAX_AXES) + 1):
        length = header.integer(f"NAXIS{n}")
        wanted.append((f"NAXIS{n}", length is not None and length >= 0, "0 or more"))
    for keyword in ("PCOUNT", "GCOUNT"):
        counted = header.integer(keyword)
        fine = keyword not in header if counted is None else counted >= 0
        wanted.append((keyword, fine, "0 or more"))
    for keyword, fine, expected in wanted:
        if not fine:
            _stop(
                raw,
                error(
                    "structure.keyword",
                    f"{keyword} does not describe a FITS array.",
                    extension=_label(header, index),
                    item=keyword,
                    expected=expected,
                    found=str(header.get(keyword)) if keyword in header else "missing",
                ),
            )
            return 0
    if not number:
        return 0
    elements = math.prod(_axes(header)) + (header.integer("PCOUNT") or 0)
    groups = header.integer("GCOUNT")
    return abs(header.integer("BITPIX") or 0) // 8 * (1 if groups is None else groups) * elements


def _next(raw: RawFile, hdu: RawHDU) -> int:
    """Return where the next extension begins, after comparing with the length of the file."""
    stop = hdu.data_start + hdu.data_size
    if stop > raw.size and not raw.broken:
        _stop(
            raw,
            error(
                "structure.truncated",
                f"The file ends inside {hdu}.",
                extension=str(hdu),
                expected=f"{stop} bytes",
                found=f"{raw.size} bytes",
            ),
        )
        return raw.size
    padded = -(-stop // BLOCK) * BLOCK
    if padded > raw.size and not raw.broken:
        raw.damage.append(
            warning(
                "structure.padding",
                f"The last block, of {hdu}, is not filled up.",
                extension=str(hdu),
                expected=f"{padded} bytes",
                found=f"{raw.size} bytes",
            )
        )
    return padded
