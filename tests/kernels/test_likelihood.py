"""The fit by likelihood against its slow twin."""

import numpy as np
import pytest
from tests.naive import likelihood as naive
from tests.steps.observed import messy
from tests.steps.ramps import make_ramp

from webbcal.spec.references import Gain, ReadNoise
from webbcal.steps.ramp_fit import RampFitOptions, fit_ramps
from webbcal.steps.ramp_fit.likelihood import read_times

LIMITS = (20.25, -2 * np.log(6.795346249460121e-06))  # of 4.5 sigma
NAMES = ("sci", "err", "var_poisson", "var_rnoise", "dq")


def observe(data, nframes, groupgap, *, zeroframe=None, dark=None, reads=None):
    """Return the ramp and its references."""
    sci, groupdq, pixeldq, gain, readnoise = data
    times = {"exposure__nframes": nframes, "exposure__frame_time": 10.7}
    times["exposure__group_time"] = 10.7 * (nframes + groupgap)
    ramp = make_ramp(sci, zeroframe=zeroframe, groupdq=groupdq, pixeldq=pixeldq, **times)
    if reads is not None:
        ramp = ramp.with_changes(meta=ramp.meta.replace({"exposure.read_times": reads}))
    if dark is not None:
        ramp = ramp.with_changes(average_dark_current=dark)
    return ramp, ReadNoise(sci=readnoise), Gain(sci=gain)


def fit(observed, suppress=True, variances="exact"):
    options = RampFitOptions(
        algorithm="LIKELY", suppress_one_group=suppress, save_opt=True, variances=variances
    )
    return fit_ramps(*observed, options)


def fit_slowly(observed, suppress=True, variances="exact"):
    """Return what the slow twin finds, by pixel."""
    ramp, readnoise, gain = observed
    groups = read_times(ramp.meta, ramp.sci.shape[1])
    slow = {}
    for y, x in np.ndindex(ramp.pixeldq.shape):
        dark = ramp.average_dark_current
        dark = 0.0 if dark is None else float(dark[y, x])
        known = float(gain.sci[y, x]), float(readnoise.sci[y, x]), dark
        zero = None if ramp.zeroframe is None else ramp.zeroframe[:, y, x]
        values, flags = ramp.sci[:, :, y, x], ramp.groupdq[:, :, y, x]
        arguments = (values, flags, int(ramp.pixeldq[y, x]), zero)
        slow[y, x] = naive.fit_pixel(
            *arguments, known, groups, LIMITS, suppress, variances == "exact"
        )
    return slow


def assert_agree(result, slow):
    for (y, x), (whole, ints, chi_square, freedom) in slow.items():
        pairs = [(result.rate, (y, x), whole)]
        pairs += [(result.rateints, (i, y, x), one) for i, one in enumerate(ints)]
        for product, place, expected in pairs:
            found = [getattr(product, name)[place] for name in NAMES]
            # Rates near zero are compared in units of their error; all is stored in float32.
            tolerance = 1e-6 * abs(expected[0]) + 1e-5 * expected[1]
            assert found[0] == pytest.approx(expected[0], abs=tolerance, nan_ok=True), place
            np.testing.assert_allclose(found[1:4], expected[1:4], rtol=2e-6, err_msg=str(place))
            assert found[4] == expected[4], place
        assert result.quality.sci[y, x] == pytest.approx(
            chi_square, rel=1e-5, abs=1e-5, nan_ok=True
        )
        assert result.quality.freedom[y, x] == freedom


@pytest.mark.parametrize("variances", ["exact", "prescribed"])
@pytest.mark.parametrize("suppress", [True, False])
@pytest.mark.parametrize(("nints", "ngroups", "nframes"), [(1, 4, 1), (3, 6, 4), (2, 9, 2)])
def test_agrees_with_the_slow_twin(nints, ngroups, nframes, suppress, variances):
    rng = np.random.default_rng(ngroups)
    data = messy(ngroups, nints, ngroups, rows=6, columns=20)
    zeroframe = rng.uniform(1, 500, (nints, 6, 20)).astype(np.float32)
    zeroframe[rng.random(zeroframe.shape) < 0.4] = 0.0
    dark = rng.uniform(0, 0.1, (6, 20)).astype(np.float32)
    observed = observe(data, nframes, 1, zeroframe=zeroframe, dark=dark)
    assert_agree(fit(observed, suppress, variances), fit_slowly(observed, suppress, variances))


@pytest.mark.parametrize("nints", [4, 9])
def test_many_integrations_of_few_groups_have_a_median(nints):
    """The median of more integrations than groups starts the prescribed weights."""
    data = messy(nints, nints, 4, rows=6, columns=20)
    observed = observe(data, 2, 1)
    slow = fit_slowly(observed, variances="prescribed")
    assert_agree(fit(observed, variances="prescribed"), slow)


def test_agrees_for_groups_at_uneven_times():
    data = messy(3, 2, 5, rows=6, columns=20)
    reads = [[1.0, 2.0], [5.0], [6.0, 6.5, 9.0], [11.0, 12.0], [30.0]]
    observed = observe(data, 1, 0, reads=reads)
    assert_agree(fit(observed), fit_slowly(observed))


@pytest.mark.parametrize("value", [0.0, 100.0, np.nan, np.inf])
def test_agrees_on_constant_signal(value):
    sci = np.full((2, 5, 3, 4), value, np.float32)
    plane = np.ones((3, 4), np.float32)
    data = (sci, np.zeros(sci.shape, np.uint8), np.zeros((3, 4), np.uint32), 2 * plane, 8 * plane)
    for noise in (8 * plane, 0 * plane):
        observed = observe((*data[:4], noise), 1, 0)
        assert_agree(fit(observed), fit_slowly(observed))


def test_a_value_does_not_depend_on_other_pixels():
    data = messy(5, 2, 8, rows=20, columns=30)
    whole = fit(observe(data, 1, 0))
    rng = np.random.default_rng(1)
    order = rng.permutation(600)
    mixed = [a.reshape(*a.shape[:-2], 600)[..., order].reshape(a.shape) for a in data]
    shuffled = fit(observe(mixed, 1, 0))
    for name in NAMES:
        one, other = getattr(whole.rateints, name), getattr(shuffled.rateints, name)
        np.testing.assert_array_equal(one.reshape(2, 600)[:, order], other.reshape(2, 600))
