"""Read the YAML of an ASDF tree, or of an ECSV header, into plain values: no object is made.

The text may come from anywhere. It is read event by event, so neither a tag nor an anchor can
execute code, no nesting can exhaust the stack, and the number of nodes is bounded. Tags stay as
text on the mappings that carry them; nothing is looked up.

Source: ASDF Standard 1.6.0, "Low-level file layout"; YAML 1.1.
"""

import math
import re
from dataclasses import dataclass
from typing import Any

from webbcal.core.errors import InvalidInput

MAX_NODES = 2_000_000
MAX_DEPTH = 200
MAX_BYTES = 64 * 2**20

# As YAML 1.1 writes numbers: 0123 is octal, 0128 is text, and so is 1e5.
_INTEGER = re.compile(r"[-+]?(0|[1-9]\d{0,3999})\Z")
_OCTAL = re.compile(r"[-+]?0[0-7]+\Z")
_FLOAT = re.compile(r"[-+]?(\d+\.\d*|\.\d+)([eE][-+]\d+)?\Z")
_WORDS: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE", "yes", "Yes", "on", "On"), True),
    **dict.fromkeys(("false", "False", "FALSE", "no", "No", "off", "Off"), False),
    ".inf": math.inf,
    "-.inf": -math.inf,
    ".nan": math.nan,
}
_BLOCK_MAGIC = b"\xd3BLK"


class Node(dict[Any, Any]):
    """A mapping of the tree, with its YAML tag."""

    tag: str = ""


@dataclass(frozen=True)
class AsdfText:
    """An ASDF file taken apart; `problem` says what is wrong with its binary blocks."""

    tree: Node
    version: str
    blocks: int
    problem: str = ""


def parse_asdf(content: bytes) -> AsdfText:
    """Take the bytes of an ASDF file apart.

    Raises
    ------
    InvalidInput
        It is no ASDF file, or its tree is not YAML, or too large or deep to be one of ours.
    """
    if not content.startswith(b"#ASDF "):
        raise InvalidInput(
            "is not ASDF", expected="#ASDF", found=repr(content[:16].decode("latin-1"))
        )
    end = re.search(rb"^\.\.\.\s*?$", content, re.MULTILINE)
    text = content[: end.end()] if end else content
    version = re.search(rb"#ASDF_STANDARD ([0-9.]{1,20})", text[:200])
    tree = parse_yaml(text)
    if not isinstance(tree, Node):
        raise InvalidInput("is not an ASDF tree", expected="a mapping", found=type(tree).__name__)
    blocks, problem = _count_blocks(content, end.end() if end else len(content))
    return AsdfText(tree, version[1].decode() if version else "", blocks, problem)


def _count_blocks(content: bytes, position: int) -> tuple[int, str]:
    """Return the number of binary blocks, and what is wrong with them."""
    start = content.find(_BLOCK_MAGIC, position)
    blocks = 0
    while start >= 0 and content.startswith(_BLOCK_MAGIC, start):
        header_size = int.from_bytes(content[start + 4 : start + 6], "big")
        allocated = int.from_bytes(content[start + 14 : start + 22], "big")
        start += 6 + header_size + allocated
        blocks += 1
        if header_size < 48 or start > len(content):
            return blocks, f"binary block {blocks - 1} ends outside the extension"
    return blocks, ""


def parse_yaml(text: bytes | str) -> Any:
    """Return the first document as dict (`Node`), list, text, number, truth value or None.

    Raises
    ------
    InvalidInput
        It is not YAML, or too large, or too deep.
    """
    import yaml  # with asdf installed; only this module needs it

    if len(text) > MAX_BYTES:
        raise InvalidInput("the tree is too large", expected=f"{MAX_BYTES} bytes at most")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    builder = _Builder()
    try:
        for event in yaml.parse(text, Loader=loader):
            builder.take(event, type(event).__name__)
            if builder.done:
                break
    except (yaml.YAMLError, UnicodeDecodeError, ValueError) as problem:
        line = " ".join(str(problem).split())[:200]
        raise InvalidInput("is not YAML", found=line) from None
    return builder.root


class _Builder:
    """Builds plain values from YAML events with a stack of its own."""

    def __init__(self) -> None:
        self.root: Any = None
        self.done = False
        self._open: list[tuple[Any, str | None]] = []
        self._key: list[Any] = []
        self._anchors: dict[str, Any] = {}
        self._nodes = 0

    def take(self, event: Any, kind: str) -> None:
        """Add one event."""
        if kind == "ScalarEvent":
            self._put(_scalar(event), event.anchor)
        elif kind == "AliasEvent":
            if event.anchor not in self._anchors:
                raise InvalidInput("is not YAML", found=f"an undefined alias {event.anchor}")
            self._put(self._anchors[event.anchor], None)
        elif kind in ("MappingStartEvent", "SequenceStartEvent"):
            self._begin(event, Node() if kind == "MappingStartEvent" else [])
        elif kind in ("MappingEndEvent", "SequenceEndEvent"):
            self._open.pop()
            self._key.pop()
            self.done = not self._open

    def _begin(self, event: Any, value: Any) -> None:
        if isinstance(value, Node):
            value.tag = event.tag or ""
        self._put(value, event.anchor)
        if len(self._open) >= MAX_DEPTH:
            raise InvalidInput("the tree is too deep", expected=f"{MAX_DEPTH} levels at most")
        self._open.append((value, None))
        self._key.append(_NO_KEY)

    def _put(self, value: Any, anchor: str | None) -> None:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise InvalidInput("the tree is too large", expected=f"{MAX_NODES} nodes at most")
        if anchor:
            self._anchors[anchor] = value
        if not self._open:
            self.root = value
            self.done = not isinstance(value, dict | list)
            return
        parent = self._open[-1][0]
        if isinstance(parent, list):
            parent.append(value)
        elif self._key[-1] is _NO_KEY:
            self._key[-1] = (
                value if isinstance(value, str | int | float | None) else str(type(value))
            )
        else:
            parent[self._key[-1]] = value
            self._key[-1] = _NO_KEY


_NO_KEY = object()


def _scalar(event: Any) -> Any:
    """Return the value of a scalar: text where it is quoted, tagged, or not a number or word."""
    text: str = event.value
    if event.style not in (None, "") or (event.tag and not event.tag.startswith("tag:yaml.org")):
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.match(text):
        return int(text)
    if _OCTAL.match(text):
        return int(text, 8)
    if _FLOAT.match(text):
        return float(text)
    return text


def walk(tree: Any) -> list[tuple[str, Any]]:
    """Return every mapping and list with its path, each once however often it is aliased."""
    found: list[tuple[str, Any]] = []
    seen: set[int] = set()
    stack: list[tuple[str, Any]] = [("", tree)]
    while stack:
        path, node = stack.pop()
        if id(node) in seen or not isinstance(node, dict | list):
            continue
        seen.add(id(node))
        found.append((path, node))
        inner = node.items() if isinstance(node, dict) else enumerate(node)
        stack.extend((f"{path}.{key}" if path else str(key), child) for key, child in inner)
    return found


def lookup(tree: Any, path: str, element: int | None = None) -> Any:
    """Return the value at a dotted path, None where there is none; ``[]`` picks `element`."""
    node = tree
    for part in path.split("."):
        name = part.removesuffix("[]")
        node = node.get(name) if isinstance(node, dict) else None
        if part.endswith("[]"):
            fits = isinstance(node, list) and element is not None and element < len(node)
            node = node[element] if fits and node is not None and element is not None else None
    return node
