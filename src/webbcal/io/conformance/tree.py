"""Rules on the ASDF extension: readable, links that hold, values as in the headers."""

import math
import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from webbcal.core.errors import InvalidInput
from webbcal.io.conformance.cards import Value
from webbcal.io.conformance.findings import Finding, error, note, printable, warning
from webbcal.io.conformance.identify import Identity
from webbcal.io.conformance.keywords import declared_for
from webbcal.io.conformance.raw import RawFile, RawHDU
from webbcal.io.conformance.yaml_tree import MAX_BYTES, AsdfText, Node, lookup, parse_asdf, walk
from webbcal.spec.fields import Elements, Product, declared

_LINK = re.compile(r"fits:(?:([ -~]+),)?(\d{1,9})\Z")
_SAME = 1e-14  # relative: a number may be written with 15 digits in a header
MAX_LISTED = 8


@dataclass(frozen=True)
class Tree:
    """The metadata tree of a file, or None, with what was found on the way."""

    text: AsdfText | None
    findings: list[Finding] = field(default_factory=list)

    @property
    def root(self) -> Node:
        """The tree; empty where there is none."""
        return self.text.tree if self.text else Node()


def read_tree(raw: RawFile, required: bool = True) -> Tree:
    """Read the tree of the ASDF extension without making any object of it."""
    hdu = next(iter(reversed(raw.named("ASDF"))), None)
    if hdu is None:
        if not required:
            return Tree(None)
        return Tree(
            None,
            [
                error(
                    "tree.missing",
                    "There is no ASDF extension: history, provenance and WCS are lost.",
                    extension="ASDF",
                    expected="present",
                    found="missing",
                )
            ],
        )
    findings = _check_layout(raw, hdu)
    if hdu.data_size > MAX_BYTES:
        findings.append(
            warning("tree.large", "The ASDF extension is too large to check.", extension="ASDF")
        )
        return Tree(None, findings)
    try:
        text = parse_asdf(raw.read(hdu, MAX_BYTES))
    except InvalidInput as problem:
        found = "" if problem.found is None else str(problem.found)
        findings.append(
            error(
                "tree.unreadable",
                f"The ASDF extension {problem.what}.",
                extension="ASDF",
                expected=problem.expected or "an ASDF file",
                found=found,
            )
        )
        return Tree(None, findings)
    if text.problem:
        findings.append(
            error("tree.blocks", f"In the ASDF extension, {text.problem}.", extension="ASDF")
        )
    return Tree(text, findings)


def _check_layout(raw: RawFile, hdu: RawHDU) -> list[Finding]:
    findings = []
    names = [column.name for column in hdu.columns]
    sound = hdu.kind == "table" and names == ["ASDF_METADATA"] and hdu.shape == (1,)
    sound = sound and re.fullmatch(r"\d+B", hdu.columns[0].tform) is not None
    if hdu.kind == "image" and hdu.header.get("BITPIX") == 8:
        findings.append(
            note(
                "tree.layout",
                "The tree is stored as an image, as files before 2019 have it.",
                extension="ASDF",
                expected="BINTABLE",
                found="IMAGE",
            )
        )
    elif not sound:
        findings.append(
            error(
                "tree.layout",
                "The ASDF extension is not one cell of bytes.",
                extension="ASDF",
                expected="1 row, 1 column ASDF_METADATA, TFORM nB",
                found=f"{hdu.shape} rows, columns {names}",
            )
        )
    if raw.hdus[-1] is not hdu:
        findings.append(note("tree.place", "ASDF is not the last extension.", extension="ASDF"))
    return findings


def check_tree(raw: RawFile, identity: Identity, tree: Tree) -> list[Finding]:
    """Check links and values of the tree against extensions and headers.

    When the headers are not those the tree was written with (`_fits_hash`), readers believe the
    headers: differences are then remarks.
    """
    findings = list(tree.findings)
    if tree.text is None:
        return findings
    stored = tree.root.get("_fits_hash")
    edited = stored != raw.header_hash()
    findings += _check_links(raw, tree.text, edited)
    differences = _differences(raw, identity, tree.root)
    if stored is None:
        if not identity.reference:
            findings.append(note("tree.hash", "The tree has no _fits_hash.", extension="ASDF"))
    elif edited:
        findings.append(_edited(differences))
    else:
        findings += [_contradiction(*difference) for difference in differences]
        findings += _without_keyword(raw, identity, tree.root)
        if identity.product is not None:
            findings += _check_nodes(raw, identity.product, tree.root)
    return findings


