"""Fit count rates to ramps by likelihood: with the covariance of the differences of groups.

The formulas are in `webbcal.steps.ramp_fit`. All arrays have their pixels on one axis, the last.
Ramps are taken `WIDTH` at a time; `webbcal.kernels.likelihood_sums` does the work on them.
"""

from typing import Any, NamedTuple

import numpy as np

from webbcal.kernels._jit import kernel
from webbcal.kernels.group_flags import BAD, CHARGELOSS, DO_NOT_USE, ENDING, JUMP, SATURATED
from webbcal.kernels.likelihood_sums import (
    BY_PHOTON,
    BY_READ,
    DARK,
    DIFFERENCE,
    FORWARD,
    ORIGIN,
    RATE,
    READ,
    TEMPORARY,
    UNIT,
    USED,
    Covariance,
    find_jumps,
    fit_lanes,
    gather,
    improve_rates,
    make_lanes,
)
from webbcal.kernels.ramp import Rates
from webbcal.kernels.ramp_segments import KEPT, WITHOUT_CHARGELOSS, own_flags
from webbcal.kernels.ramp_signal import is_usable
from webbcal.kernels.sorting import sort_columns

WIDTH = 128
LEAST_NOISE = 1e-6  # DN^2; keeps the covariance regular where a reference says 0
INFINITE = np.float32(np.inf)
BAD_PIXEL = np.uint32(BAD)
UNUSABLE = np.uint32(DO_NOT_USE)
AFTER_JUMP = ENDING ^ JUMP  # flags of a group that make the difference after it useless


class Groups(NamedTuple):
    """When groups are read; float64, axis (group).

    `times`: mean time of the reads since the reset, s; `shared`: mean over all pairs of reads of
    that of the earlier, s; `reads`: how many there are. `covariance`: that of the differences.
    """

    times: Any
    shared: Any
    reads: Any
    covariance: Covariance


class Fit(NamedTuple):
    """Rates, and how well straight lines fit.

    `chi_square` (float32) and `freedom` (int32), axis (pixel): the sum over the integrations,
    and what it should be.
    """

    rates: Rates
    chi_square: Any
    freedom: Any


class Block(NamedTuple):
    """Room for the ramps of `WIDTH` pixels.

    `work`, `rest`: ramps at work. `sorted`: float32, axes (rank, lane). `shifts`: 1 where a ramp
    is split by its zero frame, else 0. `unusable`: flags that rule a difference out. `raised`:
    flags of the groups of each pixel, axes (integration, lane); `own`: its own.
    `parts`: rate, its variances per unit of photon and of read noise, and what the latter is to
    be multiplied with for groups that lost charge; axes (name, integration, lane).
    `quality`: chi^2, degrees of freedom, and differences before jumps were found; axes (name,
    lane). `fine`: whether an integration has measured a pixel, axes (integration, lane);
    `measured`: whether any has.
    """

    work: Any
    rest: Any
    sorted: Any
    shifts: Any
    unusable: Any
    raised: Any
    own: Any
    parts: Any
    quality: Any
    fine: Any
    measured: Any


