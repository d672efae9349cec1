"""Distortions of imagers in the form of the reference files: polynomials both ways."""

import numpy as np
from astropy.modeling.models import Identity, Mapping, Polynomial2D, Shift


def distortion(size: int = 2048, scale: float = 0.031, curvature: float = 0.01, v2: float = -120.0):
    """Return a distortion whose image is bent by `curvature` of its half width at the edge.

    Pixel (x, y) from 0 to V2, V3 in arcsec; its inverse is fitted, as that of the observatory's
    files is.
    """
    middle = (size - 1) / 2
    bend = curvature / middle
    degree = 4
    forward = [
        Polynomial2D(degree, c1_0=scale, c2_0=scale * bend, c1_1=scale * bend / 2),
        Polynomial2D(degree, c0_1=scale, c0_2=-scale * bend, c2_0=scale * bend / 3),
    ]
    grid = np.linspace(-middle * 1.02, middle * 1.02, 41)
    x, y = (values.ravel() for values in np.meshgrid(grid, grid))
    u, v = (polynomial(x, y) for polynomial in forward)
    n = 7
    powers = [(i, j) for i in range(n + 1) for j in range(n + 1 - i)]
    unit = scale * middle
    matrix = np.stack([(u / unit) ** i * (v / unit) ** j for i, j in powers], axis=1)
    backward = []
    for values in (x, y):
        solution = np.linalg.lstsq(matrix, values, rcond=None)[0]
        coefficients = {
            f"c{i}_{j}": c / unit ** (i + j) for (i, j), c in zip(powers, solution, strict=True)
        }
        backward.append(Polynomial2D(n, **coefficients))
    split = Mapping((0, 1, 0, 1))
    split.inverse = Identity(2)
    back = Mapping((0, 1, 0, 1))
    back.inverse = Identity(2)
    bent = forward[0] & forward[1]
    bent.inverse = back | (backward[0] & backward[1])
    centred = Shift(-middle) & Shift(-middle)
    return centred | split | bent | (Shift(v2) & Shift(-500.0))
