"""The mean in a ring against its slow twin."""

import numpy as np
import pytest
from tests.naive import events as naive

from webbcal.kernels.showers import mean_excess, ring_widths


@pytest.mark.parametrize(("inner", "width"), [(1.0, 2.6), (0.0, 1.0), (2.0, 2.0), (1.5, 4.0)])
def test_agrees_with_the_slow_twin(inner, width):
    rng = np.random.default_rng(1)
    shape = (17, 26)
    signal = rng.normal(0, 5, (2, *shape)).astype(np.float32)
    signal[1][rng.random(shape) < 0.03] = np.nan
    flags = rng.choice(np.array([0, 0, 0, 1, 2, 4, 32], np.uint8), (2, *shape))
    typical = rng.normal(0, 1, shape).astype(np.float32)
    weight = rng.choice(np.array([0.0, 0.3, 0.5, np.nan], np.float32), shape)
    found = mean_excess(signal, flags, typical, weight, ring_widths(inner, inner + width))
    expected = naive.mean_excess(signal, flags, typical, weight, inner, inner + width)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_where_no_pixel_counts_there_is_no_mean():
    signal, flags = np.zeros((2, 9, 9), np.float32), np.ones((2, 9, 9), np.uint8)
    plane = np.ones((9, 9), np.float32)
    assert np.isnan(mean_excess(signal, flags, plane, plane, ring_widths(1.0, 3.6))).all()


def test_a_pixel_does_not_count_in_its_own_ring():
    signal, flags = np.zeros((2, 9, 9), np.float32), np.zeros((2, 9, 9), np.uint8)
    signal[1, 4, 4] = 1000.0
    zero, one = np.zeros((9, 9), np.float32), np.ones((9, 9), np.float32)
    mean = mean_excess(signal, flags, zero, one, ring_widths(1.0, 3.6))
    assert mean[4, 4] == 0.0
    assert mean[4, 5] > 10.0
