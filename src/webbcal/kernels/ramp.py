"""Fit count rates to ramps: straight lines between jumps, weighted for the signal-to-noise.

All arrays have their pixels on one axis, the last. The pixels are taken `LANES` at a time:
what is common to all of them (medians, fits of ramps without any flag) runs in loops over
these lanes that the compiler turns into vector instructions; ramps with flags are then done
one by one. Both use the same operations in the same order, so it does not matter to a value
which of them made it.

The compiler only does so where few arrays meet in one loop (it has to make sure that they do
not overlap, and gives up beyond eight pairs), hence many short loops.
"""

from typing import Any, NamedTuple

import numpy as np

from webbcal.core.dq import DQ
from webbcal.kernels._jit import kernel
from webbcal.kernels.sorting import sort_columns

LANES = 256
CLASSES = 6

DO_NOT_USE = np.uint8(DQ.DO_NOT_USE)
SATURATED = np.uint8(DQ.SATURATED)
JUMP = np.uint8(DQ.JUMP_DET)
CHARGELOSS = np.uint8(DQ.CHARGELOSS)
BAD = np.uint8(DQ.DO_NOT_USE | DQ.SATURATED)
NO_DIFFERENCE = np.uint8(DQ.DO_NOT_USE | DQ.SATURATED | DQ.JUMP_DET)
KEPT = np.uint8(DQ.JUMP_DET | DQ.PERSISTENCE)  # flags of groups that their pixel gets
ENDING = np.uint8(0xFF ^ DQ.PERSISTENCE)  # flags that end a segment
WITHOUT_CHARGELOSS = np.uint8(0xFF ^ (DQ.CHARGELOSS | DQ.DO_NOT_USE))
NEVER = np.uint8(0xFF)  # flags that no group has
NO_GAIN = np.uint32(DQ.NO_GAIN_VALUE | DQ.DO_NOT_USE)


class Ramps(NamedTuple):
    """What is fitted.

    `sci` (DN, float32) and `groupdq` (flags, uint8) have axes (integration, group, pixel),
    `pixeldq` (flags, uint32) has the axis pixel, `zeroframe` (DN, float32) the axes
    (integration, pixel): first frames, 0 where not usable; no integrations if there are none.
    """

    sci: Any
    groupdq: Any
    pixeldq: Any
    zeroframe: Any


class Detector(NamedTuple):
    """What is known of the pixels; float32, axis (pixel).

    `gain` in electron/DN, `readnoise` of the difference of two frames in DN, `dark`: dark
    current that was subtracted, electron/s; empty if unknown.
    """

    gain: Any
    readnoise: Any
    dark: Any


class Timing(NamedTuple):
    """When groups are read.

    Seconds between groups, from the reset to the middle of the first `group` and to the end of
    the first `frame`; number of `frames` per group.
    """

    spacing: float
    group: float
    frame: float
    frames: float


class Rates(NamedTuple):
    """The result for each integration and, as one more at the end, for the exposure.

    `values`: rate, error, variance by photons and by read noise, DN/s, float32, axes (value,
    integration, pixel). `flags`: uint32, axes (integration, pixel).
    """

    values: Any
    flags: Any


class Plan(NamedTuple):
    """What is common to all pixels.

    `weights` of the fit; `pattern`: flags of a clean ramp, axes (integration, group), whose
    good groups begin at `firsts` and number `counts`; whether to `suppress` single groups.
    `delay`, `zero_delay`: time of the first group and of the zero frame over the spacing of
    groups, 0 where zero frames are not used. `per_second` turns what is per group into what is
    per second, `reads` the square of the read noise (DN) into the variance of a slope for one
    unit of h, `share` into that of one group.
    """

    weights: Any
    pattern: Any
    firsts: Any
    counts: Any
    suppress: bool
    delay: float
    zero_delay: float
    per_second: float
    reads: float
    share: float


class Work(NamedTuple):
    """Room to work in: `values` axes (group, lane), float32; `lanes` axes (name, lane)."""

    values: Any
    lanes: Any
    ramp: Any
    flags: Any
    segments: Any
    totals: Any


