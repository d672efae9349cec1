"""The search for jumps against its slow twin."""

import numpy as np
import pytest
from tests.naive import jump as naive
from tests.steps.observed import messy

from webbcal.kernels.arrays import frozen
from webbcal.kernels.jump import (
    CLIP_ALL,
    CLIP_INTEGRATIONS,
    ITERATIVE,
    SINGLE_PASS,
    Pixels,
    Search,
    Spread,
    find_jumps,
)

ALONE = Spread(False, 10.0, 1000.0, 0.0, 0, 0.0, 0)
SHAPES = [(1, 3), (1, 4), (3, 3), (2, 5), (1, 10), (1, 15), (7, 6), (9, 3)]
METHODS = [ITERATIVE, SINGLE_PASS, CLIP_INTEGRATIONS, CLIP_ALL]


def search_for(method):
    return Search(method, 6.0, 5.0, 4.0 if method <= SINGLE_PASS else 2.0, 4.0)


def find(data, method, spread=ALONE):
    sci, groupdq, _, gain, readnoise = data
    nints, ngroups, _, columns = sci.shape
    pixels = Pixels(
        frozen(sci).reshape(nints, ngroups, -1),
        frozen(groupdq).reshape(nints, ngroups, -1),
        frozen(gain).reshape(-1),
        frozen(readnoise).reshape(-1),
    )
    flags, count = find_jumps(pixels, columns, search_for(method), spread)
    return flags.reshape(sci.shape), count.reshape(sci.shape[2:])


def find_slowly(data, method):
    sci, groupdq, _, gain, readnoise = data
    nints, ngroups, rows, columns = sci.shape
    jump = np.zeros((nints, ngroups - 1, rows, columns), bool)
    for y in range(rows):
        for x in range(columns):
            values, flags = sci[:, :, y, x], groupdq[:, :, y, x]
            known = float(gain[y, x]), float(readnoise[y, x]), 4
            if not 0 < abs(known[0]) < np.inf:
                continue
            if method >= CLIP_INTEGRATIONS:
                jump[:, :, y, x] = naive.find_by_clipping(values, flags, 2.0, method == CLIP_ALL)
            elif method == ITERATIVE:
                jump[:, :, y, x] = naive.find_iteratively(values, flags, *known, (6.0, 5.0, 4.0))
            else:
                jump[:, :, y, x] = naive.find_at_once(values, flags, *known, 4.0)
    return jump


def flags_with(groupdq, jump):
    """Return the input flags with jumps, which no unusable group keeps."""
    flags = groupdq.copy()
    flags[:, 1:] |= np.where(jump, np.uint8(4), np.uint8(0))
    return np.where(flags & 3, flags & np.uint8(0xFF ^ 4), flags)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("nints", "ngroups"), SHAPES)
def test_agrees_with_the_slow_twin(method, nints, ngroups):
    data = messy(ngroups, nints, ngroups)
    jump = find_slowly(data, method)
    flags, count = find(data, method)
    np.testing.assert_array_equal(flags, flags_with(data[1], jump))
    np.testing.assert_array_equal(count, jump.sum(axis=(0, 1)))
    assert jump.any() or (nints < 7 and method >= CLIP_INTEGRATIONS)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("value", [0.0, 100.0, np.nan, np.inf])
def test_finds_nothing_in_constant_signal(method, value):
    sci = np.full((3, 6, 4, 5), value, np.float32)
    plane = np.ones((4, 5), np.float32)
    for readnoise in (0.0, 8.0):
        data = (sci, np.zeros(sci.shape, np.uint8), None, 2 * plane, readnoise * plane)
        flags, count = find(data, method)
        assert not flags.any()
        assert not count.any()


@pytest.mark.parametrize("method", METHODS)
def test_spreads_like_the_slow_twin(method):
    data = messy(8, 4, 6)
    sci, groupdq, _, gain, readnoise = data
    d = naive.differences(sci, groupdq)
    jump = find_slowly(data, method)
    near = naive.flag_neighbours(jump, d, groupdq, gain, readnoise, 4, 10.0, 300.0)
    assert near.sum() > jump.sum()
    flags, count = find(data, method, Spread(True, 10.0, 300.0, 0.0, 0, 0.0, 0))
    np.testing.assert_array_equal(flags, flags_with(groupdq, near))
    np.testing.assert_array_equal(count, jump.sum(axis=(0, 1)))
    after = naive.flag_after(near, d, groupdq, [(20.0, 1), (500.0, 3)])
    assert after.sum() > near.sum()
    flags, _ = find(data, method, Spread(True, 10.0, 300.0, 20.0, 1, 500.0, 3))
    np.testing.assert_array_equal(flags, flags_with(groupdq, after))


def test_nothing_spreads_around_the_edge_of_a_row():
    sci = np.zeros((1, 6, 3, 7), np.float32)
    sci[0, 3:, 1, 0] = 500.0
    plane = np.ones((3, 7), np.float32)
    data = (sci, np.zeros(sci.shape, np.uint8), None, 2 * plane, 8 * plane)
    flags, _ = find(data, ITERATIVE, Spread(True, 10.0, 1000.0, 0.0, 0, 0.0, 0))
    expected = np.zeros((3, 7), np.uint8)
    expected[1, :2] = expected[0, 0] = expected[2, 0] = 4
    np.testing.assert_array_equal(flags[0, 3], expected)
    assert np.count_nonzero(flags) == 4
