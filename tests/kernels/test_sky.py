"""Kernels of sky levels against their slow forms."""

import numpy as np
import pytest
from tests.naive import sky as naive

from webbcal.kernels.clipping import into_buckets
from webbcal.kernels.sky import clipped_range, counts_in_bins, keep_usable, matched_differences

STEP = 16


def positions(rng, shape, turn=0.3, shift=(5.3, -4.1)):
    """Return where every 16th pixel is in another image: turned, shifted, a little bent."""
    y, x = np.mgrid[0 : shape[0] + STEP - 1 : STEP, 0 : shape[1] + STEP - 1 : STEP].astype(float)
    p = x * np.cos(turn) - y * np.sin(turn) + shift[0] + 1e-4 * x * y
    q = x * np.sin(turn) + y * np.cos(turn) + shift[1]
    return np.stack([p, q], axis=-1)


@pytest.mark.parametrize("stride", [1, 3, 5])
@pytest.mark.parametrize("turn", [0.0, 0.3, 2.0])
def test_differences_are_of_the_same_places(stride, turn):
    rng = np.random.default_rng(1)
    first, second = rng.normal(size=(50, 61)), rng.normal(size=(43, 70))
    first[rng.random(first.shape) < 0.1] = np.nan
    second[rng.random(second.shape) < 0.1] = np.nan
    first, second = first.astype(np.float32), second.astype(np.float32)
    nodes = positions(rng, first.shape, turn, (20.3, 4.1))
    nodes[0, 0] = np.nan
    room = np.empty(first.size, np.float32)
    count = matched_differences(first, second, nodes, STEP, stride, room)
    np.testing.assert_array_equal(
        room[:count], naive.matched_differences(first, second, nodes, STEP, stride)
    )
    assert count > 50


def test_images_apart_have_nothing_in_common():
    image = np.ones((50, 61), np.float32)
    room = np.empty(image.size, np.float32)
    nodes = positions(None, image.shape, 0.0, (500.0, 0.0))
    assert matched_differences(image, image, nodes, STEP, 1, room) == 0
    assert matched_differences(image, image, np.full_like(nodes, np.nan), STEP, 1, room) == 0


@pytest.mark.parametrize("limits", [(4.0, 4.0), (2.0, 3.0), (1.0, 0.5)])
@pytest.mark.parametrize("rounds", [0, 1, 5])
def test_clipping_leaves_what_the_definition_leaves(limits, rounds):
    rng = np.random.default_rng(2)
    values = np.concatenate([rng.normal(3, 0.1, 4000), rng.exponential(2.0, 300)]).astype("f4")
    left = naive.clipped(values, *limits, rounds)
    buckets = into_buckets(values, np.ones(values.size, np.uint8))
    low, high, mean, median, deviation, number = clipped_range(buckets, *limits, rounds)
    assert number == left.size
    np.testing.assert_allclose([mean, deviation], [left.mean(), left.std()], rtol=1e-9)
    assert median == np.median(left)
    assert low <= left.min() and high >= left.max()


def test_clipping_of_nothing_and_of_equal_values():
    none = into_buckets(np.empty(0, np.float32), np.empty(0, np.uint8))
    assert clipped_range(none, 4.0, 4.0, 5)[-1] == 0
    same = into_buckets(np.full(9, 2.5, np.float32), np.ones(9, np.uint8))
    assert clipped_range(same, 4.0, 4.0, 5)[2:] == (2.5, 2.5, 0.0, 9)


def test_bins_count_what_numpy_counts():
    values = np.random.default_rng(3).normal(size=5000).astype(np.float32)
    counts, _ = np.histogram(values, 40, (-2.0, 2.0))
    np.testing.assert_array_equal(counts_in_bins(values, -2.0, 0.1, 40), counts)


def test_only_finite_unflagged_values_between_the_limits_are_kept():
    sci = np.array([[1.0, np.nan, np.inf, 5.0, -5.0, 2.0]], np.float32)
    dq = np.array([[0, 0, 0, 0, 0, 1]], np.uint32)
    out = np.empty_like(sci)
    keep_usable(sci, dq, np.uint32(1), -1.0, 4.0, out)
    np.testing.assert_array_equal(out, [[1.0, np.nan, np.nan, np.nan, np.nan, np.nan]])
    keep_usable(sci, dq, np.uint32(2), -np.inf, np.inf, out)
    np.testing.assert_array_equal(out, [[1.0, np.nan, np.nan, 5.0, -5.0, 2.0]])
