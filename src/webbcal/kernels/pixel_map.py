"""Positions of pixels in another image, from products of Chebyshev polynomials in tiles.

Axes: tile_y, tile_x, coordinate (0: x, 1: y of the other image), power_y, power_x. The number of
powers is a multiple of four, and there are at least four.
"""

import numpy as np

from webbcal.kernels._jit import entry, kernel


@kernel
def _add_four(line, start, stop, factors, i, powers):
    """Add four terms, i to i + 3, to a part of a line; the first four replace what was there."""
    f0, f1, f2, f3 = factors[i], factors[i + 1], factors[i + 2], factors[i + 3]
    p0, p1, p2, p3 = powers[i], powers[i + 1], powers[i + 2], powers[i + 3]
    if i == 0:
        for x in range(start, stop):
            line[x] = (f0 * p0[x] + f1 * p1[x]) + (f2 * p2[x] + f3 * p3[x])
    else:
        for x in range(start, stop):
            line[x] += (f0 * p0[x] + f1 * p1[x]) + (f2 * p2[x] + f3 * p3[x])


@kernel
def _along_row(coefficients, powers_y, factors):
    """Find the coefficients of the polynomials of x in one row."""
    for i in range(factors.size):
        factors[i] = 0.0
    for j in range(powers_y.size):
        for i in range(factors.size):
            factors[i] += powers_y[j] * coefficients[j, i]


@entry
def positions(coefficients, powers_y, tile_of_row, powers_x, edges_x, limits, out):
    r"""Evaluate the map for some rows.

    .. math:: p_c(x, y) = \sum_{ij} a_{cji} T_j(v_y) T_i(u_x)

    with the coefficients of the tile of the pixel.

    Parameters
    ----------
    coefficients : float64 (tile_y, tile_x, coordinate, power_y, power_x)
        Of the polynomials.
    powers_y : float64 (row, power_y)
        Polynomials of y, in the tile of each row.
    tile_of_row : int64 (row)
        Which tiles hold the row.
    powers_x : float64 (power_x, column)
        Polynomials of x, in the tile of each column.
    edges_x : int64 (tile_x + 1)
        First column of each tile, and behind the last.
    limits : int64 (4)
        First row, behind the last row, first column, behind the last column that have a
        position, counted in these arrays. The others get NaN.
    out : float64 (row, column, coordinate)
        Filled with the positions.
    """
    rows = powers_y.shape[0]
    terms_x, columns = powers_x.shape
    lines = np.empty((2, columns))
    factors = np.empty(terms_x)
    for y in range(rows):
        row = out[y]
        tile_y = tile_of_row[y]
        inside = limits[0] <= y < limits[1]
        if inside:
            for tile_x in range(edges_x.size - 1):
                for c in range(2):
                    _along_row(coefficients[tile_y, tile_x, c], powers_y[y], factors)
                    for i in range(0, terms_x, 4):
                        _add_four(
                            lines[c], edges_x[tile_x], edges_x[tile_x + 1], factors, i, powers_x
                        )
        for x in range(columns):
            if inside and limits[2] <= x < limits[3]:
                row[x, 0] = lines[0, x]
                row[x, 1] = lines[1, x]
            else:
                row[x, 0] = np.nan
                row[x, 1] = np.nan
