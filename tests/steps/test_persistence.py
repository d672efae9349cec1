"""persistence flags what follows saturation, or subtracts what charge traps release."""

from dataclasses import replace

import numpy as np
import pytest
from tests.steps.ramps import assert_inputs_unchanged, assert_windows_agree, make_ramp

from webbcal.core.dq import DQ
from webbcal.core.errors import CannotCalibrate, InvalidProduct, InvalidReference
from webbcal.spec.references import (
    FilledTraps,
    PersistenceSaturation,
    PersistenceWindows,
    TrapDensity,
    TrapParameters,
)
from webbcal.steps.persistence import STEP, PersistenceOptions, correct_persistence

SHAPE = (6, 7)
START = 59000.25  # MJD
FRAME = 10.0  # s
DAY = 86400.0
FAMILIES = ((180.0, -1 / 30, 6.0, -1 / 150), (280.0, -1 / 200, 2.0, -1 / 1000))


def run(ramp, density=None, pars=None, persat=None, filled=None, windows=None, **options):
    options = PersistenceOptions(**options)
    return correct_persistence(ramp, density, pars, persat, filled, windows, options)


def trap_references(families=FAMILIES, density=1.0, full=9e4, shape=SHAPE):
    names = ("capture0", "capture1", "capture2", "decay_param")
    no_flags = np.zeros(shape, np.uint32)
    return (
        TrapDensity(sci=np.full(shape, density, np.float32), dq=no_flags),
        TrapParameters(trappars_table=np.array(list(families), [(n, "f8") for n in names])),
        PersistenceSaturation(sci=np.full(shape, full, np.float32), dq=no_flags),
    )


def exposure(sci, *, gap=12.0, start=START, first=1, **arrays):
    """Return a ramp of one frame per group, with a table of times."""
    ramp = make_ramp(
        sci,
        **arrays,
        exposure__nframes=1,
        exposure__groupgap=0,
        exposure__frame_time=FRAME,
        exposure__group_time=FRAME,
        exposure__integration_start=first,
        exposure__start_time=start,
        exposure__integration_time=FRAME * np.shape(sci)[1],
    )
    count, groups = np.shape(sci)[:2]
    times = np.zeros(count, [("integration_number", "i4"), ("int_start_MJD_UTC", "f8")])
    times["integration_number"] = first + np.arange(count)
    cycle = groups * FRAME + gap
    times["int_start_MJD_UTC"] = start + (first - 1 + np.arange(count)) * cycle / DAY
    return replace(ramp, int_times=times)


def bright(rate=8000.0, integrations=2, groups=8):
    steps = np.arange(1, groups + 1)[:, np.newaxis, np.newaxis]
    return np.broadcast_to(rate * steps, (integrations, groups, *SHAPE))


def state_of(result):
    return STEP.products["trapsfilled"](result)


def as_reference(product):
    return FilledTraps(sci=product.sci, meta=product.meta)


# -- traps ------------------------------------------------------------------------------------


def test_filled_traps_release_exponentially_and_the_charge_is_conserved():
    filled = FilledTraps(
        sci=np.full((2, *SHAPE), 50, np.float32),
        meta=make_ramp(np.ones((1, 1, 1, 1))).meta.replace({"exposure.end_time": START}),
    )
    ramp = exposure(np.full((1, 8, *SHAPE), 0.0))
    result = run(ramp, *trap_references(), filled)
    elapsed = FRAME * np.arange(1, 9)
    expected = sum(50 * (1 - np.exp(-elapsed * rate)) for rate in (1 / 150, 1 / 1000))
    np.testing.assert_allclose(-result.sci[0, :, 2, 3], expected, rtol=1e-5)
    left = state_of(result).sci[:, 2, 3].sum()
    assert left - result.sci[0, -1, 2, 3] == pytest.approx(100, rel=1e-6)


def test_a_slow_ramp_that_fills_the_well_brings_all_traps_into_contact():
    fast = tuple((a, -10.0, b, -1e-9) for a, _, b, _ in FAMILIES)  # captures as soon as met
    result = run(exposure(bright(9e4 / 8, 1)), *trap_references(fast))
    held = state_of(result).sci[:, 0, 0]
    np.testing.assert_allclose(held, [186, 282], rtol=0.01)
    half = run(exposure(bright(9e4 / 16, 1)), *trap_references(fast))
    np.testing.assert_allclose(state_of(half).sci[:, 0, 0], held / 4, rtol=0.02)


def test_traps_never_hold_more_than_there_are():
    result = run(exposure(bright(9e4, 40)), *trap_references(density=1.5))
    assert (state_of(result).sci[:, 1, 1] <= 1.5 * np.array([186, 282])).all()


