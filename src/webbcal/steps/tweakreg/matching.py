"""Which stars of two lists are the same: offset of one list to the other, then pairs."""

from dataclasses import dataclass

import numpy as np

from webbcal.numerics.chance import poisson_tail
from webbcal.numerics.neighbours import counts_within, nearest, pairs_within

CORES = (1.0, 2.0, 4.0)
"""Radii within which offsets agree, in pixel, tried in turn: the larger ones for lists that are
also turned."""

RIVAL = 1.5
"""How many times higher than any other peak, above what chance makes, an offset must be."""

LIKELY = 1e-4
"""Probability that chance makes such a peak anywhere, below which it is taken for real."""


@dataclass(frozen=True)
class Offset:
    """What one list must be shifted by to lie on the other.

    Attributes
    ----------
    shift : ndarray
        To the east and north, arcsec.
    core : float
        Radius within which the pairs agree, arcsec.
    count : int
        Pairs that do.
    failure : str
        Why it cannot be trusted; empty if it can.
    """

    shift: np.ndarray
    core: float
    count: int
    failure: str = ""


def first_offset(reference: np.ndarray, stars: np.ndarray, radius: float, pixel: float) -> Offset:
    """Return the offset at which most stars of two lists agree.

    Parameters
    ----------
    reference, stars : ndarray
        Positions, arcsec, axes (star, 2).
    radius : float
        Largest offset, arcsec.
    pixel : float
        Size of a pixel, arcsec.

    Returns
    -------
    Offset
        With `failure` where chance may make such a peak, or another one is as likely.

    Notes
    -----
    The differences of all pairs within the radius are counted around each of them. Chance makes
    a Poisson number of neighbours; the peak must be more than that can be, for as many places as
    there are, and clearly higher than any other.

    Source: Bevington, section 2.3, for the Poisson distribution.
    """
    failed = Offset(np.zeros(2), pixel, 0, "no star has a counterpart within the search radius")
    if len(reference) == 0 or len(stars) == 0:
        return failed
    star, number = pairs_within(stars, reference, radius)
    if not star.size:
        return failed
    differences = reference[number] - stars[star]
    for core in CORES:
        reach = core * pixel
        near = counts_within(differences, differences, reach)
        peak = differences[int(np.argmax(near))]
        for _ in range(3):
            peak = differences[_within(differences, peak, reach)].mean(axis=0)
        count = int(_within(differences, peak, reach).sum())
        chance = len(differences) * min(reach / radius, 1.0) ** 2
        places = (radius / reach) ** 2 * 4  # circles overlap
        away = np.hypot(*(differences - peak).T) > 2.5 * reach
        rival = int(near[away].max(initial=0))
        shift = np.asarray(peak)
        if count < 3 or poisson_tail(count, chance) * places > LIKELY:
            failed = Offset(
                shift, reach, count, f"{count} stars agree on an offset, which may be chance"
            )
        elif count - chance < RIVAL * (rival - chance):
            failed = Offset(
                shift,
                reach,
                count,
                f"two offsets are as likely: {count} stars agree on one, {rival} on another",
            )
        else:
            return Offset(shift, reach, count)
    return failed


def _within(places: np.ndarray, centre: np.ndarray, reach: float) -> np.ndarray:
    """Tell which places are within a distance of one."""
    return np.asarray(((places - centre) ** 2).sum(axis=1) <= reach**2)


def lonely(positions: np.ndarray, separation: float, least: int) -> np.ndarray:
    """Tell which stars have no other one nearby; all of them if too few are left."""
    alone = counts_within(positions, positions, separation) == 1
    return np.asarray(alone if alone.sum() >= least else np.ones(len(positions), bool))


def pairs(reference: np.ndarray, stars: np.ndarray, reach: float) -> tuple[np.ndarray, np.ndarray]:
    """Return numbers of stars in both lists that are each other's nearest, within a distance."""
    if len(reference) == 0 or len(stars) == 0:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    number, distance = nearest(stars, reference)
    back, _ = nearest(reference, stars)
    mine = np.flatnonzero((distance <= reach) & (back[number] == np.arange(len(stars))))
    return number[mine], mine
