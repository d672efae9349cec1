"""From count rates and backgrounds to calibrated images: empty sky is empty, whatever the run."""

import json
import os

import numpy as np
import pytest

from webbcal.core.dq import DQ
from webbcal.io.read import open_product
from webbcal.pipelines.runner import run_everything
from webbcal.pipelines.settings import Settings
from webbcal.sim import QUIET, ImagingProgramme, simulate_files
from webbcal.spec.fields import Image, declared
from webbcal.spec.products import Bsub

EMPTY = (
    QUIET
    | {"photon_noise": True, "read_noise": True}
    | {
        "stars": 0,
        "galaxies": 0,
        "sky": 3.0,
        "sky_scatter": 0.0,
        "missed_cosmic_rays": 0.0,
        "subarray": "64x64",
        "exposures": 4,
    }
)


@pytest.fixture(scope="module", params=["NRCB1", "NIS", "MIRIMAGE"])
def sky(request, tmp_path_factory):
    """Return an association of an exposure of empty sky with three backgrounds, and references."""
    options = ImagingProgramme(**EMPTY, detectors=request.param, products="rate")
    programme = simulate_files(options, tmp_path_factory.mktemp("sky"), seed=5)
    science, *others = programme.exposures
    members = [{"expname": science.name, "exptype": "science"}]
    members += [{"expname": path.name, "exptype": "background"} for path in others]
    table = science.parent / "sky_asn.json"
    tree = {"asn_type": "image2", "products": [{"name": "sky", "members": members}]}
    table.write_text(json.dumps(tree))
    environ = programme.environ(os.environ)
    return table, environ


def calibrated(sky, folder, **settings):
    table, environ = sky
    (outcome,) = run_everything(
        [table], Settings(output_dir=folder, **settings), through=2, environ=environ
    )
    assert not outcome.error
    return outcome.outputs


def test_what_is_left_is_noise_as_the_errors_tell(sky, tmp_path):
    outputs = calibrated(sky, tmp_path)
    image = open_product(outputs["cal"])
    good = (image.dq & DQ.DO_NOT_USE) == 0
    assert good.mean() > 0.85  # all but the reference pixels
    pull = image.sci[good] / image.err[good]
    assert abs(pull.mean()) < 4 / np.sqrt(pull.size)
    assert pull.std() == pytest.approx(1.0, abs=0.05)
    steps = image.meta.cal_step
    assert {steps.bkg_subtract, steps.assign_wcs, steps.flat_field, steps.photom} == {"COMPLETE"}
    assert isinstance(open_product(outputs["bsub"]), Bsub)


def test_threads_and_blocks_change_no_bit(sky, tmp_path):
    one = calibrated(sky, tmp_path / "one", threads=1)
    other = calibrated(sky, tmp_path / "other", threads=3, block_bytes=1 << 14)
    for suffix in ("bsub", "cal"):
        a, b = (open_product(outputs[suffix]) for outputs in (one, other))
        for name, spec in declared(type(a)).items():
            if isinstance(spec, Image) and a.has(name):
                np.testing.assert_array_equal(getattr(a, name), getattr(b, name), err_msg=name)


def test_backgrounds_by_option_are_those_of_an_association(sky, tmp_path):
    table, environ = sky
    science, *others = sorted(table.parent.glob("*_rate.fits"))
    by_association = calibrated(sky, tmp_path / "one")
    settings = Settings(
        output_dir=tmp_path / "other",
        options={"bkg_subtract": {"bkg_list": ",".join(map(str, others))}},
    )
    (outcome,) = run_everything([science], settings, through=2, environ=environ)
    assert not outcome.error
    a, b = (open_product(outputs["cal"]) for outputs in (by_association, outcome.outputs))
    for name in ("sci", "err", "dq"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))
    record = b.extras["tree"]["webbcal"]
    assert record["members"] == [path.name for path in others]
    again = run_everything([science], settings.with_(resume=True), through=2, environ=environ)
    assert again[0].reused


def test_backgrounds_by_option_take_the_place_of_others(sky, tmp_path):
    one = sorted(sky[0].parent.glob("*_rate.fits"))[1]
    options = {"bkg_subtract": {"bkg_list": [str(one)]}}
    outputs = calibrated(sky, tmp_path, options=options)
    assert open_product(outputs["cal"]).extras["tree"]["webbcal"]["members"] == [one.name]


def test_an_exposure_is_not_its_own_background(sky, tmp_path):
    table, environ = sky
    science = min(table.parent.glob("*_rate.fits"))
    for named, what in ((science, "its own background"), ("absent.fits", "no such file")):
        options = {"bkg_subtract": {"bkg_list": [str(named)]}}
        settings = Settings(output_dir=tmp_path, options=options)
        (outcome,) = run_everything([science], settings, through=2, environ=environ)
        assert what in str(outcome.error)
    assert not list(tmp_path.glob("*.fits"))
