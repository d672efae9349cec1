"""Traps followed in closed form agree with small steps of time."""

import numpy as np
import pytest
from tests.naive import traps as naive

from webbcal.kernels.arrays import frozen
from webbcal.kernels.traps import follow_traps

FAMILIES = np.array([[180.0, 6.0, 30.0], [280.0, 2.0, 200.0], [100.0, 0.0, 5.0]])
LIFETIMES = np.array([150.0, 1000.0, 1e4])
SHAPE = (2, 5, 3, 4)


def clock_of(integrations, groups, period=10.0, gap=12.0):
    times = np.concatenate([[0.0], period * np.arange(1, groups + 1) - 2, [period * groups]])
    waiting = np.exp((times - times[-1]) / FAMILIES[:, 2:])
    gaps = np.exp(-np.full((integrations, 1), gap) / LIFETIMES)
    released = 1 - np.exp(-times[1:-1] / LIFETIMES[:, np.newaxis])
    return times, waiting, gaps, released, np.exp(-times[-1] / LIFETIMES)


def case(rng):
    rate = rng.uniform(0, 9000, (1, 1, *SHAPE[2:]))
    sci = rate * np.arange(1, SHAPE[1] + 1)[:, np.newaxis, np.newaxis] + rng.normal(0, 50, SHAPE)
    groupdq = rng.choice(np.array([0, 0, 0, 0, 1, 2, 3, 4], np.uint8), SHAPE)
    sci[rng.random(SHAPE) < 0.05] = np.nan
    density = rng.uniform(0, 2, SHAPE[2:])
    full = rng.uniform(2e4, 6e4, SHAPE[2:])
    density[0, 0], full[0, 1] = 0, 0
    state = rng.uniform(0, 100, (3, *SHAPE[2:]))
    arrays = (sci.astype("f4"), groupdq, density.astype("f4"), full.astype("f4"))
    return arrays, state.astype("f4")


@pytest.mark.parametrize("seed", range(2))
def test_kernel_matches_naive(seed):
    (sci, groupdq, density, full), state = case(np.random.default_rng(seed))
    clock = clock_of(*SHAPE[:2])
    persistence, after = follow_traps(
        frozen(sci),
        frozen(groupdq),
        frozen(density),
        frozen(full),
        frozen(FAMILIES),
        tuple(frozen(part) for part in clock),
        frozen(state),
    )
    for y in range(SHAPE[2]):
        for x in range(SHAPE[3]):
            expected, held = naive.follow(
                sci[:, :, y, x],
                groupdq[:, :, y, x],
                float(full[y, x]),
                float(density[y, x]),
                FAMILIES,
                clock,
                state[:, y, x],
            )
            np.testing.assert_allclose(persistence[:, :, y, x], expected, rtol=1e-5, atol=1e-5)
            np.testing.assert_allclose(after[:, y, x], held, rtol=1e-5, atol=1e-5)


def test_a_pixel_that_is_full_from_the_start_fills_its_traps_with_their_time_constants():
    sci = np.full((1, 5, 1, 1), 5e4, np.float32)
    groupdq = np.full(sci.shape, 2, np.uint8)
    clock = clock_of(1, 5)
    one = np.ones((1, 1), np.float32)
    _, after = follow_traps(
        frozen(sci),
        frozen(groupdq),
        frozen(one),
        frozen(np.float32(4e4) * one),
        frozen(FAMILIES),
        tuple(frozen(part) for part in clock),
        frozen(np.zeros((3, 1, 1), np.float32)),
    )
    slow, instant, delay = FAMILIES.T
    end, first = clock[0][-1], clock[0][1]
    # Full within the first group: between filling at the reset and at the end of that group.
    most = slow * (1 - np.exp(-end / delay)) + instant
    least = slow * (1 - np.exp(-(end - first) / delay)) + instant
    assert (after[:, 0, 0] <= most * (1 + 1e-6)).all()
    assert (after[:, 0, 0] >= least).all()
