"""Find jumps in ramps.

The pixels are taken `LANES` at a time, and the differences of their groups sorted side by
side (see `webbcal.kernels.ramp` for why the loops are short). The differences that deviate
most from a median are at the ends of the sorted list, so a search that removes the most
deviant one as long as it deviates too much only moves these ends.
"""

from typing import Any, NamedTuple

import numpy as np

from webbcal.core.dq import DQ
from webbcal.kernels._jit import entry, kernel
from webbcal.kernels.group_flags import BAD, JUMP
from webbcal.kernels.sorting import median, sort_columns

LANES = 256
FEWER_LANES, LONG = 128, 256
FEW_LANES, VERY_LONG = 64, 1024  # for long lists, so that they stay in the second-level cache

ITERATIVE, SINGLE_PASS, CLIP_INTEGRATIONS, CLIP_ALL = 0, 1, 2, 3
CLIP_ROUNDS = 5

NO_JUMP = np.uint8(0xFF ^ DQ.JUMP_DET)


class Search(NamedTuple):
    """How to search.

    `method`: one of the constants above. `few`, `three`, `many`: thresholds, in standard
    deviations, for two, three, and more differences. `frames` per group.
    """

    method: int
    few: float
    three: float
    many: float
    frames: float


class Spread(NamedTuple):
    """Which other groups to flag.

    The four neighbours of jumps between `low` and `high` standard deviations; the `groups1`
    (`groups2`) groups after a jump of at least `step1` (`step2`) DN.
    """

    neighbours: bool
    low: float
    high: float
    step1: float
    groups1: int
    step2: float
    groups2: int


class Pixels(NamedTuple):
    """`sci` (DN, float32), `groupdq` (uint8), axes (integration, group, pixel); references.

    `gain` (electron/DN) and `readnoise` (of a pair of frames, DN): float32, axis (pixel).
    """

    sci: Any
    groupdq: Any
    gain: Any
    readnoise: Any


@entry
def find_jumps(pixels, columns, search, spread):
    """Return flags with JUMP_DET where jumps are, and how many each pixel has.

    Parameters
    ----------
    pixels : Pixels
        Rows of `columns` pixels each.
    columns : int
        Length of a row.
    search : Search
    spread : Spread

    Returns
    -------
    groupdq : ndarray
        The flags with JUMP_DET added, uint8, axes (integration, group, pixel).
    count : ndarray
        Jumps found by the search itself, uint16, axis (pixel).

    Notes
    -----
    A group that is DO_NOT_USE, SATURATED, NaN or infinite takes part in no difference and is
    never flagged. Nothing is found where the gain is 0, NaN or infinite, or the read noise is
    NaN; of a negative gain the size counts.
    """
    nints, ngroups, npixels = pixels.sci.shape
    out = np.empty(pixels.groupdq.shape, np.uint8)
    _copy_flags(pixels.groupdq.reshape(-1), out.reshape(-1))
    count = np.zeros(npixels, np.uint16)
    longest = nints * (1 if search.method == CLIP_INTEGRATIONS else ngroups - 1)
    lanes = LANES if longest <= LONG else FEWER_LANES if longest <= VERY_LONG else FEW_LANES
    rows = np.full((longest, lanes), np.float32(np.inf))
    suspect = np.empty(lanes, np.uint8)
    cuts = np.empty((2, lanes), np.float32)
    found = np.empty(1024, np.int64)
    number = np.int64(0)
    for start in range(0, npixels, lanes):
        span = (start, min(start + lanes, npixels))
        for k in range(ngroups - 1 if search.method == CLIP_INTEGRATIONS else 1):
            ks = (k, k + 1) if search.method == CLIP_INTEGRATIONS else (0, ngroups - 1)
            size = nints * (ks[1] - ks[0])
            _difference(pixels, ks, span, search.method == ITERATIVE, rows)
            sort_columns(rows, size)
            if search.method <= SINGLE_PASS:
                _suspect(pixels, span, rows, size, search, suspect)
                _cut(pixels, span, rows, size, search, suspect, cuts)
            else:
                _clip(span, rows, size, search.many, suspect, cuts)
            found, number = _collect(pixels, ks, span, search, suspect, cuts, found, number)
    for n in range(number):
        out.reshape(-1)[found[n]] |= JUMP
        count[found[n] % npixels] += np.uint16(1)
    if spread.neighbours:
        found, number = _flag_neighbours(pixels, columns, search, spread, out, found, number)
    if spread.groups1 > 0 or spread.groups2 > 0:
        _flag_after(pixels, spread, out, found, number)
    return out, count


@kernel
def _copy_flags(source, target):
    """Copy flags, without JUMP_DET in groups that are bad for another reason."""
    for n in range(source.size):
        flags = source[n]
        target[n] = flags & NO_JUMP if flags & BAD else flags


