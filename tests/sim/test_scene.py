"""The scene: where light falls, and how much."""

import numpy as np
import pytest

from webbcal.sim.instruments import DETECTORS, subarray_of
from webbcal.sim.optics import OVERSAMPLING, oversampled_psf
from webbcal.sim.scene import CATALOGUE_DTYPE, dither, observe, sky_coordinates, star_field

CHIP = DETECTORS["NRCB1"]
WINDOW = subarray_of("200x220", CHIP)


def one_star(x, y, rate=1000.0):
    star = np.zeros(1, CATALOGUE_DTYPE)
    star["x"], star["y"], star["rate"] = x, y, rate
    return star


def test_light_in_the_pixels_of_a_star_adds_up_to_its_rate():
    scene = observe(one_star(110.25, 96.625), WINDOW, CHIP, "F200W", sky=0.0)
    assert scene.rate.sum() == pytest.approx(1000.0, rel=2e-3)
    assert scene.rate.min() >= 0


@pytest.mark.parametrize(("x", "y"), [(110.0, 96.0), (110.25, 96.5), (109.625, 95.75)])
def test_a_star_lies_where_the_catalogue_says(x, y):
    scene = observe(one_star(x, y), WINDOW, CHIP, "F200W", sky=0.0)
    rows, columns = np.mgrid[0:200, 0:220]
    near = np.hypot(rows - y, columns - x) < 6
    light = scene.rate * near
    assert (light * columns).sum() / light.sum() == pytest.approx(x, abs=0.03)
    assert (light * rows).sum() / light.sum() == pytest.approx(y, abs=0.03)


def test_the_star_moves_with_the_dither_and_keeps_its_sky_position():
    first = observe(one_star(110.0, 96.0), WINDOW, CHIP, "F200W", 0.0)
    moved = observe(one_star(110.0, 96.0), WINDOW, CHIP, "F200W", 0.0, offset=(3.0, -5.0))
    np.testing.assert_allclose(np.roll(first.rate, (-5, 3), (0, 1)), moved.rate, atol=1.0)
    assert moved.catalogue["x"][0] == 113.0
    assert moved.catalogue["ra"][0] == first.catalogue["ra"][0]


def test_a_longer_wavelength_makes_a_wider_image():
    sharp = oversampled_psf(1.0, 0.031, 32)
    wide = oversampled_psf(2.0, 0.031, 32)
    assert sharp.max() > 2 * wide.max()
    assert sharp.sum() == pytest.approx(OVERSAMPLING**2)


def test_stars_stay_within_the_limits_and_faint_ones_are_common():
    stars = star_field(WINDOW, 4000, 10.0, 1e5, np.random.default_rng(1))
    assert stars["rate"].min() >= 10.0
    assert stars["rate"].max() <= 1e5
    # N(>f) ~ f^-0.6: a factor ten in rate is a factor four in number.
    ratio = (stars["rate"] > 20).sum() / (stars["rate"] > 200).sum()
    assert ratio == pytest.approx(10**0.6, rel=0.1)


def test_no_dither_repeats():
    offsets = [dither(n) for n in range(12)]
    assert offsets[0] == (0.0, 0.0)
    assert len(set(offsets)) == 12


def test_sky_coordinates_have_north_up_and_east_left():
    x, y = np.array([110.0, 60.0, 110.0]), np.array([96.0, 96.0, 150.0])
    ra, dec = sky_coordinates(x, y, WINDOW, CHIP)
    assert ra[1] > ra[0]
    assert dec[2] - dec[0] == pytest.approx(54 * 0.031 / 3600, rel=1e-3)