@kernel
def fit_by_likelihood(ramps, detector, groups, split, limits, suppress):
    """Return the count rates of exposure and integrations, and chi^2.

    Parameters
    ----------
    ramps : webbcal.kernels.ramp.Ramps
    detector : webbcal.kernels.ramp.Detector
    groups : Groups
    split : Groups
        The same where the zero frame is taken out of the first group and put before it; used
        for the ramps that have one.
    limits : tuple of float
        Gain in chi^2 from which a difference, or two neighbouring ones, are a jump.
    suppress : bool
        Leave out ramps without a difference, though they may have a good group.

    Returns
    -------
    Fit

    Notes
    -----
    NaN or infinite signal counts as DO_NOT_USE. A rate that cannot be measured is NaN with zero
    error. Computes in float64.
    """
    nints, ngroups, npixels = ramps.sci.shape
    rates = Rates(
        np.empty((4, nints + 1, npixels), np.float32), np.empty((nints + 1, npixels), np.uint32)
    )
    fit = Fit(rates, np.zeros(npixels, np.float32), np.zeros(npixels, np.int32))
    block = Block(
        make_lanes(ngroups, WIDTH),
        make_lanes(ngroups, WIDTH),
        np.full((ngroups + 1, WIDTH), np.float32(np.inf)),
        np.zeros(WIDTH, np.uint8),
        np.empty(WIDTH, np.uint8),
        np.empty((nints, WIDTH), np.uint8),
        np.empty(WIDTH, np.uint32),
        np.empty((4, nints, WIDTH)),
        np.empty((3, WIDTH)),
        np.empty((nints, WIDTH), np.uint8),
        np.empty(WIDTH, np.uint8),
    )
    has_frames = ramps.zeroframe.shape[0] > 0 and groups.reads[0] > 1.0
    for start in range(0, npixels, WIDTH):
        span = (start, min(start + WIDTH, npixels))
        for lane in range(span[1] - start):
            pixel = start + lane
            gain, readnoise = detector.gain[pixel], detector.readnoise[pixel]
            block.own[lane] = own_flags(ramps.pixeldq[pixel], gain, readnoise)
            block.quality[0, lane] = 0.0
            block.quality[1, lane] = 0.0
        for i in range(nints):
            _read_flags(ramps, i, span, has_frames, block)
            for shift in range(2 if has_frames else 1):
                times = split if shift else groups
                _fit_integration(ramps, detector, times, i, span, shift, limits, block)
        if not suppress:
            _use_lone_groups(ramps, groups, split, span, block)
        _store_flags(ramps, span, block, fit)
        _store(detector, span, block, fit)
    return fit


@kernel
def _read_flags(ramps, i, span, has_frames, block):
    """Collect the flags of all groups, and tell which ramps have a zero frame to split them."""
    start, stop = span
    raised, shifts = block.raised[i], block.shifts
    first = ramps.groupdq[i, 0, start:stop]
    for lane in range(stop - start):
        raised[lane] = first[lane]
        shifts[lane] = 0
    for k in range(1, ramps.sci.shape[1]):
        flags = ramps.groupdq[i, k, start:stop]
        for lane in range(stop - start):
            raised[lane] |= flags[lane]
    for lane in range(stop - start):
        if raised[lane] & JUMP and first[lane] & DO_NOT_USE:
            raised[lane] = _raised_by(ramps.sci[i], ramps.groupdq[i], start + lane)
    if has_frames:
        for lane in range(stop - start):
            fine = (first[lane] & ENDING) == 0 and is_usable(ramps.zeroframe[i, start + lane])
            shifts[lane] = 1 if fine else 0


@kernel
def _raised_by(sci, groupdq, pixel):
    """Return the OR of the flags of a ramp whose first group cannot be used.

    A jump into the first group that can be used counts for nothing.
    """
    every, leading = groupdq[0, pixel], True
    for k in range(1, sci.shape[0]):
        flag = groupdq[k, pixel]
        if leading and (flag & ENDING) == JUMP:
            flag ^= JUMP
        every |= flag
        leading = leading and ((flag & DO_NOT_USE) != 0 or not abs(sci[k, pixel]) < np.inf)
    return every


@kernel
def _fit_integration(ramps, detector, groups, i, span, shift, limits, block):
    """Fit the ramps of one integration that are split by a zero frame, or those that are not.

    `shift`: 1 or 0, how many differences there are before that of the first two groups.
    """
    lanes = span[1] - span[0]
    work, rest, covariance = block.work, block.rest, groups.covariance
    count, wanted = covariance.spacing.size, 0
    for lane in range(lanes):
        wanted += 1 if block.shifts[lane] == shift else 0
    if wanted == 0 or count == 0:
        return
    _read_differences(ramps, groups, i, span, shift, block)
    _set_up(detector, count, span, block)
    # The median tells the noise well enough to find jumps; the fit tells it better.
    for _ in range(2):
        find_jumps(work, rest, covariance, limits, lanes)
    fit_lanes(work, covariance, lanes)
    _allow_for_chargeloss(ramps, covariance, i, span, shift, block)
    improve_rates(work, count, lanes)
    _keep(covariance, i, lanes, shift, block)


