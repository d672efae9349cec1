"""FITS header cards, parsed from their bytes.

Source: FITS Standard 4.0, sections 3.3 and 4.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

CARD = 80
BLOCK = 2880

Value = str | int | float | bool | None

_STRING = re.compile(r"\s*'((?:[^']|'')*)'\s*(?:/.*)?\Z", re.DOTALL)
_INTEGER = re.compile(r"[+-]?\d+\Z")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([EeDd][+-]?\d+)?\Z")
_PRINTABLE = re.compile(rb"[ -~]*\Z")


@dataclass(frozen=True, slots=True)
class Card:
    """One keyword with its value; `valued` is False for commentary cards.

    `problem` says what is wrong with the card, empty for a sound one.
    """

    keyword: str
    value: Value
    valued: bool = True
    problem: str = ""


class Header:
    """The cards of one extension, in file order."""

    def __init__(self, cards: list[Card]) -> None:
        self.cards = cards
        self._first: dict[str, Card] = {}
        for card in cards:
            if card.valued:
                self._first.setdefault(card.keyword, card)

    def __contains__(self, keyword: str) -> bool:
        return keyword in self._first

    def __iter__(self) -> Iterator[Card]:
        return iter(self.cards)

    def get(self, keyword: str) -> Value:
        """Return the first value of a keyword, None where it is missing or undefined."""
        card = self._first.get(keyword)
        return card.value if card else None

    def integer(self, keyword: str) -> int | None:
        """Return an integer value, None where it is missing or something else."""
        value = self.get(keyword)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def text(self, keyword: str) -> str:
        """Return a string value, empty where it is missing or something else."""
        value = self.get(keyword)
        return value if isinstance(value, str) else ""

    def repeated(self) -> list[str]:
        """Return the keywords that occur more than once."""
        seen: set[str] = set()
        again: dict[str, None] = {}
        for card in self.cards:
            if card.valued and card.keyword:
                if card.keyword in seen:
                    again[card.keyword] = None
                seen.add(card.keyword)
        return list(again)


def parse_header(raw: bytes) -> Header:
    """Parse the cards up to END; long strings on CONTINUE cards are joined."""
    cards: list[Card] = []
    for start in range(0, len(raw) - CARD + 1, CARD):
        line = raw[start : start + CARD]
        if line.rstrip() == b"END":
            break
        card = _parse_card(line)
        if card.keyword == "CONTINUE" and cards and _continues(cards[-1]):
            cards[-1] = _join(cards[-1], card)
        else:
            cards.append(card)
    return Header(cards)


def has_end(raw: bytes) -> int | None:
    """Return the offset of the END card in whole cards of `raw`, None where there is none."""
    for start in range(0, len(raw), CARD):
        if raw[start : start + CARD].rstrip() == b"END":
            return start
    return None


def _continues(card: Card) -> bool:
    return isinstance(card.value, str) and card.value.endswith("&")


def _join(first: Card, more: Card) -> Card:
    head = first.value[:-1] if isinstance(first.value, str) else ""
    tail = more.value if isinstance(more.value, str) else ""
    return Card(first.keyword, head + tail, problem=first.problem or more.problem)


def _parse_card(line: bytes) -> Card:
    problem = "" if _PRINTABLE.match(line) else "holds bytes that are not printable ASCII"
    text = line.decode("ascii", "replace")
    keyword = text[:8].rstrip()
    if keyword == "HIERARCH" and "=" in text:
        name, _, rest = text[9:].partition("=")
        keyword = name.strip()
    elif keyword == "CONTINUE":
        rest = text[8:]
    elif text[8:10] == "= ":
        rest = text[10:]
    else:
        return Card(keyword, text[8:].rstrip(), valued=False, problem=problem)
    value, sound = _parse_value(rest)
    if not sound and not problem:
        problem = "has a value that is not a FITS value"
    return Card(keyword, value, problem=problem)


def _parse_value(text: str) -> tuple[Value, bool]:
    """Return a value and whether it is well formed; an ill-formed one is returned as text."""
    string = _STRING.match(text)
    if string:
        content = string[1].replace("''", "'")
        return content.rstrip() or content[:0], True
    word = text.partition("/")[0].strip()
    if not word:
        return None, True
    if word in ("T", "F"):
        return word == "T", True
    if _INTEGER.match(word):
        return int(word), True
    if _NUMBER.match(word):
        return float(word.upper().replace("D", "E")), True
    if word.startswith("(") and word.endswith(")"):  # complex numbers: no product has any
        return word, True
    return word, False
