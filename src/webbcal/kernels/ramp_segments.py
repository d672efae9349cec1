"""Fit ramps with flags, pixel by pixel and segment by segment.

The arguments are those of `webbcal.kernels.ramp`.
"""

import numpy as np

from webbcal.core.dq import DQ
from webbcal.kernels._jit import kernel
from webbcal.kernels.group_flags import BAD, CHARGELOSS, DO_NOT_USE, ENDING, JUMP, SATURATED
from webbcal.kernels.ramp_signal import is_usable
from webbcal.kernels.ramp_weights import class_of

KEPT = np.uint8(DQ.JUMP_DET | DQ.PERSISTENCE)  # flags of groups that their pixel gets
WITHOUT_CHARGELOSS = np.uint8(0xFF ^ (DQ.CHARGELOSS | DQ.DO_NOT_USE))
NO_GAIN = np.uint32(DQ.NO_GAIN_VALUE | DQ.DO_NOT_USE)


@kernel
def find_segments(flags, segments):
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
def read_ramp(sci, groupdq, pixel, suppress, values, flags):
    """Copy one ramp, its unusable values flagged; return the OR of the flags it came with.

    To the fit, a jump into the first group that can be used counts for nothing.
    """
    ngroups = flags.size
    good = 0
    every = np.uint8(0)
    leading = False
    for k in range(ngroups):
        value = sci[k, pixel]
        flag = groupdq[k, pixel]
        every |= flag
        if leading and (flag & ENDING) == JUMP:
            flag ^= JUMP
        flag |= np.uint8(0) if abs(value) < np.inf else DO_NOT_USE
        values[k] = value
        flags[k] = flag
        leading = (leading or k == 0) and (flag & DO_NOT_USE) != 0
        good += 1 if (flag & ENDING) == 0 else 0
    if suppress and good == 1 and ngroups > 1:
        for k in range(ngroups):
            flags[k] |= DO_NOT_USE
    return every


@kernel
def take_zeroframe(value, values, flags):
    """Put the zero frame in the place of the first group where no group is good."""
    for k in range(flags.size):
        if (flags[k] & ENDING) == 0:
            return False
    if not is_usable(value):
        return False
    values[0] = value
    flags[0] = np.uint8(0)
    return True


@kernel
def reads(first, last, delay):
    """Return h = n^3 - n: what a segment tells in spite of read noise.

    A single group tells as much as its distance to the reset allows.
    """
    n = last - first + 1
    return 6.0 * (delay + first) ** 2 if n == 1 else 1.0 * n * n * n - n


