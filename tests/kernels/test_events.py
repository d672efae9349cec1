"""Connected regions and their surroundings against their slow twins."""

import numpy as np
import pytest
from tests.naive import events as naive

from webbcal.kernels.events import (
    label,
    newly_saturated,
    solid,
    surroundings,
    where_above,
)

SHAPE = (30, 23)


def mask(seed, share):
    return np.random.default_rng(seed).random(SHAPE) < share


def regions(wanted):
    labels, count = label(np.flatnonzero(wanted), SHAPE[1])
    pixels = [divmod(int(n), SHAPE[1]) for n in np.flatnonzero(wanted)]
    found = [set() for _ in range(count)]
    for pixel, number in zip(pixels, labels, strict=True):
        found[number].add(pixel)
    return found


@pytest.mark.parametrize("share", [0.0, 0.02, 0.2, 0.35, 0.5, 0.9, 1.0])
def test_regions_are_those_of_the_slow_twin(share):
    for seed in range(5):
        wanted = mask(seed, share)
        assert regions(wanted) == naive.label(wanted)


def test_regions_do_not_go_around_the_edge():
    wanted = np.zeros(SHAPE, bool)
    wanted[4, -1] = wanted[5, 0] = wanted[6, 0] = wanted[9, -1] = wanted[11, 0] = True
    assert len(regions(wanted)) == 4


@pytest.mark.parametrize("columns", [1, 2, 3])
def test_narrow_frames_have_regions_too(columns):
    labels, count = label(np.arange(6 * columns), columns)
    assert count == 1
    assert not labels.any()
    _, count = label(np.arange(0, 6 * columns, 2 * columns), columns)
    assert count == 3


def test_branches_that_meet_late_are_one_region():
    wanted = np.zeros(SHAPE, bool)
    wanted[2:12, [3, 6, 9]] = True
    wanted[12, 3:10] = True
    assert len(regions(wanted)) == 1


def messy_flags(seed):
    rng = np.random.default_rng(seed)
    flags = rng.choice(np.array([0, 1, 2, 4, 5, 6, 32], np.uint8), SHAPE)
    flags[8:20, 5:14] = 4
    flags[10:14, 7:10] = 2
    return flags


@pytest.mark.parametrize("seed", [1, 2])
def test_surroundings_are_those_of_the_slow_twin(seed):
    flags, wanted = messy_flags(seed), mask(seed, 0.05)
    where = np.flatnonzero(wanted)
    labels, count = label(where, SHAPE[1])
    usable, jumps = surroundings(flags.reshape(-1), where, labels, count, SHAPE[1])
    expected = [naive.surroundings(flags, region) for region in naive.label(wanted)]
    assert list(zip(usable, jumps, strict=True)) == expected


@pytest.mark.parametrize("edge", [0, 3, 9, 100])
def test_solid_blocks_are_those_of_the_slow_twin(edge):
    flags = messy_flags(3)
    flags[:9, 10:20] = 4
    expected = np.flatnonzero(naive.solid(flags, edge))
    assert (expected.size > 0) == (edge > 0)
    np.testing.assert_array_equal(solid(flags.reshape(-1), SHAPE[1], edge), expected)


def test_many_solid_blocks_are_all_found():
    flags = np.full(SHAPE, 4, np.uint8)
    assert solid(flags.reshape(-1), SHAPE[1], 100).size == (SHAPE[0] - 4) * (SHAPE[1] - 4)


def test_what_is_new_and_what_is_above():
    before, now = np.array([0, 2, 3, 1], np.uint8), np.array([6, 2, 0, 3], np.uint8)
    np.testing.assert_array_equal(newly_saturated(before, now), [0, 3])
    values = np.array([1.0, np.nan, 3.0, 2.0, np.inf], np.float32)
    np.testing.assert_array_equal(where_above(values, 2.0), [2, 4])
