"""Search for saturated groups.

Axes: i integration, g group, y row, x column.
"""

import numpy as np

from webbcal.kernels._jit import entry, kernel

DO_NOT_USE = np.uint8(1)
SATURATED = np.uint8(2)
FLOOR = np.uint8(64 | 1)  # AD_FLOOR and DO_NOT_USE
UNCHECKED = np.float32(65536.0)  # threshold above all that the 16-bit converter can give, DN


@kernel
def fill_box(plane, y, x, reach, flag):
    """Set a flag in the square of `reach` pixels around (y, x)."""
    for v in range(max(y - reach, 0), min(y + reach + 1, plane.shape[0])):
        for u in range(max(x - reach, 0), min(x + reach + 1, plane.shape[1])):
            plane[v, u] |= flag


@kernel
def scan_row(sci, groupdq, threshold, group, out, first):
    """Flag the floor in one row (x) of one group; note which pixels are full for the first time.

    `first` (x) holds the group in which each pixel fills up, so far.
    """
    for x in range(sci.size):
        value, flags = sci[x], groupdq[x]
        out[x] = flags | FLOOR if value <= 0 else flags
        full = (value >= threshold[x]) | ((flags & SATURATED) != 0)
        first[x] = min(first[x], group) if full else first[x]


@kernel
def earliest_nearby(first, y, reach, padded, earliest):
    """Find, along row y of (y, x), the smallest value within the square of `reach` pixels.

    `padded` (x + 2 reach) is room to work, whose margins hold a large value.
    """
    rows, columns = first.shape
    nearby = padded[reach : reach + columns]
    for x in range(columns):
        nearby[x] = first[y, x]
    for v in range(max(y - reach, 0), min(y + reach + 1, rows)):
        row = first[v]
        for x in range(columns):
            nearby[x] = min(nearby[x], row[x])
    for x in range(columns):
        earliest[x] = nearby[x]
    for shift in range(2 * reach + 1):
        shifted = padded[shift : shift + columns]
        for x in range(columns):
            earliest[x] = min(earliest[x], shifted[x])


@kernel
def filled_up_inside(value, threshold, dilution):
    """Tell whether a group whose successor is saturated ran full among its own frames.

    A pixel on a straight ramp that reaches the threshold with the last frame of a group has, as
    the mean of its frames, the threshold times (mean time of the frames) / (time of the last).
    """
    return threshold != UNCHECKED and value >= threshold * dilution


@kernel
def jumped_to_full(before, after, threshold, bias, frames):
    """Tell whether the second group, before a saturated third one, hides the start of a jump.

    `before`, `after`: groups 0 and 1. The pixel was not on its way to the threshold within the
    third group, and the second has gained more than one last frame at the threshold would add.
    """
    mean_time_first, end_of_third = 0.5 * (frames + 1), 3.0 * frames
    expected = (before - bias) / mean_time_first * end_of_third + bias
    return expected < threshold and after - before > (threshold - before) / frames


@kernel
def flag_pixel(sci, groupdq, limits, pattern, start, out, y, x):
    """Flag one pixel of (g, y, x) arrays that counts as full from group `start` on."""
    threshold, bias, dilution = limits
    frames, reach, interleaved, partial = pattern
    for g in range(start, sci.shape[0]):
        out[g, y, x] |= SATURATED
    if frames == 1 or start == 0:
        return
    g = start - 1
    usable = partial and sci[g, y, x] > 0 and (groupdq[g, y, x] & DO_NOT_USE) == 0
    if usable and filled_up_inside(sci[g, y, x], threshold[y, x], dilution[g]):
        fill_box(out[g], y, x, reach, DO_NOT_USE)
    if interleaved or g != 1:
        return
    if jumped_to_full(sci[0, y, x], sci[1, y, x], threshold[y, x], bias[y, x], frames):
        out[1, y, x] |= DO_NOT_USE


@kernel
def flag_interleaved_pixel(sci, limits, pattern, first, out, y, x):
    """Flag what a jump in the second group of (g, y, x) ramps hides, where pixels are interleaved.

    Only a pixel that is itself full in the third group, its group `first`, is searched for one.
    """
    threshold, bias, _ = limits
    frames, reach, interleaved, _ = pattern
    if not interleaved or frames == 1 or first != 2 or sci.shape[0] <= 2:
        return
    if jumped_to_full(sci[0, y, x], sci[1, y, x], threshold[y, x], bias[y, x], frames):
        fill_box(out[1], y, x, reach, SATURATED)


@kernel
def flag_neighbours(sci, groupdq, limits, pattern, first, out):
    """Flag, in (g, y, x) arrays, each pixel that is full or close to a full one."""
    groups, rows, columns = sci.shape
    reach = pattern[1]
    touched = np.zeros(rows, np.bool_)
    for y in range(rows):
        for x in range(columns):
            if first[y, x] < groups:
                for v in range(max(y - reach, 0), min(y + reach + 1, rows)):
                    touched[v] = True
                break
    padded = np.empty(columns + 2 * reach, np.int32)
    for x in range(padded.size):
        padded[x] = groups
    start = np.empty(columns, np.int32)
    for y in range(rows):
        if not touched[y]:
            continue
        earliest_nearby(first, y, reach, padded, start)
        for x in range(columns):
            if start[x] < groups:
                flag_pixel(sci, groupdq, limits, pattern, start[x], out, y, x)
                flag_interleaved_pixel(sci, limits, pattern, first[y, x], out, y, x)


@entry
def flag_saturation(sci, groupdq, limits, pattern):
    """Return the group flags of (i, g, y, x) arrays with saturation and floor added.

    Parameters
    ----------
    sci : float32 (i, g, y, x)
        Raw signal, DN. NaN is never saturated nor at the floor.
    groupdq : uint8 (i, g, y, x)
        Flags so far. A group SATURATED on input counts as full, as do those after it.
    limits : tuple
        Threshold, float32 (y, x), DN; bias, float32 (y, x), DN; dilution, float64 (g): mean over
        last time of the frames of a group.
    pattern : tuple
        Frames per group (int), 1 to leave groups before the first saturated one alone; by how
        many pixels to grow flags (int); whether the rules for interleaved reference pixels hold
        (bool); whether groups that ran full among their frames are searched (bool).
    """
    integrations, groups, rows, columns = sci.shape
    out = np.empty_like(groupdq)
    first = np.empty((rows, columns), np.int32)
    for i in range(integrations):
        for y in range(rows):
            for x in range(columns):
                first[y, x] = groups
            for g in range(groups):
                scan_row(
                    sci[i, g, y],
                    groupdq[i, g, y],
                    limits[0][y],
                    np.int32(g),
                    out[i, g, y],
                    first[y],
                )
        flag_neighbours(sci[i], groupdq[i], limits, pattern, first, out[i])
    return out
