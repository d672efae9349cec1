"""The deconvolution kernel agrees with sums taken one value at a time."""

import numpy as np
import pytest
from tests.naive import ipc as naive

from webbcal.kernels.arrays import frozen
from webbcal.kernels.ipc import deconvolve


@pytest.mark.parametrize("varying", [False, True])
@pytest.mark.parametrize("size", [(3, 3), (5, 3), (2, 4), (1, 1)])
@pytest.mark.parametrize("region", [(0, 9, 0, 11), (4, 9, 0, 7), (3, 3, 0, 11)])
def test_kernel_matches_naive(varying, size, region):
    rng = np.random.default_rng(7)
    sci = rng.normal(100, 10, (1, 2, 9, 11)).astype(np.float32)
    shape = (*size, 9, 11) if varying else (*size, 1, 1)
    weights = rng.normal(0, 0.3, shape).astype(np.float32)
    everywhere = np.broadcast_to(weights, (*size, 9, 11))
    fast = deconvolve(frozen(sci), frozen(weights), region)
    np.testing.assert_allclose(
        fast, naive.deconvolve(sci, everywhere, region), rtol=1e-6, atol=1e-4
    )
