"""Centroids under a window: those of the definition, true for stars, and robust to what is near."""

import numpy as np
import pytest
from tests.naive.sources import window_centroid

from webbcal.kernels.arrays import frozen
from webbcal.kernels.window_centroids import window_centroids

SIGMA = 1.3


def star(shape, place, width=1.1, flux=1000.0):
    """Return a Gaussian star, sampled well enough to be as integrated over pixels."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    square = (x - place[0]) ** 2 + (y - place[1]) ** 2
    return (flux * np.exp(-0.5 * square / width**2) / (2 * np.pi * width**2)).astype(np.float32)


def centroids(image, labels, places, level=0.0):
    levels = np.full(image.shape, level, np.float32)
    arrays = (image.astype(np.float32), levels, labels.astype(np.int32))
    return window_centroids(*map(frozen, arrays), frozen(np.array(places, float)), SIGMA)


def around(shape, places, radius=4):
    """Return labels of discs about places."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    labels = np.zeros(shape, np.int32)
    for number, place in enumerate(places, 1):
        labels[np.hypot(x - place[0], y - place[1]) < radius] = number
    return labels


def test_places_are_those_of_a_slow_twin():
    rng = np.random.default_rng(3)
    places = [(15.3, 14.8), (21.6, 17.1), (40.2, 30.9)]
    image = sum(star((50, 60), place) for place in places) + 2
    image += rng.normal(0, 2, image.shape).astype(np.float32)
    image[16, 14], image[31, 42], image[29, 38] = np.nan, np.nan, np.nan
    labels = around(image.shape, places)
    found = centroids(image, labels, np.rint(places), level=2.0)
    for k, place in enumerate(places):
        usable = np.isfinite(image) & ((labels == 0) | (labels == k + 1))
        expected = window_centroid(image - 2, usable, np.rint(place), SIGMA)
        np.testing.assert_allclose(found[k], expected, atol=1e-4)
        assert np.hypot(*(found[k] - place)) < 0.1


@pytest.mark.parametrize("level", [0.0, 50.0])
def test_a_star_is_found_where_it_is_whatever_the_background(level):
    places = np.random.default_rng(1).uniform(14.5, 15.5, (20, 2))
    for place in places:
        image = star((31, 31), place) + np.float32(level)
        found = centroids(image, around(image.shape, [place]), [(15, 15)])
        np.testing.assert_allclose(found[0], place, atol=2e-3)


def test_a_neighbour_and_holes_do_not_pull():
    places = np.array([(20.3, 20.1), (24.9, 21.4)])
    image = star((40, 45), places[0]) + star((40, 45), places[1], flux=2000.0)
    y, x = np.mgrid[:40, :45]
    other = 2 * around(image.shape, places[1:], 6)
    labels = np.where(np.hypot(x - 20.3, y - 20.1) < 2.2, 1, other)
    apart, together = (
        np.hypot(*(centroids(image, segments, places[:1])[0] - places[0]))
        for segments in (labels, np.where(labels == 1, 1, 0))
    )
    assert apart < 0.05
    assert not together < 0.2  # or nowhere
    image = star((40, 45), places[0])
    image[20, 22] = np.nan
    assert np.hypot(*(centroids(image, labels, places)[0] - places[0])) < 0.04


def test_what_has_no_place_is_not_a_number():
    place = (15.2, 14.7)
    image = star((31, 31), place)
    labels = around(image.shape, [place])
    assert np.isnan(centroids(-image, labels, [place])).all()
    assert np.isnan(centroids(image, np.zeros_like(labels), [place])).all()
    assert np.isnan(centroids(image, labels, [(np.nan, np.nan)])).all()
    image[10:20, 10:20] = np.nan
    assert np.isnan(centroids(image, labels, [place])).all()
