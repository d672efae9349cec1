"""The peak of a distribution, as a Gaussian curve through its histogram."""

import numpy as np

BINS = 2000
REACH = 4.0
"""Half the range of the histogram, in standard deviations."""

_ROUNDS = 100
_CONVERGED = 1e-10


def histogram_peak(values: np.ndarray, centre: float, deviation: float) -> tuple[float, float]:
    r"""Fit :math:`a \exp(-(v - c)^2 / 2 s^2)` to the histogram of values.

    Parameters
    ----------
    values : array
        Any shape; NaN is left out.
    centre, deviation : float
        First guess; the histogram reaches 4 deviations to either side.

    Returns
    -------
    centre, deviation : float
        Of the curve; the first guess where the fit leaves the histogram or does not converge.

    Notes
    -----
    Least squares with equal weights, by Levenberg's and Marquardt's method.

    Source: K. Levenberg 1944, Quart. Appl. Math. 2, 164; D. Marquardt 1963, J. SIAM 11, 431.
    """
    low, high = centre - REACH * deviation, centre + REACH * deviation
    counts, edges = np.histogram(values, BINS, (low, high))
    place = (0.5 * (edges[1:] + edges[:-1]) - centre) / deviation
    height = float(counts.max())
    if height == 0:
        return centre, deviation
    guess = np.array([1.0, place[int(counts.argmax())], 1.0])
    found = _fit(place, counts / height, guess)
    if found is None or abs(found[1]) > REACH or not 0 < abs(found[2]) < 2 * REACH:
        return centre, deviation
    return centre + deviation * float(found[1]), deviation * abs(float(found[2]))


def _fit(x: np.ndarray, y: np.ndarray, parameters: np.ndarray) -> np.ndarray | None:
    """Return amplitude, centre and width of a Gaussian curve; None if the fit does not converge."""
    damping, misfit = 1e-3, _misfit(x, y, parameters)
    for _ in range(_ROUNDS):
        a, c, s = parameters
        u = (x - c) / s
        curve = np.exp(-0.5 * u**2)
        slopes = np.stack([curve, a * curve * u / s, a * curve * u**2 / s])
        matrix = slopes @ slopes.T
        right = slopes @ (y - a * curve)
        step = np.linalg.solve(matrix + damping * np.diag(np.diag(matrix) + 1e-12), right)
        trial = parameters + step
        after = _misfit(x, y, trial) if trial[2] != 0 else np.inf
        if after > misfit:
            damping *= 10
            if damping > 1e12:
                return None
            continue
        converged = misfit - after <= _CONVERGED * misfit
        parameters, misfit, damping = trial, after, damping / 10
        if converged:
            return parameters
    return None


def _misfit(x: np.ndarray, y: np.ndarray, parameters: np.ndarray) -> float:
    a, c, s = parameters
    return float(np.sum((y - a * np.exp(-0.5 * ((x - c) / s) ** 2)) ** 2))
