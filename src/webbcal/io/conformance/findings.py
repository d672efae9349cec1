"""What a check of a file found, and its form for other programs.

The JSON form of a report (``webbcal check --json``) is stable: names are only ever added.

* ``schema``: ``"webbcal-check-1"``
* ``counts``: number of findings of all files by severity
* ``files``: one object per file with

  - ``file``, ``product`` (suffix), ``model``, ``layout`` (words, where the file is of a known
    layout that webbcal only recognises); null where unknown
  - ``status``: ``"conforms"``, ``"does not conform"`` or ``"cannot be read"``
  - ``counts``: as above
  - ``findings``: objects with ``severity`` (``error``, ``warning``, ``note``), ``rule`` (a
    stable name such as ``image.dtype``), ``extension``, ``extver``, ``item`` (keyword or
    column), ``expected``, ``found`` (text) and ``message`` (one sentence); null where empty
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

SCHEMA = "webbcal-check-1"
MAX_TEXT = 200
MAX_MESSAGE = 500


class Severity(StrEnum):
    """How much a finding matters."""

    ERROR = "error"  # the file breaks its format
    WARNING = "warning"  # readable, but something that should be there is not, or is odd
    NOTE = "note"  # worth knowing


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found; `item` is a keyword or a column."""

    severity: Severity
    rule: str
    message: str
    extension: str = ""
    extver: int | None = None
    item: str = ""
    expected: str = ""
    found: str = ""

    @property
    def place(self) -> str:
        """Extension, and keyword or column, in one word."""
        name = self.extension
        if name and self.extver is not None and self.extver != 1:
            name = f"{name},{self.extver}"
        return " ".join(part for part in (name, self.item) if part)

    def as_dict(self) -> dict[str, Any]:
        """Return the finding as plain values."""
        return {
            "severity": str(self.severity),
            "rule": self.rule,
            "extension": self.extension or None,
            "extver": self.extver,
            "item": self.item or None,
            "expected": self.expected or None,
            "found": self.found or None,
            "message": self.message,
        }


def error(rule: str, message: str, **where: Any) -> Finding:
    """Return a finding that makes the file nonconforming."""
    return Finding(Severity.ERROR, rule, printable(message, MAX_MESSAGE), **_brief(where))


def warning(rule: str, message: str, **where: Any) -> Finding:
    """Return a finding that does not."""
    return Finding(Severity.WARNING, rule, printable(message, MAX_MESSAGE), **_brief(where))


def note(rule: str, message: str, **where: Any) -> Finding:
    """Return a remark."""
    return Finding(Severity.NOTE, rule, printable(message, MAX_MESSAGE), **_brief(where))


def _brief(where: dict[str, Any]) -> dict[str, Any]:
    """Shorten texts that come from the file, and make them printable."""
    return {
        key: value if key == "extver" else printable(str(value)) for key, value in where.items()
    }


def printable(text: str, limit: int = MAX_TEXT) -> str:
    """Return text from a file on one line, without control characters, of bounded length."""
    clean = "".join(c if c.isprintable() else "?" for c in text[: limit + 1])
    return clean if len(clean) <= limit else clean[: limit - 3] + "..."


@dataclass(frozen=True)
class Report:
    """All findings of one file."""

    file: str
    findings: tuple[Finding, ...]
    product: str = ""
    model: str = ""
    layout: str = ""
    readable: bool = True

    @property
    def conforms(self) -> bool:
        """Whether the file can be read and nothing in it is an error."""
        return self.readable and not any(f.severity is Severity.ERROR for f in self.findings)

    @property
    def status(self) -> str:
        """The verdict in words."""
        if not self.readable:
            return "cannot be read"
        return "conforms" if self.conforms else "does not conform"

    def as_dict(self) -> dict[str, Any]:
        """Return the report as plain values."""
        return {
            "file": self.file,
            "product": self.product or None,
            "model": self.model or None,
            "layout": self.layout or None,
            "status": self.status,
            "counts": count(self.findings),
            "findings": [f.as_dict() for f in self.findings],
        }


def count(findings: Iterable[Finding]) -> dict[str, int]:
    """Return the number of findings of each severity."""
    numbers = Counter(f.severity for f in findings)
    return {str(severity): numbers[severity] for severity in Severity}


def as_document(reports: Iterable[Report]) -> dict[str, Any]:
    """Return the JSON document of several reports."""
    reports = list(reports)
    return {
        "schema": SCHEMA,
        "counts": count(f for report in reports for f in report.findings),
        "files": [report.as_dict() for report in reports],
    }


def exit_code(reports: Iterable[Report]) -> int:
    """Return 0 if every file conforms, 1 if one does not, 2 if one cannot be read."""
    reports = list(reports)
    if any(not report.readable for report in reports):
        return 2
    return 0 if all(report.conforms for report in reports) else 1
