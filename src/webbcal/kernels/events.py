"""Events that cover many pixels, and what surrounds them.

Pixels are given by their flat indices in the frame, ascending: few of them are in an event.
"""

import numpy as np

from webbcal.kernels._jit import entry
from webbcal.kernels.group_flags import BAD, JUMP, SATURATED

SURROUNDINGS = 2  # pixels


@entry
def newly_saturated(before, now):
    """Return the flat indices of pixels that are SATURATED now and were not before.

    Parameters
    ----------
    before, now : ndarray
        Flags of successive groups, uint8, axis (pixel).
    """
    # Whole words first: almost all of them have nothing new.
    count = 0
    for n in range(now.size):
        count += int((now[n] & ~before[n] & SATURATED) != 0)
    result = np.empty(count, np.int64)
    m = 0
    if count == 0:
        return result
    for n in range(now.size):
        if (now[n] & ~before[n] & SATURATED) != 0:
            result[m] = n
            m += 1
    return result


@entry
def where_above(values, threshold):
    """Return the flat indices of values above a threshold; NaN is not."""
    count = 0
    for n in range(values.size):
        count += int(values[n] > threshold)
    result = np.empty(count, np.int64)
    m = 0
    if count == 0:
        return result
    for n in range(values.size):
        if values[n] > threshold:
            result[m] = n
            m += 1
    return result


@entry
def surroundings(flags, indices, labels, count, columns):
    """Count the usable pixels within two pixels of each region, and those with JUMP_DET.

    Parameters
    ----------
    flags : ndarray
        Of the group, or of several ones joined, uint8, axis (pixel).
    indices, labels, count, columns
        As in `label`.

    Returns
    -------
    usable, jumps : ndarray
        By region, int64. A pixel counts once for every pixel of the region that is near.
    """
    usable, jumps = np.zeros(count, np.int64), np.zeros(count, np.int64)
    rows = flags.size // columns
    for n in range(indices.size):
        y, x = indices[n] // columns, indices[n] % columns
        for v in range(max(y - SURROUNDINGS, 0), min(y + SURROUNDINGS + 1, rows)):
            for u in range(max(x - SURROUNDINGS, 0), min(x + SURROUNDINGS + 1, columns)):
                flag = flags[v * columns + u]
                if flag & BAD == 0:
                    usable[labels[n]] += 1
                    jumps[labels[n]] += np.int64((flag & JUMP) != 0)
    return usable, jumps


@entry
def solid(flags, columns, edge):
    """Return the flat indices of pixels all of whose surroundings have JUMP_DET.

    Parameters
    ----------
    flags : ndarray
        Of one group, uint8, axis (pixel).
    columns : int
        Length of a row.
    edge : int
        Only pixels that are so close to an edge of the frame.

    Notes
    -----
    No track of a particle is so broad. Pixels outside the frame do not count, unusable ones do.
    """
    rows = flags.size // columns
    found = np.empty(64, np.int64)
    number = 0
    for y in range(SURROUNDINGS, rows - SURROUNDINGS):
        inner = edge <= y < rows - edge
        x = SURROUNDINGS - 1
        while x + 1 < columns - SURROUNDINGS:
            x += 1
            if inner and x >= edge and x < columns - edge:
                x = columns - edge - 1
                continue
            if flags[y * columns + x] & JUMP == 0:
                continue
            whole = True
            for v in range(y - SURROUNDINGS, y + SURROUNDINGS + 1):
                for u in range(x - SURROUNDINGS, x + SURROUNDINGS + 1):
                    whole = whole and (flags[v * columns + u] & (JUMP | SATURATED)) != 0
            if not whole:
                continue
            if number == found.size:
                longer = np.empty(2 * number, np.int64)
                for n in range(number):
                    longer[n] = found[n]
                found = longer
            found[number] = y * columns + x
            number += 1
    return found[:number].copy()
