"""gain_scale multiplies rates by the gain factor, errors likewise, variances by its square."""

import numpy as np
import pytest
from tests.steps.observed import GAIN, observe

from webbcal.core.errors import CannotCalibrate
from webbcal.spec.meta import Meta
from webbcal.spec.references import Gain
from webbcal.spec.window import Window
from webbcal.steps.gain_scale import GainScaleOptions, scale_gain
from webbcal.steps.ramp_fit import RampFitOptions, fit_ramps


def rates(factor=None):
    observed = observe(np.full((4, 5), 30.0), 5, nints=2)
    gain = gain_with(factor)
    return fit_ramps(observed.ramp, observed.readnoise, gain, RampFitOptions())


def gain_with(factor):
    meta = Meta() if factor is None else Meta({"exposure": {"gain_factor": factor}})
    return Gain(sci=np.full((4, 5), 1.9, np.float32), meta=meta)


@pytest.mark.parametrize("of_rates", [None, 0.5])
def test_scales_both_products(of_rates):
    before = rates(of_rates)
    after = scale_gain(before, gain_with(2.0 if of_rates is None else 8.0), GainScaleOptions())
    factor = 2.0 if of_rates is None else of_rates
    for one, other in ((before.rate, after.rate), (before.rateints, after.rateints)):
        np.testing.assert_allclose(other.sci, factor * one.sci)
        np.testing.assert_allclose(other.err, factor * one.err)
        np.testing.assert_allclose(other.var_poisson, factor**2 * one.var_poisson)
        np.testing.assert_allclose(other.var_rnoise, factor**2 * one.var_rnoise)
        np.testing.assert_array_equal(other.dq, one.dq)
    assert after.meta.exposure.gain_factor == factor


def test_signal_to_noise_does_not_change():
    before = rates()
    after = scale_gain(before, gain_with(0.3), GainScaleOptions())
    np.testing.assert_allclose(
        after.rate.sci / after.rate.err, before.rate.sci / before.rate.err, rtol=1e-6
    )


def test_a_nirspec_subarray_read_with_another_gain_gives_the_rates_of_the_standard_one():
    observed = observe(np.full((8, 32), 300.0), 9, nints=2)  # electron/s, at GAIN electron/DN
    standard = 1.0  # electron/DN
    whole = Gain(sci=np.full((2048, 2048), GAIN, np.float32), meta=gain_with(GAIN / standard).meta)
    gain = whole.cut(Window(896, 904, 0, 32, (2048, 2048)))
    nirspec = {"instrument.name": "NIRSPEC", "subarray.name": "SUB512"}
    ramp = observed.ramp.with_changes(meta=observed.ramp.meta.replace(nirspec))
    fitted = fit_ramps(ramp, observed.readnoise, gain, RampFitOptions())
    scaled = scale_gain(fitted, gain, GainScaleOptions())
    for rate in (scaled.rate, scaled.rateints):
        pull = (rate.sci - 300.0 / standard) / rate.err
        assert abs(pull.mean()) < 5 / np.sqrt(pull.size)
        assert pull.std() == pytest.approx(1.0, abs=5 / np.sqrt(2 * pull.size))


def test_the_standard_gain_needs_no_scaling():
    with pytest.raises(CannotCalibrate, match="GAINFACT"):
        scale_gain(rates(), gain_with(None), GainScaleOptions())
