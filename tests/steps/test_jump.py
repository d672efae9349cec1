"""jump finds cosmic rays and leaves everything else alone."""

import numpy as np
import pytest
from tests.steps.observed import FRAME_TIME, GAIN, READNOISE, messy, observe
from tests.steps.ramps import assert_inputs_unchanged, assert_windows_agree, make_ramp, plane

from webbcal.core.dq import DQ
from webbcal.core.errors import CannotCalibrate, InvalidOptions, InvalidProduct
from webbcal.spec.meta import Meta
from webbcal.spec.references import Gain, ReadNoise
from webbcal.steps.jump import STEP, JumpOptions, find_jumps
from webbcal.steps.jump.search import Dropped
from webbcal.steps.ramp_fit import RampFitOptions, fit_ramps

SIZE = (100, 100)


def run(observed, **options):
    return find_jumps(observed.ramp, observed.gain, observed.readnoise, JumpOptions(**options))


def flagged(ramp):
    return (ramp.groupdq & DQ.JUMP_DET) != 0


def hit(step, *, group=3, ngroups=6, shape=(9, 9)):
    """Return a ramp without noise of 10 DN per group, in whose middle the signal jumps."""
    sci = np.broadcast_to(10.0 * np.arange(ngroups)[None, :, None, None], (1, ngroups, *shape))
    sci = sci.copy()
    sci[0, group:, 4, 4] += step
    ramp = make_ramp(sci, exposure__nframes=1, exposure__group_time=20.0)
    return ramp, Gain(sci=plane(2.0, shape)), ReadNoise(sci=plane(8.0, shape))


@pytest.mark.parametrize("ngroups", [4, 6, 10, 12, 30])
def test_finds_the_hits_above_ten_sigma(ngroups):
    rate = np.full(SIZE, 2.0)
    observed = observe(rate, ngroups, hits=0.01)
    sigma = np.sqrt(READNOISE**2 * GAIN**2 + 2.0 * FRAME_TIME)
    strong = observed.deposit > 10 * sigma
    assert strong.sum() > 100
    found = flagged(run(observed, flag_4_neighbors=False))
    assert found[strong].mean() > 0.99


@pytest.mark.parametrize("ngroups", [3, 4, 5, 6, 8, 10, 12, 30])
def test_flags_few_groups_without_a_hit(ngroups):
    rate = np.broadcast_to(10 ** np.linspace(-1, 3, SIZE[0])[:, None], SIZE)
    found = flagged(run(observe(rate, ngroups)))
    # Of Gaussian noise, 6e-5 lies beyond 4 sigma; the median takes up some of the rest.
    assert found.mean() < 1e-3


def test_rates_of_pixels_with_clear_hits_are_unbiased_and_those_of_false_flags_are_low():
    """A false flag takes a rise by chance out of the ramp; a hit that is seen anyway does not."""
    observed = observe(
        np.full((300, 300), 5.0), 8, nframes=2, groupgap=8, hits=0.01, sizes=(400.0, 5000.0)
    )
    ramp = run(observed, flag_4_neighbors=False)
    rate = fit_ramps(ramp, observed.readnoise, observed.gain, RampFitOptions()).rate
    pull = (rate.sci - observed.rate) / rate.err
    struck, found = observed.struck.any(axis=(0, 1)), flagged(ramp).any(axis=(0, 1))
    clear, false = struck & found, ~struck & found
    assert abs(pull[clear].mean()) < 4 / np.sqrt(clear.sum())
    assert abs(pull[~struck & ~found].mean()) < 4 / np.sqrt((~struck & ~found).sum()) + 0.01
    assert false.sum() > 50
    assert pull[false].mean() < -0.5


def test_counts_hits_of_all_integrations():
    observed = observe(np.full((40, 40), 5.0), 8, nints=3, hits=0.01)
    result = run(observed, flag_4_neighbors=False)
    np.testing.assert_array_equal(result.cosmic_rays, flagged(result).sum(axis=(0, 1)))
    assert abs(result.cosmic_rays.sum() - observed.struck.sum()) < 0.05 * observed.struck.sum()


