"""The metadata tree of a product: the ASDF file inside its last FITS extension.

The tree is read and written here without the asdf library, whose extensions take a second to
load. Objects (a WCS) stay as they were stored, an `EncodedNode`, until they are asked for, and are
written back unchanged otherwise. World coordinates are then read by `io.objects`, others by that
library.

Nothing in a tree is executed: plain values come from the YAML core types only, tagged nodes go
to the converters of the asdf library when they are decoded, links to other files are refused,
and nesting and number of nodes are bounded.

Source: ASDF Standard 1.6.0; YAML 1.1.
"""

import io
import struct
import warnings
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any

import numpy as np
import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from webbcal.core.errors import InvalidInput
from webbcal.io.old_tags import left_out, upgraded
from webbcal.io.yaml_graph import NODES, YAML, compose, entry, walk
from webbcal.spec.fields import Encoded
from webbcal.spec.tagged import Tagged, TaggedWord

_MAGIC = b"#ASDF "
_BLOCK_MAGIC = b"\xd3BLK"
_STANDARD = "1.6.0"
_CORE = "tag:stsci.edu:asdf/core/"
YAML_TAGS = frozenset(
    YAML + name
    for name in ("map", "seq", "str", "int", "float", "bool", "null", "timestamp", "binary")
)
_PLAIN_TAGS = tuple(
    _CORE + name for name in ("asdf-", "software-", "history_entry-", "extension_metadata-")
)


@dataclass(frozen=True)
class Link:
    """An array that lies in an extension of the FITS file."""

    source: str  # fits:SCI,1
    datatype: Any = None
    shape: tuple[int, ...] = ()


class EncodedNode(Encoded):
    """A part of a tree as it was stored, decoded by the asdf library on request."""

    def __init__(self, node: Node, blocks: tuple[bytes, ...], where: object) -> None:
        self.node = node
        self.blocks = blocks
        self._where = where
        self._value: Any = None
        self._light: Any = None

    @property
    def tag(self) -> str:
        """The tag: what kind of object this is."""
        return str(self.node.tag)

    @property
    def name(self) -> str:
        """What the object is called, empty if the node does not say."""
        found = entry(self.node, "name")
        return "" if found is None else str(found.value)

    def decode(self) -> Any:
        """Return the object that the node describes.

        Raises
        ------
        InvalidInput
            If the node links to another file, or the asdf library cannot make sense of it.
        """
        if self._value is None:
            self._value = self._decode()
        return self._value

    def light(self) -> Any:
        """Return world coordinates, a transform, or columns of a table, without the asdf library.

        Raises
        ------
        InvalidInput
            If the node describes something else, is damaged, or links to another file.
        """
        if self._light is None:
            from webbcal.io.objects import read_object

            self._refuse_links()
            self._light = read_object(self, self._where)
        return self._light

    def _refuse_links(self) -> None:
        for node in walk(self.node):
            source = entry(node, "source") if is_array(node) else None
            external = source is not None and source.tag == YAML + "str"
            if external or entry(node, "$ref") is not None:
                raise InvalidInput("the tree links to another file", where=self._where)

    def _decode(self) -> Any:
        import asdf
        from asdf.exceptions import AsdfWarning, ValidationError

        self._refuse_links()
        problems = (ValidationError, ValueError, TypeError, LookupError, AttributeError, OSError)
        with warnings.catch_warnings(), _asdf_with_our_transforms() as config:
            warnings.simplefilter("ignore", AsdfWarning)
            config.warn_on_failed_conversion = False
            self._refuse_unknown(asdf.AsdfFile(version=_STANDARD).extension_manager)
            document = render_tree({"value": self}, self._where, complete=True)
            try:
                with asdf.open(io.BytesIO(document), lazy_load=False, memmap=False) as file:
                    value = file.tree["value"]
            except (*problems, RuntimeError, ArithmeticError, yaml.YAMLError) as error:
                raise InvalidInput(
                    "cannot decode the stored object",
                    where=self._where,
                    expected=self.tag,
                    found=f"{type(error).__name__}: {str(error)[:200]}",
                ) from None
        return value

    def _refuse_unknown(self, manager: Any) -> None:
        tags = {upgraded(str(node.tag)) for node in walk(self.node)}
        unknown = sorted(
            tag for tag in tags - YAML_TAGS - {YAML + "omap"} if not manager.handles_tag(tag)
        )
        if unknown:
            raise InvalidInput(
                "the stored object has parts of unknown kind",
                where=self._where,
                found=", ".join(unknown),
            )


