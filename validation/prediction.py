"""How wide pulls must be, from the statistics of ramps alone: no line of the pipeline in it."""

from dataclasses import dataclass

import numpy as np

LIMITS = (5.0, 10.0, 20.0, 50.0, 100.0)
POWERS = (0.0, 0.4, 1.0, 3.0, 6.0, 10.0)
RAMPS = 40000


@dataclass(frozen=True)
class Widths:
    """Expected robust width of pulls, for two ways to state the error of the same slope.

    `documented`: photon noise of the last minus the first group, read noise of a fit with equal
    weights (calwebb_detector1). `propagated`: both propagated through the weights of the fit and
    the average of frames. Both take the rate of the photon noise from the median difference.
    """

    documented: float
    propagated: float


def predict(
    groups: int, frames: int, dropped: int, electrons: float, read_noise: float, seed: int = 0
) -> Widths:
    r"""Return the expected width of (rate - truth) / err of ramps without flags.

    Ramps are drawn (Poisson increments per frame, Gaussian read noise, averages of frames),
    fitted with the documented weights, and their errors stated in both ways. The propagated
    variance of a slope :math:`\sum c_i y_i` is :math:`c^T C c`: the charge of frames k and k'
    has covariance :math:`\min(k, k')` times the rate, read noise that of one group on the
    diagonal.

    Parameters
    ----------
    groups, frames, dropped : int
        Groups of the ramp, frames averaged into one, and dropped after it.
    electrons : float
        From the reset to the last frame.
    read_noise : float
        Of one frame, electron.
    seed : int
        Of the ramps.
    """
    spacing = frames + dropped
    per_frame = electrons / (groups * spacing - dropped)
    noise2 = read_noise**2 / frames
    ramps = _draw(groups, frames, dropped, per_frame, read_noise, np.random.default_rng(seed))
    signal = np.maximum(ramps[:, -1] - ramps[:, 0], 0.0)
    index = np.searchsorted(LIMITS, signal / np.sqrt(noise2 + signal), "right")
    median = np.maximum(np.median(np.diff(ramps, axis=1), axis=1), 0.0)  # electron per group
    mean = signal / (groups - 1)
    slopes = np.empty(RAMPS)
    photon, read = np.empty(RAMPS), np.empty(RAMPS)
    covariance = _charge_covariance(groups, frames, spacing)
    x = np.arange(groups) - (groups - 1) / 2
    for number, power in enumerate(POWERS):
        weights = np.abs(x / x[-1]) ** power if power else np.ones(groups)
        c = weights * x / (weights * x * x).sum()
        here = index == number
        slopes[here] = ramps[here] @ c
        photon[here], read[here] = c @ covariance @ c, c @ c
    error = slopes - per_frame * spacing
    documented = median / (groups - 1) + 12 * noise2 / (groups**3 - groups)
    propagated = mean * photon + noise2 * read
    return Widths(_width(error / np.sqrt(documented)), _width(error / np.sqrt(propagated)))


def _draw(
    groups: int,
    frames: int,
    dropped: int,
    per_frame: float,
    read_noise: float,
    rng: np.random.Generator,
) -> np.ndarray:
    """Draw ramps, axes (ramp, group), electron."""
    charge = np.zeros(RAMPS)
    ramps = np.zeros((RAMPS, groups))
    for group in range(groups):
        for _ in range(frames):
            charge += rng.poisson(per_frame, RAMPS)
            ramps[:, group] += charge / frames
        if dropped and group < groups - 1:
            charge += rng.poisson(per_frame * dropped, RAMPS)
    return ramps + rng.normal(0, read_noise / np.sqrt(frames), ramps.shape)


def _charge_covariance(groups: int, frames: int, spacing: int) -> np.ndarray:
    """Return the covariance of the groups of a ramp that collects one electron per group."""
    times = (np.arange(groups)[:, None] * spacing + np.arange(1, frames + 1)).ravel()
    mean = np.kron(np.eye(groups), np.ones((1, frames)) / frames)
    covariance: np.ndarray = mean @ np.minimum.outer(times, times) @ mean.T / spacing
    return covariance


def _width(values: np.ndarray) -> float:
    return float(1.482602 * np.median(np.abs(values - np.median(values))))
