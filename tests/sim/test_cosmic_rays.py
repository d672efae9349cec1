"""Particles."""

import numpy as np
import pytest

from webbcal.sim.cosmic_rays import (
    PIXEL_UM,
    SNOWBALL,
    TRACK,
    TRACKS_PER_CM2_S,
    strike,
)

SHAPE = (400, 400)
AREA = 400 * 400 * (PIXEL_UM * 1e-4) ** 2


def events(deposits):
    return np.unique(deposits.event[deposits.kind == TRACK]).size


def test_events_come_at_the_rate_of_interplanetary_space():
    deposits = strike(SHAPE, 300.0, 1.0, 0.0, 1e5, np.random.default_rng(1))
    expected = TRACKS_PER_CM2_S * AREA * 300
    assert events(deposits) == pytest.approx(expected, abs=5 * np.sqrt(expected))


def test_most_tracks_leave_thousands_of_electrons_in_a_few_pixels():
    deposits = strike(SHAPE, 600.0, 1.0, 0.0, 1e5, np.random.default_rng(2))
    charge = np.bincount(deposits.event, weights=deposits.electrons)
    charge = charge[charge > 0]
    pixels = np.bincount(deposits.event)
    assert 700 < np.median(charge) < 4000
    assert np.percentile(charge, 98) > 4 * np.median(charge)
    assert 1 <= np.median(pixels[pixels > 0]) <= 6
    assert pixels.max() > 8


def test_charge_is_whole_electrons_inside_the_array():
    deposits = strike((30, 50), 500.0, 5.0, 5.0, 1e5, np.random.default_rng(3))
    assert np.all(deposits.electrons == np.rint(deposits.electrons))
    assert deposits.electrons.min() >= 1
    assert deposits.y.min() >= 0
    assert deposits.y.max() < 30
    assert deposits.x.max() < 50


def test_a_snowball_saturates_its_core_and_not_its_halo():
    deposits = strike(SHAPE, 1000.0, 0.0, 40.0, 1e5, np.random.default_rng(4))
    assert set(deposits.kind) == {SNOWBALL}
    one = deposits.event == deposits.event[0]
    charge = deposits.electrons[one]
    assert (charge > 1e5).sum() >= 5
    assert ((charge > 0) & (charge < 1e4)).sum() > (charge > 1e5).sum()


def test_rates_scale():
    none = strike(SHAPE, 300.0, 0.0, 0.0, 1e5, np.random.default_rng(5))
    assert none.event.size == 0
    many = strike(SHAPE, 100.0, 3.0, 0.0, 1e5, np.random.default_rng(5))
    expected = TRACKS_PER_CM2_S * AREA * 300
    assert events(many) == pytest.approx(expected, abs=5 * np.sqrt(expected))