def test_segments_one_by_one_equal_the_whole_exposure():
    rng = np.random.default_rng(2)
    sci = bright(8000.0, 5) + rng.normal(0, 20, (5, 8, *SHAPE))
    references = trap_references()
    whole = run(exposure(sci), *references)
    first = run(exposure(sci[:2]), *references)
    handed_on = as_reference(state_of(first))
    second = run(exposure(sci[2:], first=3), *references, handed_on)
    np.testing.assert_array_equal(np.concatenate([first.sci, second.sci]), whole.sci)
    np.testing.assert_array_equal(state_of(second).sci, state_of(whole).sci)
    assert state_of(second).meta.exposure.end_time == state_of(whole).meta.exposure.end_time
    apart = run(exposure(sci[2:], first=3), *references)
    assert (apart.sci != whole.sci[2:]).any()


def test_strong_persistence_is_flagged_and_the_rest_is_not():
    references = trap_references()
    filled = np.zeros((2, *SHAPE), np.float32)
    filled[:, 1, 1], filled[:, 2, 2] = 300, 3
    meta = make_ramp(np.ones((1, 1, 1, 1))).meta.replace({"exposure.end_time": START})
    result = run(exposure(bright(5.0)), *references, FilledTraps(sci=filled, meta=meta))
    assert result.pixeldq[1, 1] == DQ.PERSISTENCE
    assert np.count_nonzero(result.pixeldq) == 1
    kept = run(
        exposure(bright(5.0)),
        *references,
        FilledTraps(sci=filled, meta=meta),
        flag_pers_cutoff=1e6,
        save_persistence=True,
    )
    assert not kept.pixeldq.any()
    subtracted = STEP.products["output_pers"](kept)
    np.testing.assert_array_equal(bright(5.0).astype("f4") - subtracted.sci, kept.sci)
    assert STEP.products["output_pers"](result) is None


def test_zero_frames_lose_a_tenth_of_what_the_first_group_loses():
    meta = make_ramp(np.ones((1, 1, 1, 1))).meta.replace({"exposure.end_time": START})
    filled = FilledTraps(sci=np.full((2, *SHAPE), 500, np.float32), meta=meta)
    zeroframe = np.full((2, *SHAPE), 100, np.float32)
    zeroframe[0, 0, 0] = 0
    result = run(exposure(bright(), zeroframe=zeroframe), *trap_references(), filled)
    assert result.zeroframe[0, 0, 0] == 0
    lost = (bright() - result.sci)[:, 0]
    np.testing.assert_allclose(100 - result.zeroframe[1], lost[1], rtol=1e-3)


def test_traps_on_windows_and_unchanged_inputs():
    rng = np.random.default_rng(3)
    meta = make_ramp(np.ones((1, 1, 1, 1))).meta.replace({"exposure.end_time": START - 0.01})
    filled = FilledTraps(sci=rng.uniform(0, 200, (2, *SHAPE)).astype("f4"), meta=meta)
    ramp = exposure(bright() + rng.normal(0, 30, (2, 8, *SHAPE)))
    references = (*trap_references(), filled)
    assert_windows_agree(run, ramp, references)
    assert_inputs_unchanged(run, ramp, *references)


def test_a_state_that_does_not_fit_is_refused():
    meta = make_ramp(np.ones((1, 1, 1, 1))).meta
    later = FilledTraps(
        sci=np.zeros((2, *SHAPE), np.float32), meta=meta.replace({"exposure.end_time": START + 1})
    )
    with pytest.raises(InvalidReference, match="not of an earlier exposure"):
        run(exposure(bright()), *trap_references(), later)
    three = FilledTraps(
        sci=np.zeros((3, *SHAPE), np.float32), meta=meta.replace({"exposure.end_time": START})
    )
    with pytest.raises(InvalidReference, match="2 families"):
        run(exposure(bright()), *trap_references(), three)


# -- times ------------------------------------------------------------------------------------


def saturated_once(integrations=3, groups=6):
    """Return a ramp in which pixel (1, 1) saturates in group 2 of the first integration."""
    groupdq = np.zeros((integrations, groups, *SHAPE), np.uint8)
    groupdq[0, 2:, 1, 1] = DQ.SATURATED
    return exposure(np.full(groupdq.shape, 100.0), groupdq=groupdq)


