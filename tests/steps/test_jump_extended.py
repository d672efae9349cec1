"""Snowballs and showers are flagged as far as they reach, and nothing else is."""

from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import pytest
from tests.steps.observed import FRAME_TIME, GAIN, READNOISE, messy, observe
from tests.steps.ramps import make_ramp

from webbcal.core.dq import DQ
from webbcal.spec.products import Ramp
from webbcal.spec.references import Gain, ReadNoise
from webbcal.steps.jump import STEP, JumpOptions, find_jumps

SHAPE = (140, 150)
FULL_WELL = 5e4  # DN
SIGMA = np.sqrt(READNOISE**2 + 2.0 * FRAME_TIME / GAIN**2)  # DN
BALLS = JumpOptions(expand_large_events=True)
SHOWERS = JumpOptions(find_showers=True)


def search(ramp, observed, options, carried=None, parallel=map):
    """Run the step on a ramp, as the runner does; return it and what is carried on."""
    references = observed.gain, observed.readnoise
    result = find_jumps(ramp, *references, options)
    memory = carried
    parts = []
    for number in range(len(result.sci)):
        part = Ramp(
            meta=ramp.meta.replace({"exposure.integration_start": number + 1}),
            sci=result.sci[number : number + 1],
            groupdq=result.groupdq[number : number + 1],
            pixeldq=result.pixeldq,
            jump_differences=result.jump_differences,
            typical_difference=result.typical_difference,
            difference_scatter=result.difference_scatter,
        )
        part, memory = STEP.frames.run(
            part, *references, options, carried=memory, measured=None, parallel=parallel
        )
        parts.append(part.groupdq)
    return result.with_changes(groupdq=np.concatenate(parts)), memory


def distance(y, x, shape=SHAPE):
    rows, columns = np.indices(shape)
    return np.hypot(rows - y, columns - x)


def halo(y, x, radius, shape=SHAPE):
    """Return the charge of a snowball, DN: a saturated disc with an exponential halo."""
    beyond = distance(y, x, shape) - radius
    return np.where(beyond <= 0, 2 * FULL_WELL, 4000.0 * np.exp(-beyond / (0.6 * radius)))


def struck(nints=1, ngroups=8, events=(), rate=2.0, **facts):
    """Return what is observed with charge added; `events` are (integration, group, DN)."""
    observed = observe(np.full(SHAPE, rate), ngroups, nints=nints, **facts)
    sci = observed.ramp.sci.copy()
    for integration, group, charge in events:
        sci[integration, group:] += charge.astype(np.float32)
    full = np.maximum.accumulate(sci >= FULL_WELL, axis=1)
    flags = np.where(full, np.uint8(DQ.SATURATED), np.uint8(0))
    ramp = observed.ramp.with_changes(sci=np.minimum(sci, np.float32(FULL_WELL)), groupdq=flags)
    return observed, ramp


def jumps(ramp):
    return ramp.groupdq & DQ.JUMP_DET != 0


def usable(ramp):
    return ramp.groupdq & (DQ.SATURATED | DQ.DO_NOT_USE) == 0


def test_a_snowball_is_flagged_as_far_as_it_reaches():
    charge = halo(60, 70, 5)
    observed, ramp = struck(events=[(0, 4, charge)])
    alone, _ = search(ramp, observed, JumpOptions())
    found, memory = search(ramp, observed, BALLS)
    assert memory.events == 1
    reached = (charge > SIGMA) & usable(found)[0, 4]
    assert reached.sum() > 1500
    assert jumps(alone)[0, 4][reached].mean() < 0.8
    assert jumps(found)[0, 4][reached].mean() > 0.99
    beyond = charge < 0.03 * SIGMA
    np.testing.assert_array_equal(jumps(found)[0, 4][beyond], jumps(alone)[0, 4][beyond])
    others = np.arange(8) != 4
    np.testing.assert_array_equal(jumps(found)[0, others], jumps(alone)[0, others])


