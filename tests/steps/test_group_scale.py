"""group_scale gives back the mean of the frames."""

import numpy as np
import pytest
from tests.steps.ramps import assert_inputs_unchanged, assert_windows_agree, make_ramp

from webbcal.core.errors import CannotCalibrate
from webbcal.steps.group_scale import GroupScaleOptions, rescale_groups


def run(ramp):
    return rescale_groups(ramp, GroupScaleOptions())


def test_mean_of_five_frames_is_recovered_from_their_sum_over_four():
    frames = np.random.default_rng(1).uniform(1000, 2000, (5, 1, 3, 6, 7))
    ramp = make_ramp(frames.sum(axis=0) / 4, exposure__nframes=5, exposure__frame_divisor=4)
    np.testing.assert_allclose(run(ramp).sci, frames.mean(axis=0), rtol=1e-6)
    assert_windows_agree(run, ramp, ())
    assert_inputs_unchanged(run, ramp)


@pytest.mark.parametrize(
    ("nframes", "divisor", "why"),
    [(4, 4, "means"), (None, 4, "NFRAMES"), (4, None, "FRMDIVSR"), (0, 4, "scale")],
)
def test_groups_that_are_means_are_left_alone_and_it_is_said_why(nframes, divisor, why):
    ramp = make_ramp(
        np.ones((1, 1, 2, 2)), exposure__nframes=nframes, exposure__frame_divisor=divisor
    )
    with pytest.raises(CannotCalibrate, match=why):
        run(ramp)
