"""Levels in boxes, and the surface through them."""

import numpy as np
import pytest
from scipy import ndimage
from tests.naive import flicker as naive

from webbcal.kernels.mesh import box_levels, smoothed
from webbcal.numerics.smooth_background import box_size, smooth_background


@pytest.mark.parametrize("box", [(8, 8), (5, 7)])
def test_levels_are_clipped_medians(box):
    rng = np.random.default_rng(1)
    image = rng.normal(0, 3, (24, 40)).astype(np.float32)
    image[::5, ::3] += 500
    mask = (rng.random(image.shape) < 0.7).astype(np.uint8)
    mask[:8, :8] = 0
    mask[0, 0] = 1
    result = box_levels(image, mask, *box, 0.1, 3.0, 5)
    np.testing.assert_allclose(result, naive.box_levels(image, mask, *box, 0.1, 3.0, 5), rtol=1e-6)


def test_unknown_levels_do_not_count_in_the_median_of_neighbours():
    levels = np.arange(30.0).reshape(5, 6)
    levels[2, 3] = np.nan
    padded = np.pad(levels, 2, constant_values=np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (5, 5))
    np.testing.assert_array_equal(smoothed(levels, 2), np.nanmedian(windows, axis=(2, 3)))


def test_the_surface_is_a_cubic_spline_through_the_levels():
    rng = np.random.default_rng(2)
    levels = ndimage.gaussian_filter(rng.normal(0, 30, (4, 6)), 1.5)
    image = np.kron(levels, np.ones((8, 8))).astype(np.float32)
    surface = smooth_background(image, np.ones(image.shape, np.uint8), (8, 8))
    through = smoothed(np.asarray(levels, np.float32).astype(float), 2)
    expected = ndimage.zoom(through, 8, order=3, mode="reflect", grid_mode=True)
    expected = np.clip(expected, through.min(), through.max())
    np.testing.assert_allclose(surface, expected, atol=1e-4)


def test_boxes_without_background_are_bridged():
    y, x = np.mgrid[:128, :160]
    slope = (0.01 * x + 0.02 * y).astype(np.float32)
    mask = np.ones(slope.shape, np.uint8)
    mask[32:96, 32:96] = 0
    surface = smooth_background(slope, mask)
    # Medians of one-sided neighbours are off by less than the rise over one box.
    assert np.abs(surface - slope)[40:88, 40:88].max() < 0.02 * 32
    assert smooth_background(slope, np.zeros_like(mask)) is None


def test_boxes_are_the_largest_divisors():
    assert [box_size(n) for n in (2048, 320, 1032, 31, 37)] == [32, 32, 24, 31, 1]
    assert box_size(64, 20) == 20
