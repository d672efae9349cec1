"""Small files made from the declarations by astropy, to be damaged one defect at a time."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits

from webbcal.spec.fields import Column, Elements, Image, Product, Table, declared
from webbcal.spec.meta import keywords

SIZES = {"x": 5, "y": 4, "group": 3, "integration": 2}
KEYWORDS: dict[str, Any] = {
    "DATE": "2026-01-01T00:00:00.000",
    "TELESCOP": "JWST",
    "DATE-OBS": "2026-01-01",
    "TIME-OBS": "00:00:00.000",
    "INSTRUME": "NIRCAM",
    "DETECTOR": "NRCA1",
    "FILTER": "F200W",
    "EXP_TYPE": "NRC_IMAGE",
    "READPATT": "RAPID",
    "EXPSTART": 60000.125,
    "NINTS": 2,
    "NGROUPS": 3,
    "NFRAMES": 1,
    "GROUPGAP": 0,
    "TGROUP": 10.7,
    "EFFEXPTM": 64.2,
    "SUBARRAY": "FULL",
    "SUBSTRT1": 1,
    "SUBSTRT2": 1,
    "SUBSIZE1": 5,
    "SUBSIZE2": 4,
    "FASTAXIS": -1,
    "SLOWAXIS": 2,
    "CAL_VER": "1.0.0",
    "CRDS_CTX": "jwst_0001.pmap",
    "HGA_MOVE": False,
}

Edit = Callable[[fits.HDUList], None]
TreeEdit = Callable[[dict[str, Any]], None]


class Link(dict[str, Any]):
    """An array of the tree that is stored in an extension."""


def write_product(
    path: Path,
    kind: type[Product],
    *,
    edit: Edit | None = None,
    edit_tree: TreeEdit | None = None,
) -> Path:
    """Write a product with every declared extension; both edits leave hash and links in order.

    `edit` changes the extensions before the tree is made, `edit_tree` the tree afterwards.
    """
    hdus = fits.HDUList([fits.PrimaryHDU(), *_extensions(kind, None)])
    header = hdus[0].header
    for keyword, value in (KEYWORDS | {"FILENAME": path.name, "DATAMODL": kind.model}).items():
        header[keyword] = value
    by_path = {k.path: k for k in keywords() if not k.models or kind.model in k.models}
    for name, value in kind.fixed.items():
        entry = by_path.get(name)
        if entry is not None and entry.keyword:
            target = 0 if entry.extension == "PRIMARY" else entry.extension
            hdus[target].header[entry.keyword] = value
    if edit is not None:
        edit(hdus)
    hdus.writeto(path, overwrite=True, output_verify="ignore")
    tree = _tree(path, kind)
    if edit_tree is not None:
        edit_tree(tree)
    text = asdf_text(tree)
    cell = np.frombuffer(text, np.uint8).reshape(1, len(text))
    column = fits.Column("ASDF_METADATA", f"{len(text)}B", array=cell)
    extension = fits.BinTableHDU.from_columns([column], name="ASDF")
    with path.open("ab") as stream:
        stream.write(extension.header.tostring().encode("ascii"))
        stream.write(text + bytes(-len(text) % 2880))
    return path


def _extensions(kind: type[Product], version: int | None) -> list[Any]:
    made: list[Any] = []
    for spec in declared(kind).values():
        if isinstance(spec, Elements):
            for number in (1, 2):
                made += _extensions(spec.part, number)
        elif isinstance(spec, Image) and spec.extname:
            shape = tuple(SIZES.get(axis, 3) for axis in spec.axes)
            pixels = np.zeros(shape, spec.dtype)
            made.append(fits.ImageHDU(pixels, name=spec.extname, ver=version or 1))
        elif isinstance(spec, Table):
            made.append(fits.BinTableHDU(_rows(spec), name=spec.extname, ver=version or 1))
    return made


def _rows(spec: Table) -> np.ndarray:
    columns = [_field(column) for column in spec.columns] or [("ANY", "f8", ())]
    return np.zeros(2, columns)


def _field(column: Column) -> tuple[str, str, tuple[int, ...]]:
    shape = tuple(3 if size is None else size for size in column.shape)
    kind = column.dtype.str
    if column.dtype.kind == "S":
        kind = f"S{column.dtype.itemsize or 8}"
    elif column.dtype.str[1:] in ("i1", "b1"):
        kind = "?"
    return column.name, kind, shape


def _tree(path: Path, kind: type[Product]) -> dict[str, Any]:
    """Return what the headers say, with links to the extensions."""
    tree: dict[str, Any] = {"meta": {}}
    nodes = _nodes(kind)
    digest = hashlib.sha256()
    table = [k for k in keywords() if k.keyword and (not k.models or kind.model in k.models)]
    with fits.open(path) as hdus:
        for hdu in hdus:
            digest.update(hdu.header.tostring().encode("ascii"))
            for entry in table:
                here = entry.extension == hdu.name and entry.keyword in hdu.header
                if here and "[]" not in entry.path:
                    _put(tree, entry.path, hdu.header[entry.keyword])
        for hdu in hdus[1:]:
            if hdu.header["NAXIS"] and hdu.name in nodes:
                group, node = nodes[hdu.name]
                parts = tree.setdefault(group, [{}, {}]) if group else [tree]
                _put(parts[min(hdu.ver, len(parts)) - 1], node, _link(hdu))
    tree["_fits_hash"] = digest.hexdigest()
    return tree


def _nodes(kind: type[Product]) -> dict[str, tuple[str, str]]:
    """Return where the tree links to each extension: list of elements, and node."""
    found: dict[str, tuple[str, str]] = {}
    for name, spec in declared(kind).items():
        if isinstance(spec, Elements):
            found |= {ext: (name, node) for ext, (_, node) in _nodes(spec.part).items()}
        elif spec.extname:
            found[spec.extname.upper()] = ("", spec.node)
    return found


def _put(tree: dict[str, Any], path: str, value: Any) -> None:
    *nodes, leaf = path.split(".")
    for node in nodes:
        tree = tree.setdefault(node, {})
    tree[leaf] = value


def _link(hdu: Any) -> Link:
    data = hdu.data
    kind: Any = data.dtype.newbyteorder("=").name
    if data.dtype.names:
        kind = [_column(name, data.columns[name], data.dtype[name]) for name in data.dtype.names]
    shape = list(data.shape)
    return Link(source=f"fits:{hdu.name},{hdu.ver}", datatype=kind, byteorder="big", shape=shape)


def _column(name: str, column: Any, dtype: np.dtype[Any]) -> dict[str, Any]:
    base = dtype.base.newbyteorder("=")
    kind: Any = ["ascii", base.itemsize] if base.kind in "SU" else base.name
    if column.format.endswith("L"):
        kind = "bool8"
    if column.bzero:
        kind = "u" + kind
    return {"name": name, "datatype": kind, "byteorder": "big"}


def asdf_text(tree: Any) -> bytes:
    """Return a tree as an ASDF file; the YAML is JSON with tags on the links."""
    head = "#ASDF 1.0.0\n#ASDF_STANDARD 1.6.0\n%YAML 1.1\n%TAG ! tag:stsci.edu:asdf/\n"
    return f"{head}--- !core/asdf-1.1.0\n{_yaml(tree)}\n...\n".encode()


def _yaml(value: Any) -> str:
    if isinstance(value, dict):
        tag = "!core/ndarray-1.1.0 " if isinstance(value, Link) else ""
        inner = ", ".join(f"{json.dumps(key)}: {_yaml(child)}" for key, child in value.items())
        return f"{tag}{{{inner}}}"
    if isinstance(value, list):
        return f"[{', '.join(_yaml(child) for child in value)}]"
    return json.dumps(value)
