"""Waves are found again between gaps."""

import numpy as np
import pytest
from scipy import ndimage
from tests.naive import flicker as naive

from webbcal.kernels.waves import (
    fit_in_time,
    reject_outliers,
    smooth_across,
    wave_amplitudes,
    widened,
)

PIXELS, WAVES = 96, 5
PHASE = 2 * np.pi / PIXELS * np.outer(np.arange(PIXELS), np.arange(2 * WAVES - 1))
TABLES = np.cos(PHASE), np.sin(PHASE)


def fitted(image, weights, pass_band, stiffness):
    """Return the waves on the pixels, by sums over the pixels."""
    cosine, sine = TABLES
    values = weights.astype(float) * image
    right = np.hstack([values @ cosine[:, :WAVES], values @ sine[:, 1:WAVES]])
    found = wave_amplitudes(
        weights @ cosine, weights @ sine, np.ascontiguousarray(right), pass_band, stiffness
    )
    return found[:, :WAVES] @ cosine[:, :WAVES].T + found[:, WAVES:] @ sine[:, 1:WAVES].T


def test_the_fit_is_weighted_least_squares():
    rng = np.random.default_rng(1)
    image = rng.normal(0, 2, (4, PIXELS)).astype(np.float32)
    weights = rng.random(image.shape).astype(np.float32)
    weights[:, 20:30] = 0
    weights[3] = 0
    pass_band = np.array([1.0, 1.0, 1.0, 0.5, 0.0])
    model = fitted(image, weights, pass_band, 0.0)
    for line in range(3):
        expected = naive.waves(image[line].astype(float), weights[line].astype(float), pass_band)
        np.testing.assert_allclose(model[line], expected, atol=1e-5)
    assert not model[3].any()


def test_stiffness_keeps_a_gap_from_being_filled_with_large_waves():
    rng = np.random.default_rng(2)
    image = rng.normal(0, 1, (20, PIXELS)).astype(np.float32)
    weights = np.ones(image.shape, np.float32)
    weights[:, 30:80] = 0
    free, stiff = (fitted(image, weights, np.ones(WAVES), s) for s in (0.0, 1e-2))
    assert np.abs(stiff).max() < 0.2 * np.abs(free).max()


def test_waves_in_time_are_found_again():
    rng = np.random.default_rng(3)
    lines, pixels, per_line = 24, 20, 32
    samples = lines * per_line
    t = np.arange(lines)[:, None] * per_line + np.arange(pixels)
    true = 2 + 3 * np.cos(2 * np.pi * 5 * t / samples) - np.sin(2 * np.pi * 7 * t / samples)
    true += 0.5 * (-1.0) ** t
    mask = (rng.random(t.shape) < 0.6).astype(np.uint8)
    image = np.where(mask, true, 1e6).astype(np.float32)
    table = np.cos(2 * np.pi / samples * np.arange(samples))
    waves = np.array([[k, 1.0] for k in (*range(9), samples // 2)])
    model = fit_in_time(image, mask, table, per_line, waves, 0.0)
    np.testing.assert_allclose(model, true, atol=1e-5)


def test_outliers_and_their_neighbours_are_left_out():
    image = np.random.default_rng(4).normal(0, 1, (3, 50)).astype(np.float32)
    image[0, 10], image[1, 0] = 40, -40
    mask = np.ones(image.shape, np.uint8)
    mask[2] = 0
    kept = reject_outliers(image, mask, 5.0)
    assert kept[0, 10] == kept[1, 0] == 0
    assert kept.sum() == 98
    wide = widened((mask - kept).astype(np.uint8))
    assert set(map(tuple, np.argwhere(wide))) == {(0, 9), (0, 10), (0, 11), (1, 0), (1, 1)}


@pytest.mark.parametrize("lines", [3, 30])
def test_smoothing_is_centred(lines):
    model = np.random.default_rng(5).normal(size=(lines, 4)).astype(np.float32)
    bell = np.exp(-0.5 * (np.arange(7) / 1.5) ** 2)
    bell /= bell[0] + 2 * bell[1:].sum()
    expected = ndimage.correlate1d(model, np.r_[bell[:0:-1], bell], axis=0, mode="reflect")
    np.testing.assert_allclose(smooth_across(model, bell), expected, atol=1e-6)
