"""How the light of a source changes in the course of an exposure."""

import numpy as np

LIMB_DARKENING = (0.3, 0.2)
LIGHT_CURVE_DTYPE = np.dtype([("integration", "i4"), ("mid_time", "f8"), ("flux", "f8")])


def transit(phase: np.ndarray, depth: float, duration: float) -> np.ndarray:
    r"""Return the relative flux of a star that a planet crosses, through the middle of its disc.

    .. math:: f = 1 - k^2 \frac{I(\mu)}{\langle I \rangle} c(z), \qquad
              I = 1 - u_1 (1 - \mu) - u_2 (1 - \mu)^2, \quad \mu = \sqrt{1 - z^2}

    with the distance z of the two centres in stellar radii, :math:`k^2` the depth and c the part
    of the planet in front of the star, which grows linearly at the limb: the approximation for a
    small planet.

    Parameters
    ----------
    phase : numpy.ndarray
        Time as a part of the exposure, 0 to 1; the transit is in the middle.
    depth : float
        Area of the planet over that of the star.
    duration : float
        Of the transit, as a part of the exposure.

    Returns
    -------
    numpy.ndarray
        float64, 1 outside the transit.

    Source: [mandel2002], small-planet approximation.
    """
    if not depth or not duration:
        return np.ones_like(phase, dtype=np.float64)
    radius = np.sqrt(depth)
    z = np.abs(phase - 0.5) / (0.5 * duration) * (1 + radius)
    covered = np.clip((1 + radius - z) / (2 * radius), 0, 1)
    mu = np.sqrt(np.clip(1 - z**2, 0, None))
    first, second = LIMB_DARKENING
    intensity = 1 - first * (1 - mu) - second * (1 - mu) ** 2
    flux: np.ndarray = 1 - depth * intensity / (1 - first / 3 - second / 6) * covered
    return flux
