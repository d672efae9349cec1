"""Typical differences against their slow twin."""

import numpy as np
import pytest
from tests.naive import events as naive
from tests.steps.observed import messy

from webbcal.kernels.differences import typical_differences


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize(("nints", "ngroups"), [(1, 4), (2, 9), (11, 3)])
def test_agrees_with_the_slow_twin(nints, ngroups, together):
    sci, groupdq, *_ = messy(nints, nints, ngroups)
    sci, groupdq = (a.reshape(nints, ngroups, -1) for a in (sci, groupdq))
    centre, scatter = typical_differences(sci, groupdq, together)
    expected = naive.typical_differences(sci, groupdq, together)
    assert np.isnan(expected[0]).any() == (nints < 11)
    np.testing.assert_allclose(centre, expected[0], rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(scatter, expected[1], rtol=1e-5, atol=1e-5)


def test_scatter_of_noise_is_its_standard_deviation():
    rng = np.random.default_rng(1)
    sci = rng.normal(0, 3, (1, 400, 50)).cumsum(axis=1).astype(np.float32)
    _, scatter = typical_differences(sci, np.zeros(sci.shape, np.uint8), True)
    assert scatter.mean() == pytest.approx(3.0, rel=0.03)
