"""Stars and galaxies on pixels keep their light and their place."""

import numpy as np
import pytest

from webbcal.sim.imaging.field import GALAXY, SOURCE_DTYPE
from webbcal.sim.imaging.photometry import apertures
from webbcal.sim.imaging.plan import Plan
from webbcal.sim.imaging.rendering import HALF_WIDTHS, StarStamps, galaxy_stamp, render
from webbcal.sim.imaging.settings import ImagingProgramme
from webbcal.sim.instruments import DETECTORS
from webbcal.sim.scene import _add_star

PLAN = Plan.of(ImagingProgramme(detectors="NRCB1", subarray="SUB320", stars=1, galaxies=0), 1)
STAMPS = StarStamps(DETECTORS["NRCB1"], "F200W")


@pytest.mark.parametrize("place", [(0.0, 0.0), (0.49, -0.3), (-0.123, 0.25), (7.0625, -3.4)])
def test_a_star_keeps_its_light_and_its_place(place):
    image, row, column = STAMPS.stamp(*place, HALF_WIDTHS[-1])
    y, x = np.mgrid[row : row + image.shape[0], column : column + image.shape[1]]
    assert image.sum() == pytest.approx(1.0, abs=3e-4)
    near = (np.abs(x - place[0]) < 8) & (np.abs(y - place[1]) < 8)
    weight = image * near * np.exp(-((x - place[0]) ** 2 + (y - place[1]) ** 2) / 8)
    # A weighted mean is not exact, but does not know in which phase the star is.
    assert (weight * (x - place[0])).sum() / weight.sum() == pytest.approx(0.0, abs=4e-3)
    assert (weight * (y - place[1])).sum() / weight.sum() == pytest.approx(0.0, abs=4e-3)


def test_a_star_on_the_oversampled_grid_is_that_of_single_exposures():
    star = np.zeros(1, [("x", "f8"), ("y", "f8"), ("rate", "f8")])[0]
    star["x"], star["y"], star["rate"] = 100.375, 99.75, 1.0
    from webbcal.sim.optics import oversampled_psf

    other = np.zeros((200, 200))
    _add_star(other, star, oversampled_psf(1.990, 0.031, 64), 64)
    image, row, column = STAMPS.stamp(100.375, 99.75, 64)
    np.testing.assert_allclose(
        image, other[row : row + 129, column : column + 129], atol=1e-12, rtol=1e-9
    )


def test_faint_stars_get_small_stamps_that_lose_little():
    halves = [STAMPS.half_width(rate) for rate in (1.0, 200.0, 1e3, 1e5)]
    assert halves == sorted(halves)
    assert halves[0] < halves[-1] == HALF_WIDTHS[-1]
    whole, row, column = STAMPS.stamp(0.2, 0.1, 64)
    part, top, left = STAMPS.stamp(0.2, 0.1, halves[1])
    inside = whole[
        top - row : top - row + part.shape[0], left - column : left - column + part.shape[1]
    ]
    np.testing.assert_allclose(part, inside, atol=1e-12)


def galaxy(radius, index, ratio=1.0, angle=0.0):
    source = np.zeros(1, SOURCE_DTYPE)
    source["kind"], source["rate"] = GALAXY, 1.0
    source["radius"], source["index"], source["ratio"], source["angle"] = (
        radius,
        index,
        ratio,
        angle,
    )
    return source


@pytest.mark.parametrize("index", [1.0, 4.0])
def test_half_of_the_light_of_a_galaxy_is_within_its_radius(index):
    view = PLAN.cameras[0].view(PLAN.exposures[0].true)
    source = galaxy(0.6, index)[0]
    image, row, column = galaxy_stamp(source, view, 160.3, 159.8, STAMPS, {})
    assert image.sum() == pytest.approx(1.0, abs=2e-3)
    y, x = np.mgrid[row : row + image.shape[0], column : column + image.shape[1]]
    radius = 0.6 / np.sqrt(PLAN.cameras[0].nominal_area)
    inside = image[np.hypot(x - 160.3, y - 159.8) < radius].sum()
    # The profile is cut off at five radii: of index 4, that leaves out a tenth of it.
    assert inside == pytest.approx({1.0: 0.5, 4.0: 0.56}[index], abs=0.03)
    assert (image * x).sum() == pytest.approx(160.3, abs=0.2)


