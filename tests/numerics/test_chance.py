"""Tails of distributions against SciPy's."""

import pytest
from scipy import special

from webbcal.numerics.chance import chi_square_tail, deviation_of_chance, poisson_tail


@pytest.mark.parametrize("mean", [0.0, 1e-9, 0.3, 5.0, 80.0, 3000.0])
@pytest.mark.parametrize("count", [1, 2, 7, 90, 3100])
def test_poisson_tail(count, mean):
    expected = special.pdtrc(count - 1, mean)
    assert poisson_tail(count, mean) == pytest.approx(expected, rel=1e-9, abs=1e-300)


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 5, 6])
@pytest.mark.parametrize("square", [0.0, 1e-6, 0.7, 9.0, 400.0])
def test_chi_square_tail(freedom, square):
    expected = special.chdtrc(freedom, square)
    assert chi_square_tail(freedom, square) == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("chance", [1.0, 0.9999, 0.3173, 1e-3, 1e-20, 1e-300])
def test_deviation_of_chance(chance):
    expected = -special.ndtri(chance / 2)
    assert deviation_of_chance(chance) == pytest.approx(expected, rel=1e-11, abs=1e-15)
