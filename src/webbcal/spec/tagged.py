"""Parts of a metadata tree that describe objects: mappings and words with a tag."""

from collections.abc import Iterable, Mapping
from typing import Any


class Tagged(dict[str, Any]):
    """A mapping with a tag that says what kind of object it describes.

    Parameters
    ----------
    tag : str
        Whole tag.
    entries : mapping or iterable of pairs
        Plain values, arrays, or further objects.
    source : object
        How it was stored, if it was.
    """

    def __init__(
        self,
        tag: str,
        entries: Mapping[str, Any] | Iterable[tuple[str, Any]] = (),
        source: Any = None,
    ) -> None:
        super().__init__(entries)
        self.tag = tag
        self.source = source


class TaggedWord(str):
    """A word with a tag: a unit, say."""

    tag: str

    def __new__(cls, tag: str, word: str) -> "TaggedWord":
        """Return the word; `tag` is the whole tag."""
        self = super().__new__(cls, word)
        self.tag = tag
        return self

    def __getnewargs__(self) -> tuple[str, str]:  # type: ignore[override]
        """Let copies and other processes have the tag too."""
        return self.tag, str(self)
