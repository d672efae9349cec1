"""Groups of exposures laid on each other, and all of them on a catalogue."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from webbcal.steps.tweakreg.fitting import Detections, Fit, fit
from webbcal.steps.tweakreg.linear import Transform
from webbcal.steps.tweakreg.matching import first_offset, lonely, pairs
from webbcal.steps.tweakreg.rules import Rules

WIDEST = 0.5
"""Scatter of stars, in pixel, above which they are not the same stars: centroids of the faintest
scatter by a tenth of that, chance pairs by more."""

NARROWEST_REACH = 0.7
"""Distance of two detections of a star in the last search, in pixel, at least."""

REACH = 6.0
"""And in units of the scatter, at least."""

SAME = 0.9
"""Part of the last distance that is not worth another search."""

FEWEST_KEPT = 0.5
"""Part of the pairs that must agree: else they are not the same stars."""


@dataclass(frozen=True)
class Stars:
    """Stars of a group, or of several that are aligned, on the tangent plane.

    Attributes
    ----------
    positions : ndarray
        Arcsec to the east and north, axes (star, 2).
    variance : ndarray
        Of each coordinate, arcsec squared, axis (star).
    """

    positions: np.ndarray
    variance: np.ndarray

    def __len__(self) -> int:
        return len(self.positions)


@dataclass(frozen=True)
class Placed:
    """How a list of stars came to lie on another one.

    Attributes
    ----------
    transform : Transform
        Of the list.
    failure : str
        Why it does not lie there; empty if it does.
    fit : Fit or None
        The last one; its groups are the list that stays, then the other.
    pairs : tuple of ndarray
        Numbers of the stars in both, as the detections of the fit.
    """

    transform: Transform
    failure: str = ""
    fit: Fit | None = None
    pairs: tuple[np.ndarray, np.ndarray] = (np.empty(0, np.int64), np.empty(0, np.int64))

    @property
    def kept(self) -> np.ndarray:
        """Which pairs count."""
        if self.fit is None:
            return np.empty(0, bool)
        return self.fit.kept[: len(self.pairs[0])]


def place(reference: Stars, stars: Stars, rules: Rules) -> Placed:
    """Lay a list of stars on another one that stays.

    The offset at which most stars agree is found first, if it is not given; then pairs of stars
    that are each other's nearest are fitted, and found again ever closer together.
    """
    centre = stars.positions.mean(axis=0) if len(stars) else np.zeros(2)
    none = Transform.identity(centre)
    if min(len(stars), len(reference)) < rules.least:
        return Placed(none, f"too few stars: {len(stars)}, {rules.least} needed")
    shift, reach = np.array(rules.offset), rules.tolerance
    if rules.search:
        some = [
            list_.positions[lonely(list_.positions, rules.separation, rules.least)]
            for list_ in (reference, stars)
        ]
        offset = first_offset(some[0], some[1], rules.radius, rules.pixel)
        if offset.failure:
            some = [reference.positions, stars.positions]
            offset = first_offset(some[0], some[1], rules.radius, rules.pixel)
        if offset.failure:
            return Placed(none, offset.failure)
        shift, reach = offset.shift, min(rules.tolerance, 2.0 * offset.core)
    found = Placed(replace(none, shift=shift))
    for _ in range(4):
        found = _fitted(reference, stars, found.transform, reach, rules)
        if found.fit is None or found.failure:
            return found
        closer = min(reach, _reach(found.fit, rules.pixel))
        if closer > SAME * reach:
            break
        reach = closer
    return _checked(reference, stars, found, reach, rules)


def _reach(result: Fit, pixel: float) -> float:
    """Return how far apart detections of a star may be, arcsec."""
    return max(NARROWEST_REACH * pixel, REACH * result.scatter)


def _fitted(
    reference: Stars, stars: Stars, transform: Transform, reach: float, rules: Rules
) -> Placed:
    """Fit the pairs of stars that lie together."""
    i, j = pairs(reference.positions, transform(stars.positions), reach)
    if len(i) < rules.least:
        return Placed(transform, f"{len(i)} stars in common, {rules.least} needed")
    number = np.arange(len(i))
    detections = Detections(
        np.repeat([0, 1], len(i)),
        np.concatenate([number, number]),
        np.concatenate([reference.positions[i], stars.positions[j]]),
        np.concatenate([reference.variance[i], stars.variance[j]]),
    )
    start = (Transform.identity(transform.centre), transform)
    result = fit(detections, ("fixed", rules.geometry), start, rules.pixel, rules.clip)
    return Placed(result.transforms[1], "", result, (i, j))


def _checked(reference: Stars, stars: Stars, found: Placed, reach: float, rules: Rules) -> Placed:
    """Return what was found, with a reason if it cannot be trusted."""
    assert found.fit is not None
    failure = verdict(found.kept, found.fit.scatter, rules)
    moved = np.hypot(*(found.transform(stars.positions) - stars.positions).T).max()
    allowed = rules.radius if rules.search else max(map(abs, rules.offset))
    if not failure and moved >= 2.0 * (allowed + rules.tolerance):
        failure = f"stars would move by {moved:.3g} arcsec"
    if not failure:
        area = np.prod(np.ptp(reference.positions, axis=0)) + rules.pixel**2
        chance = len(stars) * len(reference) * np.pi * reach**2 / float(area)
        count = int(found.kept.sum())
        if count < chance + 5.0 * np.sqrt(chance):
            failure = f"{count} stars agree, of which chance may make {chance:.0f}"
    return replace(found, failure=failure)


def verdict(kept: np.ndarray, scatter: float, rules: Rules) -> str:
    """Return why stars that were fitted cannot be the same; empty if they can."""
    count = int(kept.sum())
    if scatter > WIDEST * rules.pixel:
        return (
            f"the positions of {count} stars scatter by {scatter * 1e3:.0f} mas: "
            "they cannot be the same stars"
        )
    if count < rules.least:
        return f"{count} stars agree, {rules.least} needed"
    if count < FEWEST_KEPT * kept.size:
        return f"only {count} of {kept.size} stars agree"
    return ""


@dataclass(frozen=True)
class Alignment:
    """Groups of exposures laid on each other.

    Attributes
    ----------
    groups : tuple of int
        The groups that are aligned, two at least, or none.
    failures : dict
        Other groups, and why they are not.
    fit : Fit or None
        Of the groups in this order.
    detections : Detections or None
        What was fitted.
    stars : Stars
        Mean positions of all their stars, also of those seen once.
    """

    groups: tuple[int, ...]
    failures: dict[int, str]
    fit: Fit | None
    detections: Detections | None
    stars: Stars

    def transform(self, group: int) -> Transform | None:
        """Return the map of a group, None if it is not aligned."""
        if self.fit is None or group not in self.groups:
            return None
        return self.fit.transforms[self.groups.index(group)]


def align(lists: Sequence[Stars], rules: Rules, first_stays: bool) -> Alignment:
    """Lay the stars of several groups on each other.

    Groups are added one after the other to the list of all stars, the one that overlaps most
    first; one that does not fit is tried again when all others are there. Then all are fitted
    at once, so that every detection of a star counts, and no group is favoured.

    Parameters
    ----------
    lists : sequence of Stars
        Of each group.
    rules : Rules
        How they are compared.
    first_stays : bool
        Whether the first group stays where it is; else the middle of all does.
    """
    order, transforms, failures = _assembled(lists, rules, first_stays)
    order.sort()
    while len(order) > 1:
        maps = [transforms[group] for group in order]
        geometries = [rules.geometry] * len(order)
        if first_stays and order[0] == 0:
            geometries[0] = "fixed"
        result, detections = _together([lists[group] for group in order], maps, geometries, rules)
        bad = _failing(result, detections, len(order), rules)
        if not bad:
            known = np.isfinite(result.variance)
            stars = Stars(result.stars[known], result.variance[known])
            return Alignment(tuple(order), failures, result, detections, stars)
        failures |= {order[number]: failure for number, failure in bad.items()}
        order = [group for number, group in enumerate(order) if number not in bad]
    alone = "no other group of exposures can be laid on it"
    failures |= {group: alone if len(lists) > 1 else "it is the only group" for group in order}
    return Alignment((), failures, None, None, Stars(np.empty((0, 2)), np.empty(0)))


def _together(
    lists: Sequence[Stars], maps: Sequence[Transform], geometries: Sequence[str], rules: Rules
) -> tuple[Fit, Detections]:
    """Fit all groups at once; then once more, the stars found again with the maps of the first."""
    detections = _detections(lists, maps, NARROWEST_REACH * rules.pixel)
    first = fit(detections, geometries, maps, rules.pixel, rules.clip)
    detections = _detections(lists, first.transforms, _reach(first, rules.pixel))
    return fit(detections, geometries, first.transforms, rules.pixel, rules.clip), detections


def _failing(result: Fit, detections: Detections, count: int, rules: Rules) -> dict[int, str]:
    """Return the groups that do not fit the others, and why; the worst one only."""
    linked = detections.shared()
    worst, reasons = -1.0, {}
    for number in range(count):
        mine = linked & (detections.group == number)
        kept = result.kept[mine]
        own = result.residuals[mine][kept]
        scatter = 0.0
        if kept.any():
            scatter = float(np.median(np.hypot(*own.T)) / np.sqrt(2.0 * np.log(2.0)))
        failure = verdict(kept, scatter, rules)
        badness = float(mine.sum() - 2 * kept.sum()) + scatter / rules.pixel
        if failure and badness > worst:
            worst, reasons = badness, {number: failure}
    return reasons


def _assembled(
    lists: Sequence[Stars], rules: Rules, first_stays: bool
) -> tuple[list[int], dict[int, Transform], dict[int, str]]:
    """Return the groups that can be laid on each other, rough maps of these, and failures."""
    overlaps = _overlaps(lists)
    enough = [group for group, stars in enumerate(lists) if len(stars) >= rules.least]
    failures = {
        group: f"too few stars: {len(stars)}, {rules.least} needed"
        for group, stars in enumerate(lists)
        if group not in enough
    }
    if not enough:
        return [], {}, failures
    totals = [overlaps[group][enough].sum() - overlaps[group, group] for group in enough]
    start = enough[0] if first_stays else enough[int(np.argmax(totals))]
    transforms = {start: Transform.identity(lists[start].positions.mean(axis=0))}
    order, waiting, tried = [start], [g for g in enough if g != start], set[int]()
    together = lists[start]
    while waiting:
        rest = [group for group in waiting if group not in tried]
        if not rest:
            break
        group = max(rest, key=lambda g: (float(overlaps[g][order].sum()), -g))
        placed = place(together, lists[group], rules)
        if placed.failure:
            failures[group] = placed.failure
            tried.add(group)
            continue
        failures.pop(group, None)
        transforms[group] = placed.transform
        together = _joined(together, lists[group], placed)
        order.append(group)
        waiting.remove(group)
        tried.clear()
    return order, transforms, failures


def _overlaps(lists: Sequence[Stars]) -> np.ndarray:
    """Return the common area of the rectangles around the stars of groups, axes (group, group)."""
    low = np.array([s.positions.min(axis=0) if len(s) else (np.inf, np.inf) for s in lists])
    high = np.array([s.positions.max(axis=0) if len(s) else (-np.inf, -np.inf) for s in lists])
    sides = np.minimum(high[:, None], high) - np.maximum(low[:, None], low)
    return np.asarray(np.prod(np.clip(sides, 0.0, None), axis=2))


def _joined(together: Stars, stars: Stars, placed: Placed) -> Stars:
    """Return all stars, those in common at their weighted mean."""
    i, j = placed.pairs
    moved = placed.transform(stars.positions)
    scatter = placed.fit.scatter if placed.fit is not None else 0.0
    floor = scatter**2 + 1e-12
    w = 1.0 / (together.variance[i] + floor), 1.0 / (stars.variance[j] + floor)
    positions, variance = together.positions.copy(), together.variance.copy()
    total = w[0] + w[1]
    mean = w[0][:, None] * positions[i] + w[1][:, None] * moved[j]
    good = placed.kept
    positions[i[good]] = (mean / total[:, None])[good]
    variance[i[good]] = np.minimum(variance[i], 1.0 / total)[good]
    new = np.setdiff1d(np.arange(len(stars)), j)
    return Stars(
        np.concatenate([positions, moved[new]]), np.concatenate([variance, stars.variance[new]])
    )


def _detections(lists: Sequence[Stars], maps: Sequence[Transform], reach: float) -> Detections:
    """Say which detections of all groups are of one star: those that lie together."""
    places = np.empty((0, 2))
    seen = np.empty(0)
    groups, numbers = [], []
    for group, (stars, transform) in enumerate(zip(lists, maps, strict=True)):
        moved = transform(stars.positions)
        i, j = pairs(places, moved, reach)
        star = np.full(len(stars), -1, np.int64)
        star[j] = i
        seen[i] += 1
        places[i] += (moved[j] - places[i]) / seen[i, None]
        new = np.flatnonzero(star < 0)
        star[new] = len(places) + np.arange(len(new))
        places = np.concatenate([places, moved[new]])
        seen = np.concatenate([seen, np.ones(len(new))])
        groups.append(np.full(len(stars), group))
        numbers.append(star)
    return Detections(
        np.concatenate(groups),
        np.concatenate(numbers),
        np.concatenate([stars.positions for stars in lists]),
        np.concatenate([stars.variance for stars in lists]),
    )