@kernel
def _read_differences(ramps, groups, i, span, shift, block):
    """Read the differences of groups, per second, and which of them can be used."""
    start, stop = span
    lanes, work, unusable = stop - start, block.work, block.unusable
    saturated = ramps.groupdq[i, 0, start:stop]
    for k in range(ramps.sci.shape[1] - 1):
        sci0, sci1 = ramps.sci[i, k, start:stop], ramps.sci[i, k + 1, start:stop]
        before, after = ramps.groupdq[i, k, start:stop], ramps.groupdq[i, k + 1, start:stop]
        row, used = work.rows[DIFFERENCE, k + shift], work.rows[USED, k + shift]
        per_second = 1.0 / groups.covariance.spacing[k + shift]
        for lane in range(lanes):
            # A jump is over when its group is read, so that the difference after it can be used.
            flags = (after[lane] & ENDING) | (before[lane] & AFTER_JUMP)
            unusable[lane] = flags | (saturated[lane] & SATURATED)
        for lane in range(lanes):
            row[lane] = (np.float64(sci1[lane]) - np.float64(sci0[lane])) * per_second
        for lane in range(lanes):
            used[lane] = 1.0 if (unusable[lane] == 0) & (abs(row[lane]) < np.inf) else 0.0
        for lane in range(lanes):
            row[lane] = row[lane] if used[lane] > 0.0 else 0.0
    if shift:
        _split_first_group(ramps, groups, i, span, block)
    for lane in range(lanes):
        if block.shifts[lane] != shift or block.own[lane] & BAD_PIXEL:
            for k in range(groups.covariance.spacing.size):
                work.rows[USED, k, lane] = 0.0


@kernel
def _split_first_group(ramps, groups, i, span, block):
    """Take the zero frame out of the first group, and its difference to the other frames."""
    rows, frames = block.work.rows, groups.reads[1] + 1.0
    spacing = groups.covariance.spacing
    for lane in range(span[1] - span[0]):
        pixel = span[0] + lane
        zero = np.float64(ramps.zeroframe[i, pixel])
        mean = (frames * np.float64(ramps.sci[i, 0, pixel]) - zero) / (frames - 1.0)
        value = (mean - zero) / spacing[0]
        fine = abs(value) < np.inf
        rows[DIFFERENCE, 0, lane] = value if fine else 0.0
        rows[USED, 0, lane] = 1.0 if fine else 0.0
        value = (np.float64(ramps.sci[i, 1, pixel]) - mean) / spacing[1]
        fine = rows[USED, 1, lane] > 0.0 and abs(value) < np.inf
        rows[DIFFERENCE, 1, lane] = value if fine else 0.0
        rows[USED, 1, lane] = 1.0 if fine else 0.0


