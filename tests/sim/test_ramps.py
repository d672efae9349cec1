"""Ramps: the physics of charge and readout, statement by statement."""

import os
from dataclasses import replace

import numpy as np
import pytest

from webbcal.sim import QUIET, ImageSimulation, simulate_exposure
from webbcal.sim.pixels import BIAS_LEVEL_DN, make_pixels
from webbcal.sim.ramps import COUPLING, couple, expose, measured_signal
from webbcal.sim.readout import Readout


def prepare(seed=1, **options):
    chosen = ImageSimulation(
        **{"subarray": "72x80", "detector": "NRCALONG", "stars": 0, **QUIET, **options}
    )
    readout = Readout.of(
        chosen.chip, chosen.window, chosen.read_pattern, chosen.ngroups, chosen.nints
    )
    return chosen, readout, make_pixels(chosen, readout, seed)


def ramp(level, seed=1, **options):
    chosen, readout, pixels = prepare(seed, **options)
    scene = np.full(readout.shape, float(level))
    return chosen, readout, pixels, expose(chosen, readout, pixels, scene, seed)


SIMPLE = {"nonlinearity": False, "flat": False, "dark": False, "full_well": False}


def test_without_noise_a_group_holds_rate_times_its_mean_time():
    _, readout, pixels, ramps = ramp(4e4, readpatt="SHALLOW4", ngroups=4, **SIMPLE)
    expected = BIAS_LEVEL_DN + 4e4 * readout.mean_group_times()[:, None, None] / pixels.gain
    inner = ~pixels.reference
    difference = ramps.groups[0][:, inner] - expected[:, inner]
    # Rounding each frame to whole DN, and dropping the remainder of their average.
    assert np.abs(difference).max() < 1.26
    assert difference.mean() == pytest.approx(-0.375, abs=0.06)


def test_reference_pixels_see_no_light_and_no_particles():
    _, _, pixels, ramps = ramp(1e6, cosmic_rays=50.0, photon_noise=True, ngroups=6)
    assert pixels.reference.sum() > 0
    assert np.all(ramps.groups[0][:, pixels.reference] == BIAS_LEVEL_DN)
    assert not pixels.reference[ramps.hits["y"], ramps.hits["x"]].any()


def test_poisson_variance_is_the_mean_over_the_gain():
    _, readout, pixels, ramps = ramp(
        3e4, subarray="256x256", photon_noise=True, ngroups=2, nints=1, **SIMPLE
    )
    inner = ~pixels.reference
    step = (ramps.groups[0, 1].astype(float) - ramps.groups[0, 0])[inner]
    electrons = 3e4 * readout.frame_time_s
    gain = pixels.gain[inner].mean()
    assert step.mean() == pytest.approx(electrons / gain, rel=0.002)
    # 1/6 for rounding both reads; the gain scatters by 1 % over the pixels.
    spread = (0.01 * electrons / gain) ** 2
    assert step.var() == pytest.approx(electrons / gain**2 + 1 / 6 + spread, rel=0.03)


def test_averaging_frames_keeps_the_noise_of_the_frames_correlated():
    """Variance of the average of n reads of one growing charge: N (n+1)(2n+1)/(6n) per frame."""
    _, readout, pixels, ramps = ramp(
        3e4, subarray="256x256", readpatt="SHALLOW4", photon_noise=True, ngroups=1, **SIMPLE
    )
    signal = ramps.groups[0, 0].astype(float) * pixels.gain
    residual = (signal - 3e4 * readout.mean_group_times()[0])[~pixels.reference]
    per_frame = 3e4 * readout.frame_time_s
    n = 4
    rounding = pixels.gain.mean() ** 2 * (1 / 12 / n + (1 - 1 / n**2) / 12)
    bias = BIAS_LEVEL_DN * pixels.gain[~pixels.reference]
    expected = per_frame * (n + 1) * (2 * n + 1) / (6 * n) + rounding
    assert (residual - bias).var() == pytest.approx(expected, rel=0.03)


@pytest.mark.parametrize("pattern", ["RAPID", "BRIGHT2", "MEDIUM8"])
def test_read_noise_of_a_group_falls_with_the_number_of_frames(pattern):
    _, readout, pixels, ramps = ramp(
        0.0, subarray="200x200", readpatt=pattern, read_noise=True, ngroups=2, **SIMPLE
    )
    step = ramps.groups[0, 1].astype(float) - ramps.groups[0, 0]
    n = readout.frames_averaged
    expected = 2 * (pixels.read_noise.astype(float) ** 2 + 1 / 12) / n + (1 - 1 / n**2) / 6
    assert (step**2 / expected).mean() == pytest.approx(1.0, abs=0.03)


