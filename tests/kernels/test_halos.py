"""Distances, excesses and rings against their slow twins."""

import numpy as np
import pytest
from tests.naive import events as naive
from tests.steps.observed import messy

from webbcal.kernels.halos import distances, excesses, ring_medians


@pytest.mark.parametrize("share", [0.001, 0.02, 0.5, 1.0])
@pytest.mark.parametrize("shape", [(1, 40), (40, 1), (25, 31)])
def test_distances_are_those_of_the_slow_twin(shape, share):
    rng = np.random.default_rng(1)
    inside = rng.random(shape) < share
    inside[rng.integers(shape[0]), rng.integers(shape[1])] = True
    np.testing.assert_allclose(distances(inside), naive.distances(inside), rtol=1e-6)


@pytest.mark.parametrize("hit", [(2,), (2, 1, 3)])
def test_excesses_are_those_of_the_slow_twin(hit):
    sci, groupdq, _, gain, readnoise = messy(3, 1, 7)
    gain, readnoise = np.abs(np.nan_to_num(gain, nan=2.0)), np.nan_to_num(readnoise, nan=8.0)
    found = excesses(sci[0], groupdq[0], gain, readnoise, 4.0, np.array(hit))
    expected = naive.excesses(sci[0], groupdq[0], gain, readnoise, 4.0, hit)
    assert np.isnan(expected).any()
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


def test_unknown_noise_tells_nothing():
    sci = np.arange(5, dtype=np.float32)[:, None, None] * np.ones((5, 1, 3), np.float32)
    flags = np.zeros(sci.shape, np.uint8)
    gain = np.array([[2.0, np.nan, -1.0]], np.float32)
    noise = np.array([[1.0, 1.0, 0.1]], np.float32)
    found = excesses(sci, flags, gain, noise, 1.0, np.array([2]))
    np.testing.assert_array_equal(np.isfinite(found[0, 0]), [True, False, False])


def test_rings_have_medians_counts_and_jumps():
    inside = np.zeros((21, 21), bool)
    inside[10, 10] = True
    distance = distances(inside)
    rng = np.random.default_rng(2)
    excess = rng.normal(0, 1, distance.shape).astype(np.float32)
    excess[rng.random(distance.shape) < 0.1] = np.nan
    flags = rng.choice(np.array([0, 4], np.uint8), distance.shape)
    middle, count, jumps = ring_medians(distance, excess, flags)
    for ring in range(len(middle)):
        here = (distance > ring) & (distance <= ring + 1) & np.isfinite(excess)
        assert count[ring] == here.sum()
        assert jumps[ring] == (flags[here] == 4).sum()
        assert middle[ring] == pytest.approx(np.median(excess[here]))
    assert len(middle) == 15
