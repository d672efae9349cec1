"""Positions of stars: beside a slow fit, and against the truth."""

import numpy as np
import pytest
from scipy.ndimage import map_coordinates
from tests.naive.stars import star_position

from webbcal.kernels.arrays import frozen
from webbcal.kernels.star_fit import star_positions
from webbcal.sim.optics import OVERSAMPLING, oversampled_psf


def star(x, y, wavelength=1.99, scale=0.031, size=21, flux=1000.0):
    psf = oversampled_psf(wavelength, scale, 16)
    middle = psf.shape[0] // 2
    rows, columns = (middle + (np.arange(size) - c) * OVERSAMPLING for c in (y, x))
    return flux * map_coordinates(psf, np.meshgrid(rows, columns, indexing="ij"), order=3)


def measured(image, error=1.0, mask=None, start=(10.0, 10.0), half=2, sigma=1.0):
    error = np.full(image.shape, error)
    mask = np.ones(image.shape) if mask is None else mask
    return star_positions(
        frozen(image, np.float32),
        frozen(error, np.float32),
        frozen(mask, np.uint8),
        frozen(np.atleast_2d(start), np.float64),
        half,
        sigma,
    )


@pytest.mark.parametrize("half", [2, 4])
def test_same_as_a_slow_fit_with_missing_pixels(half):
    rng = np.random.default_rng(1)
    for _ in range(20):
        x, y = rng.uniform(9.6, 10.4, 2)
        image = (star(x, y) + rng.normal(0, 2.0, (21, 21))).astype(np.float32)
        mask = rng.random(image.shape) > 0.08
        mask[9:12, 9:12] = True
        error = np.sqrt(4.0 + np.abs(image))
        found = star_positions(
            frozen(image),
            frozen(error),
            frozen(mask, np.uint8),
            frozen(np.array([[10.0, 10.0]])),
            half,
            1.0,
        )[0]
        expected = star_position(image, error, mask, (10.0, 10.0), half, 1.0)
        if np.rint(found[0]) == 10 and np.rint(found[1]) == 10:
            np.testing.assert_allclose(found[:4], expected, rtol=2e-4)


@pytest.mark.parametrize(
    ("wavelength", "scale", "most"),
    [(1.99, 0.031, 0.001), (4.4, 0.063, 0.001), (7.7, 0.11, 0.001), (0.9, 0.031, 0.012)],
)
def test_positions_do_not_depend_on_where_in_its_pixel_a_star_is(wavelength, scale, most):
    off = []
    for x in np.linspace(9.5, 10.5, 9):
        for y in (10.0, 10.3):
            image = star(x, y, wavelength, scale)
            off.append(measured(image)[0, :2] - (x, y))
    assert np.sqrt(np.mean(np.square(off))) < most
    assert np.abs(np.mean(off)) < most / 4


def test_errors_are_those_of_many_tries():
    rng = np.random.default_rng(2)
    image = star(10.2, 9.9)
    found = np.array(
        [measured(image + rng.normal(0, 3.0, image.shape), 3.0)[0] for _ in range(600)]
    )
    pulls = (found[:, :2] - (10.2, 9.9)) / found[:, 2:4]
    assert pulls.std() == pytest.approx(1.0, abs=4 / np.sqrt(2 * pulls.size))
    assert abs(pulls.mean()) < 4 / np.sqrt(pulls.size)


def test_the_window_follows_the_star():
    found = measured(star(11.8, 8.7), start=(10.6, 9.4))
    np.testing.assert_allclose(found[0, :2], (11.8, 8.7), atol=0.002)


@pytest.mark.parametrize("kind", ["flat", "hidden", "hole", "outside"])
def test_what_is_no_star_has_no_position(kind):
    image, mask, start = star(10.0, 10.0), np.ones((21, 21)), (10.0, 10.0)
    if kind == "flat":
        image = np.ones((21, 21))
    if kind == "hidden":
        mask[:] = 0
    if kind == "hole":
        image = -image
    if kind == "outside":
        start = (80.0, -40.0)
    assert np.isnan(measured(image, mask=mask, start=start)[0, :2]).all()
