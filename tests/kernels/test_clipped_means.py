"""Means without outliers equal those of plain Python, pixel by pixel."""

import numpy as np
import pytest
from astropy.stats import sigma_clip
from tests.naive.clipped_means import clipped_mean

from webbcal.kernels.clipped_means import clipped_means


def samples(count, shape=(6, 7)):
    rng = np.random.default_rng(count)
    values = rng.normal(10, 1, (count, *shape)).astype(np.float32)
    values[rng.random(values.shape) < 0.1] += 50
    values[rng.random(values.shape) < 0.05] = np.nan
    flags = rng.choice([0, 0, 0, 1, 4, 5], values.shape).astype(np.uint32)
    poisson, rnoise = rng.uniform(1, 2, (2, *values.shape)).astype(np.float32)
    flags[:, 0, 0] = 5
    return values, flags, poisson, rnoise


@pytest.mark.parametrize("count", [1, 2, 5, 14, 40])
@pytest.mark.parametrize("rounds", [-1, 0, 1])
def test_every_pixel_is_that_of_plain_python(count, rounds):
    arrays = samples(count)
    found = clipped_means(*arrays, np.uint32(1), 2.5, rounds)
    for index in np.ndindex(arrays[0].shape[1:]):
        one = [array[(slice(None), *index)] for array in arrays]
        expected = clipped_mean(*one, 1, 2.5, rounds)
        np.testing.assert_allclose([f[index] for f in found], expected, rtol=1e-6)


def test_the_same_samples_are_left_as_by_astropy():
    values = np.random.default_rng(8).standard_t(2, (30, 20, 20)).astype(np.float32)
    ones = np.ones_like(values)
    flags = np.zeros(values.shape, np.uint32)
    mean, variance, _, _ = clipped_means(values, flags, ones, ones, np.uint32(1), 3.0, -1)
    clipped = sigma_clip(values, sigma=3, maxiters=None, axis=0)
    np.testing.assert_allclose(1 / variance, clipped.count(axis=0), rtol=1e-6)
    np.testing.assert_allclose(mean, clipped.mean(axis=0), rtol=1e-4, atol=1e-6)
