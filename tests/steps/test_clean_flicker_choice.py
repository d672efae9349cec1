"""autoparam takes the options that come closest to the truth."""

from dataclasses import replace

import numpy as np
import pytest
from tests.steps.ramps import make_ramp

from webbcal.core.errors import CannotCalibrate
from webbcal.spec.references import BackgroundMask, Flat, Gain, ReadNoise
from webbcal.steps.clean_flicker_noise import CleanFlickerNoiseOptions, clean_flicker_noise
from webbcal.steps.clean_flicker_noise.choice import LIMITS, Seen, chosen
from webbcal.steps.clean_flicker_noise.scene import conclude, look

SHAPE = (256, 2048)
GROUPS, SECONDS = 4, 10.0
REFERENCES = (
    ReadNoise(sci=np.full(SHAPE, 4.2, np.float32)),
    Gain(sci=np.full(SHAPE, 2.0, np.float32)),
)
EXPOSURES = {"NIRCAM": "NRC_IMAGE", "NIRISS": "NIS_IMAGE"}
EMPTY = Seen(masked=0.03, slope=0.0, range=0.0, steps=0.0, noise=0.0, break_even=0.01)


def sky_of(scene, rng):
    """Return the light of a scene, DN/s."""
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    rate = np.full(SHAPE, 0.5)
    if scene == "gradient":
        rate += 2e-4 * (x - 1024) + 1.5e-3 * (y - 128)  # as uneven as 2e-4 in 2048 rows
    if scene in {"crowded", "nebula"}:
        for _ in range(900):
            row, column = rng.integers(6, SHAPE[0] - 6), rng.integers(6, SHAPE[1] - 6)
            rate[row - 5 : row + 6, column - 5 : column + 6] += rng.exponential(10)
    if scene == "nebula":
        rate += 0.4 * np.exp(-(((x - 900) / 600) ** 2) / 2 - ((y - 60) / 150) ** 2 / 2)
    return rate


def observe(scene, instrument="NIRCAM", seed=3):
    """Return the ramp without and with noise of the electronics."""
    rng = np.random.default_rng(seed)
    signal = sky_of(scene, rng) * SECONDS * np.arange(1, GROUPS + 1)[:, None, None]
    signal = signal + rng.normal(0, 3, (1, GROUPS, *SHAPE))
    lines = (1, GROUPS, SHAPE[0], 1)
    drift = rng.normal(0, 1.5, lines) + np.cumsum(rng.normal(0, 0.15, lines), axis=2)
    own = rng.normal(0, 3.0 if scene == "amplifiers" else 0.1, (1, GROUPS, SHAPE[0], 4))
    if scene == "steps":
        own += np.array([0.5, -0.5, 0.25, -0.35]) * np.arange(GROUPS)[:, None, None]
    noisy = signal + drift + np.repeat(own, 512, axis=-1)
    facts = {
        "exposure__type": EXPOSURES[instrument],
        "instrument__name": instrument,
        "exposure__noutputs": 4,
        "exposure__group_time": SECONDS,
        "exposure__frame_time": SECONDS,
        "exposure__nframes": 1,
    }
    return make_ramp(signal, **facts), make_ramp(noisy, **facts)


def choice(ramp, flat=None, user_mask=None, **options):
    """Return the options that are taken for a ramp."""
    wanted = CleanFlickerNoiseOptions(autoparam=True, **options)
    planes = look(ramp, *REFERENCES, flat, user_mask, wanted)
    return conclude(planes, ramp.meta, *REFERENCES, flat, user_mask, wanted).options


def error(ramp, clean):
    """Return how far what the groups add is from the truth, DN, apart from the level."""
    added = (ramp.sci - clean.sci)[:, -1] - (ramp.sci - clean.sci)[:, 0]
    return float(np.std(added, dtype=float))


