"""Noise of the electronics."""

import numpy as np
import pytest

from webbcal.sim.electronics import COMMON_PINK_DN, Electronics, in_science_order, pink_noise
from webbcal.sim.readout import Readout
from webbcal.sim.settings import QUIET, ImageSimulation


def electronics(seed=1, **effects):
    options = ImageSimulation(**{"subarray": "64x128", **QUIET, **effects})
    readout = Readout.of(options.chip, options.window, "RAPID", 5, 1)
    return Electronics.start(options, readout, seed, 0, 0), readout


def test_power_falls_as_one_over_frequency():
    rng = np.random.default_rng(5)
    power = np.mean([np.abs(np.fft.rfft(pink_noise(8192, rng))) ** 2 for _ in range(60)], axis=0)
    frequency = np.arange(power.size)
    band = (frequency > 10) & (frequency < 2000)
    slope = np.polyfit(np.log(frequency[band]), np.log(power[band]), 1)[0]
    assert slope == pytest.approx(-1.0, abs=0.05)


def test_pink_noise_has_unit_variance():
    rng = np.random.default_rng(6)
    assert np.mean([np.var(pink_noise(4096, rng)) for _ in range(100)]) == pytest.approx(1, abs=0.1)


def test_pink_noise_makes_stripes_along_the_fast_axis():
    state, _ = electronics(one_over_f=True)
    frames = np.stack([state.next_frame() for _ in range(40)])
    along = np.diff(frames, axis=2).std()
    across = np.diff(frames, axis=1).std()
    assert across > 1.3 * along
    assert 0.5 * COMMON_PINK_DN < frames.std() < 2 * COMMON_PINK_DN


def test_readout_order_is_turned_into_science_orientation():
    timeline = np.arange(6).reshape(2, 3)
    np.testing.assert_array_equal(in_science_order(timeline, 1, -2), [[3, 4, 5], [0, 1, 2]])
    np.testing.assert_array_equal(in_science_order(timeline, -1, 2), [[2, 1, 0], [5, 4, 3]])


def test_odd_and_even_columns_differ_and_rows_do_not():
    state, readout = electronics(odd_even_columns=True)
    frame = np.broadcast_to(state.next_frame(), readout.shape)
    assert np.ptp(frame, axis=0).max() == 0
    assert np.ptp(frame[0, 0::2]) == np.ptp(frame[0, 1::2]) == 0
    assert frame[0, 0] != frame[0, 1]


def test_offsets_drift_from_frame_to_frame():
    state, _ = electronics(amplifier_offsets=True)
    values = np.array([state.next_frame()[0, 0] for _ in range(20)])
    assert np.all(np.diff(values) != 0)
    assert np.abs(np.diff(values)).mean() < 1.0


def test_four_amplifiers_have_four_offsets():
    options = ImageSimulation(subarray="FULL", **{**QUIET, "amplifier_offsets": True})
    readout = Readout.of(options.chip, options.window, "RAPID", 2, 1)
    columns = Electronics.start(options, readout, 1, 0, 0).next_frame()[0]
    assert len({columns[part][0] for part in readout.amplifiers()}) == 4
    assert all(np.ptp(columns[part]) == 0 for part in readout.amplifiers())


def test_everything_off_is_silent():
    state, _ = electronics()
    assert not state.next_frame().any()
