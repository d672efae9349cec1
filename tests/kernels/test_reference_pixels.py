"""The statistics of reference pixels agree with obvious versions."""

import numpy as np
import pytest
from tests.naive import reference_pixels as naive

from webbcal.kernels.arrays import frozen
from webbcal.kernels.reference_pixels import (
    clipped_means,
    running_medians,
    subtract_by_parity,
    subtract_levels,
)


def contaminated(rng, shape):
    """Return normal numbers with outliers and NaN."""
    values = rng.normal(100, 5, shape).astype(np.float32)
    values[rng.random(shape) < 0.05] += 300
    values[rng.random(shape) < 0.1] = np.nan
    return values


@pytest.mark.parametrize("limit", [1.5, 3.0])
def test_clipped_means_match_naive(limit):
    values = contaminated(np.random.default_rng(1), (2, 3, 90))
    values[..., 60:63] = np.nan
    values[..., 80:] = 7
    bounds = np.array([0, 50, 60, 63, 80, 90])
    means = clipped_means(frozen(values), frozen(bounds), limit)
    for i, g, s in np.ndindex(means.shape):
        expected = naive.clipped_mean(values[i, g, bounds[s] : bounds[s + 1]], limit)
        np.testing.assert_allclose(means[i, g, s], expected, rtol=1e-6)


@pytest.mark.parametrize(("rows", "half"), [(40, 5), (40, 0), (7, 5), (5, 1)])
def test_running_medians_match_naive(rows, half):
    strips = contaminated(np.random.default_rng(rows), (1, 2, rows, 4))
    strips[0, 1, : rows // 2 + 1] = np.nan
    medians = running_medians(frozen(strips), half)
    for g in range(2):
        expected = naive.running_median(strips[0, g], half).astype(np.float32)
        np.testing.assert_array_equal(medians[0, g], expected)


def test_equal_values_enter_and_leave_the_window_alike():
    strips = np.random.default_rng(3).integers(0, 3, (1, 1, 60, 4)).astype(np.float32)
    expected = naive.running_median(strips[0, 0], 4)
    np.testing.assert_array_equal(running_medians(frozen(strips), 4)[0, 0], expected)


def test_a_window_longer_than_the_detector_sees_all_rows():
    strips = np.arange(8, dtype=np.float32).reshape(1, 1, 2, 4)
    assert np.isfinite(running_medians(frozen(strips), 30)).all()
    assert running_medians(frozen(strips[:, :, :1]), 2)[0, 0, 0] == 1.5


@pytest.mark.parametrize("columns_first", [True, False])
def test_levels_are_subtracted_in_the_order_told(columns_first):
    rng = np.random.default_rng(4)
    sci = rng.normal(100, 5, (2, 2, 5, 6)).astype(np.float32)
    x, y = (rng.normal(90, 1, (2, 2, n)).astype(np.float32) for n in (6, 5))
    out = subtract_levels(frozen(sci), frozen(x), frozen(y), columns_first)
    x, y = x[:, :, np.newaxis, :], y[..., np.newaxis]
    np.testing.assert_array_equal(out, (sci - x) - y if columns_first else (sci - y) - x)


@pytest.mark.parametrize("first", [0, 5])
def test_each_row_loses_the_level_of_its_parity(first):
    rng = np.random.default_rng(4)
    sci = contaminated(rng, (2, 3, 5, 7))
    levels = rng.normal(0, 3, (2, 3, 2, 7)).astype(np.float32)
    result = subtract_by_parity(frozen(sci), frozen(levels), first)
    for y in range(5):
        expected = sci[:, :, y] - levels[:, :, (first + y) % 2]
        np.testing.assert_array_equal(result[:, :, y], expected)
