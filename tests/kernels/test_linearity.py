"""The linearity kernels agree with polynomials evaluated one value at a time."""

import numpy as np
import pytest
from tests.naive import linearity as naive

from webbcal.kernels.arrays import frozen
from webbcal.kernels.linearity import linearise, linearise_reads

ROWS, COLUMNS = 3, 40


def polynomials(rng, powers, curvature):
    """Return coefficients (k, y, x) close to the identity."""
    coefficients = np.zeros((powers, ROWS, COLUMNS), np.float32)
    coefficients[1] = rng.normal(1, 0.01, (ROWS, COLUMNS))
    for k in range(2, powers):
        coefficients[k] = rng.normal(0, curvature, (ROWS, COLUMNS)) * 5e4 ** (1 - k)
    return coefficients


def ramps(rng, groups):
    """Return ramps and where they are saturated, from some group on."""
    rate = rng.uniform(-50, 6000, (2, 1, ROWS, COLUMNS))
    sci = (rate * np.arange(1, groups + 1)[:, None, None]).astype(np.float32)
    start = rng.integers(0, 2 * groups, rate.shape)
    return sci, np.arange(groups)[:, None, None] >= start


@pytest.mark.parametrize("powers", [2, 3, 5, 6, 9, 10])
def test_linearise_matches_naive(powers):
    rng = np.random.default_rng(powers)
    sci, saturated = ramps(rng, 4)
    sci[0, 1, 0, 0] = np.nan
    coefficients = polynomials(rng, powers, 0.1)
    coefficients[powers - 1, 1, 3] = np.nan
    coefficients[1, 2, 5] = 0
    told = rng.random((ROWS, COLUMNS)) < 0.1
    arrays = frozen(sci), frozen(saturated * np.uint8(2)), frozen(coefficients), frozen(told)
    out, skip = linearise(*arrays)
    expected = naive.linearise(sci, saturated, coefficients, told)
    np.testing.assert_allclose(out, expected, rtol=1e-6)
    assert skip[1, 3]
    assert skip[2, 5]
    assert skip.sum() == np.union1d(np.flatnonzero(told), [COLUMNS + 3, 2 * COLUMNS + 5]).size


@pytest.mark.parametrize(("groups", "frames"), [(2, 4), (5, 2), (6, 8)])
def test_linearise_reads_matches_naive(groups, frames):
    rng = np.random.default_rng(groups)
    sci, saturated = ramps(rng, groups)
    coefficients, inverse = polynomials(rng, 5, 0.1), polynomials(rng, 4, 0.1)
    nothing = np.zeros((ROWS, COLUMNS), bool)
    out, skip = linearise_reads(
        frozen(sci), frozen(saturated * np.uint8(2)), frozen(coefficients), frozen(inverse),
        frozen(nothing), frames,
    )  # fmt: skip
    expected = naive.linearise_reads(sci, saturated, coefficients, inverse, frames)
    np.testing.assert_allclose(out, expected, rtol=1e-6)
    assert not skip.any()
