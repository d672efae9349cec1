"""Rules on ASDF reference files: the tree is readable and says what it is."""

from pathlib import Path

from webbcal.core.errors import InvalidInput
from webbcal.io.conformance.findings import Finding, Report, error, note, warning
from webbcal.io.conformance.yaml_tree import MAX_BYTES, AsdfText, lookup, parse_asdf

ASDF_MAGIC = b"#ASDF"

SHOULD = {
    "meta.telescope": "TELESCOP",
    "meta.instrument.name": "INSTRUME",
    "meta.pedigree": "PEDIGREE",
    "meta.author": "AUTHOR",
    "meta.description": "DESCRIP",
    "meta.useafter": "USEAFTER",
}
"""Metadata of every reference file, with the keyword of the same meaning in FITS."""


def read_asdf(path: Path) -> AsdfText:
    """Read the tree of an ASDF file; no object is made of it.

    Raises
    ------
    InvalidInput
        It is not ASDF, or too large to be a reference file.
    """
    with path.open("rb") as stream:
        content = stream.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise InvalidInput("is too large to check", expected=f"{MAX_BYTES} bytes at most")
    return parse_asdf(content)


def check_asdf(path: Path) -> Report:
    """Check an ASDF file: tree, binary blocks, metadata of a reference file."""
    try:
        text = read_asdf(path)
    except InvalidInput as problem:
        found = "" if problem.found is None else problem.found
        message = f"The ASDF file {problem.what}."
        return Report(str(path), (error("tree.unreadable", message, found=found),))
    findings: list[Finding] = []
    if text.problem:
        findings.append(error("tree.blocks", f"In the file, {text.problem}."))
    reftype = lookup(text.tree, "meta.reftype")
    if not isinstance(reftype, str):
        findings.append(note("product.undeclared", "This ASDF file is no reference file."))
        return Report(str(path), tuple(findings))
    for name, keyword in SHOULD.items():
        if lookup(text.tree, name) is None:
            findings.append(
                warning(
                    "keyword.missing",
                    f"The tree has no {name} ({keyword}).",
                    item=name,
                    expected="present",
                    found="missing",
                )
            )
    model = lookup(text.tree, "meta.model_type")
    return Report(
        str(path), tuple(findings), reftype.lower(), model if isinstance(model, str) else ""
    )
