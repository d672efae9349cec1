"""ramp_fit measures count rates without bias, and knows its errors."""

import dataclasses

import numpy as np
import pytest
from tests.steps.observed import FRAME_TIME, GAIN, READNOISE, messy, observe
from tests.steps.ramps import arrays_of, make_ramp, plane

from webbcal.core.dq import DQ
from webbcal.core.errors import InvalidOptions, InvalidProduct
from webbcal.spec.meta import Meta
from webbcal.spec.references import Gain, ReadNoise
from webbcal.spec.window import Window
from webbcal.steps.jump import JumpOptions, find_jumps
from webbcal.steps.ramp_fit import RampFitOptions, fit_ramps

SIZE = (120, 120)
NAMES = ("sci", "err", "dq", "var_poisson", "var_rnoise")
SPACING = 20.0


def fit(observed, ramp=None, **options):
    ramp = observed.ramp if ramp is None else ramp
    return fit_ramps(ramp, observed.readnoise, observed.gain, RampFitOptions(**options))


def robust_width(values):
    low, high = np.percentile(values, [15.87, 84.13])
    return 0.5 * (high - low)


def fit_one(values, flags=None, *, zeroframe=None, nframes=1, **options):
    """Fit the ramps `values` (integration, group) of a pixel; 20 s apart, frames of 10.7 s."""
    values = np.asarray(values, float)[..., None, None]
    if flags is not None:
        flags = np.asarray(flags, np.uint8)[..., None, None]
    if zeroframe is not None:
        zeroframe = np.asarray(zeroframe, float)[..., None, None]
    times = {"exposure__frame_time": FRAME_TIME, "exposure__nframes": nframes}
    ramp = make_ramp(
        values, groupdq=flags, zeroframe=zeroframe, exposure__group_time=SPACING, **times
    )
    gain, readnoise = Gain(sci=plane(GAIN, (1, 1))), ReadNoise(sci=plane(READNOISE, (1, 1)))
    return fit_ramps(ramp, readnoise, gain, RampFitOptions(**options))


def value(product, name="sci"):
    return (
        getattr(product, name).item() if product.sci.size == 1 else getattr(product, name)[:, 0, 0]
    )


@pytest.mark.parametrize("ngroups", [2, 3, 5, 10, 40])
@pytest.mark.parametrize("rate", [1.0, 10.0, 300.0])
def test_rates_are_unbiased_with_pulls_of_unit_width(rate, ngroups):
    observed = observe(np.full(SIZE, rate), ngroups)
    result = fit(observed).rate
    pull = (result.sci - rate / GAIN) / result.err
    error_of_width = 1 / np.sqrt(2 * pull.size)
    assert abs(np.median(result.sci) / (rate / GAIN) - 1) < 5 * result.err.mean() / (
        rate / GAIN * np.sqrt(pull.size)
    )
    # The photon noise is computed from the median difference, which has noise of its own.
    assert robust_width(pull) == pytest.approx(1.0, abs=0.02 + 4 * error_of_width)


@pytest.mark.parametrize(("nframes", "groupgap"), [(4, 1), (8, 0), (1, 3)])
@pytest.mark.parametrize(("rate", "ngroups"), [(50.0, 3), (300.0, 4), (10.0, 12)])
def test_pulls_have_unit_width_when_frames_are_averaged(rate, ngroups, nframes, groupgap):
    # Frames of a group share photons: their mean has less photon noise than a single frame.
    observed = observe(np.full(SIZE, rate), ngroups, nframes=nframes, groupgap=groupgap)
    result = fit(observed).rate
    pull = (result.sci - rate / GAIN) / result.err
    assert robust_width(pull) == pytest.approx(1.0, abs=0.02 + 4 / np.sqrt(2 * pull.size))


def test_prescribed_variances_are_too_small_for_long_faint_ramps():
    observed = observe(np.full(SIZE, 1.0), 40)
    prescribed = fit(observed, variances="prescribed").rate
    exact = fit(observed).rate
    np.testing.assert_array_equal(prescribed.sci, exact.sci)
    assert robust_width((prescribed.sci - 1.0 / GAIN) / prescribed.err) > 1.03


