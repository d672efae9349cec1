"""Hold a count rate against the simulated truth."""

import itertools
from dataclasses import dataclass

import numpy as np

from webbcal.core.dq import DQ
from webbcal.spec.products.detector1 import Rate

UNUSABLE = DQ.DO_NOT_USE | DQ.SATURATED | DQ.REFERENCE_PIXEL
BINS_PER_DECADE = 2
LEAST_PIXELS = 50


@dataclass(frozen=True)
class Bin:
    """Pixels of similar true rate: limits in DN/s, number, and what was measured of them."""

    low: float
    high: float
    pixels: int
    ratio: float
    ratio_error: float
    pull_width: float


@dataclass(frozen=True)
class Comparison:
    """Measured against true rates.

    `pulls` is (rate - truth) / err of every usable pixel; `ratio` the median of rate / truth;
    `pull_width` the robust standard deviation of the pulls.
    """

    pixels: int
    unusable: int
    jumps: int
    saturated: int
    ratio: float
    pull_median: float
    pull_width: float
    bins: tuple[Bin, ...]
    pulls: np.ndarray


def robust_width(values: np.ndarray) -> float:
    """Return the standard deviation of a Gaussian with the same quartiles."""
    low, high = np.percentile(values, [25.0, 75.0])
    return float((high - low) / 1.3489795)


def compare(rate: Rate, truth: np.ndarray) -> Comparison:
    """Compare a rate with the truth in all pixels that are fit to use.

    Parameters
    ----------
    rate : Rate
        Measured count rate, DN/s, axes (y, x).
    truth : array
        True count rate on the same pixels, DN/s, axes (y, x).

    Notes
    -----
    Flags used: DO_NOT_USE, SATURATED and REFERENCE_PIXEL rule a pixel out; pixels with a jump
    count. NaN in either rules out too.
    """
    finite = np.isfinite(rate.sci) & np.isfinite(truth) & (rate.err > 0)
    usable = finite & (rate.dq & UNUSABLE == 0)
    measured, true = rate.sci[usable].astype(float), truth[usable].astype(float)
    pulls = (measured - true) / rate.err[usable]
    return Comparison(
        pixels=int(usable.sum()),
        unusable=int((~usable).sum()),
        jumps=int((usable & (rate.dq & DQ.JUMP_DET != 0)).sum()),
        saturated=int((rate.dq & DQ.SATURATED != 0).sum()),
        ratio=float(np.median(measured[true > 0] / true[true > 0])),
        pull_median=float(np.median(pulls)),
        pull_width=robust_width(pulls),
        bins=tuple(_bins(measured, true, pulls)),
        pulls=pulls,
    )


def _bins(measured: np.ndarray, true: np.ndarray, pulls: np.ndarray) -> list[Bin]:
    positive = true > 0
    measured, true, pulls = measured[positive], true[positive], pulls[positive]
    first = np.floor(np.log10(np.percentile(true, 1)) * BINS_PER_DECADE)
    last = np.ceil(np.log10(true.max()) * BINS_PER_DECADE)
    edges = 10.0 ** (np.arange(first, last + 1) / BINS_PER_DECADE)
    bins = []
    for low, high in itertools.pairwise(edges):
        inside = (true >= low) & (true < high)
        count = int(inside.sum())
        if count < LEAST_PIXELS:
            continue
        ratios = measured[inside] / true[inside]
        bins.append(
            Bin(
                float(low),
                float(high),
                count,
                float(np.median(ratios)),
                1.2533 * robust_width(ratios) / float(np.sqrt(count)),
                robust_width(pulls[inside]),
            )
        )
    return bins
