"""Surroundings of events, and what is new in a group, against their slow twins."""

import numpy as np
import pytest
from tests.naive import events as naive
from tests.naive import regions

from webbcal.kernels.events import (
    newly_saturated,
    solid,
    surroundings,
    where_above,
)
from webbcal.kernels.regions import label

SHAPE = (30, 23)


def mask(seed, share):
    return np.random.default_rng(seed).random(SHAPE) < share


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
    labels, count = label(where, SHAPE[1], True)
    usable, jumps = surroundings(flags.reshape(-1), where, labels, count, SHAPE[1])
    expected = [naive.surroundings(flags, region) for region in regions.label(wanted)]
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