@kernel
def fit_ramps(ramps, detector, timing, suppress):
    """Return the count rates of exposure and integrations.

    Parameters
    ----------
    ramps : Ramps
    detector : Detector
    timing : Timing
    suppress : bool
        Leave out ramps with a single good group.

    Returns
    -------
    Rates

    Notes
    -----
    NaN or infinite signal counts as DO_NOT_USE. A rate that cannot be measured is NaN with
    zero error. Accumulates in float64. The formulas are in `webbcal.steps.ramp_fit`.
    """
    nints, ngroups, npixels = ramps.sci.shape
    rates = Rates(
        np.empty((4, nints + 1, npixels), np.float32),
        np.empty((nints + 1, npixels), np.uint32),
    )
    pattern, firsts, counts = _clean_flags(ramps.groupdq)
    per_second = 1.0 / timing.spacing
    plan = Plan(
        _weights(ngroups),
        pattern,
        firsts,
        counts,
        suppress,
        timing.group * per_second,
        0.0 if suppress or ramps.zeroframe.shape[0] == 0 else timing.frame * per_second,
        per_second,
        6.0 * per_second * per_second / timing.frames,
        0.5 / timing.frames,
    )
    work = Work(
        np.full((ngroups + 1, LANES), np.float32(np.inf)),
        np.empty((5, LANES)),
        np.empty(ngroups),
        np.empty(ngroups, np.uint8),
        np.empty((ngroups + 1, 2), np.int64),
        np.empty(4),
    )
    signal = np.empty(LANES)
    odd = np.empty(LANES, np.uint8)
    for start in range(0, npixels, LANES):
        stop = min(start + LANES, npixels)
        span = (start, stop)
        _find_odd(ramps, detector, plan, span, odd)
        _median_rates(ramps, detector, plan, span, work, odd, signal)
        _fit_clean(ramps, detector, plan, span, signal, work, odd, rates)
        _fit_flagged(ramps, detector, plan, span, signal, work, odd, rates)
    return rates


@kernel
def _power(index):
    """Return the exponent of the weights of one class of signal-to-noise."""
    if index == 0:
        return 0.0
    if index == 1:
        return 0.4
    if index == 2:
        return 1.0
    if index == 3:
        return 3.0
    if index == 4:
        return 6.0
    return 10.0


