"""Charge traps of a pixel: what they capture in a ramp and release later.

Axes: i integration, g group, k family of traps, y row, x column.
"""

import numpy as np

from webbcal.kernels._jit import entry, kernel
from webbcal.kernels.group_flags import DO_NOT_USE, SATURATED


@kernel
def fullness(value, flags, full, before, time, time_before):
    """Return which part of the full well a group has reached, from 0 to 1, never less than before.

    Beyond the range of the converter the ramp is taken to go on as it did.
    """
    if flags & SATURATED:
        reached = before * time / time_before if time_before > 0 else 1.0
    else:
        reached = value / full
    return max(before, min(reached, 1.0))


@kernel
def shares(duration, waiting_before, waiting_after, delay):
    """Return how much of an interval's catch is missed, by what was full before and by growth.

    In a pixel filled to the part f of its full well a part f^2 of the traps meets charge. While f
    grows steadily by F from f0, traps are met at all times of the interval; what they approach
    with the time constant `delay` is short of its goal by 2 F (f0 a + F b) at the end of the
    integration. Returned are a and b.

    `waiting_before`, `waiting_after`: exp(-t / delay) with the time t from the beginning and from
    the end of the interval to the end of the integration.
    """
    missed = delay * (waiting_after - waiting_before)  # integral of exp(-t / delay)
    late = delay * (duration * waiting_after - missed)
    return missed / duration, late / duration**2


@kernel
def capture(sci, groupdq, full, times, waiting, families, tabled, captured):
    """Add up, in `captured` (k), what each family captures in the ramp of one pixel (g).

    `tabled` (k, g + 2, 2) holds the `shares` of the intervals between neighbouring groups.

    Groups that are not usable are bridged. From the last group to the end of the integration the
    signal grows at its mean rate.
    """
    last = times.size - 1
    before, start = 0.0, 0
    for step in range(1, last + 1):
        if step < last:
            flags = groupdq[step - 1]
            unusable = (flags & DO_NOT_USE) != 0 or np.isnan(sci[step - 1])
            if unusable and (flags & SATURATED) == 0:
                continue
            after = fullness(sci[step - 1], flags, full, before, times[step], times[start])
        else:
            after = before * times[last] / times[start] if start > 0 else before
            after = min(after, 1.0)
        growth = after - before
        if growth > 0:
            met = after * after - before * before
            for k in range(captured.size):
                a, b = tabled[k, step, 0], tabled[k, step, 1]
                if start != step - 1:
                    duration = times[step] - times[start]
                    a, b = shares(duration, waiting[k, start], waiting[k, step], families[k, 2])
                late = 2.0 * growth * (before * a + growth * b)
                captured[k] += families[k, 1] * met + families[k, 0] * (met - late)
        before, start = after, step


@kernel
def follow_pixel(ramp, groupdq, pixel, families, clock, persistence, state, room):
    """Follow one pixel (i, g) of some density and full well; see `follow_traps`."""
    density, full = pixel
    tabled, captured = room
    times, waiting, gaps, released, passing = clock
    integrations, groups = ramp.shape
    for i in range(integrations):
        for k in range(state.size):
            state[k] = np.float32(state[k] * gaps[i, k])
            captured[k] = 0.0
        for g in range(groups):
            total = 0.0
            for k in range(state.size):
                total += state[k] * released[k, g]
            persistence[i, g] = total
        if density > 0 and full > 0:
            capture(ramp[i], groupdq[i], full, times, waiting, families, tabled, captured)
        for k in range(state.size):
            most = density * (families[k, 0] + families[k, 1])
            left = state[k] * passing[k]
            empty = max(1.0 - left / most, 0.0) if most > 0 else 0.0
            # Rounded to what a file keeps, so that it does not matter where an exposure is split.
            state[k] = np.float32(left + density * captured[k] * empty)


@entry
def follow_traps(sci, groupdq, density, full, families, clock, state):
    """Return what the traps release into each group, and the charge that they hold at the end.

    Parameters
    ----------
    sci : float32 (i, g, y, x)
        Linear signal, DN. A group that is NaN is bridged.
    groupdq : uint8 (i, g, y, x)
        Flags. DO_NOT_USE: the group is bridged; SATURATED: the signal goes on as before.
    density : float32 (y, x)
        Relative density of traps; pixels where it is not positive capture nothing.
    full : float32 (y, x)
        Signal at which all the traps meet charge, DN; nothing is captured where not positive.
    families : float64 (k, 3)
        Charge captured with a time constant and at once, DN; that time constant, s.
    clock : tuple of float64 arrays
        Times from the reset, s (g + 2): 0, the groups, the end; exp(-time left / time constant of
        capture) at those times (k, g + 2); part of the filled traps that is left after the
        gap before each integration (i, k); part released until each group (k, g); part that is
        left at the end of an integration (k).
    state : float32 (k, y, x)
        Charge held before the gap of the first integration, DN.

    Returns
    -------
    float32 (i, g, y, x), float32 (k, y, x)
        Signal released since the reset, DN, and charge held at the end, DN.
    """
    rows, columns = sci.shape[2:]
    persistence = np.empty(sci.shape, np.float32)
    after = np.empty_like(state)
    held = np.empty(state.shape[0], np.float32)
    times, waiting = clock[0], clock[1]
    tabled = np.zeros((state.shape[0], times.size, 2))
    for k in range(state.shape[0]):
        for step in range(1, times.size):
            duration = times[step] - times[step - 1]
            if duration > 0:
                a, b = shares(duration, waiting[k, step - 1], waiting[k, step], families[k, 2])
                tabled[k, step, 0], tabled[k, step, 1] = a, b
    room = (tabled, np.empty(state.shape[0], np.float64))
    for y in range(rows):
        for x in range(columns):
            for k in range(held.size):
                held[k] = state[k, y, x]
            follow_pixel(
                sci[:, :, y, x],
                groupdq[:, :, y, x],
                (np.float64(density[y, x]), np.float64(full[y, x])),
                families,
                clock,
                persistence[:, :, y, x],
                held,
                room,
            )
            for k in range(held.size):
                after[k, y, x] = held[k]
    return persistence, after