def test_bright_pixels_may_scatter_more_than_faint_ones():
    observed = observe(np.full(SIZE, 5000.0), 8)
    assert flagged(run(observed)).mean() < 1e-3
    doubled = Gain(sci=observed.gain.sci * 9)  # as if the photon noise were three times less
    result = find_jumps(observed.ramp, doubled, observed.readnoise, JumpOptions())
    assert flagged(result).mean() > 0.02


def test_a_strong_hit_takes_its_four_neighbours_along():
    result = find_jumps(*hit(500.0), JumpOptions())
    expected = np.zeros((9, 9), bool)
    expected[4, 3:6] = expected[3:6, 4] = True
    np.testing.assert_array_equal(flagged(result)[0, 3], expected)
    assert flagged(result).sum() == 5
    assert result.cosmic_rays.sum() == 1


@pytest.mark.parametrize(("step", "count"), [(60.0, 1), (100.0, 5), (9000.0, 1)])
def test_weak_and_enormous_hits_stay_alone(step, count):
    # One sigma is sqrt(10 / 2 + 8**2) = 8.3 DN.
    assert flagged(find_jumps(*hit(step), JumpOptions())).sum() == count


def test_a_fall_is_found_like_a_rise():
    assert flagged(find_jumps(*hit(-300.0), JumpOptions()))[0, 3, 4, 4]


@pytest.mark.parametrize(("step", "groups"), [(90.0, 0), (200.0, 1), (2000.0, 3)])
def test_large_hits_spoil_the_groups_after_them(step, groups):
    options = JumpOptions(
        flag_4_neighbors=False,
        after_jump_flag_dn1=100.0,
        after_jump_flag_time1=39.0,
        after_jump_flag_dn2=1000.0,
        after_jump_flag_time2=60.0,
    )
    found = flagged(find_jumps(*hit(step, group=2, ngroups=8), options))[0, :, 4, 4]
    np.testing.assert_array_equal(np.flatnonzero(found), 2 + np.arange(groups + 1))


def test_unusable_groups_are_never_flagged():
    ramp, gain, readnoise = hit(500.0)
    flags = np.zeros(ramp.sci.shape, np.uint8)
    flags[0, 3, 4, 4] = DQ.SATURATED
    flags[0, 4:, 5, 4] = DQ.DO_NOT_USE | DQ.JUMP_DET
    ramp = make_ramp(ramp.sci, groupdq=flags, exposure__nframes=1)
    result = find_jumps(ramp, gain, readnoise, JumpOptions())
    assert not flagged(result).any()


def test_many_integrations_are_compared_with_each_other():
    # Every ramp bends in the same way: no jump of one integration, though one within each.
    observed = observe(np.full((20, 20), 5.0), 6, nints=30, hits=5e-4)
    bent = observed.ramp.sci + np.where(np.arange(6) > 2, 200.0, 0.0)[None, :, None, None]
    ramp = make_ramp(bent, exposure__nframes=1)
    options = JumpOptions(minimum_sigclip_groups=20, rejection_threshold=4.0)
    found = flagged(find_jumps(ramp, observed.gain, observed.readnoise, options))
    assert found[observed.struck].mean() > 0.99
    assert found[:, 3].mean() < 0.05
    alone = flagged(find_jumps(ramp, observed.gain, observed.readnoise, JumpOptions()))
    assert alone[:, 3].mean() > 0.99


def test_pixels_without_gain_are_marked():
    ramp, gain, readnoise = hit(500.0)
    values = gain.sci.copy()
    values[4, 4], values[0, 0], values[1, 1] = 0.0, -2.0, np.nan
    result = find_jumps(ramp, Gain(sci=values), readnoise, JumpOptions())
    assert not flagged(result).any()
    bad = DQ.NO_GAIN_VALUE | DQ.DO_NOT_USE
    assert np.all(result.pixeldq[[4, 0, 1], [4, 0, 1]] == bad)
    assert np.count_nonzero(result.pixeldq) == 3


