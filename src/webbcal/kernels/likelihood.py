"""Fit count rates to ramps by likelihood: with the covariance of the differences of groups.

The formulas are in `webbcal.steps.ramp_fit`. All arrays have their pixels on one axis, the last.
Ramps are taken `WIDTH` at a time. `webbcal.kernels.likelihood_sums` does the work on them, and
`webbcal.kernels.likelihood_jumps` looks closer at suspicious ones.
"""

from typing import Any, NamedTuple

import numpy as np

from webbcal.kernels._jit import entry, part
from webbcal.kernels.group_flags import BAD, CHARGELOSS, ENDING, JUMP, SATURATED
from webbcal.kernels.likelihood_jumps import drop_jumps, make_ramp, read_noise_of
from webbcal.kernels.likelihood_rates import store_flags, store_rates
from webbcal.kernels.likelihood_sums import (
    BY_PHOTON,
    BY_READ,
    DARK,
    DIFFERENCE,
    DROPPED,
    LEAST_NOISE,
    NUMBER,
    PHOTON,
    PRODUCT,
    RATE,
    READ,
    SQUARE,
    SUSPECT,
    UNIT,
    USED,
    WEIGHT,
    Covariance,
    improve_rates,
    make_lanes,
    solve_back,
    sum_forward,
)
from webbcal.kernels.ramp import Rates
from webbcal.kernels.ramp_segments import WITHOUT_CHARGELOSS, own_flags
from webbcal.kernels.ramp_signal import first_good, is_usable
from webbcal.kernels.sorting import sort_columns

WIDTH = 256
INFINITE = np.float32(np.inf)
BAD_PIXEL = np.uint32(BAD)
NOTHING = np.uint8(0)
AFTER_JUMP = ENDING ^ JUMP  # flags of a single read that make the difference after it useless


class Groups(NamedTuple):
    """When groups are read; float64, axis (group).

    `times`: mean time of the reads since the reset, s; `shared`: mean over all pairs of reads of
    that of the earlier, s; `reads`: how many there are. `covariance`: that of the differences.
    """

    times: Any
    shared: Any
    reads: Any
    covariance: Covariance


