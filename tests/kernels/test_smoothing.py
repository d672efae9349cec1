"""Smoothing along both axes against sums by the definition."""

import numpy as np
import pytest

from webbcal.kernels.smoothing import smoothed

CURVE = np.array([0.5, 0.2, 0.04, 0.01])


@pytest.mark.parametrize("shape", [(9, 14), (2, 20), (15, 1), (1, 1)])
def test_it_is_the_sum_over_the_curve_in_both_axes(shape):
    image = np.random.default_rng(1).normal(size=shape).astype(np.float32)
    expected = np.zeros(shape)
    for (y, x), value in np.ndenumerate(image):
        for (v, u), _ in np.ndenumerate(expected):
            if abs(v - y) < CURVE.size and abs(u - x) < CURVE.size:
                expected[v, u] += value * CURVE[abs(v - y)] * CURVE[abs(u - x)]
    np.testing.assert_allclose(smoothed(image, CURVE), expected, rtol=1e-6, atol=1e-7)


def test_bands_of_rows_give_the_bits_of_the_whole():
    image = np.random.default_rng(2).normal(size=(40, 30)).astype(np.float32)
    reach = CURVE.size - 1
    whole = smoothed(image, CURVE)
    for first in range(0, 40, 8):
        low, high = max(first - reach, 0), min(first + 8 + reach, 40)
        part = smoothed(np.ascontiguousarray(image[low:high]), CURVE)
        np.testing.assert_array_equal(part[first - low :][:8], whole[first : first + 8])
