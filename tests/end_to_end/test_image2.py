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
