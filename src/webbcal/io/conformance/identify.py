"""Which product a file is: what it says, what its name says, what it holds."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from webbcal.io.conformance.findings import Finding, error, note
from webbcal.io.conformance.layouts import FRINGE_COLUMN, OTHER_LAYOUTS, VECTOR_COLUMN
from webbcal.io.conformance.raw import RawFile, RawHDU
from webbcal.spec.fields import Elements, Image, Product, Table, declared
from webbcal.spec.products import PRODUCTS
from webbcal.spec.references import REFERENCES

PLACEHOLDERS = ("", "N/A", "#TODO")


@dataclass(frozen=True)
class Identity:
    """What a file is taken for; `product` is None where no declaration applies."""

    product: type[Product] | None
    suffix: str = ""
    model: str = ""
    layout: str = ""
    reference: bool = False
    findings: list[Finding] = field(default_factory=list)


def identify(raw: RawFile) -> Identity:
    """Decide which declaration a file has to follow.

    A reference file is told by REFTYPE. Else DATAMODL decides; where several products share it,
    the suffix of the file name, then the extensions. Only if DATAMODL is missing or contradicts
    the first extension does the content overrule it.
    """
    model = raw.primary.text("DATAMODL").strip()
    reftype = raw.primary.text("REFTYPE").strip()
    if reftype not in PLACEHOLDERS:
        return _reference(model, reftype)
    name = name_suffix(raw)
    candidates = [kind for kind in PRODUCTS if kind.model == model and kind.storage == "fits"]
    if not candidates and model in OTHER_LAYOUTS:
        layout = OTHER_LAYOUTS[model]
        return Identity(
            None, name, model, layout, findings=[_recognised(model, layout, checked=False)]
        )
    if not candidates:
        return _by_name_and_content(raw, model, name)
    kind = choose(candidates, raw, name)
    findings = []
    if contradicts(kind, raw):
        better = [k for k in PRODUCTS if k.model and not misfits(k, raw)]
        if better:
            fitting = choose(better, raw, name)
            findings.append(
                error(
                    "product.model",
                    f"DATAMODL says {model}, but the extensions are those of {fitting.model}.",
                    extension="PRIMARY",
                    item="DATAMODL",
                    expected=fitting.model,
                    found=model,
                )
            )
            kind = fitting
    findings += _name_against_content(kind, model, name)
    undeclared = _newer_spectra(raw, kind)
    layout = undeclared or OTHER_LAYOUTS.get(kind.model, "")
    if layout:
        findings.append(_recognised(model, layout, checked=not undeclared))
    product = None if undeclared else kind
    return Identity(product, suffix_for(kind, name), model, layout, findings=findings)


def _reference(model: str, reftype: str) -> Identity:
    kind = REFERENCES.get(reftype.lower())
    findings = []
    if kind is None:
        findings.append(
            note(
                "product.undeclared",
                f"Reference type {reftype} is not declared; its content is not checked.",
                extension="PRIMARY",
                item="REFTYPE",
                found=reftype,
            )
        )
    return Identity(kind, reftype.lower(), model, reference=True, findings=findings)


def _recognised(model: str, layout: str, *, checked: bool) -> Finding:
    rest = "" if checked else "; its arrays are not checked against a declaration"
    return note(
        "product.layout",
        f"This is a layout the format documents do not list: {layout}{rest}.",
        extension="PRIMARY",
        item="DATAMODL",
        found=model,
    )


def _by_name_and_content(raw: RawFile, model: str, name: str) -> Identity:
    findings = []
    if model not in PLACEHOLDERS:
        findings.append(
            error(
                "product.model",
                f"DATAMODL {model} is not a kind of product.",
                extension="PRIMARY",
                item="DATAMODL",
                expected="the name of a JWST data model",
                found=model,
            )
        )
    fitting = [k for k in PRODUCTS if k.model and not misfits(k, raw)]
    named = [k for k in PRODUCTS if name and name in k.suffixes and k.model]
    candidates = [k for k in named if k in fitting] or named or fitting
    kind = choose(candidates, raw, name) if candidates else None
    if kind is None:
        findings.append(
            error(
                "product.unknown",
                "Neither DATAMODL nor the name nor the extensions tell which product this is.",
                expected="a JWST product",
            )
        )
        return Identity(None, name, model, findings=findings)
    return Identity(kind, suffix_for(kind, name), model, findings=findings)


def _name_against_content(kind: type[Product], model: str, name: str) -> list[Finding]:
    if not name or name in kind.suffixes:
        return []
    return [
        note(
            "product.name",
            f"The file is called {name}, but holds {' or '.join(kind.suffixes)} ({model}).",
            expected=" or ".join(kind.suffixes),
            found=name,
        )
    ]


def name_suffix(raw: RawFile) -> str:
    """Return the last part of the file name that is a product suffix, empty if none is.

    The name on disk counts; if it holds no suffix, that of FILENAME.
    """
    suffixes = {suffix for kind in PRODUCTS for suffix in kind.suffixes}
    for name in (raw.path.name, raw.primary.text("FILENAME")):
        stem = Path(name).name.lower().partition(".")[0]
        for size in (2, 1):  # ami-oi before oi
            parts = re.split(r"[_-]", stem)
            for end in range(len(parts), size - 1, -1):
                word = "-".join(parts[end - size : end])
                if word in suffixes:
                    return word
    return ""


def choose(candidates: list[type[Product]], raw: RawFile, name: str) -> type[Product]:
    """Return the candidate that the name asks for, else the one whose extensions fit best."""
    named = [kind for kind in candidates if name in kind.suffixes]
    return min(named or candidates, key=lambda kind: misfits(kind, raw))


def suffix_for(kind: type[Product], name: str) -> str:
    """Return the suffix of a product: that of the name where it applies."""
    if name in kind.suffixes or not kind.suffixes:
        return name
    return kind.suffixes[0]


def specs(kind: type[Product]) -> dict[str, Image | Table]:
    """Return the declared extensions of a product or of its elements, by EXTNAME in capitals."""
    found: dict[str, Image | Table] = {}
    for spec in declared(kind).values():
        if isinstance(spec, Elements):
            found.update(specs(spec.part))
        elif spec.extname:
            found[spec.extname.upper()] = spec
    return found


def contradicts(kind: type[Product], raw: RawFile) -> bool:
    """Tell whether the first declared extension is missing or of another dimension."""
    for name, spec in specs(kind).items():
        return any(not _fits(hdu, spec) for hdu in raw.named(name)[:1]) or not raw.named(name)
    return False


def misfits(kind: type[Product], raw: RawFile) -> int:
    """Count required extensions that are missing or of another dimension, and unknown ones."""
    wanted = specs(kind)
    present = {hdu.name: hdu for hdu in reversed(raw.hdus) if not hdu.empty}
    wrong = sum(
        not _fits(present[name], spec) if name in present else spec.required
        for name, spec in wanted.items()
    )
    others = set(present) - set(wanted) - {"PRIMARY", "ASDF", "HDRTAB", ""}
    return wrong + len(others)


def _fits(hdu: RawHDU, spec: Image | Table) -> bool:
    if isinstance(spec, Table):
        return hdu.kind == "table"
    return hdu.kind == "image" and spec.axes_of(len(hdu.shape)) is not None


def _newer_spectra(raw: RawFile, kind: type[Product]) -> str:
    """Name a newer layout of spectra that carries the DATAMODL of an older one."""
    for name in ("EXTRACT1D", "COMBINE1D"):
        spec = specs(kind).get(name)
        declared_columns = (
            {c.name.upper() for c in spec.columns} if isinstance(spec, Table) else set()
        )
        for hdu in raw.named(name)[:1]:
            columns = {column.name.upper() for column in hdu.columns} - declared_columns
            if VECTOR_COLUMN in columns:
                return "spectra as vectors"
            if FRINGE_COLUMN in columns:
                return OTHER_LAYOUTS["MRSMultiSpecModel"]
    return ""
