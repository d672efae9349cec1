"""Showers: smooth patches of charge."""

import numpy as np

from webbcal.sim import QUIET, ImageSimulation, simulate_exposure
from webbcal.sim.cosmic_rays import SHOWER
from webbcal.sim.effects.showers import AFTERGLOW, BRIGHTEST, SHOWERS_PER_CM2_S

SIMULATION = {
    **QUIET,
    "detector": "MIRIMAGE",
    "subarray": "120x128",
    "ngroups": 6,
    "nints": 2,
    "stars": 0,
}


def hits(seed=1, **options):
    made = simulate_exposure(ImageSimulation(**(SIMULATION | options)), seed=seed)
    table = made.truth.hits
    return table[table["kind"] == SHOWER], made


def test_there_are_none_unless_asked_for():
    table, _ = hits()
    assert not table.size


def test_their_charge_is_in_the_ramps():
    table, made = hits(showers=2e4, dark=False, sky=0.0, nonlinearity=False)
    _, without = hits(dark=False, sky=0.0, nonlinearity=False)
    extra = made.uncal.sci.astype(float) - without.uncal.sci
    gain = made.references["gain"].sci
    first = table[table["integration"] == 0]
    expected = np.zeros(extra.shape[1:])
    for group in range(6):
        here = first[first["group"] <= group]
        np.add.at(expected[group], (here["y"], here["x"]), here["electrons"])
    assert expected[-1].sum() > 5e3
    np.testing.assert_allclose(extra[0], expected / gain, atol=1.01)


def test_they_are_faint_and_broad():
    table, _ = hits(showers=3e3)
    one = table[table["event"] > 0]  # event 0 is what glows on
    frames = one["frame"] + 10 * one["integration"]
    pixels = np.bincount(frames, minlength=20)
    assert pixels.max() > 300
    assert 0 < one["electrons"].max() < 2 * BRIGHTEST


def test_a_tenth_of_the_charge_comes_later_and_ever_less():
    table, _ = hits(3, showers=3e3, ngroups=60, nints=1)
    glow = table[table["event"] == 0]
    new = table[table["event"] > 0]
    late = glow["electrons"].sum() / new["electrons"].sum()
    assert 0 < late < AFTERGLOW / (1 - AFTERGLOW)


def test_their_number_is_that_of_the_rate():
    count, expected = 0, 0.0
    for seed in range(4):
        table, made = hits(seed, showers=5e4)
        time = made.readout.integrations * made.readout.frames * made.readout.frame_time_s
        expected += SHOWERS_PER_CM2_S * 5e4 * 120 * 128 * 25e-4**2 * time
        new = table[table["event"] > 0]
        count += np.unique(
            np.stack([new[n] for n in ("integration", "frame", "event")]), axis=1
        ).shape[1]
    assert expected > 20
    assert abs(count - expected) < 4 * np.sqrt(expected)


def test_the_same_seed_gives_the_same_showers():
    (one, _), (other, _) = hits(showers=2e4), hits(showers=2e4)
    np.testing.assert_array_equal(one, other)
