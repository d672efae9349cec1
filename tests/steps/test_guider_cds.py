"""guider_cds makes count rates and their errors from the reads of a guider."""

from dataclasses import replace

import numpy as np
import pytest

from webbcal.core.errors import CannotCalibrate, UnsupportedMode
from webbcal.modes import MODES
from webbcal.spec.meta import Meta
from webbcal.spec.products import GuiderRaw
from webbcal.spec.references import Gain, ReadNoise
from webbcal.spec.window import Window
from webbcal.steps.guider_cds import GuiderCdsOptions, make_guider_images

GAIN, NOISE = 1.8, 9.0  # electrons per DN; DN, of the difference of two reads
FRAME, INTERVAL = 0.00126, 0.05418  # s, those of fine guiding
SHAPE = (40, 50)


def references(shape=SHAPE):
    return (
        Gain(sci=np.full(shape, GAIN, np.float32)),
        ReadNoise(sci=np.full(shape, NOISE, np.float32)),
    )


def run(raw, gain, noise, **options):
    return make_guider_images(raw, gain, noise, GuiderCdsOptions(**options))


def raw_of(sci, exposure_type, **more):
    meta = {"type": exposure_type, "group_time": INTERVAL, "frame_time": FRAME}
    return GuiderRaw(sci=np.asarray(sci, np.float32), meta=Meta({"exposure": meta | more}), dq=None)


def observe(exposure_type, times, rate, integrations=6):
    """Return reads at `times` (s) of pixels that collect `rate` (DN/s), with their noise."""
    rng = np.random.default_rng(5)
    steps = np.diff(times, prepend=0.0)[:, np.newaxis, np.newaxis]
    shape = (integrations, len(times), *SHAPE)
    collected = rng.poisson(np.broadcast_to(rate * GAIN * steps, shape)).cumsum(axis=1) / GAIN
    bias = rng.normal(900, 20, (1, 1, *SHAPE))
    return raw_of(bias + collected + rng.normal(0, NOISE / np.sqrt(2), shape), exposure_type)


@pytest.mark.parametrize("rate", [0.0, 3e3, 4e5])
@pytest.mark.parametrize("function", ["FGS_ACQ1", "FGS_TRACK", "FGS_FINEGUIDE"])
def test_rates_are_unbiased_and_errors_tell_their_scatter(function, rate):
    reads = np.arange(1, 5) * FRAME if function == "FGS_FINEGUIDE" else np.array([FRAME])
    times = np.concatenate([reads, reads + INTERVAL])
    result = run(observe(function, times, rate), *references())
    pull = (result.sci - rate) / result.err
    assert abs(pull.mean()) < 4 / np.sqrt(pull.size) + 0.01
    assert pull.std() == pytest.approx(1.0, abs=0.03 if rate else 0.12)


@pytest.mark.parametrize("rate", [0.0, 4e5])
def test_the_prescribed_errors_do_not_tell_the_scatter(rate):
    reads = np.arange(1, 5) * FRAME
    raw = observe("FGS_FINEGUIDE", np.concatenate([reads, reads + INTERVAL]), rate)
    result = run(raw, *references(), variances="prescribed")
    pull = (result.sci - rate) / result.err
    # Without light the noise of eight reads is too large, with much the photon noise too small.
    assert pull.std() < 0.5 if rate == 0 else pull.std() > 3


def test_identification_keeps_the_smallest_difference():
    sci = np.zeros((2, 2, 2, 3))
    sci[:, 1] = [[[5, 6, 7], [8, 9, 1e5]], [[5, 1e5, 8], [7, 9, 2]]]
    for function in ("FGS_ID-IMAGE", "FGS_ID-STACK"):
        result = run(raw_of(sci, function), *references((2, 3)))
        expected = np.array([[[5, 6, 7], [7, 9, 2]]]) / INTERVAL
        np.testing.assert_allclose(result.sci, expected, rtol=1e-6)


def test_tables_flags_and_units_are_passed_on():
    stars = np.zeros(3, [("reference_star_id", "S2"), ("count_rate", "f8")])
    raw = replace(
        raw_of(np.zeros((2, 2, 2, 3)), "FGS_TRACK"),
        flight_reference_stars=stars,
        dq=np.full((2, 3), 4, np.uint32),
    )
    result = run(raw, *references((2, 3)))
    np.testing.assert_array_equal(result.flight_reference_stars, stars)
    np.testing.assert_array_equal(result.dq, raw.dq)
    assert result.meta.bunit_data == result.meta.bunit_err == "DN/s"


def test_windows_agree_and_inputs_stay():
    reads = np.arange(1, 5) * FRAME
    raw = observe("FGS_FINEGUIDE", np.concatenate([reads, reads + INTERVAL]), 5e3)
    before = raw.sci.copy()
    gain, noise = references()
    whole = run(raw, gain, noise)
    window = Window(3, 20, 7, 31, SHAPE)
    part = run(raw.cut(window), gain.cut(window), noise.cut(window))
    np.testing.assert_array_equal(part.sci, whole.sci[:, 3:20, 7:31])
    np.testing.assert_array_equal(part.err, whole.err[:, 3:20, 7:31])
    assert part.window == window
    np.testing.assert_array_equal(raw.sci, before)


def test_nan_and_negative_rates():
    sci = np.zeros((1, 2, 1, 3))
    sci[0, 1, 0] = [np.nan, -50, 50]
    result = run(raw_of(sci, "FGS_ACQ2"), *references((1, 3)))
    assert np.isnan(result.sci[0, 0, 0])
    assert np.isnan(result.err[0, 0, 0])
    assert result.err[0, 0, 1] == pytest.approx(NOISE / INTERVAL)
    assert result.err[0, 0, 2] > result.err[0, 0, 1]


@pytest.mark.parametrize("impossible", [0.0, -1.5, np.nan])
def test_photon_noise_is_unknown_where_the_gain_is_not_positive(impossible):
    raw = observe("FGS_ACQ1", np.array([FRAME, FRAME + INTERVAL]), 3e3)
    gain, noise = references()
    values = gain.sci.copy()
    values[3, 4] = impossible
    result = run(raw, replace(gain, sci=values), noise)
    unknown = np.isnan(result.err)
    assert unknown[:, 3, 4].all() and unknown.sum() == len(result.err)
    assert np.isfinite(result.sci).all()


def test_too_few_reads_and_other_exposures_are_told():
    with pytest.raises(CannotCalibrate, match="7 reads per integration, 8"):
        run(raw_of(np.zeros((1, 7, 2, 3)), "FGS_FINEGUIDE"), *references((2, 3)))
    with pytest.raises(UnsupportedMode):
        run(raw_of(np.zeros((1, 7, 2, 3)), "FGS_DANCE"), *references((2, 3)))


def test_every_function_of_the_guiders_says_how_its_images_are_made():
    guiders = [mode for mode in MODES.values() if mode.kind.name == "GUIDING"]
    assert len(guiders) == 6
    assert all((mode.guiding is not None) == (mode in guiders) for mode in MODES.values())
