"""Rules on images and table columns: types, axes, shapes, units."""

import re
from typing import Any

import numpy as np

from webbcal.io.conformance.columns import RawColumn
from webbcal.io.conformance.findings import Finding, error, note, warning
from webbcal.io.conformance.identify import Identity, specs
from webbcal.io.conformance.layouts import COLUMN_DRIFTS
from webbcal.io.conformance.raw import RawFile, RawHDU
from webbcal.spec.fields import Column, Elements, Image, Table, declared

_BITPIX = {"u1": 8, "i2": 16, "u2": 16, "i4": 32, "u4": 32, "i8": 64, "f4": -32, "f8": -64}
_ZERO = {"u2": 2**15, "u4": 2**31}
_LETTER = {"b1": "L", "i1": "L", "u1": "B", "i2": "I", "u2": "I", "i4": "J", "u4": "J"}
_LETTER |= {"i8": "K", "u8": "K", "f4": "E", "f8": "D", "c8": "C", "c16": "M"}


def check_arrays(raw: RawFile, identity: Identity) -> list[Finding]:
    """Check every declared extension that is there against its declaration."""
    findings: list[Finding] = []
    for hdu in raw.hdus[1:]:
        findings += _check_table_width(hdu)
    if identity.product is None:
        return findings
    sizes: dict[tuple[int, str], tuple[int, str]] = {}
    multiple = {
        name
        for spec in declared(identity.product).values()
        if isinstance(spec, Elements)
        for name in specs(spec.part)
    }
    wanted = specs(identity.product)
    for hdu in raw.hdus[1:]:
        spec = wanted.get(hdu.name)
        if spec is None or (hdu.empty and isinstance(spec, Image)):
            continue
        element = hdu.version if hdu.name in multiple else 0
        if hdu.kind != ("table" if isinstance(spec, Table) else "image"):
            findings.append(_wrong_kind(hdu, spec))
        elif isinstance(spec, Image):
            findings += _check_type(hdu, spec) + _check_axes(hdu, spec, sizes, element)
        else:
            findings += _check_columns(hdu, spec)
    return findings


def _where(hdu: RawHDU, item: str = "") -> dict[str, Any]:
    return {"extension": hdu.name, "extver": hdu.version, "item": item}


def _wrong_kind(hdu: RawHDU, spec: Image | Table) -> Finding:
    squeezed = "ZIMAGE" in hdu.header
    return error(
        "extension.kind",
        f"{hdu} is a compressed image, which no product has; decompress it."
        if squeezed
        else f"{hdu} is of the wrong kind.",
        **_where(hdu, "XTENSION"),
        expected="BINTABLE" if isinstance(spec, Table) else "IMAGE",
        found="compressed image" if squeezed else hdu.header.text("XTENSION").strip(),
    )


def _stored_as(dtype: np.dtype[Any]) -> str:
    code = dtype.str[1:]
    zero = f", BZERO {_ZERO[code]}" if code in _ZERO else ""
    return f"{dtype.name} (BITPIX {_BITPIX.get(code, '?')}{zero})"


def _check_type(hdu: RawHDU, spec: Image) -> list[Finding]:
    findings: list[Finding] = []
    dtype = hdu.dtype
    if dtype != spec.dtype:
        header = hdu.header
        scaled = f"BITPIX {header.get('BITPIX')}, BSCALE {header.get('BSCALE')}, "
        scaled += f"BZERO {header.get('BZERO')}"
        findings.append(
            error(
                "image.dtype",
                f"The pixels of {hdu} are of the wrong type.",
                **_where(hdu, "BITPIX"),
                expected=_stored_as(spec.dtype),
                found=scaled if dtype is None else _stored_as(dtype),
            )
        )
    unit = hdu.header.text("BUNIT").strip()
    if unit and spec.unit and _plain(unit) != _plain(spec.unit):
        findings.append(
            note(
                "image.unit",
                f"{hdu} has another unit than declared.",
                **_where(hdu, "BUNIT"),
                expected=spec.unit,
                found=unit,
            )
        )
    return findings


def _plain(unit: str) -> str:
    plain = unit.replace(" ", "").replace("**", "^").lower()
    return re.sub(r"\((\w+)/(\w+)\)\^2", r"\1^2/\2^2", plain)


def _check_axes(
    hdu: RawHDU, spec: Image, sizes: dict[tuple[int, str], tuple[int, str]], element: int
) -> list[Finding]:
    """Check the number of axes, and each length against the arrays before; `sizes` remembers."""
    shape = hdu.shape
    axes = spec.axes_of(len(shape))
    if axes is None:
        allowed = " or ".join(fits_axes(names) for names in (spec.axes, *spec.alternatives))
        return [
            error(
                "image.axes",
                f"{hdu} has the wrong number of axes.",
                **_where(hdu, "NAXIS"),
                expected=f"{len(spec.axes)} ({allowed})",
                found=str(len(shape)),
            )
        ]
    findings = []
    for number, (axis, size) in enumerate(zip(axes[::-1], shape[::-1], strict=True), start=1):
        known, owner = sizes.setdefault((element, axis), (size, str(hdu)))
        if known != size:
            findings.append(
                error(
                    "image.shape",
                    f"{hdu} and {owner} differ in the length of the {axis} axis.",
                    **_where(hdu, f"NAXIS{number}"),
                    expected=f"{known} as in {owner}",
                    found=str(size),
                )
            )
    return findings