@contextmanager
def _asdf_with_our_transforms() -> Iterator[Any]:
    """Let the asdf library know the transforms of the observatory, here only."""
    import asdf

    _find_extensions()
    with asdf.config_context() as config:
        config.add_extension(_our_transforms())
        yield config


@cache
def _find_extensions() -> None:
    """Let the asdf library find the extensions of all packages, once per process.

    In a context of its own it would find them again each time. They are described in 44 YAML
    files, which its loader in pure Python takes a second for, and that in C a tenth of it.
    """
    import asdf

    usual = yaml.SafeLoader
    yaml.SafeLoader = getattr(yaml, "CSafeLoader", usual)
    try:
        common = asdf.get_config()
        _ = common.extensions, common.resource_manager
    finally:
        yaml.SafeLoader = usual


@cache
def _our_transforms() -> Any:
    """Return our extension of the asdf library, the same one always: it knows it again."""
    from webbcal.geometry.transforms.asdf_extension import ObservatoryTransforms

    return ObservatoryTransforms()


_ENCODED: OrderedDict[int, tuple[Any, EncodedNode]] = OrderedDict()
_KEPT = 4
"""Objects encoded last: the parts of a product that are written one after the other share them.
They are kept, since an id is one of a living object only."""


def encode(objects: Mapping[str, Any]) -> dict[str, EncodedNode]:
    """Return objects as the asdf library stores them, by name; what they share stays shared.

    An object that was encoded alone is not encoded again: it must not have changed since.
    """
    if len(objects) != 1:
        return _encode(objects)
    ((name, value),) = objects.items()
    known = _ENCODED.get(id(value))
    if known is None:
        known = value, _encode(objects)[name]
        _ENCODED[id(value)] = known
        while len(_ENCODED) > _KEPT:
            _ENCODED.popitem(last=False)
    return {name: known[1]}


def _encode(objects: Mapping[str, Any]) -> dict[str, EncodedNode]:
    import asdf

    buffer = io.BytesIO()
    with _asdf_with_our_transforms():
        file = asdf.AsdfFile(dict(objects), version=_STANDARD)
        file.write_to(buffer, all_array_storage="internal")
    root, blocks = _parse(buffer.getvalue(), "the tree to write")
    nodes = {key.value: value for key, value in root.value}
    return {name: EncodedNode(nodes[name], blocks, name) for name in objects}


def read_tree(data: bytes, where: object) -> dict[str, Any]:
    """Read a tree as plain values; arrays are `Link`, anything else with a tag `EncodedNode`.

    Raises
    ------
    InvalidInput
        If the bytes are not ASDF, not YAML, nested too deeply or too large.
    """
    root, blocks = _parse(data, where)
    tree = _Plain(blocks, where).value(root)
    if not isinstance(tree, dict):
        raise InvalidInput("the metadata tree is not a mapping", where=where)
    return tree


def _parse(data: bytes, where: object) -> tuple[Node, tuple[bytes, ...]]:
    if not data.startswith(_MAGIC):
        raise InvalidInput(
            "not an ASDF tree", where=where, expected=_MAGIC.decode(), found=repr(data[:8])
        )
    end = data.find(b"\n...")
    text = data if end < 0 else data[: end + 5]
    try:
        root = compose(text, where)
    except (yaml.YAMLError, UnicodeDecodeError, ValueError) as error:
        raise InvalidInput(
            "the metadata tree is damaged", where=where, found=str(error)[:200]
        ) from None
    return root, tuple(_split_blocks(data, len(text), where))


def _split_blocks(data: bytes, offset: int, where: object) -> Iterator[bytes]:
    """Yield the binary blocks behind the tree, headers included."""
    offset = data.find(_BLOCK_MAGIC, offset)
    while offset >= 0 and data[offset : offset + 4] == _BLOCK_MAGIC:
        try:
            (header,) = struct.unpack_from(">H", data, offset + 4)
            (allocated,) = struct.unpack_from(">Q", data, offset + 14)
        except struct.error:
            allocated = len(data)
            header = 0
        end = offset + 6 + header + allocated
        if end > len(data):
            raise InvalidInput(
                "a binary block of the tree is truncated",
                where=where,
                expected=f"{end} bytes",
                found=f"{len(data)} bytes",
            )
        yield data[offset:end]
        offset = end


