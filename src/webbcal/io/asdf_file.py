"""Products that are a tree in an ASDF file and nothing else: some references."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from webbcal.core.errors import InvalidInput
from webbcal.io.asdf_arrays import ARRAY, array_of
from webbcal.io.asdf_tree import EncodedNode, read_tree
from webbcal.spec.fields import Product, nodes
from webbcal.spec.meta import Meta
from webbcal.spec.references import REFERENCES

_OF_THE_FILE = {"asdf_library", "history", "meta"}


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
        content[name] = _decoded(part, path, spec.light)
    return kind.from_stored({}, meta=meta, **content)


def _beside_meta(tree: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in tree.items() if name not in _OF_THE_FILE}


def _decoded(value: Any, where: Path, light: bool) -> Any:
    """Return a part of a tree with everything in it decoded."""
    if isinstance(value, Mapping):
        return {name: _decoded(item, where, light) for name, item in value.items()}
    if isinstance(value, list):
        return [_decoded(item, where, light) for item in value]
    if not isinstance(value, EncodedNode):
        return value
    if value.tag.startswith(ARRAY):
        array = array_of(value, where)
        array.flags.writeable = False
        return array
    return value.light() if light else value.decode()