@kernel
def _difference(pixels, ks, span, absolute, rows):
    """Fill rows with the differences k0 to k1 of all integrations, infinity where of no use."""
    start, stop = span
    lanes = stop - start
    sci, groupdq = pixels.sci, pixels.groupdq
    n = 0
    for i in range(sci.shape[0]):
        for k in range(ks[0], ks[1]):
            row = rows[n]
            n += 1
            flags0, flags1 = groupdq[i, k, start:stop], groupdq[i, k + 1, start:stop]
            values0, values1 = sci[i, k, start:stop], sci[i, k + 1, start:stop]
            for lane in range(lanes):
                d = values1[lane] - values0[lane]
                bad = (flags1[lane] | flags0[lane]) & BAD
                row[lane] = d if (bad == 0) & (abs(d) < np.inf) else np.float32(np.inf)
            if absolute:
                for lane in range(lanes):
                    row[lane] = abs(row[lane])


@kernel
def _middle(n, iterative):
    """Return the ranks of the two values whose mean is the median of n sorted ones.

    The iterative search leaves out the largest of four or more, and takes the smaller of two.
    """
    if iterative and (n >= 4 or n == 2):
        n -= 1
    return (n - 1) // 2, n // 2


@kernel
def _limit(centre, gain, readnoise, frames):
    """Return the variance, DN^2, of a difference: that of photons and that of two groups."""
    return abs(centre / gain) + readnoise * readnoise / frames


@kernel
def _suspect(pixels, span, rows, size, search, suspect):
    """Mark pixels with a difference that deviates, or with a group of no use."""
    start, stop = span
    gain, readnoise = pixels.gain[start:stop], pixels.readnoise[start:stop]
    a, b = _middle(size, search.method == ITERATIVE)
    lower, upper, bottom, top = rows[a], rows[b], rows[0], rows[size - 1]
    square = _threshold(search, size) ** 2
    for lane in range(stop - start):
        centre = 0.5 * (np.float64(lower[lane]) + np.float64(upper[lane]))
        most = max(np.float64(top[lane]) - centre, centre - np.float64(bottom[lane]))
        noise = np.float64(readnoise[lane])
        variance = _limit(centre, np.float64(gain[lane]), noise, search.frames)
        # Also true for NaN, as it comes of infinity.
        suspect[lane] = np.uint8(0) if most * most <= square * variance else np.uint8(1)


@kernel
def _threshold(search, n):
    """Return the threshold for n differences."""
    if search.method != ITERATIVE or n >= 4:
        return search.many
    return search.three if n == 3 else search.few


@kernel
def _cut(pixels, span, rows, size, search, suspect, cuts):
    """Set `cuts` to the smallest and largest difference that is no jump, for suspect pixels.

    A pixel without a jump is no longer suspect.
    """
    start, stop = span
    iterative = search.method == ITERATIVE
    for lane in range(stop - start):
        if not suspect[lane]:
            continue
        suspect[lane] = 0
        gain = np.float64(pixels.gain[start + lane])
        noise = np.float64(pixels.readnoise[start + lane])
        low, high = 0, size
        while high > 0 and not rows[high - 1, lane] < np.inf:
            high -= 1
        last = high
        variance, centre = 0.0, 0.0
        while high - low >= (2 if iterative else 1):
            if iterative or last == high - low:
                a, b = _middle(high - low, iterative)
                centre = 0.5 * (np.float64(rows[low + a, lane]) + np.float64(rows[low + b, lane]))
                variance = _limit(centre, gain, noise, search.frames)
                limit = _threshold(search, high - low) ** 2 * variance
            above = np.float64(rows[high - 1, lane]) - centre
            below = centre - np.float64(rows[low, lane])
            most = max(above, below)
            if not (most * most > limit and variance > 0.0):
                break
            if above >= below:
                high -= 1
            else:
                low += 1
        if high - low < last:
            suspect[lane] = 1
            cuts[0, lane] = rows[low, lane] if low < high else np.float32(np.inf)
            cuts[1, lane] = rows[high - 1, lane] if low < high else np.float32(-np.inf)


@kernel
def _clip(span, rows, size, threshold, suspect, cuts):
    """Set `cuts` by repeated clipping about the median, in units of the standard deviation."""
    for lane in range(span[1] - span[0]):
        low, high = 0, size
        while high > 0 and not rows[high - 1, lane] < np.inf:
            high -= 1
        last = high
        for _ in range(CLIP_ROUNDS):
            n = high - low
            if n < 2:
                break
            a, b = _middle(n, False)
            centre = 0.5 * (np.float64(rows[low + a, lane]) + np.float64(rows[low + b, lane]))
            total, square = 0.0, 0.0
            for r in range(low, high):
                d = np.float64(rows[r, lane]) - centre
                total += d
                square += d * d
            reach = threshold * np.sqrt(max(square / n - (total / n) ** 2, 0.0))
            while high > low and np.float64(rows[high - 1, lane]) > centre + reach:
                high -= 1
            while low < high and np.float64(rows[low, lane]) < centre - reach:
                low += 1
            if high - low == n:
                break
        suspect[lane] = 0
        if 0 < high - low < last:
            suspect[lane] = 1
            cuts[0, lane] = rows[low, lane]
            cuts[1, lane] = rows[high - 1, lane]


