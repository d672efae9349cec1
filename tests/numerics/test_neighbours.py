"""Neighbours against the distances of all pairs."""

import numpy as np
import pytest

from webbcal.numerics.neighbours import counts_within, nearest, pairs_within

REACHES = [0.0, 0.01, 0.3, 2.0, 50.0]


def lists(seed):
    """Return two lists: a cluster, scattered places, two that coincide, and some far outside."""
    rng = np.random.default_rng(seed)
    cluster = rng.normal(3.0, 0.02, (40, 2))
    field = rng.uniform(-5, 5, (60, 2))
    places = np.concatenate([cluster, field, field[:1]])
    queries = np.concatenate([field[:20], rng.uniform(-20, 20, (30, 2)), cluster[:5]])
    return queries, places


def squares(queries, places):
    return ((queries[:, None] - places[None]) ** 2).sum(axis=2)


@pytest.mark.parametrize("reach", REACHES)
def test_pairs_and_counts_are_those_of_all_distances(reach):
    for seed in range(3):
        queries, places = lists(seed)
        near = squares(queries, places) <= reach**2
        np.testing.assert_array_equal(pairs_within(queries, places, reach), np.nonzero(near))
        np.testing.assert_array_equal(counts_within(queries, places, reach), near.sum(axis=1))


def test_a_place_at_the_very_distance_is_within_it():
    places = np.stack([np.arange(30) * 0.1, np.zeros(30)], axis=1)
    reach = places[17, 0] - places[16, 0]
    near = squares(places, places) <= reach**2
    np.testing.assert_array_equal(counts_within(places, places, reach), near.sum(axis=1))


def test_the_nearest_is_that_of_all_distances():
    for seed in range(3):
        queries, places = lists(seed)
        square = squares(queries, places)
        number, distance = nearest(queries, places)
        np.testing.assert_array_equal(number, square.argmin(axis=1))
        np.testing.assert_array_equal(distance, np.sqrt(square.min(axis=1)))


def test_no_place_is_its_own_neighbour_but_one_that_coincides_is():
    _, places = lists(4)
    square = squares(places, places)
    np.fill_diagonal(square, np.inf)
    number, distance = nearest(places, places, own=True)
    np.testing.assert_array_equal(number, square.argmin(axis=1))
    assert number[-1] == 40
    assert number[40] == len(places) - 1
    assert distance[40] == 0.0


def test_empty_lists_and_a_single_place():
    one, none = np.array([[1.0, 2.0]]), np.empty((0, 2))
    assert counts_within(one, none, 3.0).tolist() == [0]
    assert counts_within(none, one, 3.0).size == 0
    assert [part.size for part in pairs_within(one, none, 3.0)] == [0, 0]
    assert counts_within(one, one, 0.0).tolist() == [1]
    number, distance = nearest(one, one, own=True)
    assert number.tolist() == [-1]
    assert np.isinf(distance[0])