def fits_axes(axes: tuple[str, ...]) -> str:
    """Return the names of axes as FITS counts them, fastest first."""
    return ", ".join(reversed(axes))


def _check_table_width(hdu: RawHDU) -> list[Finding]:
    if hdu.kind != "table" or any(column.width == 0 and not column.tform for column in hdu.columns):
        return []
    if any(column.dtype is None and column.width == 0 for column in hdu.columns):
        return []
    width = sum(column.width for column in hdu.columns)
    if width == hdu.header.integer("NAXIS1"):
        return []
    return [
        error(
            "table.width",
            f"The columns of {hdu} do not fill its rows.",
            **_where(hdu, "NAXIS1"),
            expected=f"{width} bytes as the columns say",
            found=str(hdu.header.integer("NAXIS1")),
        )
    ]


def _check_columns(hdu: RawHDU, spec: Table) -> list[Finding]:
    have = {column.name.lower(): column for column in hdu.columns}
    wanted = {column.name.lower(): column for column in spec.columns}
    findings = [
        _missing_column(hdu, column)
        for key, column in wanted.items()
        if key not in have and not column.optional
    ]
    if not spec.open_ended:
        findings += [
            _extra_column(hdu, column) for key, column in have.items() if key not in wanted
        ]
    found = [key for key in have if key in wanted]
    if found != [key for key in wanted if key in have]:
        findings.append(
            error(
                "table.order",
                f"The columns of {hdu} are in another order.",
                **_where(hdu),
                expected=", ".join(c.name for c in spec.columns),
                found=", ".join(c.name for c in hdu.columns),
            )
        )
    for key in found:
        findings += _check_column(hdu, have[key], wanted[key])
    return findings


def _drift(hdu: RawHDU, column: str, tform: str) -> str:
    for drift in COLUMN_DRIFTS:
        if (drift.extension, drift.column.lower()) == (hdu.name, column.lower()):
            return drift.since if drift.tform == tform else ""
    return ""


def _missing_column(hdu: RawHDU, column: Column) -> Finding:
    since = _drift(hdu, column.name, "")
    finding = warning if since else error
    return finding(
        "table.columns",
        f"{hdu} has no column {column.name}" + (f"; {since}." if since else "."),
        **_where(hdu, column.name),
        expected=tform_of(column),
        found="missing",
    )


def _extra_column(hdu: RawHDU, column: RawColumn) -> Finding:
    return error(
        "table.columns",
        f"{hdu} has a column {column.name} that is not part of this table.",
        **_where(hdu, column.name),
        expected="no such column",
        found=column.tform,
    )


def _check_column(hdu: RawHDU, found: RawColumn, wanted: Column) -> list[Finding]:
    findings: list[Finding] = []
    if not _same_type(found, wanted):
        since = _drift(hdu, wanted.name, found.tform.removeprefix("1"))
        finding = warning if since else error
        findings.append(
            finding(
                "table.format",
                f"The column {wanted.name} of {hdu} is of another type"
                + (f"; {since}." if since else "."),
                **_where(hdu, wanted.name),
                expected=tform_of(wanted),
                found=_raw_tform(found),
            )
        )
    if found.unit and wanted.unit and _plain(found.unit) != _plain(wanted.unit):
        findings.append(
            note(
                "table.unit",
                f"The column {wanted.name} of {hdu} has another unit than declared.",
                **_where(hdu, wanted.name),
                expected=wanted.unit,
                found=found.unit,
            )
        )
    return findings


def _same_type(found: RawColumn, wanted: Column) -> bool:
    if found.dtype is None:
        return False
    if wanted.dtype.kind == "S":
        same = found.dtype.kind == "S" and wanted.dtype.itemsize in (0, found.dtype.itemsize)
    elif wanted.dtype.str[1:] in ("i1", "b1"):  # truth values
        same = found.dtype.str[1:] in ("i1", "b1")
    else:
        same = found.dtype == wanted.dtype
    return same and _same_cell(found.shape, wanted.shape)


def _same_cell(found: tuple[int, ...], wanted: tuple[int | None, ...]) -> bool:
    """Compare the shapes of cells: one value may be a vector of length one."""
    found = () if found == (1,) else found
    if not found and wanted in ((), (1,), (None,)):
        return True
    return len(found) == len(wanted) and all(
        size in (None, length) for size, length in zip(wanted, found, strict=True)
    )


def _raw_tform(column: RawColumn) -> str:
    unsigned = (
        f" ({column.dtype.name})" if column.dtype is not None and column.dtype.kind == "u" else ""
    )
    cell = f", cells of {column.shape}" if len(column.shape) > 1 else ""
    return (column.tform or "no TFORM") + unsigned + cell


def tform_of(column: Column) -> str:
    """Return a declared column as TFORM writes it; ``n`` stands for a free length."""
    if column.dtype.kind == "S":
        return f"{column.dtype.itemsize or 'n'}A"
    code = column.dtype.str[1:]
    letter = _LETTER.get(code, "?")
    unsigned = f" ({column.dtype.name})" if code in ("u2", "u4", "u8") else ""
    if not column.shape or column.shape == (1,):
        return letter + unsigned
    if len(column.shape) == 1:
        return f"{column.shape[0] or 'n'}{letter}{unsigned}"
    cell = ",".join(str(size or "n") for size in reversed(column.shape))
    return f"{letter}{unsigned}, TDIM ({cell})"
