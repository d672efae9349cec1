"""Exposures that are strange, poor or useless: defined, and told clearly."""

import numpy as np
import pytest
from astropy.io import fits

import webbcal
from webbcal.core.dq import DQ
from webbcal.core.errors import MissingReference
from webbcal.pipelines.runner import run_everything
from webbcal.pipelines.settings import Settings
from webbcal.sim import ImageSimulation, simulate_files

NINTS, NGROUPS = 2, 5


@pytest.fixture(scope="module")
def programme(tmp_path_factory):
    options = ImageSimulation(subarray="64x64", nints=NINTS, ngroups=NGROUPS)
    return simulate_files(options, tmp_path_factory.mktemp("odd"), seed=3)


@pytest.fixture
def calibrate(programme, tmp_path):
    """Calibrate the exposure with its file changed."""
    environ = {
        "CRDS_PATH": str(programme.crds),
        "CRDS_CONTEXT": "jwst_0001.pmap",
        "CRDS_MODE": "local",
        "WEBBCAL_CACHE": str(programme.crds.parent / "cache"),
    }

    def calibrate(edit, **settings):
        path = tmp_path / programme.exposures[0].name
        with fits.open(programme.exposures[0]) as units:
            del units["ASDF"]
            edit(units)
            units.writeto(path)
        chosen = Settings(output_dir=tmp_path / "out", **settings)
        (outcome,) = run_everything([path], chosen, environ=environ)
        return outcome

    return calibrate


def keyword(name, value):
    def edit(units):
        units[0].header[name] = value

    return edit


@pytest.mark.parametrize(("name", "value"), [("DETECTOR", "NRCX9"), ("READPATT", "HASTY")])
def test_no_reference_for_it(calibrate, name, value):
    outcome = calibrate(keyword(name, value))
    assert isinstance(outcome.error, MissingReference)
    assert value in str(outcome.error)


def test_unknown_subarray_with_references_that_cover_it(calibrate):
    assert calibrate(keyword("SUBARRAY", "SUB1000")).error is None


@pytest.mark.parametrize("kept", [0, 1])
def test_times_of_integrations_that_are_missing(calibrate, kept):
    def edit(units):
        units["INT_TIMES"].data = units["INT_TIMES"].data[:kept]

    outcome = calibrate(edit)
    said = [remark for remark in outcome.remarks if "INT_TIMES" in remark]
    assert said == ([f"INT_TIMES has no row for 1 of {NINTS} integrations"] if kept else [])
    assert len(webbcal.open(outcome.outputs["rateints"]).sci) == NINTS


def test_all_saturated(calibrate):
    def edit(units):
        units["SCI"].data[:] = 65535

    outcome = calibrate(edit)
    rate = webbcal.open(outcome.outputs["rate"])
    light = (rate.dq & DQ.REFERENCE_PIXEL) == 0
    assert np.isnan(rate.sci[light]).all()
    assert ((rate.dq[light] & DQ.SATURATED) != 0).mean() > 0.9
    assert ((rate.dq[light] & DQ.DO_NOT_USE) != 0).all()
    assert any("no pixel has a usable rate" in remark for remark in outcome.remarks)


def test_all_at_the_floor(calibrate):
    def edit(units):
        units["SCI"].data[:] = 0

    outcome = calibrate(edit)
    rate = webbcal.open(outcome.outputs["rate"])
    assert np.isnan(rate.sci).all()
    assert any("no pixel has a usable rate" in remark for remark in outcome.remarks)


def test_no_good_pixel(programme, calibrate, tmp_path):
    mask = tmp_path / "mask.fits"
    with fits.open(programme.references["mask"]) as units:
        units["DQ"].data[:] = 1
        units.writeto(mask)
    outcome = calibrate(lambda units: None, references={"mask": mask})
    assert outcome.error is None
    assert np.isnan(webbcal.open(outcome.outputs["rate"]).sci).all()
    assert any("no pixel has a usable rate" in remark for remark in outcome.remarks)


@pytest.mark.parametrize("ngroups", [1, 2])
def test_few_groups_and_one_integration(calibrate, ngroups):
    def edit(units):
        units["SCI"].data = units["SCI"].data[:1, :ngroups]
        units[0].header["NGROUPS"], units[0].header["NINTS"] = ngroups, 1

    outcome = calibrate(edit)
    assert set(outcome.outputs) == {"rate"}
    status = {record.name: record.status for record in outcome.steps}
    assert status["jump"] == "SKIPPED"
    rate = webbcal.open(outcome.outputs["rate"])
    assert np.isfinite(rate.sci).mean() > 0.9
    assert not outcome.remarks


def test_a_dark_of_one_group_cannot_be_continued(programme, calibrate, tmp_path):
    dark = tmp_path / "dark.fits"
    with fits.open(programme.references["dark"]) as units:
        units["SCI"].data = units["SCI"].data[:1]
        units[0].header["NGROUPS"] = 1
        units.writeto(dark)
    outcome = calibrate(lambda units: None, references={"dark": dark})
    assert "dark.fits: dark; expected 2 or more groups" in str(outcome.error)


def test_a_short_dark_is_continued(programme, calibrate, tmp_path):
    dark = tmp_path / "dark.fits"
    with fits.open(programme.references["dark"]) as units:
        units["SCI"].data = units["SCI"].data[: NGROUPS - 2]
        units[0].header["NGROUPS"] = NGROUPS - 2
        units.writeto(dark)
    short = calibrate(lambda units: None, references={"dark": dark})
    status = {record.name: record.status for record in short.steps}
    assert status["dark_current"] == "COMPLETE"
