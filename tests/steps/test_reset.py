"""reset removes a transient that depends on the integration and dies away."""

import numpy as np
import pytest
from tests.steps.ramps import assert_inputs_unchanged, assert_windows_agree, make_ramp

from webbcal.core.dq import DQ
from webbcal.spec.references import Reset
from webbcal.steps.reset import STEP, ResetOptions, subtract_reset_anomaly

SHAPE = (6, 9)


def run(ramp, reset):
    return subtract_reset_anomaly(ramp, reset, ResetOptions())


def transients(integrations=2, groups=4):
    decay = np.exp(-np.arange(groups))[:, None, None]
    heights = np.random.default_rng(4).uniform(-50, 0, (integrations, 1, *SHAPE))
    return Reset(sci=(heights * decay).astype("f4"), dq=np.zeros(SHAPE, "u4"))


@pytest.mark.parametrize("start", [1, 2, 5])
def test_the_light_remains_whatever_the_integration(start):
    light = np.full((3, 5, *SHAPE), 1000.0)
    reset = transients()
    ramp = light.copy()
    for i in range(3):
        ramp[i, :4] += reset.sci[min(start - 1 + i, 1)]
    ramp = make_ramp(ramp, exposure__integration_start=start)
    np.testing.assert_allclose(run(ramp, reset).sci, light, rtol=1e-6)
    assert_windows_agree(run, ramp, (reset,))
    assert_inputs_unchanged(run, ramp, reset)


def test_nan_in_the_reference_changes_nothing_and_flags_pass_on():
    reset = transients()
    sci, dq = reset.sci.copy(), reset.dq.copy()
    sci[0, 0, 1, 1], dq[2, 2] = np.nan, DQ.HOT
    reset = Reset(sci=sci, dq=dq)
    result = run(make_ramp(np.full((1, 4, *SHAPE), 7.0)), reset)
    assert result.sci[0, 0, 1, 1] == 7
    assert result.pixeldq[2, 2] == DQ.HOT


def test_an_exposure_takes_only_its_groups_and_integrations_of_the_reference():
    reset = transients(integrations=4, groups=9)
    derivation = STEP.derivations["reset"]
    ramp = make_ramp(np.zeros((2, 5, *SHAPE)))
    assert derivation.key(reset, ramp.meta) == "2i5"
    less = derivation.derive(reset, ramp.meta)
    assert less.sci.shape[:2] == (2, 5)
    np.testing.assert_array_equal(run(ramp, less).sci, run(ramp, reset).sci)
    long = make_ramp(np.zeros((6, 12, *SHAPE)))
    assert derivation.key(reset, long.meta) is None
    later = long.meta.replace({"exposure.integration_start": 2, "exposure.nints": 1})
    assert derivation.key(reset, later) == "2i9"
