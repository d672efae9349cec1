"""Slow waves along lines, fitted by sums that are parts of Fourier transforms."""

import numpy as np
from tests.naive import flicker as naive

from webbcal.numerics.waves import fit_waves, slow_waves

PASS_BAND = np.array([1.0, 1.0, 1.0, 0.5, 0.0])


def test_the_fit_is_weighted_least_squares() -> None:
    rng = np.random.default_rng(1)
    image = rng.normal(0, 2, (4, 96)).astype(np.float32)
    weights = rng.random(image.shape)
    weights[:, 20:30] = 0
    weights[3] = 0
    image[0, 25], image[1, 22] = np.nan, np.inf
    model = fit_waves(image, weights, PASS_BAND, 0.0)
    usable = np.where(weights > 0, image, 0).astype(float)
    for line in range(3):
        expected = naive.waves(usable[line], weights[line], PASS_BAND)
        np.testing.assert_allclose(model[line], expected, atol=1e-5)
    assert not model[3].any()


def test_slow_waves_are_found_again_beside_outliers_and_gaps() -> None:
    rng = np.random.default_rng(2)
    x = np.arange(512)
    true = 3 * np.cos(2 * np.pi * 2 * x / 512) - np.sin(2 * np.pi * 5 * x / 512) + 4
    image = (true + rng.normal(0, 1, (64, 512))).astype(np.float32)
    image[:, 100] += 1000
    mask = np.ones(image.shape, np.uint8)
    mask[:, 300:340] = 0
    mask[30] = 0
    found = slow_waves(image, mask)
    # 17 amplitudes of 472 pixels, and about 5 lines below the bell.
    error = np.sqrt(17 / 472 / 5)
    assert (found - true)[:28].std() < 2 * error
    assert abs((found - true)[:28].mean()) < 0.1