def test_the_reference_polynomial_undoes_the_nonlinear_response():
    _, readout, pixels, ramps = ramp(2e5, ngroups=4, dark=False, flat=False, full_well=False)
    measured = ramps.groups[0].astype(float) - BIAS_LEVEL_DN
    linear = measured * (1 + measured * (pixels.quadratic + measured * pixels.cubic))
    expected = 2e5 * readout.mean_group_times()[:, None, None] / pixels.gain
    inner = ~pixels.reference
    np.testing.assert_allclose(linear[:, inner], expected[:, inner], atol=0.6)
    assert (measured[-1] / expected[-1])[inner].mean() < 0.98


def test_the_inverse_is_exact_up_to_the_full_well():
    linear = np.linspace(0, 50000, 2001, dtype=np.float32)
    a, b = np.float32(8e-7), np.float32(1.5e-11)
    m = measured_signal(linear, a, b).astype(np.float64)
    np.testing.assert_allclose(m * (1 + m * (a + m * b)), linear, rtol=1e-6, atol=1e-3)


def test_charge_stops_at_the_full_well_and_numbers_at_65535():
    _, _, pixels, ramps = ramp(1e7, ngroups=4)
    inner = ~pixels.reference
    top = BIAS_LEVEL_DN + pixels.full_well
    assert np.abs(ramps.groups[0, -1] - top)[inner].max() <= 1
    assert ramps.groups.max() <= 65535
    _, _, pixels, free = ramp(1e7, ngroups=4, full_well=False)
    assert np.all(free.groups[0, -1][~pixels.reference] == 65535)


def test_the_saturation_group_is_the_first_above_the_threshold():
    _, _, pixels, ramps = ramp(6e5, ngroups=6)
    above = ramps.groups[0] >= pixels.saturation_threshold()
    inner = ~pixels.reference
    first = np.where(above.any(axis=0), above.argmax(axis=0), -1)
    np.testing.assert_array_equal(ramps.saturation_group[0][inner], first[inner])
    assert np.all(ramps.saturation_group[0][~inner] == -1)


def test_a_hit_appears_in_its_group_with_its_charge():
    kept = {"nonlinearity": False, "full_well": False, "dark": False, "flat": False}
    options = {"readpatt": "BRIGHT2", "ngroups": 5, **kept}
    _, _, pixels, quiet = ramp(0.0, **options)
    _, _, _, struck = ramp(0.0, cosmic_rays=200.0, **options)
    hits = struck.hits
    assert hits.size > 20
    total = np.zeros((6, *pixels.gain.shape))
    for hit in hits:
        total[hit["group"], hit["y"], hit["x"]] += hit["electrons"] * hit["fraction"]
        total[hit["group"] + 1, hit["y"], hit["x"]] += hit["electrons"] * (1 - hit["fraction"])
    expected = np.cumsum(total, axis=0)[:5] / pixels.gain
    found = struck.groups[0].astype(float) - quiet.groups[0]
    kept_pixels = expected[-1] < 5e4 / 2
    np.testing.assert_allclose(found[:, kept_pixels], expected[:, kept_pixels], atol=1.1)


def test_a_zero_frame_is_the_first_frame():
    _, readout, pixels, ramps = ramp(
        2e5, readpatt="SHALLOW4", zero_frame=True, nints=2, ngroups=2, **SIMPLE
    )
    expected = BIAS_LEVEL_DN + 2e5 * readout.frame_time_s / pixels.gain
    assert ramps.zero_frame.shape == (2, 72, 80)
    assert np.abs(ramps.zero_frame - expected)[:, ~pixels.reference].max() <= 0.51


def test_same_seed_same_bits_for_any_number_of_threads(monkeypatch):
    everything = {name: ImageSimulation.__dataclass_fields__[name].default for name in QUIET}
    chosen, readout, pixels = prepare(subarray="300x40", ngroups=3, **everything)
    scene = np.full(readout.shape, 500.0)
    first = expose(chosen, readout, pixels, scene, 7)
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    again = expose(chosen, readout, pixels, scene, 7)
    np.testing.assert_array_equal(first.groups, again.groups)
    np.testing.assert_array_equal(first.hits, again.hits)
    other = expose(chosen, readout, pixels, scene, 8)
    assert (other.groups != first.groups).mean() > 0.5


