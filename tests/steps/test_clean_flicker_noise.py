"""clean_flicker_noise takes what lines share away, and leaves sources and background."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from tests.steps.ramps import assert_inputs_unchanged, make_ramp

from webbcal.core.dq import DQ
from webbcal.core.errors import CannotCalibrate
from webbcal.spec.references import BackgroundMask, Flat, Gain, ReadNoise
from webbcal.spec.window import Window
from webbcal.steps.clean_flicker_noise import (
    STEP,
    CleanFlickerNoiseOptions,
    clean_flicker_noise,
)
from webbcal.steps.clean_flicker_noise.scene import Light

SHAPE = (64, 96)
TIMING = {
    "exposure__group_time": 10.0,
    "exposure__frame_time": 10.0,
    "exposure__nframes": 1,
}
REFERENCES = (
    ReadNoise(sci=np.full(SHAPE, 1.4, np.float32)),
    Gain(sci=np.full(SHAPE, 2.0, np.float32)),
)


def observe(exposure_type="NRC_IMAGE", instrument="NIRCAM", nints=1, groups=5, axis=-1, **meta):
    """Return the ramp without and with noise of lines, and the rate; DN per group spacing."""
    rng = np.random.default_rng(8)
    rate = np.full(SHAPE, 30.0)
    rate[20:26, 30:40] = 2000
    signal = rate * np.arange(1, groups + 1)[:, None, None]
    signal = signal + rng.normal(0, 1, (nints, groups, *SHAPE))
    lines = (nints, groups, SHAPE[0], 1) if axis == -1 else (nints, groups, 1, SHAPE[1])
    stripes = rng.normal(0, 1.5, lines)
    facts = {"exposure__type": exposure_type, "instrument__name": instrument, **TIMING, **meta}
    return make_ramp(signal, **facts), make_ramp(signal + stripes, **facts), rate


def run(ramp, flat=None, user_mask=None, **options):
    return clean_flicker_noise(
        ramp, *REFERENCES, flat, user_mask, CleanFlickerNoiseOptions(**options)
    )


def left(result, clean):
    """Return how far the noise of lines reaches in the added signal, apart from its level, DN."""
    added = (result.sci - clean.sci)[:, 1:] - (result.sci - clean.sci)[:, :1]
    return float(np.std(added - added.mean(axis=(2, 3), keepdims=True)))


@pytest.mark.parametrize("background", ["median", "model", None])
def test_noise_of_rows_goes_and_sources_stay(background):
    clean, noisy, rate = observe()
    result = run(noisy, background_method=background)
    assert left(result, clean) < 0.25 * left(noisy, clean)
    np.testing.assert_array_equal(result.sci[:, 0], noisy.sci[:, 0])
    source = (result.sci[0, -1] - result.sci[0, 0])[20:26, 30:40].mean() / 4
    sky = 30 if background is None else 0
    assert abs(source - (rate[22, 35] - sky)) < 1.5


def test_the_background_keeps_its_level():
    clean, noisy, _ = observe()
    added = [(r.sci[0, -1] - r.sci[0, 0])[40:] for r in (clean, run(noisy))]
    # 32 rows of noise of sqrt(2) x 1.5 DN, and medians of 96 pixels.
    assert abs(added[0].mean() - added[1].mean()) < 4 * 1.5 * np.sqrt(2) / np.sqrt(32)


def test_noise_of_whole_numbers_does_not_shift_the_background():
    _, noisy, _ = observe()
    noisy = noisy.with_changes(sci=np.round(noisy.sci))
    result = run(noisy)
    change = np.diff(result.sci - noisy.sci, axis=1).mean(axis=(2, 3), dtype=float)
    np.testing.assert_allclose(change, 0, atol=1e-4)


@pytest.mark.parametrize(
    ("exposure_type", "instrument", "axes"),
    [
        ("MIR_IMAGE", "MIRI", {}),
        ("NRS_FIXEDSLIT", "NIRSPEC", {"subarray__fastaxis": 2, "subarray__slowaxis": 1}),
    ],
)
def test_lines_are_columns_where_the_noise_is_in_columns(exposure_type, instrument, axes):
    clean, noisy, _ = observe(exposure_type, instrument, axis=-2, **axes)
    assert left(run(noisy), clean) < 0.25 * left(noisy, clean)


def test_waves_follow_noise_within_columns():
    clean, noisy, _ = observe(
        "NRS_FIXEDSLIT", "NIRSPEC", axis=-2, subarray__fastaxis=-2, subarray__slowaxis=-1
    )
    assert left(run(noisy, fit_method="fft"), clean) < 0.6 * left(noisy, clean)


def test_flagged_groups_and_unknown_values_tell_nothing():
    _, noisy, _ = observe()
    hit = noisy.sci.copy()
    groupdq = noisy.groupdq.copy()
    hit[0, 2:, 50, :90] += 8
    groupdq[0, 2, 50, :90] = DQ.JUMP_DET
    hit[0, 3, 51, :] = np.nan
    noisy = noisy.with_changes(sci=hit, groupdq=groupdq)
    result = run(noisy)
    assert np.isnan(result.sci[0, 3, 51]).all()
    kept = (result.sci[0, 2] - result.sci[0, 1])[50]
    assert abs((kept[:90].mean() - kept[90:].mean()) - 8) < 1
    assert np.isfinite(result.sci[0, 4, 51]).all()


def test_masks_of_the_user_are_used_as_they_are():
    _, noisy, _ = observe()
    mask = np.zeros(SHAPE, np.float32)
    mask[:, :20] = 1
    noisy_source = noisy.sci.copy()
    noisy_source[:, 1:, 10, 20:] += 5
    changed = noisy.with_changes(sci=noisy_source)
    result = run(changed, user_mask=BackgroundMask(sci=mask), save_mask=True)
    np.testing.assert_array_equal(result.background_mask[0], mask)
    expected = run(noisy, user_mask=BackgroundMask(sci=mask)).sci[0, 1, 10, 20:] + 5
    np.testing.assert_allclose(result.sci[0, 1, 10, 20:], expected, atol=0.1)


def test_a_source_that_moves_is_masked_where_it_is():
    _, noisy, _ = observe(nints=2)
    moved = noisy.sci.copy()
    moved[1, :, 40:46, 10:80] += 300 * np.arange(1, 6)[:, None, None]
    moved = noisy.with_changes(sci=moved)
    masks = run(moved, single_mask=False, save_mask=True).background_mask
    assert masks[0, 40:46, 10:80].mean() > 0.9
    assert not masks[1, 40:46, 10:80].any()


def test_the_median_image_takes_a_bright_scene_away():
    clean, noisy, rate = observe("NRC_TSIMAGE", nints=15)
    scene = np.random.default_rng(2).exponential(1000, SHAPE)
    brightness = (1 - 1e-4 * np.arange(15))[:, None, None, None]
    light = ((scene + rate) * brightness - rate) * np.arange(1, 6)[:, None, None]
    crowded, without = (
        r.with_changes(sci=(r.sci + light).astype(np.float32)) for r in (noisy, clean)
    )
    result = run(crowded, background_method="median_image")
    assert left(result, without) < 0.5 * left(crowded, without)


def slopes(ramp, power):
    """Return the slopes of ramps, DN per group, weighted by |time| to a power."""
    time = np.arange(ramp.sci.shape[1]) - (ramp.sci.shape[1] - 1) / 2
    weights = np.abs(time) ** power * time
    return np.tensordot(ramp.sci.astype(float), weights / (weights @ time), ([1], [0]))


@pytest.mark.parametrize("power", [0, 1, 10])
def test_the_level_of_single_integrations_goes_and_that_of_all_stays(power):
    clean, _, _ = observe("NRC_TSIMAGE", nints=3, groups=6)
    levels = np.random.default_rng(7).normal(0, 5, (3, 6, 1, 1))
    noisy = clean.with_changes(sci=(clean.sci + levels).astype(np.float32))
    result = run(noisy, background_method="median_image")
    truth = slopes(clean, power)
    left = (slopes(result, power) - truth).mean(axis=(1, 2))
    # Signal over noise of 17: the rates weigh groups by their distance from the middle.
    before = (slopes(noisy, 1) - slopes(clean, 1)).mean(axis=(1, 2))
    assert before.std() > 0.4
    assert left.std() < 0.05 * before.std()
    assert abs(left.mean() - before.mean()) < 0.05 * before.std()


def test_the_level_of_reads_is_no_curvature_of_ramps():
    clean, _, _ = observe("NRC_TSIMAGE", nints=3, groups=6)
    levels = np.random.default_rng(7).normal(0, 5, (3, 6, 1, 1))
    noisy = clean.with_changes(sci=(clean.sci + levels).astype(np.float32))
    result = run(noisy, background_method="median_image")
    added = (np.diff(result.sci - clean.sci, axis=1)).mean(axis=(2, 3), dtype=float)
    assert np.abs(np.diff(added, axis=1)).max() < 0.1  # of noise of 5 DN times sqrt(6)


@pytest.mark.parametrize("method", ["median", "median_image"])
def test_white_noise_is_left_alone(method):
    """All of the medians of rows of 96 pixels would change the variance by 0.6 %."""
    rng = np.random.default_rng(6)
    signal = rng.normal(0, 5, (4, 8, *SHAPE)) + 200 * np.arange(8)[:, None, None]
    ramp = make_ramp(signal, exposure__type="NRC_IMAGE", instrument__name="NIRCAM", **TIMING)
    result = run(ramp, background_method=method)
    before, after = (np.diff(r.sci.astype(float), axis=1).var() for r in (ramp, result))
    assert abs(after / before - 1) < 0.002


def test_the_brightness_of_the_sources_is_relative_to_the_mean_rate():
    mask = np.ones(SHAPE, np.uint8)
    mask[20:26, 30:40] = 0
    rate = np.where(mask == 0, 2000, 30).astype(np.float32)
    rate[20, 30] = np.nan
    light = Light(rate, mask)
    dimmed = np.where(mask == 0, 30 + 0.97 * (rate - 30), rate).astype(np.float32)
    assert abs(light.brightness(dimmed) - 0.97) < 1e-6
    assert abs(light.brightness(dimmed + np.float32(5)) - 0.97) < 1e-6  # a level is noise
    np.testing.assert_allclose(light.as_bright_as(dimmed + np.float32(5)), dimmed, rtol=1e-5)
    assert Light(rate, np.ones(SHAPE, np.uint8)).brightness(dimmed) == 1
    assert Light(np.zeros(SHAPE, np.float32), mask).brightness(dimmed) == 1


def test_the_flat_field_modulates_the_background_not_the_noise():
    rng = np.random.default_rng(5)
    response = rng.uniform(0.5, 1.5, SHAPE).astype(np.float32)
    clean, noisy, _ = observe()
    light = np.arange(1, 6)[:, None, None] * (330 * response - 30)  # the sky of 30 as well
    clean, noisy = (r.with_changes(sci=(r.sci + light).astype(np.float32)) for r in (clean, noisy))
    flat = Flat(sci=response, dq=np.zeros(SHAPE, np.uint32))
    with_flat = left(run(noisy, flat, apply_flat_field=True), clean)
    assert with_flat < 0.5 * left(run(noisy, flat), clean)


def test_what_is_saved_adds_up():
    _, noisy, _ = observe()
    result = run(noisy, save_noise=True, save_background=True, save_mask=True)
    np.testing.assert_allclose(result.sci + result.flicker_noise, noisy.sci, rtol=1e-5)
    np.testing.assert_allclose(result.flicker_background[0, 1:], 30, atol=0.5)
    products = {suffix: make(result) for suffix, make in STEP.products.items()}
    assert products["mask"].sci.shape == SHAPE
    np.testing.assert_array_equal(products["flicker_noise"].sci, result.flicker_noise)
    assert all(make(run(noisy)) is None for make in STEP.products.values())


def test_surveys_and_threads_change_no_bit():
    _, noisy, _ = observe()
    options = CleanFlickerNoiseOptions()
    arguments = (*REFERENCES, None, None, options)
    planes = {"rate": np.empty(SHAPE, np.float32)}
    for window in (Window(0, 20, 0, 96, SHAPE), Window(20, 64, 0, 96, SHAPE)):
        cut = [None if r is None else r.cut(window) for r in arguments[:-1]]
        seen = STEP.survey.look(noisy.cut(window), *cut, options)
        planes["rate"][window.rows, window.columns] = seen["rate"]
    scene = STEP.survey.conclude(planes, noisy.meta, *arguments)
    with ThreadPoolExecutor(3) as pool:
        result, _ = STEP.frames.run(
            noisy, *arguments, carried=None, measured=scene, parallel=pool.map
        )
    np.testing.assert_array_equal(result.sci, run(noisy).sci)


@pytest.mark.parametrize(
    ("exposure_type", "instrument", "options", "reason"),
    [
        ("MIR_MRS", "MIRI", {}, "not defined for MIR_MRS"),
        ("NRC_IMAGE", "NIRCAM", {"fit_method": "fft"}, "fft is not defined"),
        ("NRS_FIXEDSLIT", "NIRSPEC", {"autoparam": True}, "autoparam is not defined"),
        ("NRS_IFU", "NIRSPEC", {"mask_science_regions": True}, "user_mask"),
        ("NRC_IMAGE", "NIRCAM", {"apply_flat_field": True}, "flat"),
        ("MIR_IMAGE", "MIRI", {"mask_science_regions": True}, "flat"),
    ],
)
def test_what_is_not_defined_is_told(exposure_type, instrument, options, reason):
    _, noisy, _ = observe(exposure_type, instrument)
    with pytest.raises(CannotCalibrate, match=reason):
        run(noisy, **options)


def test_without_differences_or_background_nothing_is_done():
    _, noisy, _ = observe(groups=1)
    with pytest.raises(CannotCalibrate, match="one group"):
        run(noisy)
    _, noisy, _ = observe()
    dark = noisy.with_changes(groupdq=np.full(noisy.groupdq.shape, DQ.DO_NOT_USE, np.uint8))
    with pytest.raises(CannotCalibrate, match="no pixel shows background"):
        run(dark)


def test_regions_that_miri_never_sees_are_left_out():
    _, noisy, _ = observe("MIR_IMAGE", "MIRI", axis=-2)
    dq = np.zeros(SHAPE, np.uint32)
    dq[:, :30] = DQ.NON_SCIENCE
    flat = Flat(sci=np.ones(SHAPE, np.float32), dq=dq)
    masks = run(noisy, flat, mask_science_regions=True, save_mask=True).background_mask
    assert not masks[0, :, :30].any()
    assert masks[0, 40:, 30:].mean() > 0.9


def test_amplifiers_are_cleaned_apart():
    rng = np.random.default_rng(1)
    shape = (6, 2048)
    stripes = np.repeat(rng.normal(0, 3, (1, 3, 6, 4)), 512, axis=-1)
    signal = rng.normal(0, 1, (1, 3, *shape))
    facts = {"exposure__type": "NRC_IMAGE", "exposure__noutputs": 4, **TIMING}
    clean, noisy = make_ramp(signal, **facts), make_ramp(signal + stripes, **facts)
    noise = ReadNoise(sci=np.full(shape, 1.4, np.float32)), Gain(sci=np.ones(shape, np.float32))
    apart, together = (
        clean_flicker_noise(
            noisy, *noise, None, None, CleanFlickerNoiseOptions(fit_by_channel=by_channel)
        )
        for by_channel in (True, False)
    )
    assert left(apart, clean) < 0.3 * left(together, clean)


def test_inputs_stay_as_they_are():
    _, noisy, _ = observe(groups=3)
    assert_inputs_unchanged(run, noisy)
