"""Frames with interleaved reference pixels, which end as they were read, or do not pass refpix."""

import numpy as np
import pytest

import webbcal
from webbcal.core.errors import InvalidOptions
from webbcal.geometry.irs2 import FRAME, Layout
from webbcal.sim import QUIET, ImageSimulation, simulate_files
from webbcal.spec.references import REFERENCES

DARK = ImageSimulation(
    **QUIET | {"read_noise": True},
    detector="NRS2",
    exposure_type="NRS_DARK",
    readpatt="NRSIRS2RAPID",
    subarray="FULL",
    ngroups=2,
    nints=1,
    stars=0,
    coarse=True,
)
KEEP = {"preserve_irs2_refpix": True}


@pytest.fixture(scope="module")
def programme(tmp_path_factory):
    return simulate_files(DARK, tmp_path_factory.mktemp("irs2"), seed=3)


def run(programme, folder, **options):
    references = dict.fromkeys(REFERENCES) | dict(programme.references)
    (outcome,) = webbcal.run(
        programme.exposures[0], output_dir=folder, references=references, options=options
    )
    return outcome


def test_interleaved_pixels_may_be_kept_where_refpix_comes_last(programme, tmp_path):
    last = {"linearity": {"skip": True}}
    outcome = run(programme, tmp_path / "kept", refpix=KEEP, **last)
    kept = webbcal.open(outcome.outputs["dark"])
    assert kept.sci.shape[-2:] == FRAME
    without = webbcal.open(run(programme, tmp_path / "without", **last).outputs["dark"])
    rows = Layout(True).science_rows()
    np.testing.assert_array_equal(kept.sci[:, :, rows], without.sci)
    np.testing.assert_array_equal(kept.pixeldq[rows], without.pixeldq)


@pytest.mark.parametrize("options", [KEEP, {"skip": True}])
def test_steps_that_follow_are_refused_in_one_line(programme, tmp_path, options):
    with pytest.raises(InvalidOptions, match=r"linearity cannot run: interleaved.*skip what") as e:
        run(programme, tmp_path, refpix=options)
    assert "\n" not in str(e.value)
    assert not list(tmp_path.glob("*"))