@pytest.mark.parametrize(("nframes", "groupgap"), [(4, 1), (8, 0), (1, 3)])
def test_read_noise_is_averaged_over_the_frames_of_a_group(nframes, groupgap):
    observed = observe(np.zeros(SIZE), 6, nframes=nframes, groupgap=groupgap)
    result = fit(observed).rate
    assert result.sci.std() == pytest.approx(np.sqrt(result.var_rnoise.mean()), rel=0.05)


def test_integrations_average_to_the_exposure():
    observed = observe(np.full(SIZE, 20.0), 6, nints=4)
    result = fit(observed)
    np.testing.assert_allclose(result.rate.sci, result.rateints.sci.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(result.rate.err, result.rateints.err[0] / 2, rtol=1e-5)
    pull = (result.rate.sci - observed.rate) / result.rate.err
    assert robust_width(pull) == pytest.approx(1.0, abs=0.05)


def test_cosmic_rays_that_were_found_do_not_bias_the_rate():
    observed = observe(np.full(SIZE, 5.0), 10, hits=0.02)
    options = JumpOptions(flag_4_neighbors=False)
    ramp = find_jumps(observed.ramp, observed.gain, observed.readnoise, options)
    result = fit(observed, ramp).rate
    hit = observed.struck.any(axis=(0, 1)) & np.isfinite(result.sci)
    pull = (result.sci - observed.rate)[hit] / result.err[hit]
    assert abs(np.median(pull)) < 5 / np.sqrt(hit.sum())
    assert robust_width(pull) == pytest.approx(1.0, abs=0.05 + 5 / np.sqrt(2 * hit.sum()))
    assert np.all(result.dq[hit] & DQ.JUMP_DET)


def test_a_straight_ramp_gives_its_slope_and_the_prescribed_variances():
    result = fit_one([20.0 * np.arange(5)], variances="prescribed").rate
    assert value(result) == pytest.approx(1.0, rel=1e-6)
    assert value(result, "var_poisson") == pytest.approx(1.0 / (GAIN * SPACING * 4), rel=1e-6)
    var_rnoise = 6 * READNOISE**2 / (SPACING**2 * (5**3 - 5))
    assert value(result, "var_rnoise") == pytest.approx(var_rnoise, rel=1e-6)
    total = value(result, "var_poisson") + var_rnoise
    assert value(result, "err") ** 2 == pytest.approx(total, rel=1e-6)
    assert result.meta.bunit_data == result.meta.bunit_err == "DN/s"


def test_the_group_of_a_jump_opens_the_next_segment():
    ramp = [0.0, 20, 40, 500, 520, 540]
    flags = [0, 0, 0, DQ.JUMP_DET, 0, 0]
    result = fit_one([ramp], [flags])
    assert value(result.rate) == pytest.approx(1.0, rel=1e-6)
    one_segment = 6 * READNOISE**2 / (SPACING**2 * 24)
    assert value(result.rate, "var_rnoise") == pytest.approx(one_segment / 2, rel=1e-6)
    assert value(result.rate, "dq") == DQ.JUMP_DET


def test_saturation_ends_a_ramp():
    flags = [0, 0, 0, DQ.SATURATED, DQ.SATURATED]
    result = fit_one([[0.0, 20, 40, 41, 41]], [flags]).rate
    assert value(result) == pytest.approx(1.0, rel=1e-6)
    assert value(result, "dq") == DQ.SATURATED


@pytest.mark.parametrize("flag", [DQ.SATURATED, DQ.DO_NOT_USE])
def test_a_ramp_without_good_groups_is_not_measured(flag):
    result = fit_one([[10.0, 20, 30], [10, 20, 30]], [[flag] * 3, [0, 0, 0]])
    assert np.isnan(result.rateints.sci[0, 0, 0])
    assert all(getattr(result.rateints, n)[0, 0, 0] == 0 for n in NAMES if n.startswith(("e", "v")))
    assert result.rateints.dq[0, 0, 0] & DQ.DO_NOT_USE
    assert value(result.rate) == pytest.approx(0.5, rel=1e-6)
    assert not value(result.rate, "dq") & DQ.DO_NOT_USE
    alone = fit_one([[10.0, 20, 30]], [[flag] * 3]).rate
    assert np.isnan(value(alone))
    assert value(alone, "dq") == flag | DQ.DO_NOT_USE


def test_photon_noise_comes_from_the_integrations_that_saw_photons():
    # Half the integrations saturate at once; the other half alone tell the rate.
    flags = [[0] * 5, [0] + [DQ.SATURATED] * 4]
    both = fit_one([20.0 * np.arange(5), [0, 0, 0, 0, 0]], flags).rate
    one = fit_one([20.0 * np.arange(5)]).rate
    assert value(both, "var_poisson") == value(one, "var_poisson")


def test_a_single_good_group_counts_from_the_reset():
    flags = [[0, DQ.SATURATED, DQ.SATURATED]]
    ramp = [[64.2, 200, 300]]
    assert np.isnan(value(fit_one(ramp, flags).rate))
    result = fit_one(ramp, flags, nframes=3, suppress_one_group=False).rate
    seconds = 2 * FRAME_TIME  # the mean of three frames
    assert value(result) == pytest.approx(64.2 / seconds, rel=1e-6)
    assert value(result, "var_rnoise") == pytest.approx(READNOISE**2 / 3 / seconds**2, rel=1e-6)
    late = fit_one([[10, 50.7, 100, 0]], [[1, 0, 1, 1]], suppress_one_group=False).rate
    assert value(late) == pytest.approx(50.7 / (FRAME_TIME + SPACING), rel=1e-6)


def test_one_group_is_enough_for_an_exposure_of_one_group():
    assert value(fit_one([[64.2]]).rate) == pytest.approx(64.2 / FRAME_TIME, rel=1e-6)


def test_the_zero_frame_saves_a_ramp_that_saturates_in_its_first_group():
    flags = [[DQ.SATURATED] * 3]
    frames = {"zeroframe": [1000.0], "nframes": 4}
    assert np.isnan(value(fit_one([[9e4] * 3], flags, **frames).rate))
    result = fit_one([[9e4] * 3], flags, suppress_one_group=False, **frames).rate
    assert value(result) == pytest.approx(1000 / FRAME_TIME, rel=1e-6)
    assert value(result, "dq") == DQ.SATURATED
    nothing = fit_one([[9e4] * 3], flags, suppress_one_group=False, zeroframe=[0.0], nframes=4).rate
    assert np.isnan(value(nothing))


def test_groups_that_lost_charge_count_for_the_read_noise_only():
    flags = [[0, 0, 0, 129, 129, 129]]
    ramp = [[0.0, 20, 40, 50, 60, 70]]
    result = fit_one(ramp, flags, variances="prescribed").rate
    assert value(result) == pytest.approx(1.0, rel=1e-6)
    whole = fit_one([20.0 * np.arange(6)], variances="prescribed").rate
    assert value(result, "var_rnoise") == value(whole, "var_rnoise")
    assert value(result, "err") > value(whole, "err")


def test_nan_is_not_a_measurement():
    result = fit_one([[0.0, 20, np.nan, 60, 80, 100]]).rate
    assert value(result) == pytest.approx(1.0, rel=1e-6)


def test_dark_current_adds_photon_noise_in_electrons():
    observed = observe(np.full((4, 4), 1.0), 5)
    dark = dataclasses.replace(observed.ramp, average_dark_current=plane(0.5, (4, 4)))
    more = fit(observed, dark, variances="prescribed").rate.var_poisson
    more = more - fit(observed, variances="prescribed").rate.var_poisson
    np.testing.assert_allclose(more, 0.5 / GAIN / (GAIN * FRAME_TIME * 4), rtol=1e-4)


@pytest.mark.parametrize("bad", [np.nan, 0.0, -1.0])
def test_pixels_without_gain_are_not_measured(bad):
    observed = observe(np.full((4, 4), 1.0), 5)
    values = observed.gain.sci.copy()
    values[1, 2] = bad
    result = fit_ramps(observed.ramp, observed.readnoise, Gain(sci=values), RampFitOptions()).rate
    assert result.dq[1, 2] == DQ.NO_GAIN_VALUE | DQ.DO_NOT_USE
    assert np.isnan(result.sci[1, 2])
    assert np.isfinite(result.sci).sum() == 15


def test_flagged_pixels_are_not_measured():
    observed = observe(np.full((4, 4), 1.0), 5)
    flags = np.zeros((4, 4), np.uint32)
    flags[0, 0], flags[1, 1] = DQ.DO_NOT_USE | DQ.DEAD, DQ.HOT
    result = fit(observed, dataclasses.replace(observed.ramp, pixeldq=flags)).rate
    np.testing.assert_array_equal(result.dq, flags)
    assert np.isnan(result.sci[0, 0])
    assert np.isfinite(result.sci[1, 1])


def test_groups_can_be_chosen():
    ramp = [[5.0, 0, 20, 40, 999]]
    assert value(fit_one(ramp, firstgroup=1, lastgroup=3).rate) == pytest.approx(1.0, rel=1e-6)
    for first, last in ((3, 2), (9, None)):
        with pytest.raises(InvalidOptions, match="firstgroup"):
            fit_one(ramp, firstgroup=first, lastgroup=last)


@pytest.mark.parametrize("name", ["group_time", "frame_time", "nframes"])
def test_a_missing_fact_is_named(name):
    observed = observe(np.ones((2, 2)), 3)
    meta = observed.ramp.meta.replace({f"exposure.{name}": None})
    with pytest.raises(InvalidProduct, match=name):
        fit(observed, dataclasses.replace(observed.ramp, meta=meta))


def test_gain_factor_of_the_reference_is_passed_on():
    observed = observe(np.ones((2, 2)), 3)
    gain = Gain(sci=observed.gain.sci, meta=Meta({"exposure": {"gain_factor": 2.0}}))
    result = fit_ramps(observed.ramp, observed.readnoise, gain, RampFitOptions())
    assert result.meta.exposure.gain_factor == 2.0
    assert fit(observed).meta.exposure.gain_factor is None


def test_windows_agree_and_inputs_stay():
    sci, groupdq, pixeldq, gain, readnoise = messy(4, 2, 7)
    times = {"exposure__nframes": 1, "exposure__group_time": 10.0, "exposure__frame_time": 10.0}
    ramp = make_ramp(sci, groupdq=groupdq, pixeldq=pixeldq, **times)
    before = {name: array.copy() for name, array in arrays_of(ramp).items()}
    references = (ReadNoise(sci=readnoise), Gain(sci=gain))
    whole = fit_ramps(ramp, *references, RampFitOptions())
    for name, array in arrays_of(ramp).items():
        np.testing.assert_array_equal(array, before[name])
    shape = ramp.pixeldq.shape
    for window in (Window(0, 7, 0, shape[1], shape), Window(7, 16, 3, 21, shape)):
        cut = [reference.cut(window) for reference in references]
        part = fit_ramps(ramp.cut(window), *cut, RampFitOptions())
        assert part.window == window
        expected = whole.cut(window)
        for name in NAMES:
            for one, other in ((part.rate, expected.rate), (part.rateints, expected.rateints)):
                np.testing.assert_array_equal(getattr(one, name), getattr(other, name), name)


@pytest.mark.parametrize("algorithm", ["OLS_C", "LIKELY"])
@pytest.mark.parametrize("flag", [DQ.SATURATED, DQ.DO_NOT_USE])
def test_an_exposure_without_a_usable_group_is_nan_with_flags(algorithm, flag):
    flags = np.full((2, 5), flag)
    result = fit_one(np.ones((2, 5)), flags, algorithm=algorithm)
    for product in (result.rate, result.rateints):
        assert np.isnan(product.sci).all()
        assert np.all(product.dq == flag | DQ.DO_NOT_USE)
        for name in ("err", "var_poisson", "var_rnoise"):
            assert not getattr(product, name).any()


@pytest.mark.parametrize("algorithm", ["OLS_C", "LIKELY"])
def test_an_exposure_without_a_good_pixel_is_nan_with_flags(algorithm):
    observed = observe(np.full((3, 3), 5.0), 5)
    flags = np.full((3, 3), DQ.DO_NOT_USE | DQ.DEAD, np.uint32)
    ramp = dataclasses.replace(observed.ramp, pixeldq=flags)
    result = fit(observed, ramp, algorithm=algorithm).rate
    assert np.isnan(result.sci).all()
    np.testing.assert_array_equal(result.dq, flags)


@pytest.mark.parametrize("algorithm", ["OLS_C", "LIKELY"])
def test_a_jump_into_the_first_usable_group_costs_nothing_but_is_told(algorithm):
    ramp = [[900.0, 0, 20, 40, 60, 80]]
    flags = [[DQ.DO_NOT_USE, DQ.JUMP_DET, 0, 0, 0, 0]]
    plain = fit_one(ramp, [[DQ.DO_NOT_USE, 0, 0, 0, 0, 0]], algorithm=algorithm).rate
    result = fit_one(ramp, flags, algorithm=algorithm).rate
    for name in NAMES:
        assert value(result, name) == (DQ.JUMP_DET if name == "dq" else value(plain, name))
    # It does cost a difference where the group before it could be used.
    real = fit_one(ramp, [[0, DQ.JUMP_DET, 0, 0, 0, 0]], algorithm=algorithm).rate
    assert value(real, "dq") == DQ.JUMP_DET


@pytest.mark.parametrize("algorithm", ["OLS_C", "LIKELY"])
def test_a_jump_into_the_only_usable_group_costs_nothing(algorithm):
    """What a group has counted since the reset does not depend on when it came."""
    ramp = [[900.0, 80.0, 9e4, 9e4, 9e4]]
    flags = [[DQ.DO_NOT_USE, DQ.JUMP_DET, *3 * [DQ.SATURATED]]]
    result = fit_one(ramp, flags, algorithm=algorithm, suppress_one_group=False).rate
    assert value(result) == pytest.approx(80.0 / (FRAME_TIME + SPACING), rel=1e-6)
    assert value(result, "dq") == DQ.JUMP_DET | DQ.SATURATED


@pytest.mark.parametrize("chosen", [{}, {"firstgroup": 2, "lastgroup": 6}])
@pytest.mark.parametrize("other", [0, DQ.DO_NOT_USE, DQ.SATURATED])
@pytest.mark.parametrize("group", range(1, 9))
@pytest.mark.parametrize("algorithm", ["OLS_C", "LIKELY"])
def test_a_jump_at_any_time_of_the_exposure_is_told(algorithm, group, other, chosen):
    """JUMP_DET says that there was a jump during the exposure, in a group that is used or not."""
    sci = np.broadcast_to(30.0 * np.arange(9), (2, 9))
    flags = np.zeros((2, 9), np.uint8)
    if other == DQ.SATURATED:
        flags[1, group:] = other  # it stays
    flags[1, group] = DQ.JUMP_DET | other
    result = fit_one(sci, flags, algorithm=algorithm, **chosen)
    told = DQ.JUMP_DET | (other & DQ.SATURATED)
    assert value(result.rate, "dq") == told
    assert result.rateints.dq[0].item() == 0
    assert result.rateints.dq[1].item() & ~np.uint32(DQ.DO_NOT_USE) == told


def test_leading_and_trailing_unusable_groups_change_nothing_but_the_number_of_groups():
    observed = observe(np.full((10, 10), 30.0), 8, nints=2)
    short = dataclasses.replace(
        observed.ramp, sci=observed.ramp.sci[:, 2:7], groupdq=observed.ramp.groupdq[:, 2:7]
    )
    flags = observed.ramp.groupdq.copy()
    flags[:, :2] = flags[:, 7:] = DQ.DO_NOT_USE
    one = fit(observed, dataclasses.replace(observed.ramp, groupdq=flags))
    other = fit(observed, short)
    for name in NAMES:
        np.testing.assert_array_equal(getattr(one.rate, name), getattr(other.rate, name), name)
