"""Fit ramps with flags, pixel by pixel and segment by segment.

The arguments are those of `webbcal.kernels.ramp`.
"""

import numpy as np

from webbcal.core.dq import DQ
from webbcal.kernels._jit import kernel
from webbcal.kernels.group_flags import BAD, CHARGELOSS, DO_NOT_USE, ENDING, JUMP, SATURATED
from webbcal.kernels.ramp_signal import is_usable
from webbcal.kernels.ramp_signal import is_usable
from webbcal.kernels.ramp_weights import class_of

KEPT = np.uint8(DQ.JUMP_DET | DQ.PERSISTENCE)  # flags of groups that their pixel gets
WITHOUT_CHARGELOSS = np.uint8(0xFF ^ (DQ.CHARGELOSS | DQ.DO_NOT_USE))
NO_GAIN = np.uint32(DQ.NO_GAIN_VALUE | DQ.DO_NOT_USE)


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
    if not is_usable(value):
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
    power = int(class_of((values[last] - values[first]) * gain, noise2))
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