def test_a_hit_is_told_to_its_neighbours_though_the_gain_is_negative():
    ramp, gain, readnoise = hit(500.0)
    values = gain.sci.copy()
    values[4, 4] *= -1
    result = find_jumps(ramp, Gain(sci=values), readnoise, JumpOptions())
    plain = find_jumps(ramp, gain, readnoise, JumpOptions())
    assert flagged(plain).sum() == 5
    np.testing.assert_array_equal(result.groupdq, plain.groupdq)
    assert result.pixeldq[4, 4] == DQ.NO_GAIN_VALUE | DQ.DO_NOT_USE


def test_charge_shared_with_neighbours_does_not_bias_them_where_the_gain_is_negative():
    """Hits share 0.4 % of their charge with each neighbour, as by capacitive coupling."""
    observed = observe(np.full((200, 200), 5.0), 8, hits=0.002, sizes=(4e3, 1.8e4))
    shared = sum(np.roll(observed.deposit, step, axis) for step in (-1, 1) for axis in (2, 3))
    # Divided by the gain and accumulated, like the charge of the hits itself.
    sci = observed.ramp.sci + np.cumsum(0.004 * shared / GAIN, axis=1)
    gain = observed.gain.sci.copy()
    hit = observed.struck.any(axis=(0, 1))
    gain[hit] = -1.5
    gains = Gain(sci=gain)
    ramp = find_jumps(observed.ramp.with_changes(sci=sci.astype(np.float32)), gains,
                      observed.readnoise, JumpOptions())  # fmt: skip
    rate = fit_ramps(ramp, observed.readnoise, gains, RampFitOptions()).rate
    near = sum(np.roll(hit, step, axis) for step in (-1, 1) for axis in (0, 1)) > 0
    near &= ~hit
    pull = ((rate.sci - observed.rate) / rate.err)[near]
    assert near.sum() > 500
    assert abs(pull.mean()) < 4 / np.sqrt(near.sum())


@pytest.mark.parametrize("ngroups", [1, 2])
def test_too_few_groups_are_a_reason_to_skip(ngroups):
    with pytest.raises(CannotCalibrate, match="3 groups"):
        run(observe(np.ones((4, 4)), ngroups))


def test_missing_facts_and_bad_options_are_named():
    ramp, gain, readnoise = hit(500.0)
    bare = make_ramp(ramp.sci, exposure__nframes=None)
    with pytest.raises(InvalidProduct, match="nframes"):
        find_jumps(bare, gain, readnoise, JumpOptions())
    with pytest.raises(InvalidOptions, match="rejection_threshold"):
        JumpOptions(rejection_threshold=-1.0)
    with pytest.raises(InvalidOptions, match="expand_factor"):
        JumpOptions(expand_factor=0.5)


@pytest.mark.parametrize("ngroups", [6, 13])
def test_windows_agree_and_inputs_stay(ngroups):
    sci, groupdq, pixeldq, gain, readnoise = messy(ngroups, 2, ngroups)
    times = {"exposure__nframes": 1, "exposure__group_time": 10.0}
    ramp = make_ramp(sci, groupdq=groupdq, pixeldq=pixeldq, **times)
    options = JumpOptions(after_jump_flag_dn1=50.0, after_jump_flag_time1=25.0)

    def with_options(ramp, gain, readnoise):
        return find_jumps(ramp, gain, readnoise, options)

    references = (Gain(sci=gain), ReadNoise(sci=readnoise))
    reach = STEP.reach(options, references)
    assert_windows_agree(with_options, ramp, references, reach=reach)
    assert_inputs_unchanged(with_options, ramp, *references)


def dropped(nints, ngroups, *groups):
    measured = np.zeros((nints, ngroups), bool)
    measured[:, groups] = True
    return Dropped(measured)


