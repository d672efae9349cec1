"""Connected regions against their slow twin."""

import numpy as np
import pytest
from tests.naive import regions as naive

from webbcal.kernels.regions import label

SHAPE = (30, 23)


def regions(wanted, corners=True):
    labels, count = label(np.flatnonzero(wanted), SHAPE[1], corners)
    pixels = [divmod(int(n), SHAPE[1]) for n in np.flatnonzero(wanted)]
    found = [set() for _ in range(count)]
    for pixel, number in zip(pixels, labels, strict=True):
        found[number].add(pixel)
    return found


@pytest.mark.parametrize("corners", [True, False])
@pytest.mark.parametrize("share", [0.0, 0.02, 0.2, 0.35, 0.5, 0.9, 1.0])
def test_regions_are_those_of_the_slow_twin(share, corners):
    for seed in range(5):
        wanted = np.random.default_rng(seed).random(SHAPE) < share
        assert regions(wanted, corners) == naive.label(wanted, corners)


def test_regions_do_not_go_around_the_edge():
    wanted = np.zeros(SHAPE, bool)
    wanted[4, -1] = wanted[5, 0] = wanted[6, 0] = wanted[9, -1] = wanted[11, 0] = True
    assert len(regions(wanted)) == 4


@pytest.mark.parametrize("columns", [1, 2, 3])
def test_narrow_frames_have_regions_too(columns):
    labels, count = label(np.arange(6 * columns), columns, True)
    assert count == 1
    assert not labels.any()
    _, count = label(np.arange(0, 6 * columns, 2 * columns), columns, True)
    assert count == 3


def test_branches_that_meet_late_are_one_region():
    wanted = np.zeros(SHAPE, bool)
    wanted[2:12, [3, 6, 9]] = True
    wanted[12, 3:10] = True
    assert len(regions(wanted)) == 1
