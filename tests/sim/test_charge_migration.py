"""Bright pixels lose charge to their neighbours, and none gets lost."""

import numpy as np

from webbcal.sim import QUIET, ImageSimulation, simulate_exposure
from webbcal.sim.effects.charge_migration import ONSET_DN

STARS = ImageSimulation(
    detector="NRCA1", subarray="64x64", readpatt="DEEP2", ngroups=12, stars=30, sky=100.0, **QUIET
)


def ramps(**changes):
    from dataclasses import replace

    raw = simulate_exposure(replace(STARS, **changes), seed=3).uncal.sci
    return raw[0].astype(float)


def test_charge_moves_from_bright_pixels_and_is_not_lost():
    without, with_effect = ramps(), ramps(charge_migration=1.0)
    moved = with_effect - without
    start = without[0]
    bright = without[-1] - start > 1.2 * ONSET_DN
    assert bright.any()
    assert np.all(moved[-1][bright] < np.percentile(moved[-1], 90))
    assert moved[-1].min() < -100
    assert moved[-1].max() > 25
    assert abs(moved[-1].sum()) < 0.05 * np.abs(moved[-1]).sum()
    np.testing.assert_array_equal(moved[0], 0)
