"""Positions of pixels, one polynomial at a time."""

import numpy as np
from numpy.polynomial.chebyshev import chebval


def position(coefficients, u, v):
    """Return x and y of the pixel at (u, v), from -1 to 1 in its tile."""
    return np.array([chebval(u, chebval(v, plane)) for plane in coefficients])
