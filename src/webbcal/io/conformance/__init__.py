"""Check whether a product file follows its format, from its bytes.

`check_file` reads one file and returns a `Report`; it raises nothing, whatever the file holds.
"""

from collections import Counter
from dataclasses import replace
from pathlib import Path

from webbcal.core.errors import InvalidInput
from webbcal.io.conformance.arrays import check_arrays
from webbcal.io.conformance.asdf_file import ASDF_MAGIC, check_asdf
from webbcal.io.conformance.ecsv import ECSV_MAGIC, check_ecsv
from webbcal.io.conformance.extensions import check_extensions
from webbcal.io.conformance.findings import (
    Finding,
    Report,
    Severity,
    as_document,
    error,
    exit_code,
    note,
)
from webbcal.io.conformance.identify import identify
from webbcal.io.conformance.keywords import check_keywords
from webbcal.io.conformance.raw import first_bytes, read_structure
from webbcal.io.conformance.tree import check_tree, read_tree

__all__ = ["Finding", "Report", "Severity", "as_document", "check_file", "exit_code"]

MAX_OF_ONE_RULE = 40

_CONVERTED = frozenset(
    (
        *("image.dtype", "table.columns", "table.order", "table.format"),
        *("keyword.type", "keyword.value"),
    )
)


def check_file(path: Path) -> Report:
    """Check a product or reference file against the declaration of its kind.

    Parameters
    ----------
    path : Path
        FITS product or reference.

    Returns
    -------
    Report
        Every finding, errors first. A file that is no product at all is not `readable`.

    Notes
    -----
    Pixels are not read. A damaged structure is reported alone, and so is a file of no known kind:
    what follows from it (extensions that could not be reached, say) is not.
    """
    try:
        start = first_bytes(path)
        if start.startswith(ASDF_MAGIC):
            return check_asdf(path)
        if start.startswith(ECSV_MAGIC):
            return check_ecsv(path)
        raw = read_structure(path)
    except InvalidInput as problem:
        return _unreadable(path, problem)
    identity = identify(raw)
    findings = list(raw.damage)
    known = identity.product is not None or identity.layout or identity.reference
    findings += [] if raw.broken else identity.findings
    if known and not raw.broken:
        findings += check_extensions(raw, identity)
        content = check_arrays(raw, identity) + check_keywords(raw, identity)
        findings += _generously(content) if identity.reference else content
        tree = read_tree(raw, required=not identity.reference)
        findings += check_tree(raw, identity, tree)
    return Report(str(path), _ordered(findings), identity.suffix, identity.model, identity.layout)


def _generously(findings: list[Finding]) -> list[Finding]:
    """Make warnings of errors of type: references are read more generously than products.

    They come from many hands and years; the reader converts, and ignores the width of strings.
    """
    kept = []
    for finding in findings:
        if finding.rule in _CONVERTED and finding.severity is Severity.ERROR:
            if finding.found.endswith("A") and finding.expected.endswith("A"):
                continue
            finding = replace(finding, severity=Severity.WARNING)
        kept.append(finding)
    return kept


def _unreadable(path: Path, problem: InvalidInput) -> Report:
    found = error(
        "file.unreadable",
        f"The file {problem.what}." + (f" {problem.advice}" if problem.advice else ""),
        expected="" if problem.expected is None else problem.expected,
        found="" if problem.found is None else problem.found,
    )
    return Report(str(path), (found,), readable=False)


def _ordered(findings: list[Finding]) -> tuple[Finding, ...]:
    """Sort by severity, and keep the number of findings of one rule bounded."""
    kept: list[Finding] = []
    counts: Counter[str] = Counter()
    for finding in findings:
        counts[finding.rule] += 1
        if counts[finding.rule] <= MAX_OF_ONE_RULE:
            kept.append(finding)
    more = {rule: n - MAX_OF_ONE_RULE for rule, n in counts.items() if n > MAX_OF_ONE_RULE}
    kept += [note(rule, f"{n} more findings of this kind.") for rule, n in more.items()]
    order = list(Severity)
    return tuple(sorted(kept, key=lambda finding: order.index(finding.severity)))
