"""Sorting side by side, and medians."""

import numpy as np
import pytest

from webbcal.kernels.sorting import median, sort_columns


@pytest.mark.parametrize("count", [1, 2, 3, 9, 16, 39, 100])
def test_every_column_is_sorted(count):
    rng = np.random.default_rng(count)
    rows = rng.normal(size=(count + 1, 33)).astype(np.float32)
    rows[rng.random(rows.shape) < 0.1] = np.inf
    rows[rng.random(rows.shape) < 0.1] = 1.0
    before = rows.copy()
    sort_columns(rows, count)
    np.testing.assert_array_equal(rows[:count], np.sort(before[:count], axis=0))
    np.testing.assert_array_equal(rows[count], before[count])


@pytest.mark.parametrize("size", [1, 2, 3, 4, 17, 350])
def test_median_is_that_of_numpy(size):
    rng = np.random.default_rng(size)
    for values in (rng.normal(size=size), np.ones(size), np.round(rng.normal(size=size))):
        values = values.astype(np.float32)
        assert median(values.copy()) == np.median(values.astype(float))


def test_median_of_nothing_is_nan():
    assert np.isnan(median(np.zeros(0, np.float32)))
