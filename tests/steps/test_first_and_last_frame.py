"""firstframe and lastframe take groups out of the fit."""

import numpy as np
import pytest
from tests.steps.ramps import assert_inputs_unchanged, assert_windows_agree, make_ramp

from webbcal.core.dq import DQ
from webbcal.core.errors import CannotCalibrate
from webbcal.steps.firstframe import FirstframeOptions, flag_first_group
from webbcal.steps.lastframe import LastframeOptions, flag_last_group

SHAPE = (6, 9)


def last(ramp):
    return flag_last_group(ramp, LastframeOptions())


def first(ramp, bright=True):
    return flag_first_group(ramp, FirstframeOptions(bright_use_group1=bright))


def saturating():
    """Return a ramp in which the pixel in row 1, column k saturates in group k, integration 1."""
    flags = np.zeros((2, 5, *SHAPE), np.uint8)
    for k in range(5):
        flags[1, k:, 1, k] = DQ.SATURATED
    return make_ramp(np.zeros(flags.shape), groupdq=flags)


def test_the_last_group_of_each_integration_is_left_out_and_keeps_its_flags():
    ramp = saturating()
    added = last(ramp).groupdq ^ ramp.groupdq
    assert (added[:, -1] == DQ.DO_NOT_USE).all()
    assert not added[:, :-1].any()
    assert_windows_agree(last, ramp, ())
    assert_inputs_unchanged(last, ramp)


def test_the_first_group_is_left_out_except_where_it_is_needed():
    ramp = saturating()
    result = first(ramp)
    kept = (result.groupdq[:, 0] & DQ.DO_NOT_USE) == 0
    expected = np.zeros((2, *SHAPE), bool)
    expected[1, 1, :3] = True  # saturated in the third group
    np.testing.assert_array_equal(kept, expected)
    np.testing.assert_array_equal((result.pixeldq & DQ.FLUX_ESTIMATED) != 0, expected[1])
    assert (first(ramp, bright=False).groupdq[:, 0] & DQ.DO_NOT_USE).all()
    assert_windows_agree(first, ramp, ())


@pytest.mark.parametrize(("step", "least"), [(first, 4), (last, 3)])
def test_short_ramps_keep_all_groups(step, least):
    step(make_ramp(np.zeros((1, least, *SHAPE))))
    with pytest.raises(CannotCalibrate, match="too few groups"):
        step(make_ramp(np.zeros((1, least - 1, *SHAPE))))
