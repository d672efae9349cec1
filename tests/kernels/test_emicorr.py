"""Interference kernels against the slow obvious ones."""

import numpy as np
import pytest
from tests.naive import emicorr as naive

from webbcal.kernels import emicorr as fast
from webbcal.kernels.arrays import frozen

RNG = np.random.default_rng(11)
WAVES = RNG.normal(size=(2, 1 << 14)).astype(np.float32)


def phases(*shape):
    return frozen(RNG.integers(0, 2**32, shape, dtype=np.uint32))


def ramps(groups=5, height=6, width=24):
    sci = RNG.normal(1000, 5, (groups, height, width)).astype(np.float32)
    sci[2, 1, 13], sci[:, 2, 14], sci[1, 3, 15] = np.nan, 700, 4000
    flags = np.zeros((height, width), np.uint32)
    flags[:, :4] = 1 << 31
    return frozen(sci), frozen(flags)


def test_scatter_over_the_groups():
    sci, flags = ramps()
    expected = naive.group_variance(sci, flags)
    found = fast.group_variance(sci, flags)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-3)
    assert found[2, 14] == 0


def test_sums_by_phase():
    sci, flags = ramps()
    variance = frozen(fast.group_variance(sci, flags))
    arguments = (variance, 100.0, phases(2, 6), phases(2, 6), 7)
    expected = naive.phase_sums(sci, *arguments)
    found = fast.phase_sums(sci, *arguments)
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-6)
    np.testing.assert_array_equal(found[1], expected[1])
    np.testing.assert_array_equal(found[2], expected[2])
    assert found[2].sum() == 6 * (24 - 12) - 3  # not NaN, without scatter, or with too much


def test_a_wave_leaves_the_sums_of_another():
    sums = RNG.normal(size=(3, 9)).astype(np.float32)
    good = RNG.integers(0, 5, (6, 4)).astype(np.uint8)
    arguments = (good, phases(6), phases(4), WAVES[0], phases(6), phases(4), phases(3))
    expected = naive.remove_wave(sums, *arguments)
    fast.remove_wave(sums, *arguments)
    np.testing.assert_allclose(sums, expected, atol=1e-4)


@pytest.mark.parametrize("x0", [0, 3, 6])
def test_waves_leave_the_signal(x0):
    sci = RNG.normal(100, 5, (2, 3, 4, 10)).astype(np.float32)
    sci[0, 0, 0, 0] = np.nan
    amplitudes = RNG.uniform(1, 5, (2, 2)).astype(np.float32)
    arguments = (WAVES, amplitudes, phases(2, 3, 2), phases(2, 4), phases(2, 6), x0)
    expected = naive.subtract_waves(sci, *arguments)
    np.testing.assert_allclose(fast.subtract_waves(frozen(sci), *arguments), expected, rtol=1e-5)


def test_phases_wrap():
    sci = np.zeros((1, 1, 1, 4), np.float32)
    start = np.full((1, 1, 1), 2**32 - 1, np.uint32)
    ones = np.ones((1, 1), np.uint32)
    found = fast.subtract_waves(sci, WAVES[:1], np.ones((1, 1), "f4"), start, ones, ones * 0, 0)
    np.testing.assert_array_equal(found, -WAVES[0, 0])
