"""Rules on the text tables: catalogues and light curves.

Source: ECSV 1.0 (astropy APE 6); JWST science products documentation, cat, phot, whtlt.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from webbcal.core.errors import InvalidInput
from webbcal.io.conformance.findings import Finding, Report, error, note, warning
from webbcal.io.conformance.yaml_tree import Node, parse_yaml
from webbcal.spec.fields import Column, Product, Table, declared
from webbcal.spec.products import PRODUCTS

ECSV_MAGIC = b"# %ECSV"
MAX_HEADER_LINES = 100_000
MAX_LINE = 10_000_000

_KINDS = {"i": "integer", "u": "integer", "f": "float", "b": "bool", "S": "string", "U": "string"}


@dataclass(frozen=True)
class EcsvHeader:
    """The header of an ECSV file: columns as (name, type, unit), metadata, column titles."""

    columns: tuple[tuple[str, str, str], ...]
    meta: dict[str, Any]
    titles: tuple[str, ...]
    rows: int
    ragged: int  # first line (from 1) with another number of values; 0: none


def read_ecsv(path: Path) -> EcsvHeader:
    """Read the header of an ECSV file and count its rows; nothing in it is executed.

    Raises
    ------
    InvalidInput
        It is not ECSV, or its header is not YAML.
    """
    lines: list[str] = []
    titles: tuple[str, ...] = ()
    delimiter = None
    columns: list[tuple[str, str, str]] = []
    meta: dict[str, Any] = {}
    rows = ragged = 0
    with path.open(encoding="utf-8", errors="replace") as stream:
        for number, line in enumerate(iter(lambda: stream.readline(MAX_LINE), ""), start=1):
            if line.startswith("#") and not titles:
                if len(lines) >= MAX_HEADER_LINES:
                    raise InvalidInput("has a header without end")
                lines.append(line[2:])
            elif not line.strip():
                continue
            elif not titles:
                columns, meta, delimiter = _parse(lines)
                titles = _split(line, delimiter)
            else:
                rows += 1
                if not ragged and len(_split(line, delimiter)) != len(titles):
                    ragged = number
    if not titles:
        columns, meta, delimiter = _parse(lines)
    return EcsvHeader(tuple(columns), meta, titles, rows, ragged)


def _parse(lines: list[str]) -> tuple[list[tuple[str, str, str]], dict[str, Any], str]:
    header = parse_yaml("".join(line for line in lines if not line.startswith("%")))
    if not isinstance(header, Node) or not isinstance(header.get("datatype"), list):
        raise InvalidInput("has no list of columns", expected="datatype")
    columns = [
        (str(c.get("name", "")), str(c.get("datatype", "")), str(c.get("unit") or ""))
        for c in header["datatype"]
        if isinstance(c, dict)
    ]
    meta = header.get("meta")
    pairs = meta if isinstance(meta, list) else [meta]
    known = {str(key): value for p in pairs if isinstance(p, dict) for key, value in p.items()}
    return columns, known, str(header.get("delimiter") or " ")


def _split(line: str, delimiter: str | None) -> tuple[str, ...]:
    """Split a line into values; a value in quotes may hold the delimiter."""
    separator = re.escape(delimiter) if delimiter and delimiter.strip() else r"\s"
    values = re.findall(rf'"(?:[^"]|"")*"|[^{separator}]+', line.strip())
    return tuple(value.strip('"') for value in values)


def check_ecsv(path: Path) -> Report:
    """Check an ECSV product against the declared columns of its kind."""
    suffix = _suffix(path)
    try:
        header = read_ecsv(path)
    except (InvalidInput, OSError) as problem:
        words = problem.what if isinstance(problem, InvalidInput) else "cannot be read"
        found = getattr(problem, "found", None) or ""
        finding = error("table.unreadable", f"The header of the table {words}.", found=found)
        return Report(str(path), (finding,), suffix)
    findings = _check_titles(header)
    kind = _declared_kind(suffix, header)
    if kind is None:
        findings.append(
            note("product.undeclared", "The name does not tell which kind of table this is.")
        )
        return Report(str(path), tuple(findings), suffix)
    columns = _columns(kind)
    return Report(str(path), tuple(findings + _check_columns(header, columns)), kind.suffixes[0])


def _suffix(path: Path) -> str:
    known = {s for kind in PRODUCTS if kind.storage == "ecsv" for s in kind.suffixes}
    words = re.split(r"[_.-]", path.name.lower())
    return next((word for word in reversed(words) if word in known), "")


def _columns(kind: type[Product]) -> tuple[Column, ...]:
    tables = [spec for spec in declared(kind).values() if isinstance(spec, Table)]
    return tuple(column for table in tables for column in table.columns)


def _declared_kind(suffix: str, header: EcsvHeader) -> type[Product] | None:
    """Return the kind the name tells, else the one whose columns are all there."""
    kinds = [kind for kind in PRODUCTS if kind.storage == "ecsv"]
    named = [kind for kind in kinds if suffix in kind.suffixes]
    names = [name for name, *_ in header.columns]
    fitting = [
        kind for kind in kinds if all(_find(c, names) for c in _columns(kind) if not c.optional)
    ]
    return next(iter(named or fitting), None)


def _find(column: Column, names: list[str]) -> list[str]:
    """Return the names in a file that a declared column stands for."""
    if column.pattern:
        return [name for name in names if re.fullmatch(column.pattern, name)]
    parts = (f"{column.name}.ra", f"{column.name}.dec")
    return [name for name in names if name == column.name or name in parts]


def _check_titles(header: EcsvHeader) -> list[Finding]:
    names = tuple(name for name, *_ in header.columns)
    findings = []
    if header.titles != names:
        findings.append(
            error(
                "table.titles",
                "The line of column titles differs from the columns of the header.",
                expected=", ".join(names),
                found=", ".join(header.titles) or "missing",
            )
        )
    if header.ragged:
        findings.append(
            error(
                "table.rows",
                f"Line {header.ragged} has another number of values than there are columns.",
                expected=f"{len(header.titles)} values",
            )
        )
    return findings


def _check_columns(header: EcsvHeader, columns: tuple[Column, ...]) -> list[Finding]:
    findings: list[Finding] = []
    names = [name for name, *_ in header.columns]
    kinds = {name: kind for name, kind, _ in header.columns}
    units = {name: unit for name, _, unit in header.columns}
    known: set[str] = set()
    for column in columns:
        matches = _find(column, names)
        known.update(matches)
        if not matches and not column.optional:
            findings.append(
                error(
                    "table.columns",
                    f"The table has no column {column.name}.",
                    item=column.name,
                    expected=_KINDS.get(column.dtype.kind, column.dtype.name),
                    found="missing",
                )
            )
        for name in matches:
            findings += _check_column(name, kinds[name], units[name], column)
    others = [name for name in names if name not in known]
    if others:
        shown = ", ".join(others[:12])
        findings.append(
            note("table.others", f"Columns outside the declaration: {shown}.", found=shown)
        )
    return findings


def _check_column(name: str, kind: str, unit: str, column: Column) -> list[Finding]:
    findings: list[Finding] = []
    expected = _KINDS.get(column.dtype.kind, column.dtype.name)
    found = next((word for word in ("int", "float", "bool", "string") if word in kind), kind)
    coordinates = name.endswith((".ra", ".dec"))
    if not coordinates and not expected.startswith(found):
        findings.append(
            error(
                "table.format",
                f"The column {name} is of another type.",
                item=name,
                expected=expected,
                found=kind,
            )
        )
    if column.unit and unit and not coordinates and unit != column.unit:
        findings.append(
            warning(
                "table.unit",
                f"The column {name} has another unit than declared.",
                item=name,
                expected=column.unit,
                found=unit,
            )
        )
    return findings