_Difference = tuple[RawHDU, str, str, Value, Any]


def _edited(differences: list[_Difference]) -> Finding:
    places = [f"{hdu} {keyword}" for hdu, keyword, *_ in differences]
    shown = ", ".join(places[:MAX_LISTED]) + (" ..." if len(places) > MAX_LISTED else "")
    changed = f"; headers and tree differ in {shown}" if shown else ""
    return note(
        "tree.edited",
        f"Another tool has edited the headers, which count now{changed}.",
        extension="ASDF",
        item="_fits_hash",
        found=shown,
    )


def _contradiction(hdu: RawHDU, keyword: str, path: str, value: Value, known: Any) -> Finding:
    return error(
        "tree.value",
        f"{keyword} differs from {path} in the tree.",
        extension=hdu.name,
        extver=hdu.version,
        item=keyword,
        expected=f"{printable(str(known), 60)} as in the tree",
        found=printable(str(value), 60),
    )


def _differences(raw: RawFile, identity: Identity, root: Node) -> list[_Difference]:
    """Return the keywords whose value the tree gives otherwise."""
    table = declared_for(identity.model, identity.reference)
    found: list[_Difference] = []
    for hdu in raw.hdus:
        for card in hdu.header:
            if not card.valued or card.problem:
                continue
            entries = table.get((hdu.name, card.keyword), ())
            known = [(e.path, lookup(root, e.path, hdu.version - 1)) for e in entries]
            known = [(path, value) for path, value in known if value is not None]
            if known and not any(_same(card.value, value) for _, value in known):
                path, value = known[0]
                found.append((hdu, card.keyword, path, card.value, value))
    return found


def _same(header: Value, tree: Any) -> bool:
    if isinstance(header, bool) or isinstance(tree, bool):
        return header is tree
    if isinstance(header, int | float) and isinstance(tree, int | float):
        both_nan = math.isnan(header) and math.isnan(tree)
        return both_nan or math.isclose(header, tree, rel_tol=_SAME, abs_tol=0.0)
    return str(header).split() == str(tree).split()  # YAML may fold long text


def _without_keyword(raw: RawFile, identity: Identity, root: Node) -> list[Finding]:
    """Name values of the tree that FITS tools cannot see, for want of their keyword."""
    findings = []
    for (extension, keyword), entries in declared_for(identity.model, identity.reference).items():
        for hdu in raw.named(extension):
            values = [(e.path, lookup(root, e.path, hdu.version - 1)) for e in entries]
            hidden = [path for path, value in values if isinstance(value, str | int | float)]
            if hidden and keyword not in hdu.header and keyword not in ("HISTORY", "COMMENT"):
                findings.append(
                    warning(
                        "tree.hidden",
                        f"{hidden[0]} has a value in the tree but no keyword.",
                        extension=hdu.name,
                        extver=hdu.version,
                        item=keyword,
                        expected="present, as in the tree",
                        found="missing",
                    )
                )
    return findings


def _check_links(raw: RawFile, text: AsdfText, edited: bool) -> list[Finding]:
    """Check each array of the tree that is stored elsewhere."""
    findings: list[Finding] = []
    for path, node in walk(text.tree):
        source = node.get("source") if isinstance(node, Node) else None
        if source is not None and node.tag.startswith("tag:stsci.edu:asdf/core/ndarray-"):
            findings += _check_link(raw, text.blocks, path, node, note if edited else error)
    return findings


def _check_link(raw: RawFile, blocks: int, path: str, node: Node, finding: Any) -> list[Finding]:
    source = node["source"]
    where: dict[str, Any] = {"extension": "ASDF", "item": path, "found": str(source)}
    if isinstance(source, int) and not isinstance(source, bool):
        if source < blocks:
            return []
        message = f"{path} is in a binary block that is not there."
        return [error("tree.link", message, **where, expected=f"fewer than {blocks}")]
    match = _LINK.match(source) if isinstance(source, str) else None
    if match is None:
        message = f"{path} is said to be outside the file."
        return [error("tree.external", message, **where, expected="fits:NAME,VER")]
    hdu = _target(raw, match)
    if hdu is None:
        message = f"{path} is linked to an extension that is not there."
        return [finding("tree.link", message, **where, expected="an extension of this file")]
    return _check_target(hdu, path, node, finding)


