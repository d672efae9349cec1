"""Background pixels are told from sources."""

import numpy as np
import pytest

from webbcal.numerics.background_mask import Values, background_mask
from webbcal.numerics.histogram_peak import histogram_peak

RNG = np.random.default_rng(1)
NOISE = RNG.normal(10, 2, (200, 150)).astype(np.float32)


@pytest.mark.parametrize("fit_histogram", [False, True])
def test_sources_and_unusable_pixels_are_no_background(fit_histogram):
    image = NOISE.copy()
    image[50:60, 70:80] += 100
    image[0, 0], image[0, 1], image[0, 2] = np.nan, 0, np.inf
    usable = np.ones(image.shape, bool)
    usable[1, 1] = False
    image[1, 1] = 10
    mask = background_mask(image, usable, 2.0, fit_histogram=fit_histogram)
    assert not mask[50:60, 70:80].any()
    assert not mask[0, :3].any()
    assert not mask[1, 1]
    # A normal distribution has 2.1 % of its values above 2.03 and 0.1 % below -3 deviations.
    assert 0.96 < mask[100:].mean() < 0.985


def test_nothing_usable_is_no_background():
    assert not background_mask(NOISE, np.zeros(NOISE.shape, bool), 2.0).any()
    assert not background_mask(NOISE * np.float32(np.nan), np.ones(NOISE.shape), 2.0).any()


def test_faint_sources_do_not_widen_the_lower_half():
    image = NOISE.copy()
    image[::4, ::4] += RNG.exponential(4, image[::4, ::4].shape).astype(np.float32)
    values = Values(image, np.ones(image.shape, np.uint8))
    (_, both), (centre, lower) = values.centre(), values.centre(lower_half=True)
    assert abs(lower - 2) < 0.1 < both - 2 + 0.1
    assert lower < both
    assert abs(centre - 10) < 0.25


def test_the_peak_of_a_histogram_is_that_of_the_distribution():
    values = RNG.normal(5, 3, 200000)
    values[::10] += 20
    centre, deviation = histogram_peak(values, 5.5, 4.0)
    assert abs(centre - 5) < 0.05
    assert abs(deviation - 3) < 0.05


def test_a_histogram_without_values_keeps_the_guess():
    assert histogram_peak(np.zeros(0), 1.0, 2.0) == (1.0, 2.0)
