"""The kernel of pixel maps gives what the sum of polynomials is."""

import numpy as np
import pytest
from numpy.polynomial.chebyshev import chebvander
from tests.naive.pixel_map import position

from webbcal.kernels.arrays import frozen
from webbcal.kernels.pixel_map import positions


@pytest.mark.parametrize(("terms_y", "terms_x"), [(4, 4), (8, 8), (3, 12), (16, 16)])
def test_sum_of_polynomials_in_each_tile(terms_y, terms_x):
    rng = np.random.default_rng(terms_x)
    coefficients = rng.normal(size=(2, 3, 2, terms_y, terms_x))
    tile_of_row, tile_of_column = np.array([0, 0, 1, 1, 1]), np.array([0, 0, 0, 1, 1, 2, 2])
    v, u = rng.uniform(-1, 1, 5), rng.uniform(-1, 1, 7)
    out = np.empty((5, 7, 2))
    positions(
        frozen(coefficients),
        frozen(chebvander(v, terms_y - 1)),
        frozen(tile_of_row),
        frozen(chebvander(u, terms_x - 1).T),
        frozen(np.array([0, 3, 5, 7])),
        frozen(np.array([1, 9, -2, 6])),
        out,
    )
    assert np.isnan(out[0]).all()
    assert np.isnan(out[:, 6]).all()
    for y in range(1, 5):
        for x in range(6):
            expected = position(coefficients[tile_of_row[y], tile_of_column[x]], u[x], v[y])
            np.testing.assert_allclose(out[y, x], expected, rtol=1e-12, atol=1e-12)
