"""Clipped statistics from buckets are those of sorted values."""

import numpy as np
import pytest
from tests.naive import flicker as naive

from webbcal.kernels.arrays import frozen
from webbcal.kernels.clipping import (
    clipped_level,
    clipped_lower_half,
    into_buckets,
    median_between,
    median_by_bins,
    rank_of,
)

LIMIT, ROUNDS = 3.0, 5


def samples():
    rng = np.random.default_rng(7)
    noise = rng.normal(3, 5, 20001)
    bright = noise.copy()
    bright[::17] += rng.exponential(3000, bright[::17].size)
    low = noise.copy()
    low[::31] -= 1e4
    return {
        "noise": noise,
        "sources": bright,
        "dropouts": low,
        "whole numbers": np.round(noise),
        "constant": np.full(50, 2.5),
        "nearly constant": np.r_[np.full(500, 2.0), 9.0],
        "two": np.array([1.0, 4.0]),
        "one": np.array([1.0]),
    }


@pytest.mark.parametrize("name", samples())
def test_levels_are_those_of_sorted_values(name):
    values = samples()[name].astype(np.float32)
    usable = np.ones(values.size, np.uint8)
    usable[5::7] = 0
    kept = values[usable != 0]
    buckets = into_buckets(frozen(values), frozen(usable))
    np.testing.assert_array_equal(np.sort(buckets.values), np.sort(kept))
    level = clipped_level(buckets, LIMIT, ROUNDS)
    median, mean, deviation, count = naive.clipped(kept, LIMIT, ROUNDS)
    assert (level.median, level.number) == (median, count)
    np.testing.assert_allclose(
        [level.mean, level.deviation], [mean, deviation], rtol=1e-9, atol=1e-9
    )
    half = clipped_lower_half(buckets, level.median, LIMIT, ROUNDS)
    expected = naive.lower_half(kept, median, LIMIT, ROUNDS)
    np.testing.assert_allclose(half, expected, rtol=1e-9, atol=1e-7)


def test_median_between_limits_is_that_of_the_values_there():
    values = samples()["sources"].astype(np.float32)
    buckets = into_buckets(frozen(values), frozen(np.ones(values.size, np.uint8)))
    for low, high in ((-2.0, 4.0), (0.0, np.inf), (-np.inf, np.inf), (float(values[3]), 5.0)):
        between = values[(values >= low) & (values <= high)].astype(float)
        ranks = rank_of(buckets, low, False), rank_of(buckets, high, True)
        assert median_between(buckets, *ranks) == np.median(between)


def test_of_nothing_there_is_no_level():
    buckets = into_buckets(np.ones(4, np.float32), np.zeros(4, np.uint8))
    assert np.isnan(clipped_level(buckets, LIMIT, ROUNDS).median)
    assert np.isnan(clipped_lower_half(buckets, 1.0, LIMIT, ROUNDS))


@pytest.mark.parametrize("size", [1, 2, 3, 64, 513])
def test_median_by_bins_is_that_of_numpy(size):
    rng = np.random.default_rng(size)
    bins, room = np.empty(32, np.int64), np.empty(size + 1, np.float32)
    far = np.r_[1e30, rng.normal(size=size - 1)]
    for values in (rng.normal(size=size), np.ones(size), rng.integers(0, 3, size), far):
        values = values.astype(np.float32)
        assert median_by_bins(values, bins, room) == np.median(values.astype(float))
    assert np.isnan(median_by_bins(np.zeros(0, np.float32), bins, room))