@kernel
def _copied(values, size):
    """Return a longer array that begins with `values`, as far as they fit."""
    result = np.empty(size, np.int64)
    for n in range(min(values.size, size)):
        result[n] = values[n]
    return result


@kernel
def _collect(pixels, ks, span, search, suspect, cuts, found, number):
    """Append the flat index of each group after a difference beyond the cuts."""
    sci, groupdq = pixels.sci, pixels.groupdq
    nints, ngroups, npixels = sci.shape
    start, stop = span
    for lane in range(stop - start):
        if not suspect[lane]:
            continue
        pixel = start + lane
        if not 0.0 < abs(pixels.gain[pixel]) < np.inf:
            continue
        for i in range(nints):
            for k in range(ks[0], ks[1]):
                d = sci[i, k + 1, pixel] - sci[i, k, pixel]
                d = abs(d) if search.method == ITERATIVE else d
                if cuts[0, lane] <= d <= cuts[1, lane] or not abs(d) < np.inf:
                    continue
                if (groupdq[i, k, pixel] | groupdq[i, k + 1, pixel]) & BAD:
                    continue
                if number == found.size:
                    found = _copied(found, 2 * number)
                found[number] = (i * ngroups + k + 1) * npixels + pixel
                number += 1
    return found, number


@kernel
def _median(pixels, pixel, values):
    """Return the median of all usable differences of a pixel, NaN if there is none."""
    sci, groupdq = pixels.sci, pixels.groupdq
    n = 0
    for i in range(sci.shape[0]):
        for k in range(sci.shape[1] - 1):
            d = sci[i, k + 1, pixel] - sci[i, k, pixel]
            if abs(d) < np.inf and (groupdq[i, k, pixel] | groupdq[i, k + 1, pixel]) & BAD == 0:
                values[n] = d
                n += 1
    return median(values[:n])


@kernel
def _flag_neighbours(pixels, columns, search, spread, out, found, number):
    """Flag the four neighbours of strong jumps; append their flat indices to `found`."""
    nints, ngroups, npixels = pixels.sci.shape
    flags = out.reshape(-1)
    values = np.empty(nints * (ngroups - 1), np.float32)
    listed = _copied(found, 5 * number)
    total = number
    # A pixel may have many jumps; its median is found once.
    centres, known = np.empty(npixels), np.zeros(npixels, np.uint8)
    for n in range(number):
        index = found[n]
        pixel = index % npixels
        plane = index - pixel
        i, k = plane // npixels // ngroups, plane // npixels % ngroups
        d = np.float64(pixels.sci[i, k, pixel] - pixels.sci[i, k - 1, pixel])
        if not known[pixel]:
            known[pixel] = 1
            centres[pixel] = _median(pixels, pixel, values)
        centre = centres[pixel]
        gain, noise = np.float64(pixels.gain[pixel]), np.float64(pixels.readnoise[pixel])
        variance = _limit(centre, gain, noise, search.frames)
        square = (d - centre) ** 2
        if not spread.low**2 * variance < square < spread.high**2 * variance:
            continue
        x = pixel % columns
        for other in (pixel - columns, pixel + columns, pixel - 1, pixel + 1):
            if other < 0 or other >= npixels:
                continue
            if (other == pixel - 1 and x == 0) or (other == pixel + 1 and x == columns - 1):
                continue
            if flags[plane + other] & BAD == 0:
                flags[plane + other] |= JUMP
                listed[total] = plane + other
                total += 1
    return listed, total


@kernel
def _flag_after(pixels, spread, out, found, number):
    """Flag the groups after large jumps."""
    nints, ngroups, npixels = pixels.sci.shape
    values = np.empty(nints * (ngroups - 1), np.float32)
    for n in range(number):
        pixel = found[n] % npixels
        i, k = found[n] // npixels // ngroups, found[n] // npixels % ngroups
        if (pixels.groupdq[i, k, pixel] | pixels.groupdq[i, k - 1, pixel]) & BAD:
            continue
        d = np.float64(pixels.sci[i, k, pixel] - pixels.sci[i, k - 1, pixel])
        excess = d - _median(pixels, pixel, values)
        if not abs(excess) < np.inf:
            continue
        groups = spread.groups1 if excess >= spread.step1 else 0
        if excess >= spread.step2:
            groups = max(groups, spread.groups2)
        for later in range(k + 1, min(k + groups + 1, ngroups)):
            if out[i, later, pixel] & BAD == 0:
                out[i, later, pixel] |= JUMP
