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

from webbcal.kernels._jit import entry, kernel
from webbcal.kernels.group_flags import BAD, DO_NOT_USE
from webbcal.kernels.ramp_segments import fit_flagged
from webbcal.kernels.ramp_signal import typical_rates
from webbcal.kernels.ramp_weights import (
    CLASSES,
    class_of,
    variances_of_weights,
    weights_of_ramps,
)

LANES = 256
NEVER = np.uint8(0xFF)  # flags that no group has


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

    `weights` of the fit, and `variances` of slopes that have them; `exact`: whether those are
    of these weights or as prescribed; `smear`: how much less than its mean time a group counts
    in its own photon noise, over the spacing of groups. `pattern`: flags of a clean ramp, axes
    (integration, group), whose good groups begin at `firsts` and number `counts`; whether to
    `suppress` single groups.
    `delay`, `zero_delay`: time of the first group and of the zero frame over the spacing of
    groups, 0 where zero frames are not used. `per_second` turns what is per group into what is
    per second, `reads` the square of the read noise (DN) into the variance of a slope for one
    unit of h, `share` into that of one group.
    """

    weights: Any
    variances: Any
    exact: bool
    smear: float
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


@entry
def fit_ramps(ramps, detector, timing, suppress, exact):
    """Return the count rates of exposure and integrations.

    Parameters
    ----------
    ramps : Ramps
    detector : Detector
    timing : Timing
    suppress : bool
        Leave out ramps with a single good group.
    exact : bool
        Whether variances are those of the weights used, or as prescribed.

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
    plan = plan_of(ramps, timing, suppress, exact)
    work = room_for(ngroups)
    signal = np.empty(LANES)
    odd = np.empty(LANES, np.uint8)
    for start in range(0, npixels, LANES):
        stop = min(start + LANES, npixels)
        span = (start, stop)
        find_odd(ramps, detector, plan, span, odd)
        typical_rates(ramps, detector, plan, span, work, odd, signal)
        _fit_clean(ramps, detector, plan, span, signal, work, odd, rates)
        fit_flagged(ramps, detector, plan, span, signal, work, odd, rates)
    return rates


