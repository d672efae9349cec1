"""FITS header cards: parse them and write them.

Source: FITS Standard 4.0, sections 3.3 and 4; the CONTINUE convention of section 4.2.1.2.
"""

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

CARD = 80
BLOCK = 2880
_STRING = re.compile(r"\s*'((?:[^']|'')*)'\s*(?:/\s?(.*))?$", re.DOTALL)
_NUMBER = re.compile(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[EeDd][-+]?\d+)?)\s*(?:/\s?(.*))?$")
_LOGICAL = re.compile(r"\s*([TF])\s*(?:/\s?(.*))?$")
_EMPTY = re.compile(r"\s*(?:/\s?(.*))?$")
_INTEGER = re.compile(r"[-+]?\d+$")
_COMMENTARY = ("COMMENT", "HISTORY", "")

# Keywords that describe how a file is stored: made anew at every writing.
_STRUCTURE = re.compile(
    r"(SIMPLE|XTENSION|BITPIX|NAXIS\d*|PCOUNT|GCOUNT|GROUPS|EXTEND|BSCALE|BZERO|EXTNAME|EXTVER"
    r"|EXTLEVEL|TFIELDS|THEAP|CHECKSUM|DATASUM|LONGSTRN|NEXTEND|END|HISTORY|CONTINUE"
    r"|(TTYPE|TFORM|TUNIT|TNULL|TSCAL|TZERO|TDISP|TBCOL|TDIM)\d+)$"
)


@dataclass(frozen=True)
class Card:
    """One header entry.

    `value` is a str, int, float, bool or None (undefined); of a commentary card its text.
    `image` is the entry as it stood in a file, a multiple of 80 characters; empty for a new one.
    """

    keyword: str
    value: Any
    comment: str = ""
    image: str = ""

    def format(self) -> str:
        """Return the entry as it is written: unchanged if it came from a file."""
        return self.image or format_card(self.keyword, self.value, self.comment)


def is_structure(keyword: str) -> bool:
    """Tell whether a keyword describes the storage, not the content."""
    return _STRUCTURE.match(keyword) is not None


def parse_cards(header: bytes) -> Iterator[Card]:
    """Yield the entries of a header block up to END; a malformed value becomes its raw text."""
    text = header.decode("latin-1")
    images = [text[start : start + CARD] for start in range(0, len(text), CARD)]
    position = 0
    while position < len(images):
        start = position
        keyword = images[start][:8].rstrip()
        position += 1
        if keyword == "END":
            return
        while position < len(images) and images[position].startswith("CONTINUE"):
            position += 1
        if keyword or images[start].strip():
            yield _parse(keyword, images[start:position])


def _parse(keyword: str, images: list[str]) -> Card:
    first = images[0]
    image = "".join(images)
    if keyword in _COMMENTARY or first[8:10] != "= ":
        return Card(keyword, first[8:].rstrip(), "", image)
    text = re.match(_STRING, first[10:])
    if text is None:
        value, comment = _parse_plain(first[10:])
        return Card(keyword, value, comment, image)
    value, comment = text[1], text[2] or ""
    for more in images[1:]:
        part = re.match(_STRING, more[8:])
        if part is None or not value.endswith("&"):
            break
        value, comment = value[:-1] + part[1], comment + (part[2] or "")
    return Card(keyword, value.replace("''", "'").rstrip(), comment.rstrip(), image)


def _parse_plain(text: str) -> tuple[Any, str]:
    """Return value and comment of an entry whose value is not a string."""
    if found := re.match(_NUMBER, text):
        number = found[1].upper().replace("D", "E")
        value: Any = int(number) if _INTEGER.match(number) else float(number)
    elif found := re.match(_LOGICAL, text):
        value = found[1] == "T"
    elif found := re.match(_EMPTY, text):
        value = None
    else:
        return text.strip(), ""
    return value, (found[found.re.groups] or "").rstrip()


def format_card(keyword: str, value: Any, comment: str = "") -> str:
    """Return the 80 characters of an entry; more, by CONTINUE, for a long string.

    Raises
    ------
    ValueError
        If the value cannot be stored in a header: not finite, or not a plain scalar.
    """
    if keyword in _COMMENTARY:
        text = str(value)
        pieces = [text[start : start + 72] for start in range(0, len(text), 72)] or [""]
        return "".join(f"{keyword:8}{piece:72}" for piece in pieces)
    if isinstance(value, str):
        quoted = "'" + f"{value.replace(chr(39), chr(39) * 2):8}" + "'"
        if len(quoted) > CARD - 10:
            return _format_long(keyword, value, comment)
        body = f"{quoted:20}"
    elif value is None:
        body = " " * 20
    elif isinstance(value, bool):
        body = f"{'T' if value else 'F':>20}"
    elif isinstance(value, int):
        body = f"{value:20d}"
    elif isinstance(value, float) and math.isfinite(value):
        body = f"{_float(value):>20}"
    else:
        raise ValueError(f"{keyword} = {value!r} does not fit a FITS header")
    card = f"{keyword:8}= {body}"
    if comment:
        card += f" / {comment}"
    return f"{card[:CARD]:{CARD}}"


def _float(value: float) -> str:
    text = repr(value).upper()
    return text if "." in text or "E" not in text else text.replace("E", ".0E")


def _format_long(keyword: str, value: str, comment: str) -> str:
    room = CARD - 10 - 3  # two quotes and the ampersand
    escaped = value.replace("'", "''")
    pieces = []
    while escaped:
        cut = room
        # A doubled quote must not be split over two cards.
        while cut < len(escaped) and (len(escaped[:cut]) - len(escaped[:cut].rstrip("'"))) % 2:
            cut -= 1
        pieces.append(escaped[:cut])
        escaped = escaped[cut:]
    cards = []
    for number, piece in enumerate(pieces):
        last = number == len(pieces) - 1
        head = f"{keyword:8}= " if number == 0 else "CONTINUE  "
        card = f"{head}'{piece}{'' if last else '&'}'"
        if last and comment:
            card += f" / {comment}"
        cards.append(f"{card[:CARD]:{CARD}}")
    return "".join(cards)


def header_block(cards: Iterable[str]) -> bytes:
    """Return a complete header: the entries, END, blanks up to a whole block."""
    text = "".join(cards) + f"{'END':{CARD}}"
    text += " " * (-len(text) % BLOCK)
    return text.encode("ascii", "replace")
