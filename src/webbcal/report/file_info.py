"""What a file is, in one screen: read from its headers, no pixel touched."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from webbcal.core.errors import InvalidInput
from webbcal.io.conformance.asdf_file import ASDF_MAGIC, read_asdf
from webbcal.io.conformance.ecsv import ECSV_MAGIC, read_ecsv
from webbcal.io.conformance.findings import printable
from webbcal.io.conformance.identify import PLACEHOLDERS, identify
from webbcal.io.conformance.raw import RawFile, RawHDU, first_bytes, read_structure
from webbcal.io.conformance.tree import read_tree
from webbcal.io.conformance.yaml_tree import Node, lookup
from webbcal.spec.meta import keywords

__all__ = ["FileInfo", "file_info"]

MAX_EXTENSIONS = 24
"""More extensions than that are listed by name only, so that they fit on a screen."""

_FACTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Target", ("TARGNAME", "TARG_RA", "TARG_DEC")),
    ("Programme", ("PROGRAM", "OBSERVTN", "VISIT", "TITLE")),
    ("Date", ("DATE-OBS", "TIME-OBS")),
    ("Instrument", ("INSTRUME", "DETECTOR", "CHANNEL", "BAND")),
    ("Elements", ("FILTER", "PUPIL", "GRATING")),
    ("Mode", ("EXP_TYPE", "READPATT", "SUBARRAY")),
    ("Exposure", ("NINTS", "NGROUPS", "NFRAMES", "TGROUP", "EFFEXPTM")),
    ("Reference", ("REFTYPE", "PEDIGREE", "USEAFTER", "AUTHOR")),
    ("Software", ("CAL_VER", "CRDS_CTX")),
)

_NODES = {
    "REFTYPE": "meta.reftype",
    "PEDIGREE": "meta.pedigree",
    "USEAFTER": "meta.useafter",
    "AUTHOR": "meta.author",
}


@dataclass(frozen=True)
class ExtensionInfo:
    """One extension, or several of one name; axes in FITS order."""

    name: str
    kind: str
    shape: str
    dtype: str
    size: int


@dataclass(frozen=True)
class FileInfo:
    """What a file is."""

    path: Path
    size: int
    kind: str
    product: str = ""
    model: str = ""
    layout: str = ""
    facts: dict[str, dict[str, Any]] = field(default_factory=dict)
    extensions: tuple[ExtensionInfo, ...] = ()
    done: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    references: dict[str, str] = field(default_factory=dict)
    provenance: dict[str, Any] = field(default_factory=dict)
    wcs: bool = False
    history: int = 0
    damage: tuple[str, ...] = ()


def file_info(path: Path) -> FileInfo:
    """Read what a FITS, ASDF or ECSV file is.

    Raises
    ------
    InvalidInput
        It is none of these, or cannot be opened.
    """
    start = first_bytes(path)
    try:
        if start.startswith(ASDF_MAGIC):
            return _asdf_info(path)
        if start.startswith(ECSV_MAGIC):
            return _ecsv_info(path)
    except InvalidInput as problem:
        raise InvalidInput(
            problem.what, where=path, expected=problem.expected, found=problem.found
        ) from None
    return _fits_info(read_structure(path))


def _fits_info(raw: RawFile) -> FileInfo:
    identity = identify(raw)
    tree = read_tree(raw, required=False)
    values = {card.keyword: card.value for card in reversed(raw.primary.cards) if card.valued}
    status = _status(values)
    layout = identity.layout or (identity.product.layout if identity.product else "")
    provenance = tree.root.get("webbcal")
    return FileInfo(
        path=raw.path,
        size=raw.size,
        kind="reference" if identity.reference else "product",
        product=identity.suffix,
        model=identity.model,
        layout=layout,
        facts=_facts(values),
        extensions=_extensions(raw.hdus[1:]),
        done=tuple(name for name, word in status.items() if word == "COMPLETE"),
        skipped=tuple(name for name, word in status.items() if word == "SKIPPED"),
        references=_references(values),
        provenance=dict(provenance) if isinstance(provenance, Node) else {},
        wcs=_has_wcs(tree.root),
        history=sum(card.keyword == "HISTORY" for card in raw.primary),
        damage=tuple(finding.message for finding in raw.damage),
    )


def _facts(values: dict[str, Any]) -> dict[str, dict[str, Any]]:
    facts: dict[str, dict[str, Any]] = {}
    for title, names in _FACTS:
        known = {name: values[name] for name in names if _is_known(values.get(name))}
        if known:
            facts[title] = known
    return facts


def _is_known(value: Any) -> bool:
    return value is not None and value not in PLACEHOLDERS


def _status(values: dict[str, Any]) -> dict[str, str]:
    """Return the status of each step by its name, in the order of the metadata table."""
    prefix = "meta.cal_step."
    return {
        entry.path.removeprefix(prefix): str(values[entry.keyword])
        for entry in keywords()
        if entry.path.startswith(prefix) and entry.keyword in values
    }


def _references(values: dict[str, Any]) -> dict[str, str]:
    """Return the file of each reference type, but those that do not apply."""
    prefix, suffix = "meta.ref_file.", ".name"
    return {
        entry.path.removeprefix(prefix).removesuffix(suffix): printable(str(values[entry.keyword]))
        for entry in keywords()
        if entry.path.startswith(prefix)
        and entry.path.endswith(suffix)
        and _is_known(values.get(entry.keyword))
    }


def _has_wcs(tree: Node) -> bool:
    if lookup(tree, "meta.wcs") is not None:
        return True
    groups = (tree.get(name) for name in ("slits", "spec", "exposures"))
    return any(
        lookup(element, "meta.wcs") is not None
        for group in groups
        if isinstance(group, list)
        for element in group
    )


def _extensions(hdus: list[RawHDU]) -> tuple[ExtensionInfo, ...]:
    if len(hdus) <= MAX_EXTENSIONS:
        return tuple(_extension(hdu, str(hdu)) for hdu in hdus)
    groups: dict[str, list[RawHDU]] = {}
    for hdu in hdus:
        groups.setdefault(hdu.name, []).append(hdu)
    lines = []
    for name, members in groups.items():
        line = _extension(members[0], name if len(members) == 1 else f"{name},1..{len(members)}")
        same = len({member.shape for member in members}) == 1
        size = sum(member.data_size for member in members)
        shape = line.shape if same else "of different shape"
        lines.append(ExtensionInfo(line.name, line.kind, shape, line.dtype, size))
    return tuple(lines)


def _extension(hdu: RawHDU, name: str) -> ExtensionInfo:
    if hdu.kind == "table":
        shape = f"{hdu.shape[0] if hdu.shape else 0} rows x {len(hdu.columns)} columns"
        return ExtensionInfo(name, "table", shape, "", hdu.data_size)
    shape = " x ".join(str(size) for size in reversed(hdu.shape)) or "no data"
    dtype = "scaled" if hdu.dtype is None else hdu.dtype.name
    return ExtensionInfo(name, hdu.kind, shape, "" if hdu.empty else dtype, hdu.data_size)


def _asdf_info(path: Path) -> FileInfo:
    text = read_asdf(path)
    paths = {entry.keyword: entry.path for entry in keywords() if not entry.models} | _NODES
    values = {
        name: lookup(text.tree, paths[name])
        for _, names in _FACTS
        for name in names
        if name in paths
    }
    plain = {k: v for k, v in values.items() if isinstance(v, str | int | float)}
    reftype = lookup(text.tree, "meta.reftype")
    model = lookup(text.tree, "meta.model_type")
    nodes = [str(key) for key in text.tree if key not in ("asdf_library", "history", "meta")]
    return FileInfo(
        path=path,
        size=path.stat().st_size,
        kind="reference" if isinstance(reftype, str) else "ASDF tree",
        product=reftype.lower() if isinstance(reftype, str) else "",
        model=model if isinstance(model, str) else "",
        facts=_facts(plain),
        extensions=tuple(ExtensionInfo(printable(n, 40), "node", "", "", 0) for n in nodes[:20]),
        wcs=_has_wcs(text.tree) or any("wcs" in node for node in nodes),
    )


def _ecsv_info(path: Path) -> FileInfo:
    header = read_ecsv(path)
    columns = tuple(
        ExtensionInfo(printable(name, 40), "column", printable(unit, 20), printable(kind, 20), 0)
        for name, kind, unit in header.columns
    )
    meta = {k: v for k, v in header.meta.items() if isinstance(v, str | int | float | bool)}
    return FileInfo(
        path=path,
        size=path.stat().st_size,
        kind=f"table of {header.rows} rows",
        facts={"Metadata": meta} if meta else {},
        extensions=columns,
    )
