"""Pixel maps: the error that they promise holds at every pixel, and they know when it cannot."""

import numpy as np
import pytest
from tests.geometry.distortions import distortion

from webbcal.core.errors import InvalidInput
from webbcal.geometry.imaging import Pointing, imaging_wcs
from webbcal.geometry.pixel_map import pixel_map

SIZE = 256
TOLERANCE = 1e-4


def image(ra=80.0, roll=30.0, shape=(SIZE, SIZE), corner=(0, 0), curvature=0.02):
    pointing = Pointing(-120.0, -500.0, ra, -69.4, roll, 1.00005)
    return imaging_wcs(distortion(SIZE, curvature=curvature), pointing, shape, corner)


def exact(source, target, shape):
    """Return where each pixel is, by the transforms themselves."""
    y, x = np.indices(shape, float)
    sky = source(x, y, with_bounding_box=False)
    return np.stack(target.invert(*sky, with_bounding_box=False), axis=-1)


@pytest.mark.parametrize("target", [{}, {"ra": 80.002, "roll": 95.0}, {"corner": (30, 50)}])
@pytest.mark.parametrize("shape", [(SIZE, SIZE), (40, 90)])
def test_every_pixel_is_where_the_transforms_say(target, shape):
    source, target = image(shape=shape, corner=(7, 11)), image(**target)
    found = pixel_map(source, target, shape)
    wrong = np.hypot(*np.moveaxis(found.positions() - exact(source, target, shape), -1, 0))
    assert wrong.max() < TOLERANCE
    assert wrong.max() < 2 * max(found.error, 1e-10)  # the verified error is the true one


def test_an_image_is_on_itself():
    found = pixel_map(image(), image(), (SIZE, SIZE)).positions()
    y, x = np.indices((SIZE, SIZE))
    np.testing.assert_allclose(found, np.stack([x, y], axis=-1), atol=TOLERANCE)


def test_parts_are_the_same_bits_as_the_whole():
    found = pixel_map(image(), image(ra=80.002), (SIZE, SIZE))
    whole = found.positions()
    room = np.empty((9, SIZE, 2))
    np.testing.assert_array_equal(found.positions(slice(20, 29), out=room), whole[20:29])
    part = found.positions(slice(17, 80), slice(5, 61))
    np.testing.assert_array_equal(part, whole[17:80, 5:61])
    assert found.positions(slice(9, 9)).shape == (0, SIZE, 2)


def test_pixels_without_coordinates_have_no_position():
    source = image().within(((3.5, 250.5), (-0.5, 200.2)))
    found = pixel_map(source, image(), (SIZE, SIZE)).positions()
    good = np.zeros((SIZE, SIZE), bool)
    good[:201, 4:251] = True
    np.testing.assert_array_equal(np.isfinite(found), np.stack([good, good], axis=-1))
    part = pixel_map(source, image(), (SIZE, SIZE)).positions(slice(199, 203), slice(2, 5))
    np.testing.assert_array_equal(part, found[199:203, 2:5])


class Sky:
    """Coordinates whose sky is a plane, bent by a function of x and y."""

    bounding_box = None

    def __init__(self, bend=lambda x, y: 0.0 * x):
        self.bend = bend

    def __call__(self, x, y, with_bounding_box=True):
        return x + self.bend(x, y), y

    def invert(self, ra, dec, with_bounding_box=True):
        return ra, dec


def test_a_rough_place_gets_finer_tiles():
    def bump(x, y):
        return 0.3 * np.exp(-0.5 * ((x - 30) ** 2 + (y - 170) ** 2) / 12**2)

    shape = (SIZE, SIZE)
    found = pixel_map(Sky(bump), Sky(), shape)
    assert found.coefficients.shape[0] > 1
    wrong = found.positions() - exact(Sky(bump), Sky(), shape)
    assert np.abs(wrong).max() < TOLERANCE


def test_a_larger_tolerance_needs_fewer_terms():
    shape = (SIZE, SIZE)

    def wave(x, y):
        return 0.01 * np.sin(x / 15)

    terms = [pixel_map(Sky(wave), Sky(), shape, t).coefficients.size for t in (0.1, 1e-5)]
    assert terms[0] < terms[1]


def test_a_map_that_no_polynomial_follows_is_told():
    with pytest.raises(InvalidInput, match="too rough"):
        pixel_map(Sky(lambda x, y: 5.0 * (x > 100.3)), Sky(), (SIZE, SIZE))


def test_positions_that_do_not_exist_are_told():
    with pytest.raises(InvalidInput, match="no place in the other"):
        pixel_map(Sky(lambda x, y: np.nan * x), Sky(), (SIZE, SIZE))
