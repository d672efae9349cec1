"""Blotting: planes are interpolated exactly, and what is not known is NaN."""

import numpy as np

from webbcal.geometry.pixel_map import PixelMap, pixel_map
from webbcal.numerics.blotting import blot


class Shifted:
    """Coordinates on a plane, turned and shifted."""

    bounding_box = None

    def __init__(self, x=0.0, y=0.0, turn=0.0):
        self.offset, self.turn = np.array([x, y]), turn

    def __call__(self, x, y, with_bounding_box=True):
        c, s = np.cos(self.turn), np.sin(self.turn)
        return c * x - s * y + self.offset[0], s * x + c * y + self.offset[1]

    def invert(self, a, b, with_bounding_box=True):
        return a, b


def whole(mosaic, found: PixelMap, rows=slice(None)):
    return blot(lambda part: mosaic[part], mosaic.shape, found, rows)


def test_a_plane_stays_a_plane_and_outside_is_nan():
    y, x = np.indices((50, 60))
    mosaic = (3.0 + 2.0 * x - 0.5 * y).astype(np.float32)
    chain = Shifted(8.3, -4.2, 0.3)
    shape = (40, 30)
    found = whole(mosaic, pixel_map(chain, Shifted(), shape))
    v, u = np.indices(shape, float)
    a, b = chain(u, v)
    near = (a > 0) & (a < 59) & (b > 0) & (b < 49)
    np.testing.assert_allclose(found[near], (3.0 + 2.0 * a - 0.5 * b)[near], rtol=1e-5, atol=1e-3)
    outside = (a < -0.5) | (a > 59.5) | (b < -0.5) | (b > 49.5)
    assert outside.any()
    assert near.any()
    assert np.isnan(found[outside]).all()


def test_unknown_pixels_make_their_neighbours_unknown():
    mosaic = np.ones((20, 20), np.float32)
    mosaic[10, 10] = np.nan
    found = whole(mosaic, pixel_map(Shifted(0.5, 0.25), Shifted(), (18, 18)))
    bad = np.argwhere(np.isnan(found))
    np.testing.assert_array_equal(bad, [[9, 9], [9, 10], [10, 9], [10, 10]])


def test_rows_are_the_same_bits_alone_and_read_little():
    rng = np.random.default_rng(1)
    mosaic = rng.normal(size=(60, 50)).astype(np.float32)
    places = pixel_map(Shifted(3.3, 4.7, 0.1), Shifted(), (40, 40))
    read = []

    def remember(rows):
        read.append(rows.stop - rows.start)
        return mosaic[rows]

    together = whole(mosaic, places)
    part = blot(remember, mosaic.shape, places, slice(11, 14))
    np.testing.assert_array_equal(part, together[11:14])
    assert read[0] < 12
    assert np.isnan(whole(mosaic, pixel_map(Shifted(900.0), Shifted(), (4, 16)))).all()
