"""Files that others wrote: those of the observatory's data models, and genuine ones."""

from pathlib import Path

import pytest

from webbcal.io.conformance import Severity, check_file
from webbcal.report.file_info import file_info

SHARED = Path(__file__).resolve().parents[4] / "shared"
SAMPLES = sorted((SHARED / "format" / "samples").glob("*.[fe][ic][ts][sv]"))
REAL = sorted((SHARED / "real").rglob("*.fits")) + sorted((SHARED / "real").rglob("*.asdf"))

pytestmark = pytest.mark.skipif(not SAMPLES, reason="the given files are not here")

PROTOTYPE = "niriss_ref_photom.fits"

EXPECTED = {
    # the documents list an ERR extension that today's data models do not have
    "ramp": {"ERR"},
    "dark": {"ERR"},
    "ramp_superstripe": {"ERR", "GROUP", "INT_TIMES"},
}


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_sample_of_the_data_models_conforms(path: Path) -> None:
    report = check_file(path)
    assert [f for f in report.findings if f.severity is Severity.ERROR] == []
    warnings = [f for f in report.findings if f.severity is Severity.WARNING]
    assert {f.extension for f in warnings} == EXPECTED.get(path.stem, set())
    assert {f.rule for f in warnings} <= {"extension.expected"}


@pytest.mark.parametrize("path", REAL, ids=lambda path: path.name)
def test_genuine_file_has_no_error_but_cut_pixels(path: Path) -> None:
    report = check_file(path)
    errors = {f.rule for f in report.findings if f.severity is Severity.ERROR}
    assert report.readable
    expected = {"exposure.shape"} if path.parent.name == "headers" else set()
    # A prototype of 2015, whose table is in an extension SCI.
    assert errors == ({"extension.missing"} if path.name == PROTOTYPE else expected)


@pytest.mark.parametrize("path", [*SAMPLES, *REAL], ids=lambda path: path.name)
def test_every_file_can_be_described_on_a_screen(path: Path) -> None:
    found = file_info(path)
    assert found.size == path.stat().st_size
    assert found.kind


def test_facts_of_a_flight_spectrum() -> None:
    path = next((SHARED / "real" / "spectra").glob("jw01345*.fits"))
    found = file_info(path)
    assert found.facts["Mode"]["EXP_TYPE"] == "NRS_MSASPEC"
    assert found.wcs
    assert {"jump", "ramp_fit"} <= set(found.done)
    assert found.references["superbias"] == "crds://jwst_nirspec_superbias_0256.fits"
    sizes = {line.name: (line.shape, line.dtype) for line in found.extensions}
    assert sizes["DQ"] == ("341 x 25", "uint32")
