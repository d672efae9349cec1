"""How wide pulls must be, from the statistics of ramps alone: no line of the pipeline in it."""

from dataclasses import dataclass

import numpy as np

LIMITS = (5.0, 10.0, 20.0, 50.0, 100.0)
POWERS = (0.0, 0.4, 1.0, 3.0, 6.0, 10.0)


@dataclass(frozen=True)
class Widths:
    """Expected width of pulls, for three ways to state the error.

    `prescribed`: photon noise of the last minus the first group, read noise of a fit with equal
    weights (what calwebb_detector1 documents); `best`: that of the best linear fit there is,
    divided by the same error.
    """

    prescribed: float
    best: float


def predict(groups: int, frames: int, dropped: int, electrons: float, read_noise: float) -> Widths:
    r"""Return the expected width of (rate - truth) / err of a ramp without flags.

    The charge of frame k has covariance :math:`\min(k, k')` electrons per frame; groups are
    means of frames, with read noise on top. The slope is a linear combination c of the groups,
    so its variance is :math:`c^T C c`.

    Parameters
    ----------
    groups, frames, dropped : int
        Groups of the ramp, frames averaged into one, and dropped after it.
    electrons : float
        From the reset to the last frame.
    read_noise : float
        Of one frame, electron.
    """
    spacing = frames + dropped
    last = groups * spacing - dropped
    per_group = electrons / last * spacing
    times = (np.arange(groups)[:, None] * spacing + np.arange(1, frames + 1)).ravel()
    mean = np.kron(np.eye(groups), np.ones((1, frames)) / frames)
    noise2 = read_noise**2 / frames
    covariance = mean @ np.minimum.outer(times, times) @ mean.T * per_group / spacing
    covariance += noise2 * np.eye(groups)
    signal = per_group * (groups - 1)
    power = POWERS[int(np.searchsorted(LIMITS, signal / np.sqrt(noise2 + signal), "right"))]
    x = np.arange(groups) - (groups - 1) / 2
    weights = np.abs(x / x[-1]) ** power if power else np.ones(groups)
    slope = weights * x / (weights * x * x).sum()
    stated = per_group / (groups - 1) + 12 * noise2 / (groups**3 - groups)
    inverse = np.linalg.inv(covariance)
    design = np.stack([np.ones(groups), x], axis=1)
    best = np.linalg.inv(design.T @ inverse @ design)[1, 1]
    return Widths(
        float(np.sqrt(slope @ covariance @ slope / stated)), float(np.sqrt(best / stated))
    )