def _target(raw: RawFile, match: re.Match[str]) -> RawHDU | None:
    number = int(match[2])
    if match[1] is None:
        return raw.hdus[number] if number < len(raw.hdus) else None
    return raw.find(match[1].strip().upper(), number)


def _check_target(hdu: RawHDU, path: str, node: Node, finding: Any) -> list[Finding]:
    findings = []
    shape = node.get("shape")
    if isinstance(shape, list) and shape != list(hdu.shape):
        findings.append(
            finding(
                "tree.shape",
                f"{path} in the tree and {hdu} differ in shape.",
                extension=hdu.name,
                extver=hdu.version,
                item=path,
                expected=f"{shape} as in the tree",
                found=str(list(hdu.shape)),
            )
        )
    known = _columns_of(node.get("datatype"))
    have = [(c.name.lower(), _type_name(c.dtype)) for c in hdu.columns] if known else None
    kind = node.get("datatype")
    if known and have != known:
        wrong = [f"{n} {t}" for n, t in known if (n, t) not in (have or [])]
        expected, found = ", ".join(wrong) or "the same columns", "other columns"
    elif isinstance(kind, str) and hdu.dtype is not None and kind != _type_name(hdu.dtype):
        expected, found = kind, _type_name(hdu.dtype)
    else:
        return findings
    findings.append(
        finding(
            "tree.dtype",
            f"{path} in the tree and {hdu} differ in data type.",
            extension=hdu.name,
            extver=hdu.version,
            item=path,
            expected=f"{expected} as in the tree",
            found=found,
        )
    )
    return findings


def _columns_of(datatype: Any) -> list[tuple[str, str]]:
    """Return names and types of the columns of a table of the tree, empty for an image."""
    if not isinstance(datatype, list) or not all(isinstance(item, dict) for item in datatype):
        return []
    return [(str(c.get("name", "")).lower(), _plain_type(c.get("datatype"))) for c in datatype]


def _plain_type(kind: Any) -> str:
    if isinstance(kind, list):  # [ascii, n]
        return "".join(str(part) for part in kind)
    return "bool8" if kind in ("int8", "bool8") else str(kind)


def _type_name(dtype: np.dtype[Any] | None) -> str:
    if dtype is None:
        return "scaled"
    if dtype.kind == "S":
        return f"ascii{dtype.itemsize}"
    return "bool8" if dtype.kind == "b" or dtype.str[1:] == "i1" else dtype.name


def _check_nodes(raw: RawFile, kind: type[Product], root: Node) -> list[Finding]:
    """Check that each declared extension is linked from its own place in the tree."""
    findings: list[Finding] = []
    for name, spec in declared(kind).items():
        if isinstance(spec, Elements):
            findings += _check_elements(raw, name, spec.part, root)
        elif spec.extname:
            for hdu in raw.named(spec.extname)[:1]:
                findings += _check_node(hdu, spec.node, root)
    return findings


def _check_elements(raw: RawFile, name: str, part: type[Product], root: Node) -> list[Finding]:
    """Check the links of all elements whose EXTVER can be one (others are named elsewhere)."""
    specs = [s for s in declared(part).values() if not isinstance(s, Elements) and s.extname]
    number = max((len(raw.named(spec.extname)) for spec in specs), default=0)
    return [
        finding
        for spec in specs
        for hdu in raw.named(spec.extname)
        if hdu.version <= number
        for finding in _check_node(hdu, f"{name}[].{spec.node}", root)
    ]


def _check_node(hdu: RawHDU, path: str, root: Node) -> list[Finding]:
    if hdu.empty:
        return []
    node = lookup(root, path, hdu.version - 1)
    source = node.get("source") if isinstance(node, Node) else None
    link = f"fits:{hdu.name},{hdu.version}"
    where: dict[str, Any] = {"extension": hdu.name, "extver": hdu.version, "expected": link}
    if source is None:
        message = f"The tree has no link to {hdu}; readers that trust it miss this extension."
        return [warning("tree.unlinked", message, **where, found="no link")]
    match = _LINK.match(source) if isinstance(source, str) else None
    if match is None or match[1] is None:
        return []
    if (match[1].strip().upper(), int(match[2])) == (hdu.name, hdu.version):
        return []
    message = f"{path} in the tree is linked to another extension than {hdu}."
    return [error("tree.crossed", message, **where, item=path, found=source)]
