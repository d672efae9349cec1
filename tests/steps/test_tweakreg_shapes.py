"""Shapes of stars are those that photutils measures, and what they should be of known curves."""

import numpy as np
import pytest
from photutils.detection import DAOStarFinder, IRAFStarFinder

from webbcal.steps.tweakreg.shapes import FWHM_PER_SIGMA, Filter, shapes_of

SIZE = 21
MIDDLE = SIZE // 2


def stars(count=60, noise=1.0, seed=1):
    """Return Gaussian stars below each other, and the middles of their squares."""
    rng = np.random.default_rng(seed)
    image = rng.normal(0, noise, (count * SIZE, SIZE)).astype(np.float32)
    y, x = np.mgrid[:SIZE, :SIZE] - MIDDLE
    for number in range(count):
        (dx, dy), sigma, ratio = (
            rng.uniform(-0.7, 0.7, 2),
            rng.uniform(0.7, 2),
            rng.uniform(0.7, 1.3),
        )
        curve = np.exp(-(((x - dx) / sigma) ** 2 + ((y - dy) / sigma / ratio) ** 2) / 2)
        image[number * SIZE : (number + 1) * SIZE] += rng.uniform(5, 100) * curve
    places = np.stack([np.full(count, MIDDLE), np.arange(count) * SIZE + MIDDLE], axis=1)
    return image, places


@pytest.mark.parametrize(("fwhm", "radius"), [(2.5, 1.5), (1.6, 1.5), (4.2, 1.5), (3.0, 2.5)])
def test_the_filter_is_that_of_daofind(fwhm, radius):
    found = Filter.of(fwhm, radius)
    wanted = DAOStarFinder(1.0, fwhm, sigma_radius=radius).kernel
    np.testing.assert_allclose(found.values, wanted.data, atol=1e-15)
    assert found.noise == pytest.approx(wanted.rel_err, rel=1e-12)
    assert found.values.sum() == pytest.approx(0, abs=1e-14)


@pytest.mark.parametrize(("fwhm", "radius"), [(2.5, 1.5), (4.2, 1.5), (3.0, 2.5)])
def test_shapes_are_those_of_iraf(fwhm, radius):
    image, places = stars()
    finder = IRAFStarFinder(
        0.0,
        fwhm,
        sigma_radius=radius,
        sharpness_range=(0.5, 2.0),
        roundness_range=(0.0, 0.2),
        xycoords=places,
    )
    table = finder(image)
    found = shapes_of(image, places, Filter.of(fwhm, radius))
    good = (found.sharpness >= 0.5) & (found.sharpness <= 2.0) & (found.roundness <= 0.2)
    assert 5 < good.sum() < len(places)
    for name, values in (
        ("x_centroid", found.x),
        ("y_centroid", found.y),
        ("flux", found.flux),
        ("sharpness", found.sharpness),
        ("roundness", found.roundness),
    ):
        np.testing.assert_allclose(values[good], np.asarray(table[name]), rtol=2e-5)


def test_a_star_as_wide_as_the_filter_has_its_height_as_peak():
    kernel = Filter.of(2.5, 1.5)
    n = kernel.reach
    y, x = np.mgrid[-n : n + 1, -n : n + 1]
    star = 7.0 * np.exp(-(x**2 + y**2) * FWHM_PER_SIGMA**2 / 2 / 2.5**2) + 100.0
    assert (kernel.values * star).sum() == pytest.approx(7.0, rel=1e-12)


def test_where_no_light_is_there_is_no_shape():
    flat = np.full((SIZE, SIZE), 3.0)
    found = shapes_of(flat, np.array([[MIDDLE, MIDDLE]]), Filter.of(2.5, 1.5))
    assert found.flux[0] == pytest.approx(0.0)
    assert not found.sharpness[0] > 0