def test_groups_are_flagged_for_as_long_as_asked():
    result = run(saturated_once(), persistence_time=90.0)
    flagged = (result.groupdq[:, :, 1, 1] & DQ.PERSISTENCE) != 0
    # Saturated at 30 s, so until 120 s; the second integration is read at 82, 92, ... 132 s.
    expected = [[g > 1 for g in range(6)], [g < 4 for g in range(6)], [False] * 6]
    np.testing.assert_array_equal(flagged, expected)
    assert (result.groupdq[0, 2:, 1, 1] & DQ.SATURATED).all()
    assert not (result.groupdq & DQ.DO_NOT_USE).any()
    assert np.count_nonzero(result.groupdq[..., 2:, 2:]) == 0
    unusable = run(saturated_once(), persistence_time=90.0, persistence_dnu=True).groupdq
    np.testing.assert_array_equal((unusable[:, :, 1, 1] & DQ.DO_NOT_USE) != 0, expected)


def test_bright_pixels_open_a_window_too_where_asked():
    sci = np.full((1, 6, *SHAPE), 10.0)
    sci[0, 1, 3, 3] = 900
    ramp = exposure(sci)
    assert not run(ramp, persistence_time=25.0).groupdq.any()
    flags = run(ramp, persistence_time=25.0, dn_threshold=800.0).groupdq[0, :, 3, 3]
    np.testing.assert_array_equal(flags, [0, 32, 32, 32, 0, 0])


def test_a_group_at_the_very_end_of_a_window_belongs_to_it():
    flags = run(saturated_once(), persistence_time=20.0).groupdq[0, :, 1, 1]
    np.testing.assert_array_equal(flags & DQ.PERSISTENCE, [0, 0, 32, 32, 32, 0])


def test_windows_last_into_the_next_exposure():
    ramp = saturated_once()
    options = {"persistence_time": 90.0, "save_persistence": True}
    whole = run(ramp, **options)
    first = run(
        replace(ramp, sci=ramp.sci[:1], groupdq=ramp.groupdq[:1], int_times=ramp.int_times[:1]),
        **options,
    )
    state = PersistenceWindows(sci=STEP.products["perswindow"](first).sci)
    rest = replace(
        ramp,
        sci=ramp.sci[1:],
        groupdq=ramp.groupdq[1:],
        meta=ramp.meta.replace({"exposure.integration_start": 2}),
    )
    second = run(rest, windows=state, **options)
    np.testing.assert_array_equal(second.groupdq, whole.groupdq[1:])
    assert second.groupdq.any()
    assert STEP.products["perswindow"](run(ramp, persistence_time=90.0)) is None


def test_without_a_table_integrations_follow_each_other():
    ramp = replace(saturated_once(), int_times=None)
    flags = run(ramp, persistence_time=95.0).groupdq[:, :, 1, 1] & DQ.PERSISTENCE
    assert (flags != 0).sum(axis=1).tolist() == [4, 6, 0]


def test_reads_at_listed_times_are_flagged_by_these():
    ramp = saturated_once()
    listed = [[2.0 * (g + 1)] for g in range(6)]  # s, in place of tens of seconds
    ramp = replace(ramp, meta=ramp.meta.replace({"exposure.read_times": listed}))
    flags = run(ramp, persistence_time=70.0).groupdq[:, :, 1, 1] & DQ.PERSISTENCE
    # Saturated at 6 s, so until 76 s; the second integration is read from 74 s on.
    assert (flags != 0).sum(axis=1).tolist() == [4, 2, 0]


def test_flags_on_windows_and_unchanged_inputs():
    def flag(ramp, windows):
        return run(ramp, windows=windows, persistence_time=90.0)

    windows = PersistenceWindows(sci=np.full(SHAPE, START + 35 / DAY))
    ramp = saturated_once()
    assert_windows_agree(flag, ramp, (windows,))
    assert_inputs_unchanged(flag, ramp, windows)


def test_what_is_missing_is_told():
    ramp = saturated_once()
    with pytest.raises(CannotCalibrate, match="persistence_time is not set"):
        run(ramp)
    with pytest.raises(CannotCalibrate, match="persistence_time"):
        run(ramp, *trap_references(), method="flag")
    with pytest.raises(CannotCalibrate, match="trapdensity"):
        run(ramp, method="traps", persistence_time=3.0)
    unknown = replace(ramp, int_times=None, meta=ramp.meta.replace({"exposure.start_time": None}))
    with pytest.raises(CannotCalibrate, match="EXPSTART"):
        run(unknown, persistence_time=3.0)
    short = replace(ramp, int_times=ramp.int_times[:2])
    with pytest.raises(InvalidProduct, match="none of integration 3"):
        run(short, persistence_time=3.0)