def test_the_core_is_enlarged_and_stays_saturated():
    observed, ramp = struck(events=[(0, 4, halo(60, 70, 5))])
    found, _ = search(ramp, observed, BALLS)
    saturated = found.groupdq[0] & DQ.SATURATED != 0
    assert not saturated[:4].any()
    for group in range(4, 8):
        np.testing.assert_array_equal(saturated[group], distance(60, 70) <= 7)
    assert not jumps(found)[0, 4:][saturated[4:]].any()
    small = JumpOptions(expand_large_events=True, min_sat_radius_extend=6.0)
    found, _ = search(ramp, observed, small)
    np.testing.assert_array_equal(found.groupdq[0, 4] & 2 != 0, ramp.groupdq[0, 4] & 2 != 0)


def test_a_star_that_saturates_is_no_snowball():
    star = 4e4 * np.exp(-0.5 * (distance(60, 70) / 4) ** 2)
    observed, ramp = struck(events=[(0, k, star) for k in range(8)])
    assert ramp.groupdq[0, -1].any()
    alone, _ = search(ramp, observed, JumpOptions())
    found, memory = search(ramp, observed, BALLS)
    assert memory.events == 0
    np.testing.assert_array_equal(found.groupdq, alone.groupdq)


def test_tracks_are_no_snowballs_wherever_they_are():
    observed = observe(np.full(SHAPE, 2.0), 8, hits=0.004, sizes=(1e3, 1e5))
    found, memory = search(observed.ramp, observed, BALLS)
    assert jumps(found).sum() > 500
    assert memory.events == 0


@pytest.mark.parametrize(("at", "events"), [((-3, 60), 1), ((60, -2), 1), ((143, 153), 1)])
def test_the_core_may_lie_outside_the_frame(at, events):
    charge = halo(*at, 2.5) * 4
    charge[charge > FULL_WELL] = 4e4
    observed, ramp = struck(events=[(0, 3, charge)])
    assert not ramp.groupdq.any()
    found, memory = search(ramp, observed, BALLS)
    assert memory.events == events
    reached = charge > SIGMA
    assert jumps(found)[0, 3][reached].mean() > 0.9
    _, memory = search(ramp, observed, JumpOptions(expand_large_events=True, edge_size=0))
    assert memory.events == 0


@pytest.mark.parametrize("required", [True, False])
def test_an_event_without_a_core_counts_if_that_is_asked_for(required):
    charge = 0.5 * halo(60, 70, 5).clip(max=2000)
    observed, ramp = struck(events=[(0, 3, charge)])
    options = JumpOptions(expand_large_events=True, sat_required_snowball=required)
    found, memory = search(ramp, observed, options)
    assert memory.events == (0 if required else 1)
    assert (jumps(found)[0, 3][charge > SIGMA].mean() > 0.95) is not required


def test_cores_are_masked_in_the_integrations_after():
    observed, ramp = struck(nints=3, ngroups=6, events=[(0, 2, halo(60, 70, 5))])
    core = ramp.groupdq[0, 2] != 0
    options = JumpOptions(
        expand_large_events=True,
        snowball_time_masked_next_int=8.5 * FRAME_TIME,
        rejection_threshold=20.0,
    )
    found, _ = search(ramp, observed, options)
    # Eight groups: all of the next integration, two of the one after. The first ones of an
    # integration are in no difference.
    expected = np.zeros((2, 6), bool)
    expected[0, 1:] = expected[1, 1] = True
    np.testing.assert_array_equal(jumps(found)[1:, :, core].all(axis=-1), expected)
    assert not jumps(found)[1:, :, ~core].any()
    forget = JumpOptions(expand_large_events=True, mask_snowball_core_next_int=False)
    found, _ = search(ramp, observed, forget)
    assert not jumps(found)[1:, :, core].all(axis=-1).any()


