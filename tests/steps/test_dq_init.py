"""dq_init carries the bad pixels of the detector into an exposure."""

import numpy as np
import pytest
from tests.steps.ramps import assert_inputs_unchanged, assert_windows_agree, make_ramp

from webbcal.core.dq import DQ
from webbcal.core.errors import CannotCalibrate, InvalidOptions
from webbcal.spec.references import Mask
from webbcal.steps.dq_init import DqInitOptions, initialise_flags


def run(ramp, mask):
    return initialise_flags(ramp, mask, DqInitOptions())


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


def test_a_file_of_additional_flags_is_refused():
    with pytest.raises(InvalidOptions, match="user_supplied_dq"):
        DqInitOptions.from_mapping({"user_supplied_dq": "flags.fits"})
