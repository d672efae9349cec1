"""The level of a set of values of which most, not all, are empty sky."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from webbcal.kernels.arrays import frozen

FEW = 50
"""Fewer values than this have no histogram worth the name: their median is taken."""

_ROUNDS = 20


@dataclass(frozen=True)
class Clipping:
    """How values are left out before the level of the rest is found.

    Attributes
    ----------
    rounds : int
        How many times.
    lower, upper : float
        How many standard deviations below and above the mean are left.
    bin_width : float
        Width of the bins of the histogram whose peak is the mode, in standard deviations.
    peak_reach : float
        How far from its middle that peak is fitted, in standard deviations: the further, the
        smaller the error, if the distribution is symmetric that far.
    """

    rounds: int = 5
    lower: float = 4.0
    upper: float = 4.0
    bin_width: float = 0.1
    peak_reach: float = 1.0


@dataclass(frozen=True)
class SkyLevel:
    """A level, the standard deviation of the values that it is of, and how many they are."""

    value: float
    deviation: float
    number: int


def sky_level(values: np.ndarray, statistic: str, clipping: Clipping) -> SkyLevel | None:
    r"""Return the level of values, after clipping.

    Parameters
    ----------
    values : array
        Finite, any shape.
    statistic : str
        ``mean``, ``median``, ``midpt`` (the median too), or ``mode``: the vertex of the parabola
        through the logarithm of the histogram near it.
    clipping : Clipping
        What is left out.

    Returns
    -------
    SkyLevel or None
        None without values.

    Notes
    -----
    The median is exact, not interpolated in the histogram. Where the histogram has no peak that
    a parabola can follow, the mode is the middle of its highest bin. For a normal distribution
    of N values the standard error of the mode is :math:`2.2 \sigma / \sqrt N` (1.2 with a reach
    of 2), of the median 1.25.

    Source: IRAF, help page of imstatistics (clipping, midpt, mode); least squares with the
    weights of Poisson counts, Bevington and Robinson 2003, chapter 7.
    """
    from webbcal.kernels.clipping import into_buckets
    from webbcal.kernels.sky import clipped_range

    flat = frozen(values.reshape(-1), np.float32)
    if flat.size == 0:
        return None
    buckets = into_buckets(flat, frozen(np.ones(flat.size, np.uint8)))
    low, high, mean, median, deviation, number = clipped_range(
        buckets, clipping.lower, clipping.upper, clipping.rounds
    )
    if number == 0:
        return None
    level = {"mean": mean, "median": median, "midpt": median}.get(statistic)
    if level is None:
        level = _mode(buckets.values, (low, high), (median, deviation), clipping)
    return SkyLevel(float(level), float(deviation), int(number))


def _mode(
    values: Any, limits: tuple[float, float], guess: tuple[float, float], clipping: Clipping
) -> float:
    """Return the peak of the histogram of values between limits."""
    from webbcal.kernels.sky import counts_in_bins

    median, deviation = guess
    width = clipping.bin_width
    if deviation == 0.0 or values.size < FEW:
        return median
    reach = 5.0 + width
    low = max(limits[0], median - reach * deviation)
    high = min(limits[1], median + reach * deviation)
    bins = max(int(np.ceil((high - low) / (width * deviation))), 1)
    counts = counts_in_bins(frozen(values), low, (high - low) / bins, bins)
    places = (low - median + (np.arange(bins) + 0.5) * (high - low) / bins) / deviation
    peak = _highest(counts, places)
    centre = peak
    for _ in range(_ROUNDS):
        vertex = _vertex(counts, places - centre, clipping.peak_reach)
        if vertex is None or abs(centre + vertex - peak) > clipping.peak_reach:
            return median + peak * deviation
        centre += vertex
        if abs(vertex) < 1e-4:
            break
    return median + centre * deviation


def _highest(counts: np.ndarray, places: np.ndarray) -> float:
    """Return the place of the highest bin, after counts are smoothed over half a deviation."""
    if counts.size < 3:
        return float(places[int(counts.argmax())])
    half = max(int(0.25 / (places[1] - places[0])), 0)
    smooth = np.convolve(counts, np.ones(2 * half + 1), "same") if half else counts
    return float(places[int(smooth.argmax())])


def _vertex(counts: np.ndarray, places: np.ndarray, reach: float) -> float | None:
    """Return where the parabola through the logarithm of the counts near 0 is highest."""
    chosen = (np.abs(places) <= reach) & (counts > 0)
    if np.count_nonzero(chosen) < 4:  # three bins would decide it
        return None
    x, n = places[chosen], counts[chosen].astype(float)
    powers = np.stack([np.ones_like(x), x, x * x])
    _, slope, bend = np.linalg.solve((powers * n) @ powers.T, powers @ (n * np.log(n)))
    if not bend < 0.0:
        return None
    return float(np.clip(-slope / (2.0 * bend), -reach / 2, reach / 2))
