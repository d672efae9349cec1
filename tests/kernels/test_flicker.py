"""Differences of groups, medians of lines, and their sum."""

import numpy as np
import pytest
from tests.naive import flicker as naive

from webbcal.core.dq import DQ
from webbcal.kernels.flicker import (
    accumulate,
    group_difference,
    line_medians,
    median_errors,
    narrow,
)

SHAPE = (13, 22)


def image(seed=1):
    return np.random.default_rng(seed).normal(0, 5, SHAPE).astype(np.float32)


def mask(seed=2):
    return (np.random.default_rng(seed).random(SHAPE) < 0.8).astype(np.uint8)


def test_a_difference_tells_nothing_where_a_group_is_flagged_or_unknown():
    later, earlier, background = image(1), image(2), mask()
    every = image(3)
    flags = np.zeros(SHAPE, np.uint8)
    flags[2, 3], flags[4, 5] = DQ.JUMP_DET, DQ.SATURATED
    background[2, 3] = background[4, 5] = background[6, 7] = background[8, 9] = 1
    later[6, 7], earlier[8, 9] = np.nan, -np.inf
    difference, usable = group_difference(
        later, earlier, every, flags, int(DQ.JUMP_DET), background
    )
    expected = later - earlier - every
    expected[6, 7] = expected[8, 9] = 0
    np.testing.assert_array_equal(difference, expected)
    background[2, 3] = background[6, 7] = background[8, 9] = 0
    np.testing.assert_array_equal(usable, background)


@pytest.mark.parametrize("parts", [1, 2, 4])
@pytest.mark.parametrize("enough", [1, 4])
@pytest.mark.parametrize("limits", [(-np.inf, np.inf), (-6.0, 4.0)])
def test_medians_of_lines_are_those_of_numpy(parts, limits, enough):
    values, usable = image(), mask()
    usable[3] = 0
    values[5] = 7.0
    values = values[:, : 5 * 4]
    usable = usable[:, : 5 * 4]
    result = line_medians(values, usable, *limits, parts, enough)
    expected = naive.line_medians(values, usable, *limits, parts, enough)
    np.testing.assert_array_equal(result, expected)
    assert np.isnan(result[3]).all()
    assert np.isfinite(result).any()


def test_values_outside_the_limits_leave_the_mask():
    values = image()
    values[1, 1] = np.nan
    expected = mask() * ((values >= -3) & (values <= 2))
    np.testing.assert_array_equal(narrow(mask(), values, -3.0, 2.0), expected)


def test_the_noise_of_all_differences_before_is_subtracted():
    signal = np.stack([image(seed) for seed in range(4)])
    signal[2, 0, 0] = np.nan
    noise = np.stack([image(seed) for seed in range(10, 14)])
    share, common = mask().astype(np.float32) / 2, image(20)
    cleaned, total = noise.copy(), np.zeros(SHAPE)
    for group in range(4):
        accumulate(signal[group], cleaned[group], share, common, total)
    expected = signal - (share * noise + common).cumsum(axis=0, dtype=float)
    np.testing.assert_allclose(cleaned, expected, rtol=1e-5, atol=1e-5)
    assert np.isnan(cleaned[2, 0, 0])
    assert np.isfinite(cleaned[3, 0, 0])


@pytest.mark.parametrize("parts", [1, 2])
def test_errors_of_medians_are_told_by_the_scatter_of_pixels(parts):
    values, usable = image(), mask()
    usable[3] = 0
    medians = line_medians(values, usable, -np.inf, np.inf, parts, 1)
    result = median_errors(values, usable, medians, values.shape[1])
    np.testing.assert_allclose(result, naive.median_errors(values, usable, parts), rtol=1e-5)
    assert (result[3] == 0).all()


def test_a_part_of_many_pixels_tells_their_scatter():
    rng = np.random.default_rng(5)
    values = rng.normal(3, 2, (400, 1000)).astype(np.float32)
    usable = np.ones(values.shape, np.uint8)
    medians = line_medians(values, usable, -np.inf, np.inf, 1, 1)
    result = median_errors(values, usable, medians, 128)
    # 400 lines, of which 142 pixels each tell the scatter: 12 % each, 0.6 % together.
    assert abs(result.mean() / np.var(medians - 3) - 1) < 0.25  # variance of 400: 7 %
    assert abs(result.mean() / (np.pi / 2 * 4 / 1000) - 1) < 0.03
