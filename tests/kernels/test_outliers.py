"""Kernels of outlier detection against their slow forms."""

import numpy as np
import pytest
from tests.naive import outliers as naive

from webbcal.kernels.outliers import find_outliers, median_of_groups


@pytest.mark.parametrize("groups", [1, 2, 3, 4, 5, 9, 33])
@pytest.mark.parametrize("lowest", [False, True])
def test_median_is_that_of_the_known_values(groups, lowest):
    rng = np.random.default_rng(groups)
    planes = rng.normal(size=(groups, 5, 300)).astype(np.float32)
    planes[rng.random(planes.shape) < 0.4] = np.nan
    planes[:, 0, :7] = np.nan
    planes[:, 1, :7] = 2.5
    out = np.empty(planes.shape[1:], np.float32)
    median_of_groups(planes, lowest, out)
    np.testing.assert_array_equal(out, naive.median_of_groups(planes, lowest))


def scene(rng, shape=(40, 45)):
    reference = rng.normal(size=shape).cumsum(axis=0).astype(np.float32)
    sci = reference + 0.3 + rng.normal(size=shape) * 2.0
    sci[rng.random(shape) < 0.05] += 30.0
    err = np.full(shape, 0.6)
    for values in (sci, err, reference):
        values[rng.random(shape) < 0.05] = np.nan
    return sci.astype(np.float32), err.astype(np.float32), reference


@pytest.mark.parametrize(
    "limits", [((5, 4), (1.2, 0.7)), ((3, 3), (0, 0)), ((2, 6), (0.1, 2.0)), ((6, 2), (0, 3))]
)
@pytest.mark.parametrize("curvature", [0.0, 0.25, 0.6])
def test_outliers_are_those_of_the_definition(limits, curvature):
    snr, scale = limits
    sci, err, reference = scene(np.random.default_rng(1))
    expected = naive.find_outliers(sci, err, reference, 0.3, snr, scale, curvature)
    numbers = tuple(map(float, (*snr, *scale, curvature)))
    out = np.empty(sci.shape, np.uint8)
    find_outliers(sci, err, reference, (0, 40), 0.3, numbers, out)
    np.testing.assert_array_equal(out, expected)
    assert 20 < out.sum() < 1000


@pytest.mark.parametrize("height", [1, 3, 7, 39])
def test_bands_find_the_same_outliers(height):
    sci, err, reference = scene(np.random.default_rng(2))
    limits = (3.0, 2.0, 0.5, 0.3, 0.25)
    whole = np.empty(sci.shape, np.uint8)
    find_outliers(sci, err, reference, (0, 40), 0.0, limits, whole)
    for start in range(0, 40, height):
        stop = min(start + height, 40)
        low, high = max(start - 2, 0), min(stop + 2, 40)
        rows = slice(low, high)
        out = np.empty((stop - start, sci.shape[1]), np.uint8)
        inner = (start - low, stop - low)
        find_outliers(sci[rows], err[rows], reference[rows], inner, 0.0, limits, out)
        np.testing.assert_array_equal(out, whole[start:stop])
    assert whole.any()


def test_nothing_known_is_nothing_found():
    nothing = np.full((4, 5), np.nan, np.float32)
    out = np.full((4, 5), 9, np.uint8)
    find_outliers(nothing, nothing, nothing, (0, 4), 0.0, (5.0, 4.0, 1.2, 0.7, 0.0), out)
    assert not out.any()
