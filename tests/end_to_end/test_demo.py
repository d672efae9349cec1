"""The demonstration, on a programme that is smaller still."""

import pytest

import webbcal.cli.demo as demonstration
from webbcal.cli.demo import demo
from webbcal.report import truth
from webbcal.sim import ImagingProgramme

SMALL = ImagingProgramme(
    detectors="NRCB1",
    subarray="SUB320",
    readpatt="SHALLOW4",
    ngroups=5,
    exposures=3,
    sky=5.0,
    brightest_star=1e4,
    faintest_star=100.0,
    stars=300,
    galaxies=3,
    dark_frames=20,
    one_over_f=False,
)


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """Run it once; return its folder, exit status, what it printed, and what it made."""
    folder = tmp_path_factory.mktemp("demo")
    calibrate, made = demonstration._calibrate, []

    def watched(simulated, output_dir):
        made.extend([simulated, calibrate(simulated, output_dir)])
        return made[1]

    with pytest.MonkeyPatch.context() as patch, demonstration.console.capture() as told:
        patch.setattr(demonstration, "_calibrate", watched)
        status = demo(folder, SMALL, seed=1)
    return folder, status, told.get(), made


def test_the_truth_is_found_again(shown):
    folder, status, told, _ = shown
    assert status == 0, told
    assert told.splitlines()[-1] == "The truth was found again."
    assert told.count("\nok ") == 8
    made = sorted(path.name.rsplit("_", 1)[1] for path in folder.glob("jw*"))
    each = ["cal.fits", "crf.fits", "i2d.fits", "rate.fits"]
    assert made == sorted([*each * 3, "i2d.fits", "cat.ecsv", "segm.fits"])


def test_it_tells_in_lines_that_fit_a_terminal(shown):
    folder, _, told, _ = shown
    lines = [line.replace(str(folder), "demo") for line in told.splitlines()]
    assert all(len(line) <= 80 for line in lines), lines
    assert len(lines) < 30


def test_the_report_has_pictures_and_the_comparison(shown):
    page = (shown[0] / "report.html").read_text("utf-8")
    assert "Compared with the truth" in page
    assert "exposures on each other" in page
    assert page.count("badge bad") == 0
    for section in ("quicklook", "sky", "alignment", "catalogue", "truth"):
        assert f'<section id="{section}">' in page


def test_exit_status_1_if_the_truth_is_not_found_again(shown, monkeypatch):
    folder, _, _, (simulated, outcomes) = shown
    monkeypatch.setattr(demonstration, "simulate_files", lambda *_, **__: simulated)
    monkeypatch.setattr(demonstration, "_calibrate", lambda *_: outcomes)
    monkeypatch.setattr(truth, "ABSOLUTE_MAS", 1e-6)
    with demonstration.console.capture() as told:
        assert demo(folder, SMALL, seed=1) == 1
    lines = told.get().splitlines()
    assert lines[-1] == "The truth was NOT found again."
    failed = [line for line in lines if line.startswith("FAIL")]
    assert len(failed) == 1
    assert "exposures on the sky" in failed[0]