class Rules(NamedTuple):
    """Options of the fit.

    `suppress`: leave out ramps without a difference, though they may have a good group.
    `exact`: the photon noise of integrations is that of the mean rate; else that which their
    weights follow from.
    """

    suppress: Any
    exact: Any


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

    `work`: ramps at work; `ramp`: one of them, searched for jumps, and `regained`: which of its
    differences would be used if no group had lost charge. `sorted`: float32, axes (rank, lane).
    `shifts`: 1 where a ramp is split by its zero frame, else 0. `unusable`: flags that rule a
    difference out. `raised`: flags of the groups of each pixel, axes (integration, lane); `own`:
    its own. `parts`: rate, its variances per unit of photon and of read noise, and what the
    latter is to be multiplied with for groups that lost charge; axes (name, integration, lane),
    the exposure last.
    `quality`: chi^2 and degrees of freedom; axes (name, lane). `fine`: whether an integration
    has measured a pixel, axes (integration, lane); `measured`: whether any has.
    """

    work: Any
    ramp: Any
    regained: Any
    sorted: Any
    shifts: Any
    unusable: Any
    raised: Any
    own: Any
    parts: Any
    quality: Any
    fine: Any
    measured: Any


@entry
def fit_by_likelihood(ramps, detector, groups, split, limits, rules):
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
    rules : Rules

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
        make_ramp(ngroups),
        np.empty(ngroups, np.bool_),
        np.full((max(ngroups, nints) + 1, WIDTH), np.float32(np.inf)),
        np.zeros(WIDTH, np.uint8),
        np.empty(WIDTH, np.uint8),
        np.empty((nints, WIDTH), np.uint8),
        np.empty(WIDTH, np.uint32),
        np.empty((5, nints + 1, WIDTH)),
        np.empty((2, WIDTH)),
        np.empty((nints, WIDTH), np.uint8),
        np.empty(WIDTH, np.uint8),
    )
    work = block.work
    has_frames = ramps.zeroframe.shape[0] > 0 and groups.reads[0] > 1.0
    for start in range(0, npixels, WIDTH):
        span = (start, min(start + WIDTH, npixels))
        lanes = span[1] - start
        for lane in range(lanes):
            pixel = start + lane
            gain, readnoise = detector.gain[pixel], detector.readnoise[pixel]
            block.own[lane] = own_flags(ramps.pixeldq[pixel], gain, readnoise)
            block.quality[0, lane] = 0.0
            block.quality[1, lane] = 0.0
        for i in range(nints):
            _read_flags(ramps, i, span, has_frames, block)
            for shift in range(2 if has_frames else 1):
                times = split if shift else groups
                if not _prepare(ramps, detector, times, i, span, shift, block):
                    continue
                # The median tells the noise well enough to find jumps; the fit tells it better.
                for _ in range(2):
                    sum_forward(work, times.covariance, lanes)
                    solve_back(work, times.covariance, limits, lanes)
                    for lane in range(lanes):
                        if work.values[SUSPECT, lane] > 0.0:
                            drop_jumps(work, times.covariance, limits, lane, block.ramp)
                    improve_rates(work, lanes)
                _keep(i, lanes, shift, block)
                _allow_for_chargeloss(ramps, times, i, span, shift, block)
        if not rules.suppress:
            _use_lone_groups(ramps, groups, split, span, block)
        store_flags(ramps, span, block, fit)
        store_rates(span, block, rules.exact, fit)
    return fit


@part
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
    if has_frames:
        for lane in range(stop - start):
            fine = (first[lane] & ENDING) == 0 and is_usable(ramps.zeroframe[i, start + lane])
            shifts[lane] = 1 if fine else 0


@part
def _prepare(ramps, detector, groups, i, span, shift, block):
    """Make the ramps ready that are split by a zero frame, or those that are not.

    `shift`: 1 or 0, how many differences there are before that of the first two groups. Tells
    whether there is any such ramp.
    """
    wanted, count = 0, groups.covariance.spacing.size
    for lane in range(span[1] - span[0]):
        wanted += 1 if block.shifts[lane] == shift else 0
    if wanted == 0 or count == 0:
        return False
    _read_differences(ramps, groups, i, span, shift, block)
    _set_up(detector, count, span, block)
    return True


@part
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
        ruling_out = _ruling_out_the_next(groups, k + shift)
        for lane in range(lanes):
            flags = (after[lane] & ENDING) | (before[lane] & ruling_out)
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


@part
def _ruling_out_the_next(groups, k):
    """Return the flags of a group that make the difference after it useless.

    A jump is over when a single read is made, but it may be in the midst of several.
    """
    return ENDING if groups.reads[k] > 1.0 else AFTER_JUMP


@part
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


@part
def _set_up(detector, count, span, block):
    """Set the noise of the pixels and, as a first rate, the median difference."""
    start, stop = span
    lanes, values, rows = stop - start, block.work.values, block.sorted
    gain, noise, own = detector.gain[start:stop], detector.readnoise[start:stop], block.own
    unit, read, number, rate = values[UNIT], values[READ], values[NUMBER], values[RATE]
    for lane in range(lanes):
        unit[lane] = 1.0 / np.float64(gain[lane]) if own[lane] & BAD_PIXEL == 0 else 1.0
    for lane in range(lanes):
        square = 0.5 * np.float64(noise[lane]) * np.float64(noise[lane])
        read[lane] = max(square, LEAST_NOISE) if own[lane] & BAD_PIXEL == 0 else 1.0
    for lane in range(lanes):
        dark = np.float64(detector.dark[start + lane]) if detector.dark.size else 0.0
        values[DARK, lane] = dark * unit[lane] if dark > 0.0 else 0.0
        number[lane] = 0.0
        values[DROPPED, lane] = 0.0
    for k in range(count):
        row, used, difference = rows[k], block.work.rows[USED, k], block.work.rows[DIFFERENCE, k]
        for lane in range(lanes):
            row[lane] = np.float32(difference[lane]) if used[lane] > 0.0 else INFINITE
        for lane in range(lanes):
            number[lane] += used[lane]
    sort_columns(rows, count)
    for lane in range(lanes):
        n = int(number[lane])
        low, high = np.float64(rows[max(n - 1, 0) // 2, lane]), np.float64(rows[n // 2, lane])
        rate[lane] = 0.5 * (low + high) if n > 0 else 0.0


@part
def _keep(i, lanes, shift, block):
    """Keep what one integration tells about its pixels."""
    values, parts = block.work.values, block.parts
    for lane in range(lanes):
        if block.shifts[lane] != shift:
            continue
        weight, product = values[WEIGHT, lane], values[PRODUCT, lane]
        parts[0, i, lane] = values[RATE, lane]
        parts[1, i, lane] = values[BY_PHOTON, lane]
        parts[2, i, lane] = values[BY_READ, lane] if weight > 0.0 else np.inf
        parts[3, i, lane] = 1.0
        parts[4, i, lane] = values[PHOTON, lane]
        if weight > 0.0:
            block.quality[0, lane] += values[SQUARE, lane] - product * product / weight
            block.quality[1, lane] += values[NUMBER, lane] - values[DROPPED, lane] - 1.0
            block.raised[i, lane] |= JUMP if values[DROPPED, lane] > 0.0 else NOTHING


@part
def _allow_for_chargeloss(ramps, groups, i, span, shift, block):
    """Set by how much less the read noise would be if no group had been left out as too bright.

    Ramps that lost charge in some groups were cut short for that; the weights of later
    combinations must not depend on it.
    """
    for lane in range(span[1] - span[0]):
        if block.shifts[lane] != shift or not block.raised[i, lane] & CHARGELOSS:
            continue
        for k in range(groups.covariance.spacing.size):
            block.regained[k] = False
        for k in range(ramps.sci.shape[1] - 1):
            pixel = span[0] + lane
            before, after = ramps.groupdq[i, k, pixel], ramps.groupdq[i, k + 1, pixel]
            lost = ((before | after) & CHARGELOSS) != 0
            ruling_out = _ruling_out_the_next(groups, k + shift)
            flags = (_regained(after) & ENDING) | (_regained(before) & ruling_out)
            block.regained[k + shift] = lost and flags == 0
        less = read_noise_of(block.work, groups.covariance, lane, block.regained, block.ramp)
        block.parts[3, i, lane] = less / block.work.values[BY_READ, lane]


@part
def _regained(flags):
    """Return the flags of a group without those that say that it lost charge."""
    return flags & WITHOUT_CHARGELOSS if flags & CHARGELOSS else flags


@part
def _use_lone_groups(ramps, groups, split, span, block):
    """Measure ramps without a difference by their first good group, or else by the zero frame."""
    parts, unit, dark = block.parts, block.work.values[UNIT], block.work.values[DARK]
    for i in range(ramps.sci.shape[0]):
        for lane in range(span[1] - span[0]):
            if parts[2, i, lane] < np.inf:
                continue
            pixel = span[0] + lane
            sci, groupdq = ramps.sci[i], ramps.groupdq[i]
            k = sci.shape[0]
            if groupdq[0, pixel] & SATURATED == 0:
                k = first_good(sci, groupdq, pixel)
            if k < sci.shape[0]:
                value = np.float64(sci[k, pixel])
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
            parts[4, i, lane] = (max(value / time, 0.0) + dark[lane]) * unit[lane]