def test_galaxies_are_as_long_and_turned_as_the_catalogue_says():
    view = PLAN.cameras[0].view(PLAN.exposures[0].true)
    source = galaxy(0.5, 1.0, ratio=0.4, angle=70.0)[0]
    image, row, column = galaxy_stamp(source, view, 160.0, 160.0, STAMPS, {})
    y, x = np.mgrid[row : row + image.shape[0], column : column + image.shape[1]]
    ra, dec = view.sky(x.ravel().astype(float), y.ravel().astype(float))
    ra0, dec0 = view.sky(np.array([160.0]), np.array([160.0]))
    east = (ra - ra0) * np.cos(np.deg2rad(dec0)) * 3600
    north = (dec - dec0) * 3600
    weight = image.ravel()
    cov = np.array(
        [
            [(weight * east**2).sum(), (weight * east * north).sum()],
            [(weight * east * north).sum(), (weight * north**2).sum()],
        ]
    )
    values, vectors = np.linalg.eigh(cov)
    assert np.sqrt(values[0] / values[1]) == pytest.approx(0.4, abs=0.04)
    angle = np.rad2deg(np.arctan2(*vectors[:, 1])) % 180
    assert angle == pytest.approx(70.0, abs=1.0)


def test_sources_are_rendered_where_the_view_puts_them():
    camera, pointed = PLAN.cameras[0], PLAN.exposures[0]
    view = camera.view(pointed.true)
    sources = np.zeros(2, SOURCE_DTYPE)
    sources["ra"], sources["dec"] = view.sky(np.array([100.2, 5000.0]), np.array([40.7, 40.0]))
    sources["rate"] = 500.0
    rate, (x, y) = render(sources, view, (320, 320), STAMPS, scale=2.0)
    assert (x[0], y[0]) == pytest.approx((100.2, 40.7), abs=1e-6)
    assert np.unravel_index(rate.argmax(), rate.shape) == (41, 100)
    assert rate.sum() == pytest.approx(1000.0, rel=0.03)


@pytest.mark.parametrize(("name", "band"), [("NRCB1", "F200W"), ("MIRIMAGE", "F770W")])
def test_apertures_hold_their_part_of_a_star_in_a_mosaic(name, band):
    """A mosaic made the slow way: each pixel's light spread evenly, collected by other pixels."""
    chip = DETECTORS[name]
    stamps = StarStamps(chip, band)
    rng = np.random.default_rng(8)
    fine = 10  # points per pixel and axis
    held = []
    for phase in range(25):
        x, y = (phase % 5 - 2) / 5, (phase // 5 - 2) / 5
        image, row, column = stamps.stamp(x, y, 20)
        spread = np.kron(image, np.ones((fine, fine))) / fine**2
        dx, dy = rng.integers(0, fine, 2)
        cut = spread[dy : dy + 40 * fine, dx : dx + 40 * fine]
        mosaic = cut.reshape(40, fine, 40, fine).sum(axis=(1, 3))
        points = np.kron(mosaic, np.ones((fine, fine))) / fine**2
        at_x = column - 0.5 + (dx + np.arange(40 * fine) + 0.5) / fine - x
        at_y = row - 0.5 + (dy + np.arange(40 * fine) + 0.5) / fine - y
        distance = np.hypot(at_x[None, :], at_y[:, None])
        held.append([points[distance < a.radius].sum() for a in apertures(chip, band)])
    wanted = [a.fraction for a in apertures(chip, band)]
    error = np.std(held, axis=0) / np.sqrt(len(held))  # by where a star lies between pixels
    assert (np.abs(np.mean(held, axis=0) - wanted) < 4 * error + 0.001).all()
    assert (error < 0.006).all()
    corrections = [a.correction * a.fraction for a in apertures(chip, band)]
    assert all(1.0 <= c < 1.08 for c in corrections)
