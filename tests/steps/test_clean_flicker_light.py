"""What repeats in every group is light, what comes and goes is noise of the electronics."""

import numpy as np
import pytest
from tests.steps.ramps import make_ramp
from tests.steps.test_clean_flicker_noise import TIMING, observe, run

from webbcal.steps.clean_flicker_noise.light import (
    Levels,
    light_of,
    share_beyond_errors,
    share_of_noise,
    shares_of_light,
    smooth_across,
)

LINES = 512
GROUPS = 6


def steep(axis, noise=1.5, seed=4, groups=GROUPS, kind="NRC_IMAGE", instrument="NIRCAM", nints=1):
    """Return a ramp with noise of lines, and the rate of a sky that rises 400 times."""
    rng = np.random.default_rng(seed)
    shape = (LINES, 128) if axis == -1 else (128, LINES)
    rising = np.geomspace(0.25, 100, LINES)
    rate = np.broadcast_to(rising[:, None] if axis == -1 else rising, shape).copy()
    rate[20:26, 30:40] += 2000
    steps = rng.poisson(rate * 2, (nints, groups, *shape)) / 2  # gain 2 electron/DN
    signal = np.cumsum(steps, axis=1) + rng.normal(0, 1, (nints, groups, *shape))
    lines = (nints, groups, LINES, 1) if axis == -1 else (nints, groups, 1, LINES)
    stripes = rng.normal(0, noise, lines)
    facts = {"exposure__type": kind, "instrument__name": instrument, **TIMING}
    return make_ramp(signal + stripes, **facts), rate


def rates(ramp):
    """Return the slopes, DN per group, axes (y, x), mean of the integrations."""
    time = np.arange(ramp.sci.shape[1]) - (ramp.sci.shape[1] - 1) / 2
    return np.tensordot(ramp.sci.astype(float), time, ([1], [0])).mean(axis=0) / (time @ time)


def lines_of(image, axis):
    """Return the median of each line of an image without its sources."""
    return np.median(image[30:] if axis == -2 else image[:, 50:], axis=axis)


@pytest.fixture(autouse=True)
def references(monkeypatch):
    """Use references as large as the images here."""
    import tests.steps.test_clean_flicker_noise as usual

    from webbcal.spec.references import Gain, ReadNoise

    def of(shape):
        noise = np.full(shape, 1.4, np.float32)
        return ReadNoise(sci=noise), Gain(sci=np.full(shape, 2.0, np.float32))

    original = usual.clean_flicker_noise

    def clean(ramp, _noise, _gain, *rest):
        return original(ramp, *of(ramp.sci.shape[2:]), *rest)

    monkeypatch.setattr(usual, "clean_flicker_noise", clean)


@pytest.mark.parametrize("nints", [1, 2])
@pytest.mark.parametrize(
    ("axis", "kind", "instrument"), [(-1, "NRC_IMAGE", "NIRCAM"), (-2, "MIR_IMAGE", "MIRI")]
)
@pytest.mark.parametrize("background", ["median", "model"])
def test_a_steep_sky_is_not_taken_for_noise(axis, kind, instrument, background, nints):
    noisy, rate = steep(axis, kind=kind, instrument=instrument, nints=nints)
    result = run(noisy, background_method=background)
    truth = lines_of(rate, axis)
    before, after = (lines_of(rates(r), axis) - truth for r in (noisy, result))
    # Noise of reads of 1.5 DN: slopes of 0.36 DN over the square root of the integrations.
    expected = 1.5 * np.sqrt(12 / (GROUPS * (GROUPS**2 - 1)) / nints)
    assert before[:256].std() > 0.8 * expected
    smooth = np.convolve(after[:256], np.ones(32) / 32, "valid")
    assert np.abs(smooth).max() < 4 * expected / np.sqrt(32)
    assert after[:256].std() < 0.6 * before[:256].std()
    assert after.std() < 1.05 * before.std()


def test_without_light_all_noise_of_the_slopes_goes():
    clean, noisy, _ = observe(groups=6)
    result = run(noisy)
    before, after = (rates(r) - rates(clean) for r in (noisy, result))
    quiet = np.s_[30:, :]
    assert after[quiet].std() < 0.3 * before[quiet].std()


