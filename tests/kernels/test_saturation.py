"""The saturation kernel agrees with the rules applied plane by plane."""

import numpy as np
import pytest
from tests.naive import saturation as naive

from webbcal.kernels.arrays import frozen
from webbcal.kernels.saturation import UNCHECKED, flag_saturation


def make(rng, groups, rows=23, columns=29):
    """Return ramps with jumps, steep pixels, zeros and NaN."""
    steps = rng.exponential(4000, (2, groups, rows, columns))
    steps[rng.random(steps.shape) < 0.1] += 40000
    sci = 9000 + np.cumsum(steps, axis=1)
    sci[rng.random(sci.shape) < 0.01] = 0
    sci[rng.random(sci.shape) < 0.01] = np.nan
    return np.minimum(np.round(sci), 65535).astype(np.float32)


@pytest.mark.parametrize("rules", [(False, True), (True, True), (True, False)])
@pytest.mark.parametrize("reach", [0, 1, 3])
@pytest.mark.parametrize(("groups", "frames"), [(1, 4), (2, 2), (3, 8), (6, 4), (6, 1)])
def test_kernel_matches_naive(reach, groups, frames, rules):
    rng = np.random.default_rng(100 * groups + 10 * frames + reach)
    sci = make(rng, groups)
    groupdq = rng.choice(np.array([0, 0, 0, 0, 1, 4], np.uint8), sci.shape)
    threshold = rng.uniform(40000, 62000, sci.shape[2:]).astype(np.float32)
    bias = rng.normal(9000, 500, threshold.shape).astype(np.float32)
    bias[rng.random(bias.shape) < 0.05] = np.nan
    checked = rng.random(threshold.shape) > 0.05
    first = np.arange(groups) * frames
    limits = (
        frozen(np.where(checked, threshold, UNCHECKED)),
        frozen(bias),
        frozen((first + 0.5 * (frames + 1)) / (first + frames)),
    )
    pattern = (frames, reach, *rules)  # interleaved, partial
    fast = flag_saturation(frozen(sci), frozen(groupdq), limits, pattern)
    slow = naive.flag_saturation(sci, groupdq, threshold, bias, checked, pattern)
    np.testing.assert_array_equal(fast, slow)


def test_a_group_saturated_on_input_saturates_the_later_ones():
    sci = np.full((1, 3, 5, 5), 100, np.float32)
    groupdq = np.zeros(sci.shape, np.uint8)
    groupdq[0, 1, 2, 2] = 2
    limits = (frozen(np.full((5, 5), UNCHECKED)), frozen(np.zeros((5, 5), np.float32)),
              frozen(np.ones(3)))  # fmt: skip
    out = flag_saturation(frozen(sci), frozen(groupdq), limits, (1, 0, False, True))
    np.testing.assert_array_equal(out[0, :, 2, 2], [0, 2, 2])
    assert out.sum() == 4
