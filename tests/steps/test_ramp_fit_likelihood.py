"""ramp_fit by likelihood: unbiased rates, true errors, chi squared that means something, jumps."""

import dataclasses

import numpy as np
import pytest
from tests.steps.observed import GAIN, messy, observe
from tests.steps.ramps import make_ramp, plane

from webbcal.core.dq import DQ
from webbcal.core.errors import InvalidProduct
from webbcal.spec.references import Gain, ReadNoise
from webbcal.spec.window import Window
from webbcal.steps.ramp_fit import RampFitOptions, fit_ramps

SIZE = (120, 120)


def fit(observed, ramp=None, **options):
    ramp = observed.ramp if ramp is None else ramp
    chosen = RampFitOptions(algorithm="LIKELY", save_opt=True, **options)
    return fit_ramps(ramp, observed.readnoise, observed.gain, chosen)


def robust_width(values):
    low, high = np.percentile(values, [15.87, 84.13])
    return 0.5 * (high - low)


def assert_true(result, truth, width=0.02):
    """Check bias, within 0.2 % or five times what chance allows, and pulls."""
    error = result.err.mean() / np.sqrt(result.sci.size)
    assert abs(np.nanmean(result.sci) - truth.mean()) < 5 * error + 1e-3 * truth.mean()
    pull = (result.sci - truth) / result.err
    assert robust_width(pull) == pytest.approx(1.0, abs=width + 4 / np.sqrt(2 * pull.size))


@pytest.mark.parametrize(("ngroups", "nframes", "groupgap"), [(4, 1, 0), (10, 1, 0), (6, 4, 1)])
@pytest.mark.parametrize("rate", [1.0, 10.0, 300.0])
def test_rates_are_unbiased_with_pulls_of_unit_width(rate, ngroups, nframes, groupgap):
    observed = observe(np.full(SIZE, rate), ngroups, nframes=nframes, groupgap=groupgap)
    result = fit(observed)
    assert_true(result.rate, observed.rate)
    # chi^2 has the degrees of freedom for its mean; the dropped tail is far below this.
    freedom = result.quality.freedom.mean()
    spread = np.sqrt(2 * freedom / result.quality.sci.size)
    assert result.quality.sci.mean() == pytest.approx(freedom, abs=5 * spread + 0.01 * freedom)
    assert result.quality.sci.var() == pytest.approx(2 * freedom, rel=0.1)
    assert ((result.rate.dq & DQ.JUMP_DET) != 0).mean() < 3e-3


def test_integrations_combine_without_bias():
    observed = observe(np.full(SIZE, 2.0), 5, nints=4)
    result = fit(observed)
    assert_true(result.rate, observed.rate)
    assert_true(result.rateints, np.broadcast_to(observed.rate, (4, *SIZE)))
    whole = result.rate.dq == 0  # no jump was seen by chance
    half = result.rateints.err.mean(axis=0) / 2
    np.testing.assert_allclose(result.rate.err[whole], half[whole], rtol=0.02)


@pytest.mark.parametrize("ngroups", [6, 10, 30])
def test_finds_its_own_jumps(ngroups):
    observed = observe(np.full(SIZE, 5.0), ngroups, hits=0.01, sizes=(300.0, 3000.0))
    result = fit(observed)
    hit = observed.struck.any(axis=(0, 1))
    alone = observed.struck.sum(axis=(0, 1)) == 1
    assert ((result.rate.dq & DQ.JUMP_DET) != 0)[alone].mean() > 0.99
    assert ((result.rate.dq & DQ.JUMP_DET) != 0)[~hit].mean() < 5e-3
    pull = (result.rate.sci - observed.rate)[alone] / result.rate.err[alone]
    assert abs(np.median(pull)) < 5 / np.sqrt(alone.sum())
    assert robust_width(pull) == pytest.approx(1.0, abs=0.05 + 4 / np.sqrt(2 * alone.sum()))


def test_two_neighbouring_jumps_are_found_together():
    """A hit within a group of many frames spoils the two differences that share the group."""
    ramp = 30.0 * np.arange(8.0)[None, :, None, None]
    ramp = np.where(np.arange(8)[None, :, None, None] >= 4, ramp + 4000, ramp)
    ramp[0, 3] += 1500
    times = {"exposure__nframes": 8, "exposure__frame_time": 10.0, "exposure__group_time": 80.0}
    observed = make_ramp(ramp, **times)
    gain, noise = Gain(sci=plane(GAIN, (1, 1))), ReadNoise(sci=plane(9.0, (1, 1)))
    result = fit_ramps(observed, noise, gain, RampFitOptions(algorithm="LIKELY")).rate
    assert result.sci.item() == pytest.approx(30 / 80, rel=1e-3)
    assert result.dq.item() == DQ.JUMP_DET


def test_a_jump_spoils_the_next_difference_of_averaged_groups_only():
    """A single read ends a jump; a hit during several reads is in both differences."""
    observed = observe(np.full(SIZE, 50.0), 8, nframes=4)
    within = observed.ramp.sci.copy()
    within[:, 3] += 0.25 * 40.0  # hit during the last read of group 3
    within[:, 4:] += 40.0
    flags = observed.ramp.groupdq.copy()
    flags[:, 3] = DQ.JUMP_DET
    hit = fit(observed, observed.ramp.with_changes(sci=within, groupdq=flags)).rate
    assert_true(hit, observed.rate)
    clean = fit(observed).rate
    single = observe(np.full(SIZE, 50.0), 8)
    marked = fit(single, single.ramp.with_changes(groupdq=flags)).rate
    assert_true(marked, single.rate)
    unmarked = fit(single).rate
    loss, loss_single = np.median(hit.err / clean.err), np.median(marked.err / unmarked.err)
    assert loss == pytest.approx(np.sqrt(7 / 5), rel=0.05)
    assert loss_single == pytest.approx(np.sqrt(7 / 6), rel=0.05)


