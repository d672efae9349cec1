"""linearity returns the signal that a linear pixel would have given."""

import numpy as np
import pytest
from tests.steps.ramps import assert_inputs_unchanged, assert_windows_agree, make_ramp

from webbcal.core.dq import DQ
from webbcal.core.errors import InvalidReference
from webbcal.spec.references import Linearity
from webbcal.steps.linearity import LinearityOptions, linearise_ramps

SHAPE = (6, 9)
QUADRATIC = 1.5e-6  # 1/DN: 7.5 % at 50 000 DN


def run(ramp, linearity):
    return linearise_ramps(ramp, linearity, LinearityOptions())


def measured(linear):
    """Return what a pixel with c = (0, 1, QUADRATIC) shows of a linear signal."""
    return (np.sqrt(1 + 4 * QUADRATIC * linear) - 1) / (2 * QUADRATIC)


def reference(*, inverse=False, dq=None):
    coeffs = np.zeros((3, *SHAPE), np.float32)
    coeffs[1], coeffs[2] = 1, QUADRATIC
    # The series of `measured`; the next term is 5e-3 of the last one at 50 000 DN.
    series = np.array([0, 1, -1, 2, -5, 14, -42, 132]) * QUADRATIC ** np.arange(-1.0, 7.0)
    inv = np.broadcast_to(series.astype(np.float32)[:, None, None], (8, *SHAPE)).copy()
    dq = np.zeros(SHAPE, np.uint32) if dq is None else dq
    return Linearity(coeffs=coeffs, inverse=inv if inverse else None, dq=dq)


def straight(groups=5, frames=1):
    """Return the linear signal in every frame, axes (1, group, frame, y, x)."""
    rate = np.random.default_rng(1).uniform(0, 10000 / frames, SHAPE)
    return rate * np.arange(1, groups * frames + 1).reshape(1, groups, frames, 1, 1)


def test_a_curved_ramp_becomes_straight():
    linear = straight()[:, :, 0]
    result = run(make_ramp(measured(linear)), reference())
    np.testing.assert_allclose(result.sci, linear, rtol=1e-6)


def test_averaged_frames_need_the_inverse_polynomial_to_become_straight():
    frames = straight(groups=4, frames=5)
    ramp = make_ramp(measured(frames).mean(axis=2), exposure__nframes=5)
    truth = frames.mean(axis=2)
    plain = np.abs(run(ramp, reference()).sci / truth - 1).max()
    restored = np.abs(run(ramp, reference(inverse=True)).sci / truth - 1).max()
    assert plain > 1e-4
    assert restored < 1e-5


def test_saturated_groups_and_zero_frames_without_a_value_stay():
    linear = straight()[:, :, 0]
    groupdq = np.zeros(linear.shape, np.uint8)
    groupdq[:, 3:] = DQ.SATURATED
    zeroframe = measured(linear[:, 0])
    zeroframe[:, 0] = 0
    ramp = make_ramp(measured(linear), groupdq=groupdq, zeroframe=zeroframe)
    result = run(ramp, reference())
    np.testing.assert_array_equal(result.sci[:, 3:], ramp.sci[:, 3:])
    np.testing.assert_allclose(result.sci[:, :3], linear[:, :3], rtol=1e-6)
    assert not result.zeroframe[:, 0].any()
    np.testing.assert_allclose(result.zeroframe[:, 1:], linear[:, 0, 1:], rtol=1e-6)


def test_pixels_without_a_correction_are_flagged_and_left_alone():
    dq = np.zeros(SHAPE, np.uint32)
    dq[0, 0], dq[0, 3] = DQ.NO_LIN_CORR, DQ.NONLINEAR
    known = reference(dq=dq)
    coeffs = known.coeffs.copy()
    coeffs[2, 0, 1] = np.nan
    coeffs[1, 0, 2] = 0
    ramp = make_ramp(measured(straight()[:, :, 0]))
    result = run(ramp, Linearity(coeffs=coeffs, dq=dq, inverse=None))
    np.testing.assert_array_equal(result.sci[..., 0, :3], ramp.sci[..., 0, :3])
    assert (result.sci[..., 0, 3:] > ramp.sci[..., 0, 3:]).all()
    flagged = (result.pixeldq & np.uint32(DQ.NO_LIN_CORR)) != 0
    np.testing.assert_array_equal(np.argwhere(flagged), [[0, 0], [0, 1], [0, 2]])
    assert result.pixeldq[0, 3] == DQ.NONLINEAR


@pytest.mark.parametrize("inverse", [False, True])
def test_windows_agree_and_inputs_stay(inverse):
    linear = straight()[:, :, 0]
    ramp = make_ramp(measured(linear), zeroframe=measured(linear[:, 0]))
    references = (reference(inverse=inverse),)
    assert_windows_agree(run, ramp, references)
    assert_inputs_unchanged(run, ramp, *references)


def test_a_single_group_is_corrected_by_the_plain_polynomial():
    linear = straight(groups=1)[:, :, 0]
    result = run(make_ramp(measured(linear)), reference(inverse=True))
    np.testing.assert_allclose(result.sci, linear, rtol=1e-6)


def test_a_polynomial_without_a_linear_term_is_refused():
    short = Linearity(
        coeffs=np.zeros((1, *SHAPE), np.float32), inverse=None, dq=np.zeros(SHAPE, np.uint32)
    )
    with pytest.raises(InvalidReference, match="2 coefficients"):
        run(make_ramp(np.ones((1, 2, *SHAPE))), short)