def test_exposures_and_integrations_are_independent():
    chosen, readout, pixels = prepare(photon_noise=True, nints=2, ngroups=2)
    scene = np.full(readout.shape, 5e4)
    one, two = (expose(chosen, readout, pixels, scene, 1, n).groups for n in (0, 1))
    assert (one[0] != one[1]).mean() > 0.5
    assert (one != two).mean() > 0.5


def test_a_coarse_exposure_has_the_right_mean_and_noise():
    _, readout, pixels, ramps = ramp(
        3e4, readpatt="SHALLOW4", ngroups=6, coarse=True, photon_noise=True, read_noise=True,
        **SIMPLE,
    )  # fmt: skip
    inner = ~pixels.reference
    slope = (ramps.groups[0, -1].astype(float) - ramps.groups[0, 0])[inner]
    expected = 3e4 * 5 * readout.group_time_s / pixels.gain[inner]
    assert slope.mean() == pytest.approx(expected.mean(), rel=0.003)
    level = ramps.groups[0, 0][inner].astype(float) - BIAS_LEVEL_DN
    first = 3e4 * readout.mean_group_times()[0] / pixels.gain[inner]
    assert level.mean() == pytest.approx(first.mean(), rel=0.003)


def test_coupling_moves_signal_to_the_four_neighbours():
    voltage = np.zeros((5, 6))
    voltage[2, 3] = 1000
    shared = couple(voltage, np.zeros((5, 6), bool))
    assert shared[2, 3] == pytest.approx(1000 * (1 - 4 * COUPLING))
    assert shared[1, 3] == shared[2, 4] == pytest.approx(1000 * COUPLING)
    assert shared.sum() == pytest.approx(1000, rel=1e-6)
    border = np.zeros((5, 6), bool)
    border[:, :4] = True
    np.testing.assert_array_equal(couple(voltage, border), voltage)


def test_the_truth_is_what_a_line_through_the_linear_ramp_gives():
    options = ImageSimulation(
        subarray="80x80", detector="NRCB1", readpatt="SHALLOW4", ngroups=6, stars=6, sky=2e3,
        brightest_star=2e6, faintest_star=1e5, **QUIET,
    )  # fmt: skip
    made = simulate_exposure(options, seed=3)
    pixels, readout = made.truth.pixels, made.readout
    measured = made.uncal.sci[0].astype(float) - made.references["superbias"].sci
    linear = measured * (1 + measured * (pixels.quadratic + measured * pixels.cubic))
    dark = pixels.dark_rate / pixels.gain
    # The last group before saturation against the first: rounding averages out over the ramp.
    rate = (linear[3] - linear[0]) / (3 * readout.group_time_s) - dark
    good = made.truth.good & (made.truth.saturation_group[0] < 0)
    np.testing.assert_allclose(
        rate[good], made.truth.rate[good], atol=1.5 / readout.group_time_s / 3, rtol=2e-4
    )
    assert np.all(made.truth.rate[pixels.reference] == 0)


def test_switched_off_effects_leave_no_trace():
    _, _, pixels = prepare(**SIMPLE)
    assert np.all(pixels.response[~pixels.reference] == 1)
    assert not pixels.dark_rate.any()
    assert not pixels.read_noise.any()
    assert not pixels.quadratic.any()
    assert np.isinf(pixels.full_well).all()
    assert not pixels.hot.any()
    assert not pixels.dead.any()


def test_dead_pixels_see_nothing_and_hot_ones_too_much():
    _, _, pixels = prepare(subarray="400x400", hot_pixels=True, dead_pixels=True)
    assert 0.0003 < pixels.dead.mean() < 0.003
    assert np.all(pixels.response[pixels.dead] == 0)
    assert 0.0005 < pixels.hot.mean() < 0.005
    assert np.all(pixels.dark_rate[pixels.hot] > 1.0)
    assert not (pixels.hot & pixels.reference).any()


def test_cutting_pixels_keeps_their_properties():
    _, _, pixels = prepare()
    part = pixels.cut(slice(5, 9), slice(10, 20))
    np.testing.assert_array_equal(part.gain, pixels.gain[5:9, 10:20])
    assert replace(part) is not part