def test_prescribed_photon_noise_of_integrations_is_at_their_own_rates():
    observed = observe(np.full(SIZE, 5.0), 6, nints=4)
    exact, own = fit(observed), fit(observed, variances="prescribed")
    off = np.abs(own.rate.sci - exact.rate.sci) / exact.rate.err
    assert np.percentile(off, 99.9) < 0.01
    spread = exact.rateints.var_poisson.std(axis=0) / exact.rateints.var_poisson.mean(axis=0)
    assert np.median(spread) < 0.05  # weights vary a little
    ratio = own.rateints.var_poisson / np.maximum(own.rateints.sci, 1e-3)
    fine = own.rateints.sci > 1.0
    assert np.std(ratio[fine]) < 0.1 * np.mean(ratio[fine])
    # A mean weighted with such errors is too low; with those of the common rate it is not.
    for result, low in ((exact, False), (own, True)):
        weight = 1 / result.rateints.err**2
        mean = (weight * result.rateints.sci).sum(axis=0) / weight.sum(axis=0)
        bias = mean.mean() / observed.rate.mean() - 1
        error = mean.std() / np.sqrt(mean.size) / observed.rate.mean()
        assert (bias < -5 * error) == low


def test_a_higher_threshold_finds_fewer_jumps():
    observed = observe(np.full(SIZE, 5.0), 8, hits=0.02, sizes=(10.0, 300.0))
    found = [
        ((fit(observed, jump_threshold=x).rate.dq & DQ.JUMP_DET) != 0).sum() for x in (3, 4.5, 10)
    ]
    assert found[0] > found[1] > found[2]


def test_a_zero_frame_measures_what_saturates_in_the_second_group():
    observed = observe(np.full((60, 60), 3000.0), 5, nframes=4)
    rng = np.random.default_rng(5)
    seconds = 10.7
    zero = rng.poisson(3000.0 * seconds, (1, 60, 60)) / GAIN + rng.normal(
        0, 9 / 1.4142, (1, 60, 60)
    )
    # The mean of the first group holds its first frame: build it from that frame on.
    rest = [rng.poisson(3000.0 * seconds, (1, 60, 60)) / GAIN for _ in range(3)]
    frames = np.cumsum([zero, *rest], axis=0)
    sci = observed.ramp.sci.copy()
    sci[:, 0] = frames.mean(axis=0)
    dq = observed.ramp.groupdq.copy()
    dq[:, 1:] = DQ.SATURATED
    ramp = dataclasses.replace(observed.ramp, sci=sci, groupdq=dq)
    assert np.isnan(fit(observed, ramp).rate.sci).all()
    ramp = dataclasses.replace(ramp, zeroframe=zero.astype(np.float32))
    result = fit(observed, ramp).rate
    assert result.sci.mean() == pytest.approx(3000.0 / GAIN, rel=2e-3)
    assert np.all(result.dq == DQ.SATURATED)


def test_groups_at_uneven_times_are_fitted_by_likelihood_whatever_is_asked_for():
    times = [[1.0], [3.0], [10.0]]
    sci = 7.0 * np.array(times).reshape(1, 3, 1, 1) + 100
    ramp = make_ramp(sci, exposure__nframes=1, exposure__group_time=5.0, exposure__frame_time=5.0)
    ramp = ramp.with_changes(meta=ramp.meta.replace({"exposure.read_times": times}))
    gain, noise = Gain(sci=plane(GAIN, (1, 1))), ReadNoise(sci=plane(9.0, (1, 1)))
    result = fit_ramps(ramp, noise, gain, RampFitOptions(save_opt=True))
    assert result.rate.sci.item() == pytest.approx(7.0, rel=1e-6)
    assert result.segments is None
    for wrong in ([[1.0], [3.0]], [[1.0], [3.0], [2.0]]):
        broken = ramp.with_changes(meta=ramp.meta.replace({"exposure.read_times": wrong}))
        with pytest.raises(InvalidProduct, match="read_times"):
            fit_ramps(broken, noise, gain, RampFitOptions())


def test_fewer_than_four_groups_are_fitted_by_least_squares():
    observed = observe(np.full((5, 5), 20.0), 3)
    likely = fit(observed)
    plain = fit_ramps(observed.ramp, observed.readnoise, observed.gain, RampFitOptions())
    np.testing.assert_array_equal(likely.rate.sci, plain.rate.sci)
    assert likely.quality is None
    assert likely.segments is not None


def test_windows_agree():
    sci, groupdq, pixeldq, gain, readnoise = messy(4, 2, 7)
    times = {"exposure__nframes": 1, "exposure__group_time": 10.0, "exposure__frame_time": 10.0}
    ramp = make_ramp(sci, groupdq=groupdq, pixeldq=pixeldq, **times)
    references = (ReadNoise(sci=readnoise), Gain(sci=gain))
    options = RampFitOptions(algorithm="LIKELY", save_opt=True)
    whole = fit_ramps(ramp, *references, options)
    shape = ramp.pixeldq.shape
    for window in (Window(0, 7, 0, shape[1], shape), Window(7, 16, 3, 21, shape)):
        cut = [reference.cut(window) for reference in references]
        part, expected = fit_ramps(ramp.cut(window), *cut, options), whole.cut(window)
        np.testing.assert_array_equal(part.quality.sci, expected.quality.sci)
        for one, other in ((part.rate, expected.rate), (part.rateints, expected.rateints)):
            for name in ("sci", "err", "dq", "var_poisson", "var_rnoise"):
                np.testing.assert_array_equal(getattr(one, name), getattr(other, name), name)
