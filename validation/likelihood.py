"""What the fit by likelihood gives with the rules of either side, in plain linear algebra.

The peer differs from webbcal in how ramps are searched for jumps and which differences of groups
it uses (``docs/decisions/0052-likelihood-fit.md``). Here both sets of rules are applied to the
same ramps with dense matrices, many ramps at once; nothing is shared with webbcal.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

DO_NOT_USE, SATURATED, JUMP, PERSISTENCE = 1, 2, 4, 32
LIMITS = 20.25, 23.8
"""Gain in chi squared from which a difference, or two neighbouring ones, are a jump."""
SMALLEST = 1e-9
ROUNDS = 2


@dataclass(frozen=True)
class Rules:
    """What the two sides do differently.

    `after_single`: the difference after a jump is used where groups are single reads. `guess`: the
    first guess of the rate is the median of the differences that are used; else of all that are
    finite. `again`: jumps are looked for in both rounds; else with the first guess only. `fewest`:
    how many differences a ramp must have to be searched for a further jump; `fewest_for_two`: for
    two neighbouring ones. `kept`: of two that disagree the "lower", the "higher", "both" or "none"
    are kept. `most`: after how many jumps the search ends.
    """

    after_single: bool
    guess: bool
    again: bool
    fewest: int
    fewest_for_two: int
    kept: str = "lower"
    most: int = 1000


WEBBCAL = Rules(after_single=True, guess=True, again=True, fewest=2, fewest_for_two=4)
PEER = Rules(after_single=False, guess=False, again=False, fewest=4, fewest_for_two=3)
PEER_OTHERWISE = tuple(replace(PEER, kept=which) for which in ("higher", "both", "none"))
"""Which of two it keeps is a matter of rounding."""


@dataclass(frozen=True)
class Detector:
    """Gain, noise of a read (DN^2) and dark current as a rate (DN/s), axes (pixel)."""

    gain: np.ndarray
    read: np.ndarray
    dark: np.ndarray


@dataclass(frozen=True)
class Ramps:
    """Signal and flags, axes (integration, group, pixel), zero frame, and times of the reads.

    The zero frame has the axes (integration, pixel); 0 where there is none.
    """

    sci: np.ndarray
    flags: np.ndarray
    zero: np.ndarray
    reads: Sequence[np.ndarray]


@dataclass(frozen=True)
class Fitted:
    """Rate, variances of photons and reads, axes (integration, pixel), the exposure last.

    `found`: whether a jump was found, and `guess`: the first guess of the rate, axes (integration,
    pixel).
    """

    values: np.ndarray
    found: np.ndarray
    guess: np.ndarray


class Covariance:
    """Covariance of the differences of groups for unit photon noise and for unit read noise."""

    def __init__(self, reads: Sequence[np.ndarray]) -> None:
        self.times = np.array([group.mean() for group in reads])
        shared = [[np.minimum.outer(a, b).mean() for b in reads] for a in reads]
        step = np.diff(np.eye(len(reads)), axis=0) / np.diff(self.times)[:, None]
        self.photon = step @ np.array(shared) @ step.T
        self.read = step @ np.diag([1 / group.size for group in reads]) @ step.T
        self.averaged = np.array([group.size > 1 for group in reads])


def fit(ramps: Ramps, detector: Detector, rules: Rules) -> Fitted:
    """Fit all integrations, and combine them with the prescribed variances."""
    nints, _, npixels = ramps.sci.shape
    parts = np.full((3, nints, npixels), np.nan)
    found, guess = np.zeros((nints, npixels), bool), np.zeros((nints, npixels))
    for i in range(nints):
        good = (ramps.flags[i, 0] & ~np.uint8(PERSISTENCE)) == 0
        split = good & np.isfinite(ramps.zero[i]) & (ramps.zero[i] != 0)
        split &= ramps.reads[0].size > 1
        for shifted in (False, True):
            here = split == shifted
            if here.any():
                one = _integration(ramps, i, here, shifted, detector, rules)
                parts[:, i, here], found[i, here], guess[i, here] = one
    return Fitted(combine(parts), found, guess)


def _integration(
    ramps: Ramps, i: int, here: np.ndarray, split: bool, detector: Detector, rules: Rules
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    y, flags = ramps.sci[i][:, here].astype(float), ramps.flags[i][:, here]
    reads = list(ramps.reads)
    if split:
        n, zero = reads[0].size, ramps.zero[i, here].astype(float)
        y = np.vstack([zero[None], ((n * y[0] - zero) / (n - 1))[None], y[1:]])
        flags = np.vstack([np.zeros_like(flags[:1]), flags])
        reads = [reads[0][:1], reads[0][1:], *reads[1:]]
    covariance = Covariance(reads)
    d = (np.diff(y, axis=0) / np.diff(covariance.times)[:, None]).T
    ending = (flags & ~np.uint8(PERSISTENCE)) != 0
    before = ending
    if rules.after_single:
        only = (flags & ~np.uint8(PERSISTENCE)) == JUMP
        before = ending & ~(only & ~covariance.averaged[:, None])
    finite = np.isfinite(d)
    used = ~(ending[1:] | before[:-1]).T & finite & ((flags[0] & SATURATED) == 0)[:, None]
    guess = _median(d.T, (used if rules.guess else finite).T)
    photon_unit, read = 1 / detector.gain[here], detector.read[here]
    rate, left = guess, used
    d = np.where(used, d, 0.0)
    for n in range(ROUNDS):
        photon = (np.maximum(rate, 0) + detector.dark[here]) * photon_unit
        if n == 0 or rules.again:
            left = _without_jumps(d, left, covariance, (photon, read), rules)
        fits = Solution(d, left, covariance, photon, read)
        rate = np.nan_to_num(fits.rate)
    part = np.array([fits.rate, photon * fits.by_photon, read * fits.by_read])
    part[:, ~left.any(axis=1)] = np.nan
    return part, left.sum(axis=1) < used.sum(axis=1), guess


class Solution:
    """Rates of ramps, and by how much chi squared falls without one, or two, differences."""

    def __init__(
        self,
        d: np.ndarray,
        used: np.ndarray,
        covariance: Covariance,
        photon: np.ndarray,
        read: np.ndarray,
    ) -> None:
        both = used[:, :, None] & used[:, None, :]
        c = photon[:, None, None] * covariance.photon + read[:, None, None] * covariance.read
        c = np.where(both, c, np.eye(d.shape[1]))
        inverse = np.linalg.inv(c) * both
        ones = inverse.sum(axis=2)
        with np.errstate(divide="ignore", invalid="ignore"):
            self.rate = (ones * d).sum(axis=1) / ones.sum(axis=1)
            w = ones / ones.sum(axis=1, keepdims=True)
            self.by_photon = np.einsum("ni,ij,nj->n", w, covariance.photon, w)
            self.by_read = np.einsum("ni,ij,nj->n", w, covariance.read, w)
            project = inverse - ones[:, :, None] * w[:, None, :]
            off = np.einsum("nij,nj->ni", project, d - self.rate[:, None])
            own = np.einsum("nii->ni", project)
            self.single = np.where(own > SMALLEST, off**2 / own, 0.0)
            link = np.einsum("nii->ni", project[:, :-1, 1:])
            x, y, xx, yy = off[:, :-1], off[:, 1:], own[:, :-1], own[:, 1:]
            determinant = xx * yy - link**2
            pair = (x * x * yy - 2 * x * y * link + y * y * xx) / determinant
            self.pair = np.where(determinant > SMALLEST * xx * yy, pair, 0.0)


def _without_jumps(
    d: np.ndarray,
    used: np.ndarray,
    covariance: Covariance,
    noise: tuple[np.ndarray, np.ndarray],
    rules: Rules,
) -> np.ndarray:
    """Return the differences that are left, the most improbable ones dropped first."""
    (photon, read), used, count = noise, used.copy(), d.shape[1]
    active = np.flatnonzero(used.sum(axis=1) >= 2)
    averaged = covariance.averaged[1:-1]
    for _ in range(min(rules.most, count)):
        if active.size == 0:
            break
        some = used[active]
        number = some.sum(axis=1)
        now = Solution(d[active], some, covariance, photon[active], read[active])
        one = np.where(some, now.single - LIMITS[0], 0.0)
        two = np.where(some[:, :-1] & some[:, 1:] & averaged, now.pair - LIMITS[1], 0.0)
        two[number < rules.fewest_for_two] = 0.0
        gains = np.hstack([one, two])
        place, best = gains.argmax(axis=1), gains.max(axis=1)
        sign = -1 if rules.kept == "higher" else 1
        other = np.where(some, sign * d[active], -np.inf).argmax(axis=1)
        place = np.where(number == 2, other, place)
        jump = (best > 0) & ~((number == 2) & (rules.kept == "both"))
        first = np.where(place < count, place, place - count)
        used[active[jump], first[jump]] = False
        pairs = jump & (place >= count)
        used[active[pairs], first[pairs] + 1] = False
        if rules.kept == "none":
            used[active[jump & (number == 2)]] = False
        active = active[jump]
        active = active[used[active].sum(axis=1) >= rules.fewest]
    return used


def combine(parts: np.ndarray) -> np.ndarray:
    """Return the parts with the exposure behind the integrations."""
    rate, by_photon, by_read = parts
    mean = _median(rate, ~np.isnan(rate))
    for _ in range(ROUNDS):
        with np.errstate(divide="ignore", invalid="ignore"):
            noise = np.maximum(np.where(rate == 0, 0.0, by_photon * mean / rate), 0.0)
            weight = 1 / (noise + by_read)
            weight = np.nan_to_num(weight / np.nansum(weight, axis=0))
        mean = np.nansum(weight * rate, axis=0)
        photon = np.nansum(weight**2 * noise, axis=0)
        read = np.nansum(weight**2 * by_read, axis=0)
    whole = np.array([mean, photon, read])
    whole[:, np.isnan(rate).all(axis=0)] = np.nan
    return np.concatenate([parts, whole[:, None]], axis=1)


def _median(values: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """Return the median along the first axis of the values that are valid, 0 if none is."""
    ordered = np.sort(np.where(valid, values, np.inf), axis=0)
    number = valid.sum(axis=0)
    low = np.take_along_axis(ordered, np.maximum(number - 1, 0)[None] // 2, axis=0)[0]
    high = np.take_along_axis(ordered, np.minimum(number // 2, len(values) - 1)[None], axis=0)[0]
    return np.where(number > 0, 0.5 * (low + high), 0.0)