@kernel
def plan_of(ramps, timing, suppress, exact):
    """Return what is common to all pixels; the arguments are those of `fit_ramps`."""
    ngroups = ramps.sci.shape[1]
    pattern, firsts, counts = _clean_flags(ramps.groupdq)
    per_second = 1.0 / timing.spacing
    weights = weights_of_ramps(ngroups)
    # Mean over all pairs of frames of a group of the earlier one's time, below the mean time.
    smear = timing.frame * per_second * (timing.frames - 1.0 / timing.frames) / 6.0
    return Plan(
        weights,
        variances_of_weights(weights, smear, exact),
        exact,
        smear,
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


@kernel
def room_for(ngroups):
    """Return room to work in."""
    return Work(
        np.full((ngroups + 1, LANES), np.float32(np.inf)),
        np.empty((9, LANES)),
        np.empty(ngroups),
        np.empty(ngroups, np.uint8),
        np.empty((ngroups + 1, 2), np.int64),
        np.empty(8),
    )


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
def find_odd(ramps, detector, plan, span, odd):
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
def _fit_clean(ramps, detector, plan, span, signal, work, odd, rates):
    """Fit ramps without any flag, all pixels from `start` to `stop`."""
    start, stop = span
    lanes = stop - start
    gain, readnoise = detector.gain[start:stop], detector.readnoise[start:stop]
    own = ramps.pixeldq[start:stop]
    photon, read, slope, combined = work.lanes[0], work.lanes[1], work.lanes[2], work.lanes[3]
    by_p, by_r, sum_p, sum_r = work.lanes[5], work.lanes[6], work.lanes[7], work.lanes[8]
    for lane in range(lanes):
        photon[lane] = signal[lane] * plan.per_second / np.float64(gain[lane])
    for lane in range(lanes):
        read[lane] = np.float64(readnoise[lane]) * np.float64(readnoise[lane]) * plan.reads
        combined[lane] = 0.0
    for lane in range(lanes):
        sum_p[lane] = 0.0
        sum_r[lane] = 0.0
    nints = ramps.sci.shape[0]
    weight, inverse = 0.0, 0.0
    for i in range(nints):
        n = plan.counts[i]
        if n < 2:
            return
        h = 1.0 * n * n * n - n
        weight += h
        inverse += 1.0 / plan.variances[0, n, 0]
        _slopes(ramps, gain, readnoise, plan, i, span, odd, work)
        for lane in range(lanes):
            combined[lane] += h * slope[lane]
        for lane in range(lanes):
            sum_p[lane] += h * h * by_p[lane]
            sum_r[lane] += h * h * by_r[lane]
        _store(work, own, plan.per_second, i, span, rates)
    for lane in range(lanes):
        slope[lane] = combined[lane]
        by_p[lane] = sum_p[lane] / (weight * weight) if plan.exact else 1.0 / inverse
        by_r[lane] = sum_r[lane] / (weight * weight) if plan.exact else 1.0 / weight
    _store(work, own, plan.per_second / weight, nints, span, rates)


@kernel
def _store(work, own, per_second, i, span, rates):
    """Store rates, errors, variances and flags."""
    start, stop = span
    lanes = stop - start
    photon, read, slope = work.lanes[0], work.lanes[1], work.lanes[2]
    by_p, by_r = work.lanes[5], work.lanes[6]
    value, error = rates.values[0, i, start:stop], rates.values[1, i, start:stop]
    var_p, var_r = rates.values[2, i, start:stop], rates.values[3, i, start:stop]
    flags = rates.flags[i, start:stop]
    for lane in range(lanes):
        value[lane] = slope[lane] * per_second
    for lane in range(lanes):
        error[lane] = np.sqrt(np.float32(photon[lane] * by_p[lane] + read[lane] * by_r[lane]))
    for lane in range(lanes):
        var_p[lane] = photon[lane] * by_p[lane]
    for lane in range(lanes):
        var_r[lane] = read[lane] * by_r[lane]
    for lane in range(lanes):
        flags[lane] = own[lane]


@kernel
def _slopes(ramps, gain, readnoise, plan, i, span, odd, work):
    """Fit the clean ramps of one integration.

    Sets `work.lanes`: 2, the slope per group; 5 and 6, its variances per unit of photon and
    of read noise.
    """
    start, stop = span
    lanes = stop - start
    slope, trial, index = work.lanes[2], work.lanes[4], work.values[0]
    by_p, by_r = work.lanes[5], work.lanes[6]
    first, n = plan.firsts[i], plan.counts[i]
    last = first + n - 1
    begin, end = ramps.sci[i, first, start:stop], ramps.sci[i, last, start:stop]
    for lane in range(lanes):
        g = np.float64(gain[lane])
        noise = np.float64(readnoise[lane]) * g
        electrons = (np.float64(end[lane]) - np.float64(begin[lane])) * g
        index[lane] = class_of(electrons, noise * noise * plan.share)
    present = _classes_present(index, odd, lanes)
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
        _fill(by_p, index, power, plan.variances[0, n, power], lanes)
        _fill(by_r, index, power, plan.variances[1, n, power], lanes)


@kernel
def _classes_present(index, odd, lanes):
    """Return the classes that clean pixels have, one bit each."""
    present = np.int32(0)
    for lane in range(lanes):
        present |= np.int32(1) << np.int32(index[lane]) if odd[lane] == 0 else np.int32(0)
    return present


@kernel
def _fill(target, index, power, value, lanes):
    """Set the lanes of one class to a value."""
    for lane in range(lanes):
        target[lane] = value if index[lane] == power else target[lane]