def test_groups_that_no_pixel_has_do_not_count():
    # Ten differences would be searched at once, eight iteratively: with the smallest left out.
    observed = observe(np.full((60, 60), 5.0), 11, hits=0.3, sizes=(3e2, 3e3))
    flags = np.zeros(observed.ramp.sci.shape, np.uint8)
    flags[:, [0, -1]] = DQ.DO_NOT_USE
    ramp = make_ramp(observed.ramp.sci, groupdq=flags, exposure__nframes=1)
    references = observed.gain, observed.readnoise
    told = find_jumps(ramp, *references, JumpOptions(), measured=dropped(1, 11, 0, 10))
    alone = find_jumps(ramp, *references, JumpOptions(min_diffs_single_pass=100))
    single = find_jumps(ramp, *references, JumpOptions(min_diffs_single_pass=1))
    np.testing.assert_array_equal(told.groupdq, alone.groupdq)
    assert (told.groupdq != single.groupdq).any()


def test_an_exposure_with_too_few_groups_left_is_not_searched():
    observed = observe(np.ones((4, 4)), 4)
    references = observed.gain, observed.readnoise
    with pytest.raises(CannotCalibrate, match="3 usable groups"):
        find_jumps(observed.ramp, *references, JumpOptions(), measured=dropped(1, 4, 0, 3))
    options = JumpOptions(minimum_sigclip_groups=3)
    several = observe(np.ones((4, 4)), 4, nints=3)
    find_jumps(several.ramp, *references, options, measured=dropped(3, 4, 0, 3))


def test_dropped_groups_are_seen_in_a_few_rows():
    shape = (2, 5, 40, 100)
    flags = np.zeros(shape, np.uint8)
    flags[:, 4] = flags[1, 0] = DQ.DO_NOT_USE
    flags[0, 2, :, 30:] = DQ.DO_NOT_USE  # of many pixels, but not of all
    flags[:, 1] = DQ.SATURATED
    ramp = make_ramp(np.zeros(shape), groupdq=flags)
    windows = STEP.measurement.windows(ramp.meta, shape[2:], JumpOptions())
    parts = [ramp.cut(window) for window in windows]
    seen = STEP.measurement.measure(parts, None, None, JumpOptions())
    expected = np.zeros(shape[:2], bool)
    expected[:, 4] = expected[1, 0] = True
    np.testing.assert_array_equal(seen.groups, expected)


@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (64, 72), (2048, 2048)])
def test_the_rows_looked_at_are_in_the_frame(shape):
    windows = STEP.measurement.windows(Meta({}), shape, JumpOptions())
    assert windows
    for window in windows:
        assert 0 <= window.y0 < window.y1 <= shape[0]
        assert 0 <= window.x0 < window.x1 <= shape[1]


def test_rate_of_cosmic_rays_is_per_second_and_thousand_pixels():
    observed = observe(np.full((50, 40), 5.0), 8, nints=2, hits=0.01)
    ramp = run(observed)
    sums = {name: int(getattr(ramp, name).sum(dtype=np.int64)) for name in STEP.counts}
    values = STEP.conclude(sums, observed.ramp.meta)
    hits_per_second = 0.01 / FRAME_TIME
    expected = pytest.approx(1000 * hits_per_second, rel=0.2)
    assert values["exposure.primary_cosmic_rays"] == expected


def test_dropped_groups_take_no_time():
    observed = observe(np.full((50, 40), 5.0), 8, nints=2, hits=0.01)
    references = observed.gain, observed.readnoise
    ramp = find_jumps(observed.ramp, *references, JumpOptions(), measured=dropped(2, 8, 0, 7))
    np.testing.assert_array_equal(ramp.jump_differences, 2 * 5)


def test_conclusion_needs_the_time_of_a_group():
    with pytest.raises(InvalidProduct, match="group_time"):
        STEP.conclude({"cosmic_rays": 1, "jump_differences": 5}, Meta({"exposure": {}}))
