"""Snowballs: find their saturated cores, measure how far they reach, flag all of it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from webbcal.core.dq import DQ
from webbcal.steps.jump.integration import BAD, JUMP, Integration
from webbcal.steps.jump.options import JumpOptions

SURROUNDED = 0.5
"""Part of the pixels around a core that jump when a snowball makes it saturate.

Around the core of a star that saturates, the signal grows as it did before.
"""

FAINTEST = 0.1
"""Mean excess, in standard deviations of a difference, that is no longer worth flagging.

A tenth of a standard deviation in one difference shifts the rate of a ramp of ten groups by a
fifth of its error, by the optimal weights.
"""

SHARED = 1.25
"""How much farther a halo may reach in the group before or after the one it is found in."""

NEAREST = 20
"""Pixels around a core that are looked at first; more if the halo does not end there."""

WHOLE_EVENT = np.sqrt(8.0)  # from the middle of a block of 5 x 5 pixels to its corners


@dataclass(frozen=True)
class Snowball:
    """One event; pixels are flat indices in the frame.

    Attributes
    ----------
    group : int
        The first group in which the core is saturated.
    core : numpy.ndarray
        Pixels that the event saturates, or in which it is strongest if it saturates none.
    enlarged : numpy.ndarray
        Pixels to be SATURATED from that group on.
    jumps : tuple
        Group and the pixels which the charge reaches there.
    """

    group: int
    core: np.ndarray
    enlarged: np.ndarray
    jumps: tuple[tuple[int, np.ndarray], ...]


def find_snowballs(
    integration: Integration, options: JumpOptions, parallel: Any
) -> tuple[Snowball, ...]:
    """Return the snowballs of one integration, in order of their groups.

    Parameters
    ----------
    integration : Integration
        With the jumps of the single pixels flagged.
    options : JumpOptions
        See the class.
    parallel : callable
        Like `map`.
    """
    groups = range(1, integration.flags.shape[0])
    found: list[Snowball] = []
    for events in parallel(lambda group: list(_in_group(integration, group, options)), groups):
        found.extend(events)
    return _distinct(found)


def _distinct(events: list[Snowball]) -> tuple[Snowball, ...]:
    """Leave out events that are parts of larger ones.

    A snowball makes the stars in its halo saturate, too; and the tail of one that is shared out
    to two groups may be found again in the second.
    """
    order = sorted(range(len(events)), key=lambda n: (-events[n].enlarged.size, n))
    kept: list[int] = []
    covered: dict[int, list[np.ndarray]] = {}
    for n in order:
        event = events[n]
        if any(np.isin(event.core, area).any() for area in covered.get(event.group, ())):
            continue
        kept.append(n)
        for group, pixels in event.jumps:
            covered.setdefault(group, []).append(pixels)
    return tuple(events[n] for n in sorted(kept))


def apply(flags: np.ndarray, snowballs: Iterable[Snowball]) -> None:
    """Set SATURATED and JUMP_DET where snowballs are; `flags` has axes (group, y, x)."""
    frames = flags.reshape(flags.shape[0], -1)
    snowballs = tuple(snowballs)
    for event in snowballs:
        for frame in frames[event.group :]:
            frame[event.enlarged] = frame[event.enlarged] & ~JUMP | np.uint8(DQ.SATURATED)
    for event in snowballs:
        for group, pixels in event.jumps:
            usable = pixels[frames[group, pixels] & BAD == 0]
            frames[group, usable] |= JUMP


def _in_group(integration: Integration, group: int, options: JumpOptions) -> Iterator[Snowball]:
    """Yield the snowballs whose cores saturate in a group, and those without a core."""
    from webbcal.kernels import events, regions

    flags, shape = integration.flags, integration.shape
    columns = shape[1]
    now = flags[group].reshape(-1)
    cores = events.newly_saturated(flags[group - 1].reshape(-1), now)
    if cores.size:
        labels, count = regions.label(cores, columns, True)
        usable, jumps = events.surroundings(now, cores, labels, count, columns)
        area = np.bincount(labels, minlength=count)
        hit = (area >= options.min_sat_area) & (usable > 0) & (jumps >= SURROUNDED * usable)
        for number in map(int, np.flatnonzero(hit)):
            event = _measure(integration, group, cores[labels == number], options, saturated=True)
            if event is not None:
                yield event
    edge = options.edge_size if options.sat_required_snowball else max(shape)
    blocks = events.solid(now, columns, edge)
    labels, count = regions.label(blocks, columns, True)
    for number in range(count):
        event = _measure(integration, group, blocks[labels == number], options, saturated=False)
        if event is not None:
            yield event


def _also_hit(integration: Integration, group: int) -> tuple[int, ...]:
    """Return the groups before and after, between which averaged frames share out a charge."""
    if integration.frames == 1:
        return ()
    return tuple(g for g in (group - 1, group + 1) if 0 < g < integration.flags.shape[0])


def _measure(
    integration: Integration,
    group: int,
    core: np.ndarray,
    options: JumpOptions,
    *,
    saturated: bool,
) -> Snowball | None:
    """Return the event around a core; None where no charge surrounds it."""
    from webbcal.kernels import halos

    y, x = np.divmod(core, integration.shape[1])
    radius = np.sqrt(core.size / np.pi)
    margin = int(min(max(NEAREST, 6 * radius), options.max_extended_radius))
    while True:
        rows = slice(max(y.min() - margin, 0), y.max() + margin + 1)
        cols = slice(max(x.min() - margin, 0), x.max() + margin + 1)
        inside = np.zeros(integration.gain[rows, cols].shape, bool)
        inside[y - rows.start, x - cols.start] = True
        distance = halos.distances(inside)
        reaches = _reaches(integration, group, (rows, cols), distance, radius, options)
        farthest = max(reaches.values())
        if farthest < margin - 2 or margin >= options.max_extended_radius:
            break
        margin = int(min(2 * margin, options.max_extended_radius))
    if not reaches[group] > 0:
        return None
    flags = integration.flags[group, rows, cols]
    if not saturated:
        # Of the jumps, only the middle ones are in the core.
        jumps = (flags & JUMP != 0) & (distance <= WHOLE_EVENT)
        if jumps.sum() < options.min_jump_area:
            return None
    enlarged = np.zeros(0, np.int64)
    if saturated:
        large = radius > options.min_sat_radius_extend
        enlarged = _indices(
            distance <= (options.sat_expand if large else 0), rows, cols, integration
        )
    return Snowball(
        group,
        core,
        enlarged,
        tuple(
            (g, _indices(distance <= reach, rows, cols, integration))
            for g, reach in sorted(reaches.items())
            if reach > 0
        ),
    )


def _indices(mask: np.ndarray, rows: slice, cols: slice, integration: Integration) -> np.ndarray:
    """Return the flat indices in the frame of pixels in a box."""
    y, x = np.nonzero(mask)
    indices: np.ndarray = (y + rows.start) * integration.shape[1] + x + cols.start
    return indices


def _reaches(
    integration: Integration,
    group: int,
    box: tuple[slice, slice],
    distance: np.ndarray,
    radius: float,
    options: JumpOptions,
) -> dict[int, float]:
    r"""Return how far from the core an excess is found, by the groups it can be in.

    The excess of a difference over the median of the others of its pixel, in standard
    deviations, has a median in each ring of pixels at the same distance from the core; it ends
    where that, over a few rings, is no longer more than `FAINTEST` or its own error.
    """
    from webbcal.kernels import halos
    from webbcal.kernels.arrays import frozen

    flags = integration.flags[:, *box]
    hit = (group, *_also_hit(integration, group))
    if len(hit) >= len(flags) - 1:
        hit = hit[:1]  # else no difference would be left to compare with
    excess = halos.excesses(
        frozen(integration.signal(*box)),
        frozen(flags),
        frozen(integration.gain[box]),
        frozen(integration.readnoise[box]),
        integration.frames,
        frozen(np.array(hit)),
    )
    reaches = {}
    for g, part in zip(hit, excess, strict=True):
        middle, count, jumps = halos.ring_medians(distance, part, flags[g])
        reaches[g] = _reach(middle, count, jumps, radius, options)
    # Some more of the charge may be in another group, but not on other pixels.
    most = SHARED * (radius + reaches[group]) - radius if reaches[group] > 0 else 0.0
    return {g: min(reach, reaches[g] if g == group else most) for g, reach in reaches.items()}


def _reach(
    middle: np.ndarray,
    count: np.ndarray,
    jumps: np.ndarray,
    radius: float,
    options: JumpOptions,
) -> float:
    """Return the distance from the core at which the excess ends; 0 where there is none."""
    hit = jumps > 0.5 * count
    flagged = int(np.argmin(hit)) if not hit.all() else count.size  # rings mostly of jumps
    if not flagged:
        return 0.0
    farthest = min(options.expand_factor * (radius + flagged) - radius, options.max_extended_radius)
    for r in range(flagged, count.size):
        width = max(3, int(radius + r) // 6)
        number = count[r : r + width]
        mean = (middle[r : r + width] * number).sum() / max(number.sum(), 1)
        error = np.sqrt(np.pi / 2 / max(number.sum(), 1))
        if mean < max(FAINTEST, 2 * error):
            return float(min(r, farthest))
    return float(min(count.size, farthest))