def test_charge_in_two_groups_of_averaged_frames_is_flagged_in_both():
    charge = halo(60, 70, 5)
    observed, ramp = struck(
        events=[(0, 3, charge), (0, 4, charge)], nframes=4
    )  # half of it in each
    found, memory = search(ramp, observed, BALLS)
    assert memory.events == 1
    for group in (3, 4):
        reached = (charge > SIGMA) & usable(found)[0, group]
        assert jumps(found)[0, group][reached].mean() > 0.95


def shower(y, x, peak, size=14):
    """Return the charge of a shower, DN."""
    return peak * np.exp(-0.5 * (distance(y, x) / size) ** 2)


def test_a_shower_far_below_the_noise_limit_of_a_pixel_is_flagged():
    charge = shower(60, 70, 3 * SIGMA)
    observed, ramp = struck(ngroups=20, events=[(0, 8, charge)])
    found, memory = search(ramp, observed, SHOWERS)
    assert memory.events == 1
    alone, _ = search(ramp, observed, JumpOptions())
    reached = charge > SIGMA
    assert jumps(alone)[0, 8][reached].mean() < 0.3
    later = int(SHOWERS.time_masked_after_shower // FRAME_TIME)
    assert later == 1
    assert jumps(found)[0, 8 : 8 + later + 1][:, reached].mean() > 0.99
    other = np.ones(20, bool)
    other[8 : 8 + later + 1] = False
    np.testing.assert_array_equal(jumps(found)[0, other], jumps(alone)[0, other])
    far = charge < 0.01 * SIGMA
    np.testing.assert_array_equal(jumps(found)[0, 8][far], jumps(alone)[0, 8][far])


def test_noise_and_tracks_are_no_showers():
    observed = observe(np.full(SHAPE, 2.0), 20, nints=2, hits=0.002)
    found, memory = search(observed.ramp, observed, SHOWERS)
    assert memory.events == 0
    alone, _ = search(observed.ramp, observed, JumpOptions())
    np.testing.assert_array_equal(found.groupdq, alone.groupdq)


def test_noise_that_all_pixels_of_a_row_share_is_no_shower():
    observed = observe(np.full(SHAPE, 2.0), 20)
    rows = np.random.default_rng(4).normal(0, 0.6 * SIGMA, (1, 20, SHAPE[0], 1))
    ramp = observed.ramp.with_changes(sci=observed.ramp.sci + rows.astype(np.float32))
    _, memory = search(ramp, observed, SHOWERS)
    assert memory.events == 0


@pytest.mark.parametrize(("limit", "flagged"), [(4.0, False), (80.0, True)])
def test_where_the_rate_changes_for_good_it_is_no_shower(limit, flagged):
    # From group 48 on, a source of 5.5 electron/s more is there.
    source = np.where(distance(60, 70) < 12, 5.5 * FRAME_TIME / GAIN, 0.0)
    observed, ramp = struck(ngroups=60, events=[(0, k, source) for k in range(48, 60)])
    bright = distance(60, 70) < 10
    options = JumpOptions(find_showers=True, max_shower_amplitude=limit)
    found, memory = search(ramp, observed, options)
    assert memory.events > 0
    assert (jumps(found)[0, 48][bright].mean() > 0.5) == flagged


def test_few_groups_in_all_tell_of_no_shower():
    observed, ramp = struck(ngroups=8, events=[(0, 4, shower(60, 70, 4 * SIGMA))])
    _, memory = search(ramp, observed, SHOWERS)
    assert memory.events == 0
    observed, ramp = struck(nints=2, ngroups=8, events=[(1, 4, shower(60, 70, 4 * SIGMA))])
    _, memory = search(ramp, observed, SHOWERS)
    assert memory.events == 1


def test_integrations_are_compared_with_each_other_for_showers_too():
    events = [(2, 2, shower(60, 70, 4 * SIGMA))]
    bend = np.full(SHAPE, 5 * SIGMA)
    events += [(i, 3, bend) for i in range(12)]
    observed, ramp = struck(nints=12, ngroups=5, events=events)
    options = JumpOptions(find_showers=True, minimum_sigclip_groups=12)
    found, memory = search(ramp, observed, options)
    assert memory.events == 1
    assert jumps(found)[2, 2][shower(60, 70, 4 * SIGMA) > SIGMA].mean() > 0.99


def test_threads_change_nothing():
    events = [(0, 4, halo(60, 70, 5)), (0, 5, halo(100, 30, 4)), (1, 3, halo(20, 120, 6))]
    events.append((1, 6, shower(100, 70, 4 * SIGMA)))
    observed, ramp = struck(nints=2, ngroups=9, events=events)
    both = JumpOptions(expand_large_events=True, find_showers=True)
    alone, first = search(ramp, observed, both)
    with ThreadPoolExecutor(3) as pool:
        threaded, second = search(ramp, observed, both, parallel=pool.map)
    np.testing.assert_array_equal(alone.groupdq, threaded.groupdq)
    assert first.events == second.events == 4


def test_the_rate_of_events_is_per_second_and_million_pixels():
    observed, ramp = struck(nints=2, events=[(0, 4, halo(60, 70, 5)), (1, 3, halo(60, 70, 4))])
    found, memory = search(ramp, observed, BALLS)
    meta = STEP.frames.finish(found, memory, BALLS).meta
    seconds = 2 * 7 * FRAME_TIME
    expected = 2 / seconds / (SHAPE[0] * SHAPE[1] / 1e6)
    assert meta.exposure.extended_emission_events == pytest.approx(expected)


def test_without_events_nothing_is_written():
    observed, ramp = struck()
    found = find_jumps(ramp, observed.gain, observed.readnoise, BALLS)
    part, _ = STEP.frames.run(
        found,
        observed.gain,
        observed.readnoise,
        BALLS,
        carried=None,
        measured=None,
        parallel=map,
    )
    assert part.groupdq is found.groupdq
    assert not STEP.frames.wanted(JumpOptions(), ramp.meta)
    assert make_ramp(ramp.sci).typical_difference is None


def test_what_the_segment_before_held_is_not_known():
    observed, ramp = struck(nints=2, ngroups=6, events=[(0, 2, halo(60, 70, 5))])
    core = ramp.groupdq[0, 2] != 0
    found, _ = search(ramp, observed, BALLS)
    assert jumps(found)[1, 1:, core].all()
    second = ramp.with_changes(sci=ramp.sci[1:], groupdq=ramp.groupdq[1:])
    alone, _ = search(second, observed, BALLS)
    assert not jumps(alone)[0, 1:, core].all()


@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (7, 1), (5, 5), (16, 40)])
@pytest.mark.parametrize("trouble", ["messy", "all unusable", "all NaN", "all saturated"])
def test_small_and_hopeless_frames_are_searched_without_harm(shape, trouble):
    sci, flags, pixeldq, gain, readnoise = messy(1, 2, 8, *shape)
    if trouble == "all unusable":
        flags[:] = DQ.DO_NOT_USE
    if trouble == "all NaN":
        sci[:] = np.nan
    if trouble == "all saturated":
        flags[:, 4:], flags[:, 3] = DQ.SATURATED, DQ.JUMP_DET
    ramp = make_ramp(
        sci,
        groupdq=flags,
        pixeldq=pixeldq,
        exposure__nframes=4,
        exposure__group_time=10.0,
    )
    references = SimpleNamespace(gain=Gain(sci=gain), readnoise=ReadNoise(sci=readnoise))
    options = JumpOptions(
        expand_large_events=True,
        find_showers=True,
        sat_required_snowball=False,
        extend_min_area=1,
        max_extended_radius=1.0,
    )
    found, _ = search(ramp, references, options)
    unusable = DQ.SATURATED | DQ.DO_NOT_USE
    assert np.all(found.groupdq & flags & unusable == flags & unusable)
    assert not jumps(found)[found.groupdq & unusable != 0].any()
