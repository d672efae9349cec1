"""superbias leaves what has been collected since the reset."""

import numpy as np
from tests.steps.ramps import assert_inputs_unchanged, assert_windows_agree, make_ramp

from webbcal.core.dq import DQ
from webbcal.spec.references import Superbias
from webbcal.steps.superbias import SuperbiasOptions, subtract_superbias

SHAPE = (6, 9)


def run(ramp, superbias):
    return subtract_superbias(ramp, superbias, SuperbiasOptions())


def test_the_collected_signal_remains_in_groups_and_zero_frames():
    rng = np.random.default_rng(1)
    bias = np.round(rng.normal(10000, 500, SHAPE)).astype(np.float32)
    bias[2, 3] = np.nan
    signal = np.round(rng.uniform(0, 3000, (2, 3, *SHAPE)))
    offset = np.nan_to_num(bias)
    zeroframe = signal[:, 0] + offset
    zeroframe[0, 1, 1] = 0
    dq = np.zeros(SHAPE, np.uint32)
    dq[4, 4] = DQ.UNRELIABLE_BIAS
    ramp, reference = make_ramp(signal + offset, zeroframe=zeroframe), Superbias(sci=bias, dq=dq)
    result = run(ramp, reference)
    np.testing.assert_array_equal(result.sci, signal.astype(np.float32))
    assert result.zeroframe[0, 1, 1] == 0
    usable = zeroframe != 0
    np.testing.assert_array_equal(result.zeroframe[usable], signal[:, 0][usable])
    np.testing.assert_array_equal(result.pixeldq, dq)
    assert_windows_agree(run, ramp, (reference,))
    assert_inputs_unchanged(run, ramp, reference)