@kernel
def _set_up(detector, count, span, block):
    """Set the noise of the pixels and, as a first rate, the median difference."""
    start, stop = span
    lanes, values, rows = stop - start, block.work.values, block.sorted
    gain, noise, own = detector.gain[start:stop], detector.readnoise[start:stop], block.own
    unit, read, number, rate = values[UNIT], values[READ], values[TEMPORARY], values[RATE]
    for lane in range(lanes):
        unit[lane] = 1.0 / np.float64(gain[lane]) if own[lane] & BAD_PIXEL == 0 else 1.0
    for lane in range(lanes):
        square = 0.5 * np.float64(noise[lane]) * np.float64(noise[lane])
        read[lane] = max(square, LEAST_NOISE) if own[lane] & BAD_PIXEL == 0 else 1.0
    for lane in range(lanes):
        dark = np.float64(detector.dark[start + lane]) if detector.dark.size else 0.0
        values[DARK, lane] = dark * unit[lane] if dark > 0.0 else 0.0
        number[lane] = 0.0
    for k in range(count):
        row, used, difference = rows[k], block.work.rows[USED, k], block.work.rows[DIFFERENCE, k]
        for lane in range(lanes):
            row[lane] = np.float32(difference[lane]) if used[lane] > 0.0 else INFINITE
        for lane in range(lanes):
            number[lane] += used[lane]
    sort_columns(rows, count)
    for lane in range(lanes):
        n = int(number[lane])
        block.quality[2, lane] = number[lane]
        low, high = np.float64(rows[max(n - 1, 0) // 2, lane]), np.float64(rows[n // 2, lane])
        rate[lane] = 0.5 * (low + high) if n > 0 else 0.0


@kernel
def _allow_for_chargeloss(ramps, covariance, i, span, shift, block):
    """Set by how much less the read noise would be if no group had been left out as too bright.

    Ramps that lost charge in some groups were cut short for that; the weights of later
    combinations must not depend on it.
    """
    work, rest = block.work, block.rest
    found = _regain_groups(ramps, i, span, shift, block)
    if found == 0:
        return
    fit_lanes(rest, covariance, found)
    for n in range(found):
        lane = int(rest.values[ORIGIN, n])
        block.parts[3, i, lane] = rest.values[BY_READ, n] / work.values[BY_READ, lane]


@kernel
def _regain_groups(ramps, i, span, shift, block):
    """Gather the ramps that lost charge, with all their groups; return how many there are."""
    work, rest = block.work, block.rest
    found = 0
    for lane in range(span[1] - span[0]):
        if block.shifts[lane] != shift:
            continue
        block.parts[3, i, lane] = 1.0
        if not block.raised[i, lane] & CHARGELOSS:
            continue
        pixel = span[0] + lane
        gather(work, rest, lane, found)
        rest.values[ORIGIN, found] = lane
        for k in range(ramps.sci.shape[1] - 1):
            before, after = ramps.groupdq[i, k, pixel], ramps.groupdq[i, k + 1, pixel]
            lost = ((before | after) & CHARGELOSS) != 0
            if lost and ((_regained(after) & ENDING) | (_regained(before) & AFTER_JUMP)) == 0:
                rest.rows[USED, k + shift, found] = 1.0
        found += 1
    return found


@kernel
def _regained(flags):
    """Return the flags of a group without those that say that it lost charge."""
    return flags & WITHOUT_CHARGELOSS if flags & CHARGELOSS else flags


@kernel
def _keep(covariance, i, lanes, shift, block):
    """Keep what one integration tells about its pixels."""
    work, parts = block.work, block.parts
    count = covariance.spacing.size
    for lane in range(lanes):
        if block.shifts[lane] != shift:
            continue
        weight = work.rows[FORWARD, count, lane]
        parts[0, i, lane] = work.values[RATE, lane]
        parts[1, i, lane] = work.values[BY_PHOTON, lane]
        parts[2, i, lane] = work.values[BY_READ, lane] if weight > 0.0 else np.inf
        if not weight > 0.0:
            continue
        product, square = work.rows[FORWARD + 1, count, lane], work.rows[FORWARD + 2, count, lane]
        used = 0.0
        for k in range(count):
            used += work.rows[USED, k, lane]
        block.quality[0, lane] += square - product * product / weight
        block.quality[1, lane] += used - 1.0
        if used < block.quality[2, lane]:
            block.raised[i, lane] |= JUMP


@kernel
def _use_lone_groups(ramps, groups, split, span, block):
    """Measure ramps without a difference by their first good group, or else by the zero frame."""
    parts = block.parts
    for i in range(ramps.sci.shape[0]):
        for lane in range(span[1] - span[0]):
            if parts[2, i, lane] < np.inf:
                continue
            pixel = span[0] + lane
            k = _first_good(ramps.sci[i], ramps.groupdq[i], pixel)
            if k >= 0:
                value = np.float64(ramps.sci[i, k, pixel])
                time, shared, reads = groups.times[k], groups.shared[k], groups.reads[k]
            elif ramps.zeroframe.shape[0] and is_usable(ramps.zeroframe[i, pixel]):
                value = np.float64(ramps.zeroframe[i, pixel])
                time, shared, reads = split.times[0], split.shared[0], split.reads[0]
            else:
                continue
            parts[0, i, lane] = value / time
            parts[1, i, lane] = shared / (time * time)
            parts[2, i, lane] = 1.0 / (reads * time * time)
            parts[3, i, lane] = 1.0


@kernel
def _first_good(sci, groupdq, pixel):
    """Return the number of the first group that can be used, -1 if there is none."""
    if groupdq[0, pixel] & SATURATED:
        return -1
    for k in range(sci.shape[0]):
        if (groupdq[k, pixel] & ENDING) == 0 and abs(sci[k, pixel]) < np.inf:
            return k
    return -1


@kernel
def _store_flags(ramps, span, block, fit):
    """Store the flags, and which integrations have measured a pixel."""
    start, stop = span
    nints = block.fine.shape[0]
    every, measured = fit.rates.flags[nints, start:stop], block.measured
    for lane in range(stop - start):
        every[lane] = 0
        measured[lane] = 0
    for i in range(nints):
        flags, first = fit.rates.flags[i, start:stop], ramps.groupdq[i, 0, start:stop]
        raised, fine, by_read = block.raised[i], block.fine[i], block.parts[2, i]
        for lane in range(stop - start):
            known = np.uint32(0) if by_read[lane] < np.inf else UNUSABLE
            dq = block.own[lane] | np.uint32(raised[lane] & KEPT) | known
            dq |= np.uint32(first[lane] & SATURATED)
            fine[lane] = np.uint8(1) if dq & BAD_PIXEL == 0 else np.uint8(0)
            flags[lane] = dq | np.uint32(raised[lane] & SATURATED)
        for lane in range(stop - start):
            measured[lane] |= fine[lane]
        for lane in range(stop - start):
            every[lane] |= flags[lane]
    for lane in range(stop - start):
        every[lane] = every[lane] & ~UNUSABLE if measured[lane] else every[lane]


@kernel
def _combine(parts, fine, lane, noise):
    """Return the rate of the exposure, and its variances per unit of photon and of read noise.

    Integrations are weighted with the variance they would have at the same rate, that of the
    exposure: with that at their own rates, the faint ones would weigh more, and the mean be too
    low. `noise`: photon noise per unit rate, dark current, read noise. The last one returned is
    that by read noise as if no group had lost charge.
    """
    unit, dark, read = noise
    nints = parts.shape[1]
    first, number = 0, 0
    for i in range(nints - 1, -1, -1):
        number += 1 if fine[i, lane] else 0
        first = i if fine[i, lane] else first
    rate, photon = parts[0, first, lane], 0.0
    by_photon, by_read = parts[1, first, lane], parts[2, first, lane]
    stored = by_read * parts[3, first, lane]
    for _ in range(3 if number > 1 else 0):
        total, weight = 0.0, 0.0
        by_photon, by_read, stored = 0.0, 0.0, 0.0
        for i in range(nints):
            if not fine[i, lane]:
                continue
            p, r = parts[1, i, lane], parts[2, i, lane]
            h = 1.0 / (photon * p + read * r)
            total += h * (parts[0, i, lane] - parts[0, first, lane])
            weight += h
            by_photon += h * h * p
            by_read += h * h * r
            stored += h * h * r * parts[3, i, lane]
        rate = parts[0, first, lane] + total / weight
        photon = (max(rate, 0.0) + dark) * unit
        by_photon /= weight * weight
        by_read /= weight * weight
        stored /= weight * weight
    return rate, by_photon, by_read, stored


@kernel
def _store(detector, span, block, fit):
    """Store the rates and their variances, in the integrations and the exposure.

    The photon noise of all integrations is that of the mean rate: errors that follow the noise
    of each rate would bias means that are weighted with them.
    """
    parts, values = block.parts, fit.rates.values
    nints = parts.shape[1]
    for lane in range(span[1] - span[0]):
        pixel = span[0] + lane
        if not block.measured[lane]:
            for i in range(nints + 1):
                _store_one(values, i, pixel, np.nan, 0.0, 0.0, 0.0)
            fit.chi_square[pixel] = np.nan
            fit.freedom[pixel] = 0
            continue
        gain, noise = np.float64(detector.gain[pixel]), np.float64(detector.readnoise[pixel])
        dark = max(np.float64(detector.dark[pixel]), 0.0) / gain if detector.dark.size else 0.0
        read = max(0.5 * noise * noise, LEAST_NOISE)
        known = (1.0 / gain, dark, read)
        rate, by_photon, by_read, stored = _combine(parts, block.fine, lane, known)
        photon = (max(rate, 0.0) + dark) / gain
        for i in range(nints):
            if not block.fine[i, lane]:
                _store_one(values, i, pixel, np.nan, 0.0, 0.0, 0.0)
                continue
            p, r = photon * parts[1, i, lane], read * parts[2, i, lane]
            _store_one(values, i, pixel, parts[0, i, lane], p, r, parts[3, i, lane])
        loss = stored / by_read
        _store_one(values, nints, pixel, rate, photon * by_photon, read * by_read, loss)
        fit.chi_square[pixel] = block.quality[0, lane]
        fit.freedom[pixel] = np.int32(block.quality[1, lane])


@kernel
def _store_one(values, i, pixel, rate, by_photon, by_read, loss):
    values[0, i, pixel] = rate
    values[1, i, pixel] = np.sqrt(by_photon + by_read)
    values[2, i, pixel] = by_photon
    values[3, i, pixel] = by_read * loss