def test_a_line_with_faint_light_of_its_own_keeps_it():
    """Light of 5 errors in 8 of 512 lines, below the limit of the mask."""
    noisy, _ = steep(-1, noise=0.5, groups=12)
    light = np.zeros((LINES, 1))
    light[200:208] = 3.0
    more = light * np.arange(1, 13)[:, None, None]
    result = run(noisy.with_changes(sci=(noisy.sci + more).astype(np.float32)))
    taken = lines_of(rates(run(noisy)) + light - rates(result), -1)[200:208]
    assert abs(taken.mean()) < 0.3 * 3.0


def test_two_groups_keep_a_gradient():
    noisy, _ = steep(-1, groups=2)
    result = run(noisy)
    error = (lines_of(rates(result) - rates(noisy), -1))[64:-64]
    smooth = np.convolve(error, np.ones(64) / 64, "valid")
    assert np.abs(smooth).max() < 1.0  # of a sky of up to 100 DN


@pytest.mark.parametrize("integrations", [1, 3])
def test_noise_alone_is_seldom_light(integrations):
    rng = np.random.default_rng(1)
    found = []
    for _ in range(40):
        reads = rng.normal(0, 1, (GROUPS, 256, 1))
        time = (np.arange(GROUPS) - (GROUPS - 1) / 2)[:, None, None]
        slope = (time * reads).sum(axis=0) / (time**2).sum()
        error = np.sqrt(12 / (GROUPS * (GROUPS**2 - 1)) * (1 / integrations))
        common = rng.normal(0, error, slope.shape)
        own = None if integrations == 1 else slope * np.sqrt(1 - 1 / integrations)
        apart = reads - reads.mean(axis=0) - time * slope
        shares = shares_of_light(common, apart, own, integrations)
        found.append(float((light_of(common, shares) ** 2).mean() / error**2))
    assert np.median(found) < 0.01
    assert np.mean(found) < 0.05


def test_light_far_above_the_noise_is_light():
    rng = np.random.default_rng(2)
    reads = rng.normal(0, 1, (GROUPS, 256, 2))
    common = np.linspace(-50, 50, 256)[:, None] + np.array([10.0, -10.0])
    common[40] = np.nan
    shares = shares_of_light(common, reads, None, 1)
    light = light_of(common, shares)
    assert light[40].tolist() == [0, 0]
    known = np.isfinite(common)
    np.testing.assert_allclose(light[known], common[known], atol=0.05)


def without_errors(levels):
    return Levels(levels, np.zeros(levels.shape))


def test_only_what_neighbouring_differences_share_is_noise_of_reads():
    rng = np.random.default_rng(3)
    reads, alone = rng.normal(0, 1, (2, 21, 256, 1))
    of_reads, both = np.diff(reads, axis=0), np.diff(reads, axis=0) + 2 * alone[1:]
    assert share_of_noise(without_errors(of_reads)).mean() > 0.95
    assert share_of_noise(without_errors(alone)).mean() < 0.1
    assert abs(share_of_noise(without_errors(both)).mean() - 2 / (2 + 4)) < 0.08


def test_errors_of_medians_are_no_noise_of_reads_even_where_they_add_up():
    rng = np.random.default_rng(4)
    reads, errors = rng.normal(0, 1, (2, 21, 256, 1))
    told = np.diff(reads + 2 * errors, axis=0)
    share = share_of_noise(Levels(told, np.full(told.shape, 2 * 4.0)))
    assert abs(share.mean() - 1 / 5) < 0.08
    told = np.diff(2 * errors, axis=0)
    assert share_of_noise(Levels(told, np.full(told.shape, 2 * 4.0))).mean() < 0.08


def test_the_part_beyond_errors_is_nearest_to_the_truth():
    rng = np.random.default_rng(5)
    truth = rng.normal(0, 1, (1, 2048, 1))
    told = truth + rng.normal(0, 2, truth.shape)
    told[0, 100] = np.nan
    share = share_beyond_errors(Levels(told, np.full(told.shape, 4.0)))
    assert share[100, 0] == 0
    left = np.nanmean((share * told - truth) ** 2)
    assert left < 1.1 * (1 * 4) / (1 + 4)
    assert np.nanmean((told - truth) ** 2) > 3.5


def test_a_straight_line_is_smooth_at_borders_and_beside_gaps():
    levels = 3 + 0.2 * np.arange(200.0)[:, None] * np.array([1.0, -2.0])
    known = np.ones(levels.shape, bool)
    known[50:70], known[120, 0] = False, False
    smooth = smooth_across(levels, known)
    np.testing.assert_allclose(smooth[known], levels[known], rtol=1e-9)
    assert (smooth[~known] == 0).all()