@pytest.mark.parametrize("instrument", EXPOSURES)
@pytest.mark.parametrize(
    ("scene", "background", "by_channel"),
    [
        ("empty", "median", False),
        ("crowded", "median", False),
        ("nebula", "model", False),
        ("gradient", "model", False),
        ("amplifiers", "median", True),
        ("steps", "median", True),
    ],
)
def test_the_choice_comes_closest_to_the_truth(scene, background, by_channel, instrument):
    clean, noisy = observe(scene, instrument)
    taken = choice(noisy)
    assert (taken.background_method, taken.fit_by_channel) == (background, by_channel)
    if instrument == "NIRISS":
        return  # the same pixels again
    left = {
        (method, apart): error(
            clean_flicker_noise(
                noisy,
                *REFERENCES,
                None,
                None,
                CleanFlickerNoiseOptions(background_method=method, fit_by_channel=apart),
            ),
            clean,
        )
        for method in ("median", "model")
        for apart in (False, True)
    }
    assert min(left, key=left.__getitem__) == (background, by_channel), left
    assert left[background, by_channel] < 0.5 * error(noisy, clean)


def test_what_is_chosen_is_what_is_done():
    _, noisy = observe("amplifiers")
    automatic, by_hand = (
        clean_flicker_noise(noisy, *REFERENCES, None, None, CleanFlickerNoiseOptions(**options))
        for options in ({"autoparam": True}, {"fit_by_channel": True})
    )
    np.testing.assert_array_equal(automatic.sci, by_hand.sci)


def test_a_flat_field_is_applied_where_there_is_one():
    _, noisy = observe("empty")
    response = np.repeat(np.linspace(0.8, 1.2, SHAPE[1], dtype=np.float32)[None], SHAPE[0], 0)
    flat = Flat(sci=response, dq=np.zeros(SHAPE, np.uint32))
    seen = noisy.with_changes(sci=noisy.sci * response)
    assert choice(seen).background_method == "model"  # light without a flat field slopes
    taken = choice(seen, flat)
    assert (taken.background_method, taken.apply_flat_field) == ("median", True)


@pytest.mark.parametrize("options", [{"single_mask": False}, {"background_method": "median_image"}])
def test_other_options_do_not_hinder_the_choice(options):
    _, noisy = observe("empty")
    assert choice(noisy, **options).background_method == "median"


def test_the_mask_of_the_user_tells_where_to_look():
    _, noisy = observe("empty")
    sloping = 1e-3 * np.clip(np.arange(2048.0) - 1100, 0, 500)
    light = sloping * SECONDS * np.arange(GROUPS)[:, None, None]
    noisy = noisy.with_changes(sci=(noisy.sci + light).astype(np.float32))
    mask = np.ones(SHAPE, np.float32)
    assert choice(noisy, user_mask=BackgroundMask(sci=mask)).background_method == "model"
    mask[:, 1100:] = 0
    assert choice(noisy, user_mask=BackgroundMask(sci=mask)).background_method == "median"


@pytest.mark.parametrize(
    ("changes", "background", "by_channel"),
    [
        ({"slope": 2e-5}, ("model", "model"), (False, False)),
        ({"slope": 2e-5, "masked": 0.5}, ("model", "median"), (False, False)),
        ({"slope": 2e-4, "masked": 0.08}, ("model", "model"), (False, False)),
        ({"range": 0.1}, ("median", "median"), (False, False)),
        ({"range": 0.1, "masked": 0.08}, ("median", "model"), (False, False)),
        ({"steps": 0.03}, ("median", "median"), (True, True)),
        ({"steps": 0.03, "masked": 0.5}, ("median", "median"), (False, False)),
        ({"noise": 0.03, "masked": 0.5}, ("median", "median"), (True, True)),
        ({"noise": 0.03, "break_even": 0.04}, ("median", "median"), (False, False)),
    ],
)
def test_limits_decide(changes, background, by_channel):
    seen = replace(EMPTY, **changes)
    taken = [chosen(CleanFlickerNoiseOptions(), seen, LIMITS[i], flat=False) for i in EXPOSURES]
    assert tuple(options.background_method for options in taken) == background
    assert tuple(options.fit_by_channel for options in taken) == by_channel


def test_an_image_without_background_is_told():
    _, noisy = observe("empty")
    with pytest.raises(CannotCalibrate, match="no pixel shows background"):
        choice(noisy, user_mask=BackgroundMask(sci=np.zeros(SHAPE, np.float32)))


def test_other_exposures_have_no_limits():
    _, noisy = observe("empty")
    other = noisy.with_changes(meta=noisy.meta.replace({"exposure.type": "NRC_TSIMAGE"}))
    with pytest.raises(CannotCalibrate, match="autoparam is not defined for NRC_TSIMAGE"):
        choice(other)
