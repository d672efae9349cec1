"""How much each group counts in the count rate of a pixel that shows background."""

import numpy as np

from webbcal.spec.references import Gain, ReadNoise

PIXELS = 128
"""Of an image, that tell its typical pixel, along each axis at least where there are as many."""


def weights_of_background(
    image: np.ndarray,
    mask: np.ndarray,
    readnoise: ReadNoise,
    gain: Gain,
    size: tuple[int, int],
) -> np.ndarray:
    r"""Return the weights of the groups in the fit of the rate of a typical pixel.

    They are :math:`|j - m|^P` about the middle m of the ramp; P grows with its signal over noise.

    Parameters
    ----------
    image : array
        What every group adds, DN, axes (y, x).
    mask : array
        uint8, axes (y, x): 1 where there is only background.
    readnoise, gain : ReadNoise, Gain
        Read noise of the difference of two frames, DN; electron/DN.
    size : (int, int)
        Number of groups, and of frames in each.

    Returns
    -------
    array
        float64, axis (group), up to a factor; equal weights where nothing tells.

    Source: D. Fixsen et al. 2000, PASP 112, 1350 (weights by signal over noise).
    """
    from webbcal.kernels.ramp_weights import class_of, power_of

    groups, frames = size
    steps = tuple(slice(None, None, max(length // PIXELS, 1)) for length in mask.shape)
    told = [one[steps].astype(float) for one in (image, readnoise.sci, gain.sci)]
    good = mask[steps] != 0
    for one in told:
        good = good & np.isfinite(one)
    electrons, noise = 0.0, 0.0
    if good.any():
        added, read, factor = (float(np.median(one[good])) for one in told)
        electrons = added * factor * (groups - 1)
        noise = read * factor
    power = power_of(int(class_of(electrons, 0.5 * noise**2 / frames)))
    distance = np.abs(np.arange(groups) - 0.5 * (groups - 1))
    weights: np.ndarray = distance**power
    return weights
