"""What the commands check, info and describe print and return."""

import json
from pathlib import Path

import pytest
from astropy.io import fits
from tests.io.conformance.sample_files import write_product

from webbcal.cli.check import WIDTH, check, lines
from webbcal.cli.describe import describe
from webbcal.cli.info import info, size_in_words
from webbcal.core.errors import InvalidInput
from webbcal.io.conformance.findings import SCHEMA, error
from webbcal.spec.products.detector1 import Ramp, Rate


@pytest.fixture
def good(tmp_path: Path) -> Path:
    return write_product(tmp_path / "jw1_rate.fits", Rate)


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    def edit(hdus: fits.HDUList) -> None:
        del hdus[0].header["INSTRUME"]

    return write_product(tmp_path / "jw2_rate.fits", Rate, edit=edit)


@pytest.fixture
def unreadable(tmp_path: Path) -> Path:
    path = tmp_path / "jw3_rate.fits"
    path.write_bytes(b"nothing")
    return path


def test_exit_code_is_that_of_the_worst_file(good: Path, bad: Path, unreadable: Path) -> None:
    assert check([good], json=False) == 0
    assert check([good, bad], json=False) == 1
    assert check([unreadable, bad, good], json=False) == 2


def test_warnings_do_not_fail(tmp_path: Path) -> None:
    def edit(hdus: fits.HDUList) -> None:
        del hdus["ERR"]

    assert check([write_product(tmp_path / "jw1_ramp.fits", Ramp, edit=edit)], json=False) == 0


def test_text_ends_with_a_count(good: Path, bad: Path, capsys: pytest.CaptureFixture[str]) -> None:
    check([good, bad], json=False)
    text = capsys.readouterr().out.splitlines()
    assert text[-1] == "1 of 2 files conform: 1 error, 0 warnings, 0 notes"
    assert any("INSTRUME" in line and "error" in line for line in text)


def test_findings_fit_in_80_columns() -> None:
    finding = error("a.rule", "words " * 40, extension="EXTENSION", expected="x " * 80, found="y")
    printed = lines(finding)
    assert max(len(line.plain) for line in printed) <= WIDTH
    assert "expected x" in " ".join(line.plain for line in printed)


def test_json_is_one_document(
    good: Path, bad: Path, unreadable: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    check([good, bad, unreadable], json=True)
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == SCHEMA
    assert [file["status"] for file in document["files"]] == [
        "conforms",
        "does not conform",
        "cannot be read",
    ]
    (finding,) = document["files"][1]["findings"]
    assert finding == {
        "severity": "error",
        "rule": "keyword.missing",
        "extension": "PRIMARY",
        "extver": None,
        "item": "INSTRUME",
        "expected": "present",
        "found": "missing",
        "message": "The primary header has no INSTRUME.",
    }
    assert document["counts"] == {"error": 2, "warning": 0, "note": 0}


def test_info_names_mode_and_extensions(good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert info(good) == 0
    text = capsys.readouterr().out
    for word in ("NRCA1", "NRC_IMAGE", "VAR_POISSON", "float32", "5 x 4", "rate"):
        assert word in text


def test_info_of_what_is_no_file_is_invalid_input(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput):
        info(tmp_path / "none.fits")


def test_describe_lists_everything_and_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert describe(None) == 0
    listed = capsys.readouterr().out
    assert all(word in listed for word in ("uncal", "x1dints", "superbias", "ecsv"))
    assert describe("rateints") == 0
    one = capsys.readouterr().out
    assert "int_start_MJD_UTC" in one
    assert "x, y, integration" in one


@pytest.mark.parametrize(("size", "words"), [(12, "12 B"), (83520, "83.5 kB"), (2e12, "2000.0 GB")])
def test_sizes_have_units(size: float, words: str) -> None:
    assert size_in_words(size) == words
