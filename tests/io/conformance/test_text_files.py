"""Tables as text, and trees without FITS."""

from pathlib import Path
from typing import Any

import pytest
from astropy import units as u
from astropy.table import QTable
from tests.io.conformance.sample_files import asdf_text

from webbcal.io.conformance import Report, Severity, check_file

WHITE_LIGHT = {"MJD_UTC": "float64", "BJD_TDB": "float64", "whitelight_flux": "float64"}


def white_light(path: Path, columns: dict[str, str] = WHITE_LIGHT) -> Path:
    table = QTable({name: [1, 2] for name in columns}, dtype=list(columns.values()))
    if columns.get("whitelight_flux") == "float64":
        table["whitelight_flux"] = table["whitelight_flux"] * u.Jy
    table.write(path, format="ascii.ecsv")
    return path


def important(report: Report) -> list[tuple[str, str, str]]:
    return [
        (str(f.severity), f.rule, f.place)
        for f in report.findings
        if f.severity is not Severity.NOTE
    ]


def test_table_written_by_astropy_conforms(tmp_path: Path) -> None:
    report = check_file(white_light(tmp_path / "jw1_whtlt.ecsv"))
    assert (important(report), report.product) == ([], "whtlt")


def test_kind_is_told_by_the_columns_if_not_by_the_name(tmp_path: Path) -> None:
    assert check_file(white_light(tmp_path / "curve.ecsv")).product == "whtlt"


def test_missing_column_is_an_error(tmp_path: Path) -> None:
    columns = {name: kind for name, kind in WHITE_LIGHT.items() if name != "whitelight_flux"}
    report = check_file(white_light(tmp_path / "jw1_whtlt.ecsv", columns))
    assert important(report) == [("error", "table.columns", "whitelight_flux")]


def test_column_of_another_type_is_an_error(tmp_path: Path) -> None:
    columns = WHITE_LIGHT | {"whitelight_flux": "str"}
    report = check_file(white_light(tmp_path / "jw1_whtlt.ecsv", columns))
    assert important(report) == [("error", "table.format", "whitelight_flux")]


def test_line_of_another_length_is_an_error(tmp_path: Path) -> None:
    path = white_light(tmp_path / "jw1_whtlt.ecsv")
    path.write_text(path.read_text() + "1.0 2.0\n")
    assert important(check_file(path)) == [("error", "table.rows", "")]


def test_titles_must_be_those_of_the_header(tmp_path: Path) -> None:
    path = white_light(tmp_path / "jw1_whtlt.ecsv")
    path.write_text(path.read_text().replace("\nMJD_UTC ", "\nMJD "))
    assert important(check_file(path)) == [("error", "table.titles", "")]


def test_header_that_is_not_yaml_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "jw1_whtlt.ecsv"
    path.write_text("# %ECSV 1.0\n# ---\n# datatype: [\nMJD\n1\n")
    assert important(check_file(path)) == [("error", "table.unreadable", "")]


META: dict[str, Any] = {
    "telescope": "JWST",
    "instrument": {"name": "NIRCAM"},
    "reftype": "distortion",
    "pedigree": "GROUND",
    "author": "N. N.",
    "description": "None",
    "useafter": "2022-01-01T00:00:00",
}


def test_reference_as_tree_conforms(tmp_path: Path) -> None:
    path = tmp_path / "a.asdf"
    path.write_bytes(asdf_text({"meta": META}))
    report = check_file(path)
    assert (report.findings, report.product) == ((), "distortion")


@pytest.mark.parametrize("name", ["author", "telescope"])
def test_reference_as_tree_needs_its_metadata(tmp_path: Path, name: str) -> None:
    path = tmp_path / "a.asdf"
    path.write_bytes(asdf_text({"meta": {k: v for k, v in META.items() if k != name}}))
    assert important(check_file(path)) == [("warning", "keyword.missing", f"meta.{name}")]


def test_tree_that_is_cut_off_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "a.asdf"
    path.write_bytes(asdf_text({"meta": META})[:-20])
    assert important(check_file(path)) == [("error", "tree.unreadable", "")]
