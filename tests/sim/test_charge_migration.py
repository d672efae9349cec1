"""Bright pixels lose charge to their neighbours, and none gets lost."""

from dataclasses import replace

import numpy as np

from webbcal.sim import QUIET, ImageSimulation, simulate_exposure
from webbcal.sim.effects.charge_migration import ONSET_DN

STARS = ImageSimulation(
    detector="NRCA1",
    subarray="64x64",
    readpatt="DEEP2",
    ngroups=12,
    stars=10,
    brightest_star=6e4,
    faintest_star=3e4,
    sky=10.0,
    **QUIET,
)


def ramp(migration):
    raw = simulate_exposure(replace(STARS, charge_migration=migration), seed=3).uncal.sci
    return raw[0].astype(float)


def test_charge_moves_from_bright_pixels_and_is_not_lost():
    without, changed = ramp(0.0), ramp(1.0)
    moved = changed - without
    assert without.max() < 65535
    bright = without[-1] - without[0].min() > 1.2 * ONSET_DN
    peak = np.unravel_index(np.argmax(without[-1]), without[-1].shape)
    assert moved[-1][peak] < -100
    assert moved[-1][~bright].sum() > 100
    # What is left of the sum is where the gains of neighbours differ, and rounding.
    assert abs(moved[-1].sum()) < 0.05 * np.abs(moved[-1]).sum()
    np.testing.assert_array_equal(moved[0], 0)
