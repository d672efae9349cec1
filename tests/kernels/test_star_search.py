"""Kernels that look for stars, beside slow ones."""

import numpy as np
import pytest
from tests.naive import stars as naive

from webbcal.kernels.arrays import frozen
from webbcal.kernels.star_search import filtered, flattened, levels_and_noise, peaks


def field(seed=1, shape=(90, 130)):
    rng = np.random.default_rng(seed)
    image = rng.normal(3.0, 0.5, shape).astype(np.float32)
    image[rng.random(shape) < 0.02] += 40
    mask = (rng.random(shape) > 0.1).astype(np.uint8)
    image[(mask == 0) & (rng.random(shape) < 0.5)] = np.nan
    mask[40:80, :40] = 0
    return frozen(image), frozen(mask)


@pytest.mark.parametrize(("box", "stride"), [(40, 1), (40, 3), (33, 2), (200, 3)])
def test_levels_and_noise_of_boxes(box, stride):
    image, mask = field()
    found = levels_and_noise(image, mask, box, stride, 3.0, 10)
    expected = naive.levels_and_noise(image, mask, box, stride, 3.0, 10)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)


def test_bright_pixels_do_not_raise_the_level():
    image, mask = field(shape=(400, 400))
    levels, noise = levels_and_noise(image, mask, 400, 1, 3.0, 10)
    assert levels[0, 0] == pytest.approx(3.0, abs=4 * 0.5 * 1.25 / 380)
    # Three deviations on either side of a Gaussian curve hold 0.9866 of its deviation.
    assert noise[0, 0] == pytest.approx(0.5 * 0.9866, rel=0.01)


@pytest.mark.parametrize("box", [40, 33, 200])
def test_background_is_linear_between_the_centres_of_boxes(box):
    image, mask = field()
    shape = tuple(-(-n // box) for n in image.shape)
    levels = np.random.default_rng(2).normal(3, 1, shape)
    found = flattened(image, mask, frozen(levels), box)
    np.testing.assert_allclose(found, naive.flattened(image, mask, levels, box), atol=2e-6)


@pytest.mark.parametrize("shape", [(5, 5), (3, 7), (1, 1)])
def test_filter(shape):
    image = frozen(np.random.default_rng(3).normal(size=(20, 31)), np.float32)
    weights = frozen(np.random.default_rng(4).normal(size=shape))
    np.testing.assert_allclose(filtered(image, weights), naive.filtered(image, weights), atol=1e-5)


@pytest.mark.parametrize("reach", [1.0, 2.0, 3.5])
def test_peaks_also_of_equal_values(reach):
    image = np.random.default_rng(5).integers(0, 6, (40, 50)).astype(np.float32)
    found = peaks(frozen(image), 2.0, reach)
    np.testing.assert_array_equal(found, naive.peaks(image, 2.0, reach))
    assert len(found) > 5


def test_more_peaks_than_there_was_room_for():
    image = np.zeros((200, 200), np.float32)
    image[::3, ::3] = 1
    assert len(peaks(frozen(image), 0.5, 2.0)) == 67 * 67