@dataclass
class _Plain:
    """Turns nodes into plain values."""

    blocks: tuple[bytes, ...]
    where: object
    open_nodes: set[int] = field(default_factory=set)
    count: int = 0

    def value(self, node: Node) -> Any:
        self.count += 1
        if self.count > NODES or id(node) in self.open_nodes:
            raise InvalidInput("the metadata tree repeats itself", where=self.where)
        if is_array(node):
            source = entry(node, "source")
            if source is not None and source.value.startswith("fits:"):
                return Link(source.value)
        if node.tag not in YAML_TAGS and not node.tag.startswith(_PLAIN_TAGS):
            return EncodedNode(node, self.blocks, self.where)
        if isinstance(node, ScalarNode):
            return self._scalar(node)
        self.open_nodes.add(id(node))
        try:
            if isinstance(node, SequenceNode):
                return [self.value(item) for item in node.value]
            return {str(key.value): self.value(item) for key, item in node.value}
        finally:
            self.open_nodes.discard(id(node))

    def _scalar(self, node: ScalarNode) -> Any:
        return plain_scalar(node, self.where)


def plain_scalar(node: ScalarNode, where: object) -> Any:
    """Return the value of a scalar without a tag of its own."""
    constructor = yaml.constructor.SafeConstructor()
    try:
        return constructor.yaml_constructors[node.tag](constructor, node)
    except (ValueError, KeyError, yaml.YAMLError):
        raise InvalidInput(
            "nonsense in the metadata tree", where=where, found=repr(node.value[:80])
        ) from None


def is_array(node: Node) -> bool:
    """Tell whether a node describes an array."""
    return isinstance(node, MappingNode) and str(node.tag).startswith(_CORE + "ndarray-")


_NEVER_ANCHORED = frozenset([str, float, int, bool, bytes, type(None)])
_RESOLVER = yaml.resolver.Resolver()


@lru_cache(maxsize=4096)
def _plain_tag(text: str) -> str:
    """Return the tag that a scalar has whose text is neither tagged nor quoted."""
    return str(_RESOLVER.resolve(ScalarNode, text, (True, False)))


