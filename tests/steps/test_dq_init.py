"""dq_init carries the bad pixels of the detector into an exposure."""

import numpy as np
import pytest
from tests.steps.ramps import assert_inputs_unchanged, assert_windows_agree, make_ramp

from webbcal.core.dq import DQ
from webbcal.core.errors import CannotCalibrate
from webbcal.spec.products import GuiderRaw
from webbcal.spec.references import Mask, UserMask
from webbcal.steps.dq_init import DqInitOptions, initialise_flags


def run(ramp, mask, user_mask=None):
    return initialise_flags(ramp, mask, user_mask, DqInitOptions())


@pytest.fixture
def mask():
    dq = np.zeros((6, 7), np.uint32)
    dq[1, 2] = DQ.DO_NOT_USE | DQ.DEAD
    dq[3, 4] = DQ.HOT
    dq[5, 6] = DQ.REFERENCE_PIXEL
    return Mask(dq=dq)


def test_only_do_not_use_reaches_the_groups(mask):
    result = run(make_ramp(np.ones((2, 3, 6, 7))), mask)
    np.testing.assert_array_equal(result.pixeldq, mask.dq)
    assert (result.groupdq[:, :, 1, 2] == DQ.DO_NOT_USE).all()
    assert result.groupdq.sum() == 6


def test_earlier_flags_stay(mask):
    groupdq = np.full((2, 3, 6, 7), DQ.JUMP_DET, np.uint8)
    pixeldq = np.full((6, 7), DQ.WARM, np.uint32)
    ramp = make_ramp(np.ones(groupdq.shape), groupdq=groupdq, pixeldq=pixeldq)
    result = run(ramp, mask)
    assert (result.groupdq & DQ.JUMP_DET).all()
    assert (result.pixeldq & np.uint32(DQ.WARM)).all()
    assert result.sci is ramp.sci
    assert_windows_agree(run, ramp, (mask,))
    assert_inputs_unchanged(run, ramp, mask)


def test_without_a_mask_the_step_says_so():
    with pytest.raises(CannotCalibrate, match="no mask"):
        run(make_ramp(np.ones((1, 1, 2, 2))), None)


def test_the_flags_of_a_user_add_to_those_of_the_mask(mask):
    dq = np.zeros((6, 7), np.uint32)
    dq[0, 1] = DQ.DO_NOT_USE | DQ.OTHER_BAD_PIXEL
    ramp, extra = make_ramp(np.ones((2, 3, 6, 7))), UserMask(dq=dq)
    result = run(ramp, mask, extra)
    np.testing.assert_array_equal(result.pixeldq, mask.dq | dq)
    assert (result.groupdq[:, :, 0, 1] == DQ.DO_NOT_USE).all()
    np.testing.assert_array_equal(run(ramp, None, extra).pixeldq, dq)
    assert_windows_agree(run, ramp, (mask, extra))


def test_a_guider_has_flags_of_its_pixels_only(mask):
    raw = GuiderRaw(sci=np.ones((2, 2, 6, 7), np.float32))
    np.testing.assert_array_equal(run(raw, mask).dq, mask.dq)
    warm = np.full((6, 7), DQ.WARM, np.uint32)
    flagged = run(GuiderRaw(sci=raw.sci, dq=warm), mask)
    np.testing.assert_array_equal(flagged.dq, mask.dq | warm)