@kernel
def fit_segment(values, first, last, electron, reset, plan):
    """Return slope per group, and its variances per unit of photon and of read noise."""
    n = last - first + 1
    if n == 1:
        delay, smear = reset
        time = delay + first
        return values[first] / time, (time - smear) / (time * time), 1.0 / (6.0 * time * time)
    power = int(class_of((values[last] - values[first]) * electron[0], electron[1]))
    slope = 0.0
    for k in range(n // 2):
        slope += plan.weights[n, power, k] * (values[last - k] - values[first + k])
    return slope, plan.variances[0, n, power], plan.variances[1, n, power]


@kernel
def own_flags(flags, gain, readnoise):
    """Return the flags of a pixel, with DO_NOT_USE where a reference is unusable."""
    if not (gain > 0.0 and gain < np.inf):
        flags |= NO_GAIN
    if not (readnoise >= 0.0 and readnoise < np.inf):
        flags |= np.uint32(DO_NOT_USE)
    return flags


@kernel
def fit_ramp(values, flags, segments, reset, electron, noise, plan):
    """Fit the segments of one ramp.

    `reset`: time from it to the first group, and the smear of that. `electron`: gain, and
    squared noise of one group in electrons. `noise`: variances for one unit of photon and of
    read noise. Return slope per group, its variance (per second), its variances per unit of
    photon and of read noise, and h, the weight it has among others.
    """
    photon, read = noise
    count = find_segments(flags, segments)
    slope, weight, inverse = 0.0, 0.0, 0.0
    inverse_p, inverse_r, square_p, square_r = 0.0, 0.0, 0.0, 0.0
    for s in range(count):
        first, last = segments[s, 0], segments[s, 1]
        h = reads(first, last, reset[0])
        one, by_p, by_r = fit_segment(values, first, last, electron, reset, plan)
        if count == 1:
            return one, photon * by_p + read * by_r, by_p, by_r, h
        slope += h * one
        weight += h
        square_p += h * h * by_p
        square_r += h * h * by_r
        inverse_p += 1.0 / by_p
        inverse_r += 1.0 / by_r
        inverse += 1.0 / (photon * by_p + read * by_r)
    if plan.exact:
        by_p, by_r = square_p / (weight * weight), square_r / (weight * weight)
        return slope / weight, photon * by_p + read * by_r, by_p, by_r, weight
    return slope / weight, 1.0 / inverse, 1.0 / inverse_p, 1.0 / inverse_r, weight


@kernel
def fit_flagged(ramps, detector, plan, span, signal, work, odd, rates):
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
        own = own_flags(ramps.pixeldq[pixel], g, r)
        photon, read = signal[lane] * plan.per_second / g, r * r * plan.reads
        electron = (g, (r * g) * (r * g) * plan.share)
        for n in range(total.size):
            total[n] = 0.0
        every = np.uint32(0)
        measured = False
        for i in range(nints):
            raised = read_ramp(ramps.sci[i], ramps.groupdq[i], pixel, plan.suppress, values, flags)
            reset = (plan.delay, plan.smear if plan.exact else 0.0)
            if plan.zero_delay > 0.0 and take_zeroframe(ramps.zeroframe[i, pixel], values, flags):
                reset = (plan.zero_delay, 0.0)
            slope, variance, by_p, by_r, h = fit_ramp(
                values, flags, segments, reset, electron, (photon, read), plan
            )
            dq = own | np.uint32(raised & KEPT) | np.uint32(flags[0] & SATURATED)
            dq |= np.uint32(0) if h > 0.0 else np.uint32(DO_NOT_USE)
            stored_r, stored_h = by_r, h
            if raised & CHARGELOSS and h > 0.0:
                regained = _regain_groups(ramps.sci[i], ramps.groupdq[i], pixel, values, flags)
                if regained:
                    reset = (plan.delay, plan.smear if plan.exact else 0.0)
                    _, _, _, stored_r, stored_h = fit_ramp(
                        values, flags, segments, reset, electron, (photon, read), plan
                    )
            if h > 0.0:
                total[0] += h * slope
                total[1] += h
                total[2] += h * h * by_p
                total[3] += h * h * by_r
                total[4] += stored_h * stored_h * stored_r
                total[5] += 1.0 / by_p
                total[6] += 1.0 / stored_r
                total[7] += stored_h
            fine = (dq & np.uint32(BAD)) == 0
            measured |= fine
            rates.values[0, i, pixel] = slope * plan.per_second if fine else np.nan
            rates.values[1, i, pixel] = np.sqrt(np.float32(variance)) if fine else 0.0
            rates.values[2, i, pixel] = photon * by_p if fine else 0.0
            rates.values[3, i, pixel] = read * stored_r if fine else 0.0
            dq |= np.uint32(raised & SATURATED)
            rates.flags[i, pixel] = dq
            every |= dq
        _store_exposure(total, (photon, read), plan, measured, every, pixel, rates)


@kernel
def _regain_groups(sci, groupdq, pixel, values, flags):
    """Read a ramp as if no group had lost charge; tell whether it then has a good group.

    Its read noise is that of the ramp before groups were left out for being too bright, so that
    the weights of later combinations do not depend on that.
    """
    read_ramp(sci, groupdq, pixel, False, values, flags)
    some = False
    for k in range(flags.size):
        if flags[k] & CHARGELOSS and abs(values[k]) < np.inf:
            flags[k] &= WITHOUT_CHARGELOSS
        some |= (flags[k] & ENDING) == 0
    return some and (flags[0] & SATURATED) == 0


@kernel
def _store_exposure(total, noise, plan, measured, flags, pixel, rates):
    """Store the rate of the exposure, from the sums over its integrations."""
    photon, read = noise
    nints = rates.flags.shape[0] - 1
    weight = total[1]
    by_p, by_r = total[2] / (weight * weight), total[3] / (weight * weight)
    stored_r = total[4] / (total[7] * total[7])
    if not plan.exact:
        by_p, by_r, stored_r = 1.0 / total[5], 1.0 / weight, 1.0 / total[6]
    variance = photon * by_p + read * by_r
    slope = total[0] * (plan.per_second / weight)
    rates.values[0, nints, pixel] = slope if measured else np.nan
    rates.values[1, nints, pixel] = np.sqrt(np.float32(variance)) if measured else 0.0
    rates.values[2, nints, pixel] = photon * by_p if measured else 0.0
    rates.values[3, nints, pixel] = read * stored_r if measured else 0.0
    rates.flags[nints, pixel] = flags & ~np.uint32(DO_NOT_USE) if measured else flags
