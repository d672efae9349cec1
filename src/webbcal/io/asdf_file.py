"""Products that are a tree in an ASDF file and nothing else: some references."""

import math
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from webbcal.core.errors import InvalidInput
from webbcal.io.asdf_tree import EncodedNode, read_tree
from webbcal.io.yaml_graph import YAML
from webbcal.spec.fields import Product, nodes
from webbcal.spec.meta import Meta
from webbcal.spec.references import REFERENCES

_OF_THE_FILE = {"asdf_library", "history", "meta"}
_ARRAY = "tag:stsci.edu:asdf/core/ndarray-"
_PLAIN = {"source", "datatype", "byteorder", "shape"}
_DATATYPES = {
    "bool8": "b1",
    **{f"int{8 * size}": f"i{size}" for size in (1, 2, 4, 8)},
    **{f"uint{8 * size}": f"u{size}" for size in (1, 2, 4, 8)},
    **{f"float{8 * size}": f"f{size}" for size in (2, 4, 8)},
    **{f"complex{8 * size}": f"c{size}" for size in (8, 16)},
}


def read_asdf(path: Path, kind: type[Product] | None = None) -> Product:
    """Read a product that is one ASDF tree.

    Parameters
    ----------
    path : Path
        ASDF file.
    kind : type or None
        Read it as this product; None: as the reference its ``meta.reftype`` names.

    Returns
    -------
    Product
        The nodes it declares, with all arrays in memory, native byte order, read-only.

    Raises
    ------
    InvalidInput
        If the file cannot be read, is damaged, of unknown kind, or lacks a node.

    Notes
    -----
    Arrays stored without compression are read here; others, and other objects, by the asdf
    library.

    Source: ASDF Standard 1.6.0.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InvalidInput(f"cannot be read ({error.strerror})", where=path) from None
    tree = read_tree(data, path)
    meta = tree.get("meta")
    meta = Meta(meta if isinstance(meta, Mapping) else {})
    if kind is None:
        reftype = str(meta.lookup("reftype", "")).strip().lower()
        if reftype not in REFERENCES:
            raise InvalidInput("unknown kind of reference", where=path, found=reftype or None)
        kind = REFERENCES[reftype]
    content = {}
    for name, spec in nodes(kind).items():
        part = tree.get(spec.name) if spec.name else _beside_meta(tree)
        if part is None:
            raise InvalidInput(
                f"{spec.name} is missing from the tree",
                where=path,
                expected=f"a {kind.__name__}",
                found=", ".join(tree),
            )
        content[name] = _decoded(part, path)
    return kind.from_stored({}, meta=meta, **content)


def _beside_meta(tree: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in tree.items() if name not in _OF_THE_FILE}


def _decoded(value: Any, where: Path) -> Any:
    """Return a part of a tree with everything in it decoded."""
    if isinstance(value, Mapping):
        return {name: _decoded(item, where) for name, item in value.items()}
    if isinstance(value, list):
        return [_decoded(item, where) for item in value]
    if not isinstance(value, EncodedNode):
        return value
    if value.tag.startswith(_ARRAY):
        array = _array(value, where)
        array.flags.writeable = False
        return array
    return value.decode()


def _array(value: EncodedNode, where: Path) -> np.ndarray:
    """Return a stored array, without the asdf library where its layout is plain."""
    entries = {str(key.value): item for key, item in value.node.value}
    simple = set(entries) == _PLAIN and entries["source"].tag == YAML + "int"
    if not simple or entries["datatype"].value not in _DATATYPES:
        return np.array(value.decode())
    number = int(entries["source"].value)
    if -len(value.blocks) <= number < len(value.blocks):
        content = _uncompressed(value.blocks[number])
        if content is not None:
            stored = np.dtype(_DATATYPES[entries["datatype"].value])
            if entries["byteorder"].value == "big":
                stored = stored.newbyteorder(">")
            shape = tuple(int(item.value) for item in entries["shape"].value)
            return _shaped(content, stored, shape, where)
    return np.array(value.decode())


def _shaped(
    content: memoryview, stored: np.dtype[Any], shape: tuple[int, ...], where: Path
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