class _Dumper(yaml.CSafeDumper):  # type: ignore[misc]
    """Writes plain values, links and encoded nodes."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.blocks: list[bytes] = []
        self._numbers: dict[tuple[int, int], int] = {}
        self._copies: dict[int, Node] = {}
        self._kept: list[Any] = []
        self.complete = False

    # The next two are called for every value; what YAML's own do takes a third of all the time.

    def ignore_aliases(self, data: Any) -> bool:
        """Tell whether a value is too plain for an anchor."""
        return type(data) in _NEVER_ANCHORED or bool(super().ignore_aliases(data))

    def resolve(self, kind: Any, value: Any, implicit: tuple[bool, bool]) -> Any:
        """Return what a reader will take a scalar without tag for."""
        if kind is not ScalarNode:
            return super().resolve(kind, value, implicit)
        return _plain_tag(value) if implicit[0] else YAML + "str"

    def encoded(self, value: EncodedNode) -> Node:
        """Return a copy of a stored node whose arrays point at the blocks of this document."""
        return self._copy(value.node, value.blocks)

    def _copy(self, node: Node, blocks: tuple[bytes, ...]) -> Node:
        # A node that occurs twice, within or across values, stays one node: YAML anchors it.
        if id(node) in self._copies:
            return self._copies[id(node)]
        self._kept.append(node)
        tag = upgraded(str(node.tag))
        if isinstance(node, ScalarNode):
            copy = ScalarNode(tag, node.value, style=node.style)
        elif isinstance(node, SequenceNode):
            copy = SequenceNode(tag, [], flow_style=node.flow_style)
        else:
            copy = MappingNode(tag, [], flow_style=node.flow_style)
        self._copies[id(node)] = copy
        if isinstance(node, SequenceNode):
            copy.value.extend(self._copy(item, blocks) for item in node.value)
        elif isinstance(node, MappingNode):
            array = is_array(node)
            for key, item in node.value:
                if array and key.value == "source" and item.tag == YAML + "int":
                    number = self._block(int(item.value), blocks)
                    item = ScalarNode(item.tag, str(number))
                copy.value.append((self._copy(key, blocks), self._copy(item, blocks)))
            if self.complete:
                self._add_left_out(copy)
        return copy

    def _add_left_out(self, node: MappingNode) -> None:
        present = {key.value for key, _ in node.value}
        for name, value in left_out(node.tag).items():
            if name not in present:
                kind = "bool" if value in ("true", "false") else "str"
                entry = ScalarNode(YAML + "str", name), ScalarNode(YAML + kind, value)
                node.value.append(entry)

    def _block(self, number: int, blocks: tuple[bytes, ...]) -> int:
        if not -len(blocks) <= number < len(blocks):
            raise InvalidInput("a stored array has no data", found=f"block {number}")
        number %= len(blocks)
        self._kept.append(blocks)
        key = (id(blocks), number)
        if key not in self._numbers:
            self._numbers[key] = len(self.blocks)
            self.blocks.append(blocks[number])
        return self._numbers[key]


def _represent_link(dumper: _Dumper, link: Link) -> Node:
    entries = {
        "source": link.source,
        "datatype": link.datatype,
        "byteorder": "big",
        "shape": list(link.shape),
    }
    return dumper.represent_mapping(_CORE + "ndarray-1.1.0", entries.items())


class Software(dict[str, Any]):
    """Name and version of a program."""


class HistoryEntry(dict[str, Any]):
    """One thing done to a product: description and time."""


_Dumper.add_representer(Link, _represent_link)
_Dumper.add_representer(EncodedNode, _Dumper.encoded)
_Dumper.add_representer(
    Tagged, lambda dumper, value: dumper.represent_mapping(value.tag, value.items())
)
_Dumper.add_representer(
    TaggedWord, lambda dumper, value: dumper.represent_scalar(value.tag, str(value))
)
for _kind, _tag in ((Software, "software-1.0.0"), (HistoryEntry, "history_entry-1.0.0")):
    _Dumper.add_representer(
        _kind, lambda dumper, value, tag=_tag: dumper.represent_mapping(_CORE + tag, value.items())
    )
_Dumper.add_multi_representer(np.bool_, lambda dumper, value: dumper.represent_data(bool(value)))
_Dumper.add_multi_representer(np.integer, lambda dumper, value: dumper.represent_data(int(value)))
_Dumper.add_multi_representer(
    np.floating, lambda dumper, value: dumper.represent_data(float(value))
)
_Dumper.add_multi_representer(str, lambda dumper, value: dumper.represent_str(str(value)))
_Dumper.add_multi_representer(
    Mapping, lambda dumper, value: dumper.represent_mapping(YAML + "map", value.items())
)
_Dumper.add_multi_representer(
    np.ndarray, lambda dumper, value: dumper.represent_list(value.tolist())
)
_Dumper.add_multi_representer(tuple, lambda dumper, value: dumper.represent_list(value))


def render_tree(tree: Mapping[str, Any], where: object, *, complete: bool = False) -> bytes:
    """Return a tree as a complete ASDF document.

    Parameters
    ----------
    tree : mapping
        Plain values, `Link`, `EncodedNode`, `Software`, `HistoryEntry`.
    where : object
        What is being written, for a message.
    complete : bool
        Whether encoded nodes get the values that older writers left out.
    """
    stream = io.BytesIO()
    dumper = _Dumper(
        stream,
        version=(1, 1),
        tags={"!": "tag:stsci.edu:asdf/"},
        explicit_start=True,
        explicit_end=True,
        encoding="utf-8",
        default_flow_style=None,
        sort_keys=False,
    )
    try:
        dumper.complete = complete
        dumper.open()
        root = dumper.represent_mapping(_CORE + "asdf-1.1.0", tree.items(), flow_style=False)
        dumper.serialize(root)
        dumper.close()
    except yaml.YAMLError as error:
        raise InvalidInput(
            "a value does not fit the metadata tree", where=where, found=str(error)[:200]
        ) from None
    finally:
        dumper.dispose()
    head = f"#ASDF 1.0.0\n#ASDF_STANDARD {_STANDARD}\n".encode()
    return head + stream.getvalue() + b"".join(dumper.blocks)
