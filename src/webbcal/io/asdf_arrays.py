"""Arrays in trees, without the asdf library where their layout is plain."""

import math
import struct
from typing import Any

import numpy as np
from yaml.nodes import Node, ScalarNode, SequenceNode

from webbcal.core.errors import InvalidInput
from webbcal.io.asdf_tree import EncodedNode, plain_scalar
from webbcal.io.yaml_graph import YAML

ARRAY = "tag:stsci.edu:asdf/core/ndarray-"
_PLAIN = {"source", "datatype", "byteorder", "shape"}
_WORDS = {"ucs4": "U", "ascii": "S"}
_INLINE = {"data", "datatype", "shape"}
_DATATYPES = {
    "bool8": "b1",
    **{f"int{8 * size}": f"i{size}" for size in (1, 2, 4, 8)},
    **{f"uint{8 * size}": f"u{size}" for size in (1, 2, 4, 8)},
    **{f"float{8 * size}": f"f{size}" for size in (2, 4, 8)},
    **{f"complex{8 * size}": f"c{size}" for size in (8, 16)},
}


def array_of(value: EncodedNode, where: object) -> np.ndarray:
    """Return a stored array, without the asdf library where its layout is plain."""
    entries = {str(key.value): item for key, item in value.node.value}
    if set(entries) == _INLINE and isinstance(entries["datatype"], ScalarNode):
        return np.array(_numbers(entries["data"], where), _kind(entries["datatype"]))
    simple = set(entries) == _PLAIN and entries["source"].tag == YAML + "int"
    kind = _kind(entries["datatype"]) if simple else None
    if kind is None:
        return np.array(value.decode())
    number = int(entries["source"].value)
    if -len(value.blocks) <= number < len(value.blocks):
        content = _uncompressed(value.blocks[number])
        if content is not None:
            stored = np.dtype(kind)
            if entries["byteorder"].value == "big":
                stored = stored.newbyteorder(">")
            shape = tuple(int(item.value) for item in entries["shape"].value)
            return _shaped(content, stored, shape, where)
    return np.array(value.decode())


def _kind(datatype: Node) -> str | None:
    """Return what numpy calls a kind of plain values, None for others."""
    if isinstance(datatype, ScalarNode):
        return _DATATYPES.get(datatype.value)
    if isinstance(datatype, SequenceNode) and len(datatype.value) == 2:
        name, length = datatype.value
        if name.value in _WORDS and length.tag == YAML + "int":
            return f"{_WORDS[name.value]}{int(length.value)}"
    return None


def _shaped(
    content: memoryview, stored: np.dtype[Any], shape: tuple[int, ...], where: object
) -> np.ndarray:
    count = math.prod(shape)
    if min(shape, default=0) < 0 or count * stored.itemsize > len(content):
        raise InvalidInput(
            "a stored array is truncated",
            where=where,
            expected=f"shape {shape}",
            found=f"{len(content)} bytes",
        )
    values = np.frombuffer(content, stored, count).reshape(shape)
    return values.astype(stored.newbyteorder("="))


def _uncompressed(block: bytes) -> memoryview | None:
    """Return the content of a binary block, None if it is compressed."""
    (length,) = struct.unpack_from(">H", block, 4)
    _, compression, _, used = struct.unpack_from(">I4sQQ", block, 6)
    if compression.strip(b"\0"):
        return None
    return memoryview(block)[6 + length : 6 + length + used]


def _numbers(node: Node, where: object) -> Any:
    """Return the numbers of nested lists."""
    if isinstance(node, SequenceNode):
        return [_numbers(item, where) for item in node.value]
    return plain_scalar(node, where)