@kernel
def _weights(ngroups):
    """Return c, axes (number of groups, class, group), of the fit.

    The weights |(i - m) / m|^P are symmetric about the middle m of the ramp. The slope, per
    group, of n values y is therefore the sum over i < m of c_i (y_(n-1-i) - y_i).
    """
    table = np.zeros((ngroups + 1, CLASSES, ngroups))
    for n in range(2, ngroups + 1):
        middle = 0.5 * (n - 1)
        for index in range(CLASSES):
            power = _power(index)
            total = 0.0
            for i in range(n // 2):
                w = ((middle - i) / middle) ** power
                table[n, index, i] = w * (middle - i)
                total += 2.0 * w * (middle - i) ** 2
            for i in range(n // 2):
                table[n, index, i] /= total
    return table


@kernel
def _class_of(electrons, noise2):
    """Return the class of signal-to-noise S = e / sqrt(noise^2 + e): limits 5, 10, 20, 50, 100.

    It is a float, and made without branches, for the sake of vector instructions.
    """
    total = noise2 + electrons
    square = electrons * electrons
    index = 1.0 if square >= 25.0 * total else 0.0
    index += 1.0 if square >= 100.0 * total else 0.0
    index += 1.0 if square >= 400.0 * total else 0.0
    index += 1.0 if square >= 2500.0 * total else 0.0
    index += 1.0 if square >= 10000.0 * total else 0.0
    return index if electrons > 0.0 else 0.0


@kernel
def _clean_flags(groupdq):
    """Return the flags of a clean ramp, and where its good groups begin and how many there are.

    Groups at the begin or end of the integrations that are DO_NOT_USE for every pixel belong to
    a clean ramp. With fewer than two others, no ramp is clean.
    """
    nints, ngroups, _ = groupdq.shape
    pattern = np.zeros((nints, ngroups), np.uint8)
    firsts = np.zeros(nints, np.int64)
    counts = np.zeros(nints, np.int64)
    for i in range(nints):
        last = ngroups - 1
        while firsts[i] < last and _all_unusable(groupdq[i, firsts[i]]):
            pattern[i, firsts[i]] = DO_NOT_USE
            firsts[i] += 1
        while last > firsts[i] and _all_unusable(groupdq[i, last]):
            pattern[i, last] = DO_NOT_USE
            last -= 1
        counts[i] = last - firsts[i] + 1
        if counts[i] < 2:
            for k in range(ngroups):
                pattern[i, k] = NEVER
    return pattern, firsts, counts


@kernel
def _all_unusable(flags):
    pixel = 0
    while pixel < flags.size and flags[pixel] == DO_NOT_USE:
        pixel += 1
    return pixel == flags.size


@kernel
def _find_odd(ramps, detector, plan, span, odd):
    """Mark the pixels with a flag or a reference that needs care."""
    start, stop = span
    nints, ngroups, _ = ramps.sci.shape
    gain, readnoise = detector.gain[start:stop], detector.readnoise[start:stop]
    own = ramps.pixeldq[start:stop]
    for lane in range(stop - start):
        gain_fine = (gain[lane] > 0.0) & (gain[lane] < np.inf)
        noise_fine = (readnoise[lane] >= 0.0) & (readnoise[lane] < np.inf)
        fine = gain_fine & noise_fine & ((own[lane] & np.uint32(BAD)) == 0)
        odd[lane] = np.uint8(0) if fine else np.uint8(1)
    for i in range(nints):
        for k in range(ngroups):
            flags, expected = ramps.groupdq[i, k, start:stop], plan.pattern[i, k]
            for lane in range(stop - start):
                odd[lane] |= flags[lane] ^ expected


@kernel
def _median_rates(ramps, detector, plan, span, work, odd, signal):
    """Set `signal` to the rate that fixes the photon noise, DN/s, dark current included.

    It is the median difference of groups, its mean over the integrations that have a usable
    difference, or else what the first good groups suggest; at least zero. Pixels with a value
    that is not finite become odd.
    """
    start, stop = span
    lanes = stop - start
    rows, total, integrations = work.values, work.lanes[0], work.lanes[1]
    for lane in range(lanes):
        total[lane] = 0.0
        integrations[lane] = 0.0
    for i in range(ramps.sci.shape[0]):
        _sort_differences(ramps, i, span, rows)
        n = plan.counts[i] - 1
        if n > 0:
            low, high, top = rows[(n - 1) // 2], rows[n // 2], rows[n - 1]
            for lane in range(lanes):
                odd[lane] |= np.uint8(0) if top[lane] < np.inf else np.uint8(1)
            for lane in range(lanes):
                middle = 0.5 * (np.float64(low[lane]) + np.float64(high[lane]))
                total[lane] += middle if odd[lane] == 0 else 0.0
            for lane in range(lanes):
                integrations[lane] += 1.0 if odd[lane] == 0 else 0.0
        _add_odd_medians(ramps, plan, i, span, rows, odd, total, integrations)
    _mean_signal(ramps, detector, plan, span, total, integrations, odd, signal)


@kernel
def _sort_differences(ramps, i, span, rows):
    """Sort the differences of groups of one integration; infinity for those of no use."""
    start, stop = span
    ngroups = ramps.sci.shape[1]
    for k in range(ngroups - 1):
        row = rows[k]
        flags0, flags1 = ramps.groupdq[i, k, start:stop], ramps.groupdq[i, k + 1, start:stop]
        values0, values1 = ramps.sci[i, k, start:stop], ramps.sci[i, k + 1, start:stop]
        for lane in range(stop - start):
            d = values1[lane] - values0[lane]
            bad = (flags1[lane] & NO_DIFFERENCE) | (flags0[lane] & BAD)
            row[lane] = d if (bad == 0) & (abs(d) < np.inf) else np.float32(np.inf)
    sort_columns(rows, ngroups - 1)


@kernel
def _add_odd_medians(ramps, plan, i, span, rows, odd, total, integrations):
    """Add the medians of ramps with flags, from their sorted differences."""
    start, stop = span
    sci, groupdq = ramps.sci[i], ramps.groupdq[i]
    ngroups = sci.shape[0]
    for lane in range(stop - start):
        if not odd[lane]:
            continue
        n = ngroups - 1
        while n > 0 and not rows[n - 1, lane] < np.inf:
            n -= 1
        if n == 1 and plan.suppress and _good_groups(sci, groupdq, start + lane) == 1:
            n = 0
        if n > 0:
            low, high = rows[(n - 1) // 2, lane], rows[n // 2, lane]
            total[lane] += 0.5 * (np.float64(low) + np.float64(high))
            integrations[lane] += 1.0


@kernel
def _good_groups(sci, groupdq, pixel):
    """Return how many groups of one ramp can be fitted."""
    good = 0
    for k in range(sci.shape[0]):
        if _is_good(sci[k, pixel], groupdq[k, pixel]):
            good += 1
    return good


@kernel
def _mean_signal(ramps, detector, plan, span, total, integrations, odd, signal):
    """Turn sums of medians per group into the rate that fixes the photon noise."""
    start, stop = span
    gain = detector.gain[start:stop]
    for lane in range(stop - start):
        signal[lane] = total[lane] / integrations[lane] * plan.per_second
    for lane in range(stop - start):
        if odd[lane] and integrations[lane] == 0.0:
            signal[lane] = _first_rate(ramps, start + lane, plan)
    for lane in range(stop - start):
        signal[lane] = signal[lane] if signal[lane] > 0.0 else 0.0
    if detector.dark.size:
        dark = detector.dark[start:stop]
        for lane in range(stop - start):
            signal[lane] += max(dark[lane], np.float32(0.0)) / gain[lane]


@kernel
def _is_good(value, flags):
    """Tell whether a group can be fitted."""
    return (flags & ENDING) == 0 and abs(value) < np.inf


@kernel
def _first_rate(ramps, pixel, plan):
    """Return the rate, DN/s, that the first good groups of the integrations suggest."""
    nints, ngroups, _ = ramps.sci.shape
    total, count = 0.0, 0
    for i in range(nints):
        k = 0
        while k < ngroups and not _is_good(ramps.sci[i, k, pixel], ramps.groupdq[i, k, pixel]):
            k += 1
        if k < ngroups:
            total += ramps.sci[i, k, pixel] / (plan.delay + k) * plan.per_second
            count += 1
    return total / count if count else 0.0


@kernel
def _fit_clean(ramps, detector, plan, span, signal, work, odd, rates):
    """Fit ramps without any flag, all pixels from `start` to `stop`."""
    start, stop = span
    lanes = stop - start
    gain, readnoise = detector.gain[start:stop], detector.readnoise[start:stop]
    own = ramps.pixeldq[start:stop]
    photon, read, slope, combined = work.lanes[0], work.lanes[1], work.lanes[2], work.lanes[3]
    for lane in range(lanes):
        photon[lane] = signal[lane] * plan.per_second / np.float64(gain[lane])
    for lane in range(lanes):
        read[lane] = np.float64(readnoise[lane]) * np.float64(readnoise[lane]) * plan.reads
        combined[lane] = 0.0
    nints = ramps.sci.shape[0]
    total_m, total_h = 0.0, 0.0
    for i in range(nints + 1):
        if i < nints:
            n = plan.counts[i]
            if n < 2:
                return
            m, h, over = n - 1.0, 1.0 * n * n * n - n, 1.0
            total_m += m
            total_h += h
            _slopes(ramps, gain, readnoise, plan, i, span, odd, work)
            for lane in range(lanes):
                combined[lane] += h * slope[lane]
        else:
            m, h, over = total_m, total_h, total_h
            for lane in range(lanes):
                slope[lane] = combined[lane]
        factors = (plan.per_second / over, 1.0 / m, 1.0 / h)
        _store(slope, photon, read, own, factors, i, span, rates)


@kernel
def _store(slope, photon, read, own, factors, i, span, rates):
    """Store rates, errors, variances and flags."""
    start, stop = span
    lanes = stop - start
    per_second, by_m, by_h = factors
    value, error = rates.values[0, i, start:stop], rates.values[1, i, start:stop]
    var_p, var_r = rates.values[2, i, start:stop], rates.values[3, i, start:stop]
    flags = rates.flags[i, start:stop]
    for lane in range(lanes):
        value[lane] = slope[lane] * per_second
    for lane in range(lanes):
        error[lane] = np.sqrt(np.float32(photon[lane] * by_m + read[lane] * by_h))
    for lane in range(lanes):
        var_p[lane] = photon[lane] * by_m
    for lane in range(lanes):
        var_r[lane] = read[lane] * by_h
    for lane in range(lanes):
        flags[lane] = own[lane]


@kernel
def _slopes(ramps, gain, readnoise, plan, i, span, odd, work):
    """Set `work.lanes[2]` to the slope per group of the clean ramps of one integration."""
    start, stop = span
    lanes = stop - start
    slope, trial, index = work.lanes[2], work.lanes[4], work.values[0]
    first, n = plan.firsts[i], plan.counts[i]
    last = first + n - 1
    begin, end = ramps.sci[i, first, start:stop], ramps.sci[i, last, start:stop]
    for lane in range(lanes):
        g = np.float64(gain[lane])
        noise = np.float64(readnoise[lane]) * g
        electrons = (np.float64(end[lane]) - np.float64(begin[lane])) * g
        index[lane] = _class_of(electrons, noise * noise * plan.share)
    present = np.int32(0)
    for lane in range(lanes):
        present |= np.int32(1) << np.int32(index[lane]) if odd[lane] == 0 else np.int32(0)
    for power in range(CLASSES):
        if not present >> power & 1:
            continue
        for lane in range(lanes):
            trial[lane] = 0.0
        for k in range(n // 2):
            c = plan.weights[n, power, k]
            early, late = ramps.sci[i, first + k, start:stop], ramps.sci[i, last - k, start:stop]
            for lane in range(lanes):
                trial[lane] += c * (np.float64(late[lane]) - np.float64(early[lane]))
        for lane in range(lanes):
            slope[lane] = trial[lane] if index[lane] == power else slope[lane]


@kernel
def _find_segments(flags, segments):
    """Write first and last group of each run of good groups; return how many there are.

    A group that only carries JUMP_DET opens the run after it. Runs of a single group count only
    where there is no longer one, and then only the first of them.
    """
    n = flags.size
    if flags[0] & SATURATED:
        return 0
    count = 0
    longest = 0
    k = 0
    while k < n:
        if flags[k] & ENDING:
            k += 1
            continue
        first = k
        if k > 0 and (flags[k - 1] & ENDING) == JUMP:
            first = k - 1
        while k < n and (flags[k] & ENDING) == 0:
            k += 1
        segments[count, 0] = first
        segments[count, 1] = k - 1
        longest = max(longest, k - first)
        count += 1
    if count < 2:
        return count
    if longest == 1:
        return 1
    kept = 0
    for s in range(count):
        if segments[s, 1] > segments[s, 0]:
            segments[kept, 0] = segments[s, 0]
            segments[kept, 1] = segments[s, 1]
            kept += 1
    return kept


@kernel
def _read_ramp(sci, groupdq, pixel, suppress, values, flags):
    """Copy one ramp, its unusable values flagged; return the OR of the flags it came with."""
    ngroups = flags.size
    good = 0
    every = np.uint8(0)
    for k in range(ngroups):
        value = sci[k, pixel]
        flag = groupdq[k, pixel]
        every |= flag
        flag |= np.uint8(0) if abs(value) < np.inf else DO_NOT_USE
        values[k] = value
        flags[k] = flag
        good += 1 if (flag & ENDING) == 0 else 0
    if suppress and good == 1 and ngroups > 1:
        for k in range(ngroups):
            flags[k] |= DO_NOT_USE
    return every


@kernel
def _take_zeroframe(value, values, flags):
    """Put the zero frame in the place of the first group where no group is good."""
    for k in range(flags.size):
        if (flags[k] & ENDING) == 0:
            return False
    if value == 0.0 or not abs(value) < np.inf:
        return False
    values[0] = value
    flags[0] = np.uint8(0)
    return True


@kernel
def _information(first, last, delay):
    """Return what a segment tells: m = n - 1 for photons, h = n^3 - n for reads.

    A single group tells as much as its distance to the reset allows.
    """
    n = last - first + 1
    if n == 1:
        return delay + first, 6.0 * (delay + first) ** 2
    return n - 1.0, 1.0 * n * n * n - n


@kernel
def _slope(values, first, last, gain, noise2, delay, weights):
    """Return the slope per group of one segment."""
    n = last - first + 1
    if n == 1:
        return values[first] / (delay + first)
    power = int(_class_of((values[last] - values[first]) * gain, noise2))
    slope = 0.0
    for k in range(n // 2):
        slope += weights[n, power, k] * (values[last - k] - values[first + k])
    return slope


@kernel
def _reads_with_chargeloss(flags, segments, delay):
    """Return h of a ramp as if its groups with CHARGELOSS had been used."""
    for k in range(flags.size):
        if flags[k] & CHARGELOSS:
            flags[k] &= WITHOUT_CHARGELOSS
    total = 0.0
    for s in range(_find_segments(flags, segments)):
        total += _information(segments[s, 0], segments[s, 1], delay)[1]
    return total


@kernel
def _own_flags(flags, gain, readnoise):
    """Return the flags of a pixel, with DO_NOT_USE where a reference is unusable."""
    if not (gain > 0.0 and gain < np.inf):
        flags |= NO_GAIN
    if not (readnoise >= 0.0 and readnoise < np.inf):
        flags |= np.uint32(DO_NOT_USE)
    return flags


@kernel
def _fit_ramp(values, flags, segments, delay, electron, variances, weights):
    """Fit the segments of one ramp.

    `electron`: gain, and squared noise of one group in electrons. `variances`: those for one
    unit of m and of h. Return slope per group, its variance (per second), m, and h.
    """
    photon, read = variances
    count = _find_segments(flags, segments)
    sum_m, sum_h, slope, inverse = 0.0, 0.0, 0.0, 0.0
    for s in range(count):
        first, last = segments[s, 0], segments[s, 1]
        m, h = _information(first, last, delay)
        one = _slope(values, first, last, electron[0], electron[1], delay, weights)
        sum_m += m
        sum_h += h
        slope += h * one
        if count == 1:
            return one, photon * (1.0 / m) + read * (1.0 / h), m, h
        inverse += 1.0 / (photon / m + read / h)
    return slope / sum_h, 1.0 / inverse, sum_m, sum_h


@kernel
def _fit_flagged(ramps, detector, plan, span, signal, work, odd, rates):
    """Fit all the ramps of the odd pixels from `start` to `stop`."""
    start, stop = span
    values, flags, segments = work.ramp, work.flags, work.segments
    total = work.totals
    nints = ramps.sci.shape[0]
    for lane in range(stop - start):
        if not odd[lane]:
            continue
        pixel = start + lane
        g, r = np.float64(detector.gain[pixel]), np.float64(detector.readnoise[pixel])
        own = _own_flags(ramps.pixeldq[pixel], g, r)
        photon, read = signal[lane] * plan.per_second / g, r * r * plan.reads
        electron = (g, (r * g) * (r * g) * plan.share)
        for n in range(total.size):
            total[n] = 0.0
        every = np.uint32(0)
        measured = False
        for i in range(nints):
            raised = _read_ramp(ramps.sci[i], ramps.groupdq[i], pixel, plan.suppress, values, flags)
            delay = plan.delay
            if plan.zero_delay > 0.0 and _take_zeroframe(ramps.zeroframe[i, pixel], values, flags):
                delay = plan.zero_delay
            slope, variance, m, h = _fit_ramp(
                values, flags, segments, delay, electron, (photon, read), plan.weights
            )
            dq = own | np.uint32(raised & KEPT) | np.uint32(flags[0] & SATURATED)
            dq |= np.uint32(0) if h > 0.0 else np.uint32(DO_NOT_USE)
            reads = h
            if raised & CHARGELOSS and h > 0.0:
                reads = _reads_with_chargeloss(flags, segments, delay)
            if h > 0.0:
                total[0] += h * slope
                total[1] += m
                total[2] += h
                total[3] += reads
            fine = (dq & np.uint32(BAD)) == 0
            measured |= fine
            rates.values[0, i, pixel] = slope * plan.per_second if fine else np.nan
            rates.values[1, i, pixel] = np.sqrt(np.float32(variance)) if fine else 0.0
            rates.values[2, i, pixel] = photon * (1.0 / m) if fine else 0.0
            rates.values[3, i, pixel] = read * (1.0 / reads) if fine else 0.0
            dq |= np.uint32(raised & SATURATED)
            rates.flags[i, pixel] = dq
            every |= dq
        var_p, var_r = photon * (1.0 / total[1]), read * (1.0 / total[3])
        variance = var_p + read * (1.0 / total[2])
        slope = total[0] * (plan.per_second / total[2])
        rates.values[0, nints, pixel] = slope if measured else np.nan
        rates.values[1, nints, pixel] = np.sqrt(np.float32(variance)) if measured else 0.0
        rates.values[2, nints, pixel] = var_p if measured else 0.0
        rates.values[3, nints, pixel] = var_r if measured else 0.0
        rates.flags[nints, pixel] = every & ~np.uint32(DO_NOT_USE) if measured else every
