"""ramp_fit tells, where asked to, which segments it fitted and which jumps lie between them."""

import dataclasses

import numpy as np
import pytest
from tests.steps.observed import FRAME_TIME, GAIN, READNOISE, messy, observe
from tests.steps.ramps import make_ramp, plane

from webbcal.core.dq import DQ
from webbcal.spec.meta import Meta
from webbcal.spec.references import Gain, ReadNoise
from webbcal.spec.window import Window
from webbcal.steps.gain_scale import GainScaleOptions, scale_gain
from webbcal.steps.ramp_fit import STEP, RampFitOptions, fit_ramps

NAMES = ("slope", "sigslope", "var_poisson", "var_rnoise", "yint", "sigyint")
NAMES += ("pedestal", "weights", "crmag")


def fit_one(values, flags, **options):
    values, flags = np.asarray(values, float), np.asarray(flags, np.uint8)
    times = {"exposure__nframes": 1, "exposure__frame_time": 10.0, "exposure__group_time": 20.0}
    ramp = make_ramp(values[..., None, None], groupdq=flags[..., None, None], **times)
    references = ReadNoise(sci=plane(READNOISE, (1, 1))), Gain(sci=plane(GAIN, (1, 1)))
    return fit_ramps(ramp, *references, RampFitOptions(save_opt=True, **options))


def test_segments_and_the_jump_between_them():
    """A ramp of 2 DN/s from 100 DN at the reset, which jumps by 500 DN."""
    ramp = 100 + 2.0 * (10 + 20 * np.arange(6)) + 500 * (np.arange(6) >= 3)
    result = fit_one([ramp, ramp], [[0, 0, 0, DQ.JUMP_DET, 0, 0], [0] * 3 + [DQ.SATURATED] * 3])
    parts = {name: getattr(result.segments, name)[..., 0, 0] for name in NAMES}
    np.testing.assert_allclose(parts["slope"], [[2, 2], [2, np.nan]], rtol=1e-6)
    np.testing.assert_allclose(parts["yint"], [[120, 620], [120, np.nan]], rtol=1e-6)
    np.testing.assert_allclose(parts["pedestal"], [100, 100], rtol=1e-5)
    np.testing.assert_allclose(parts["crmag"], [[500], [np.nan]], rtol=1e-5)
    prescribed = 6 * READNOISE**2 / (20.0**2 * (3**3 - 3))
    np.testing.assert_allclose(parts["weights"], np.array([[1, 1], [1, 0]]) / prescribed, rtol=1e-5)
    square = parts["var_poisson"] + parts["var_rnoise"]
    np.testing.assert_allclose(parts["sigslope"] ** 2, square, rtol=1e-5)
    assert np.all(parts["sigyint"][0] > 0)


def test_segments_combine_to_the_rate():
    sci, groupdq, pixeldq, gain, readnoise = messy(2, 2, 9)
    times = {"exposure__nframes": 1, "exposure__group_time": 10.0, "exposure__frame_time": 10.0}
    ramp = make_ramp(sci, groupdq=groupdq, pixeldq=pixeldq, **times)
    result = fit_ramps(
        ramp, ReadNoise(sci=readnoise), Gain(sci=gain), RampFitOptions(save_opt=True)
    )
    parts = result.segments
    weight = parts.weights.sum(axis=1)
    mean = np.nansum(parts.weights * np.nan_to_num(parts.slope), axis=1) / np.where(
        weight, weight, 1
    )
    known = np.isfinite(result.rateints.sci)
    np.testing.assert_allclose(mean[known], result.rateints.sci[known], rtol=1e-3, atol=1e-3)
    assert np.isnan(parts.slope[..., (pixeldq & DQ.DO_NOT_USE) != 0]).all()


def test_the_intercept_scatters_as_it_says():
    rate = np.full((100, 100), 4.0)
    observed = observe(rate, 6, nframes=2)
    result = fit_ramps(
        observed.ramp, observed.readnoise, observed.gain, RampFitOptions(save_opt=True)
    )
    start = observed.rate * 1.5 * FRAME_TIME
    off = (result.segments.yint[0, 0] - start) / result.segments.sigyint[0, 0]
    assert off.std() == pytest.approx(1.0, abs=0.04)
    assert abs(off.mean()) < 0.05


def test_windows_agree_when_told_the_lengths_of_the_exposure():
    sci, groupdq, pixeldq, gain, readnoise = messy(4, 2, 7)
    times = {"exposure__nframes": 1, "exposure__group_time": 10.0, "exposure__frame_time": 10.0}
    ramp = make_ramp(sci, groupdq=groupdq, pixeldq=pixeldq, **times)
    references = (ReadNoise(sci=readnoise), Gain(sci=gain))
    options = RampFitOptions(save_opt=True)
    assert STEP.survey is not None
    assert STEP.survey.wanted(options, ramp.meta)
    planes = STEP.survey.look(ramp, *references, options)
    measured = STEP.survey.conclude(planes, ramp.meta, *references, options)
    whole = fit_ramps(ramp, *references, options)
    assert whole.segments.slope.shape[1] == measured.segments
    shape = ramp.pixeldq.shape
    for window in (Window(0, 1, 0, 2, shape), Window(7, 16, 3, 21, shape)):
        cut = [reference.cut(window) for reference in references]
        part = fit_ramps(ramp.cut(window), *cut, options, measured)
        expected = whole.cut(window)
        for name in NAMES:
            found = getattr(part.segments, name)
            np.testing.assert_array_equal(found, getattr(expected.segments, name), name)


def test_products_are_there_when_asked_for_only():
    observed = observe(np.full((3, 3), 5.0), 5)
    references = (observed.readnoise, observed.gain)
    silent = fit_ramps(observed.ramp, *references, RampFitOptions())
    assert {make(silent) for make in STEP.products.values()} == {None}
    detailed = fit_ramps(observed.ramp, *references, RampFitOptions(save_opt=True))
    gain = dataclasses.replace(observed.gain, meta=Meta({"exposure": {"gain_factor": 2.0}}))
    scaled = scale_gain(detailed, gain, GainScaleOptions())
    assert STEP.products["fitopt"](scaled) is detailed.segments
