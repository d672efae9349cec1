"""The search for groups soon after saturation agrees with a list of rules."""

import numpy as np
import pytest
from tests.naive import persistence as naive

from webbcal.kernels.arrays import frozen
from webbcal.kernels.persistence import flag_windows

SHAPE = (3, 6, 5, 7)


@pytest.mark.parametrize("threshold", [np.inf, 900.0])
@pytest.mark.parametrize("added", [32, 33])
def test_kernel_matches_naive(threshold, added):
    rng = np.random.default_rng(3)
    sci = rng.uniform(0, 1000, SHAPE).astype(np.float32)
    sci[rng.random(SHAPE) < 0.05] = np.nan
    groupdq = rng.choice(np.array([0] * 8 + [1, 2, 4], np.uint8), SHAPE)
    times = np.arange(18.0).reshape(SHAPE[:2]) + 100
    ends = np.where(rng.random(SHAPE[2:]) < 0.5, rng.uniform(90, 112, SHAPE[2:]), 0)
    flags, after = flag_windows(
        frozen(sci), frozen(groupdq), frozen(times), 4.0, threshold, np.uint8(added), frozen(ends)
    )
    assert (flags != groupdq).any()
    for y in range(SHAPE[2]):
        for x in range(SHAPE[3]):
            expected, end = naive.flag(
                sci[:, :, y, x].tolist(),
                groupdq[:, :, y, x].tolist(),
                times.tolist(),
                4.0,
                threshold,
                added,
                float(ends[y, x]),
            )
            np.testing.assert_array_equal(flags[:, :, y, x], expected)
            assert after[y, x] == end
