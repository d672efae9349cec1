"""The segments of each ramp, and the jumps between them.

The arguments are those of `webbcal.kernels.ramp`.
"""

from typing import Any, NamedTuple

import numpy as np

from webbcal.kernels._jit import entry, kernel
from webbcal.kernels.group_flags import BAD, JUMP
from webbcal.kernels.ramp import LANES, find_odd, plan_of, room_for
from webbcal.kernels.ramp_segments import (
    find_segments,
    fit_segment,
    own_flags,
    read_ramp,
    reads,
    take_zeroframe,
)
from webbcal.kernels.ramp_signal import typical_rates
from webbcal.kernels.ramp_weights import class_of, power_of

ARRAYS = 7


class Details(NamedTuple):
    """What was fitted; float32.

    `segments`, axes (name, integration, segment, pixel): slope and its uncertainty, its
    variances by photons and by read noise (DN/s), the signal at the first group and its
    uncertainty (DN), the weight in a mean. `pedestals`, axes (integration, pixel): signal at the
    reset, DN. `hits`, axes (integration, hit, pixel): height of the jumps, DN. NaN, and 0 for
    uncertainties and weights, where there is none.
    """

    segments: Any
    pedestals: Any
    hits: Any


@entry
def count_details(ramps, suppress):
    """Return the largest number of segments and of jumps in any integration, axis (pixel)."""
    nints, ngroups, npixels = ramps.sci.shape
    segments, hits = np.zeros(npixels, np.uint16), np.zeros(npixels, np.uint16)
    work = room_for(ngroups)
    for pixel in range(npixels):
        for i in range(nints):
            read_ramp(ramps.sci[i], ramps.groupdq[i], pixel, suppress, work.ramp, work.flags)
            number = 0
            for k in range(1, ngroups):
                number += 1 if _is_hit(work.flags[k - 1], work.flags[k]) else 0
            hits[pixel] = max(hits[pixel], number)
            segments[pixel] = max(segments[pixel], find_segments(work.flags, work.segments))
    return segments, hits


@kernel
def _is_hit(before, after):
    """Tell whether a jump between two groups can be measured."""
    return (after & JUMP) != 0 and ((after | before) & BAD) == 0


@entry
def find_details(ramps, detector, timing, suppress, exact, shape):
    """Return the `Details`; `shape`: the length of the axes of segments and of hits."""
    nints, ngroups, npixels = ramps.sci.shape
    details = Details(
        np.full((ARRAYS, nints, shape[0], npixels), np.float32(np.nan)),
        np.full((nints, npixels), np.float32(np.nan)),
        np.full((nints, shape[1], npixels), np.float32(np.nan)),
    )
    plan = plan_of(ramps, timing, suppress, exact)
    work = room_for(ngroups)
    signal = np.empty(LANES)
    odd = np.empty(LANES, np.uint8)
    for start in range(0, npixels, LANES):
        span = (start, min(start + LANES, npixels))
        find_odd(ramps, detector, plan, span, odd)
        typical_rates(ramps, detector, plan, span, work, odd, signal)
        _describe(ramps, detector, plan, span, signal, work, details)
    return details


@kernel
def _describe(ramps, detector, plan, span, signal, work, details):
    """Fit the ramps of the pixels from `start` to `stop`, and keep the parts."""
    start, stop = span
    values, flags, segments = work.ramp, work.flags, work.segments
    for lane in range(stop - start):
        pixel = start + lane
        g, r = np.float64(detector.gain[pixel]), np.float64(detector.readnoise[pixel])
        usable = (own_flags(ramps.pixeldq[pixel], g, r) & np.uint32(BAD)) == 0
        noise = (signal[lane] * plan.per_second / g, r * r * plan.reads)
        electron = (g, (r * g) * (r * g) * plan.share)
        for i in range(ramps.sci.shape[0]):
            read_ramp(ramps.sci[i], ramps.groupdq[i], pixel, plan.suppress, values, flags)
            reset = (plan.delay, plan.smear if plan.exact else 0.0)
            if plan.zero_delay > 0.0 and take_zeroframe(ramps.zeroframe[i, pixel], values, flags):
                reset = (plan.zero_delay, 0.0)
            count = find_segments(flags, segments) if usable else 0
            total, weight = 0.0, 0.0
            for s in range(details.segments.shape[2]):
                for n in (1, 2, 3, 5, 6):
                    details.segments[n, i, s, pixel] = 0.0
                if s >= count:
                    continue
                first, last = segments[s, 0], segments[s, 1]
                h = reads(first, last, reset[0])
                slope, by_p, by_r = fit_segment(values, first, last, electron, reset, plan)
                total += h * slope
                weight += h
                store = details.segments[:, i, s, pixel]
                _store(store, slope, (noise[0] * by_p, noise[1] * by_r, h / noise[1]), plan)
                _store_intercept(store, values, (first, last), slope, electron, reset, noise, plan)
            if count > 0:
                slope = total / weight
                if flags[0] & BAD == 0:
                    details.pedestals[i, pixel] = values[0] - slope * reset[0]
                _store_hits(values, flags, slope, details.hits[i, :, pixel])


@kernel
def _store(store, slope, noise, plan):
    store[0] = slope * plan.per_second
    store[1] = np.sqrt(noise[0] + noise[1])
    store[2] = noise[0]
    store[3] = noise[1]
    store[6] = noise[2]


@kernel
def _store_intercept(store, values, ends, slope, electron, reset, noise, plan):
    """Store the signal of a segment at the first group, and its uncertainty.

    It is the sum over a_i y_i with a_i = w_i / sum(w) - c_i x, x the middle of the segment.
    """
    first, last = ends
    n = last - first + 1
    delay, smear = reset
    if n == 1:
        store[4] = values[first] - slope * first
        return
    middle = 0.5 * (n - 1)
    power = power_of(int(class_of((values[last] - values[first]) * electron[0], electron[1])))
    total, spread = 0.0, 0.0
    for k in range(n):
        w = (abs(k - middle) / middle) ** power
        total += w
        spread += w * (k - middle) ** 2
    mean, rest, squares, photons = 0.0, 0.0, 0.0, 0.0
    for k in range(n - 1, -1, -1):
        w = (abs(k - middle) / middle) ** power
        a = w / total - w * (k - middle) / spread * (first + middle)
        mean += w / total * values[first + k]
        rest += a
        squares += a * a
        # The photons since the group before, or since the reset, are in all later groups.
        photons += rest * rest * (1.0 if k > 0 else delay + first)
    store[4] = mean - slope * (first + middle)
    # Noise is per second, and that of reads for one unit of 1/12 group.
    square = noise[0] * (photons - smear * squares) + noise[1] * squares / 12.0
    store[5] = np.sqrt(square) / plan.per_second


@kernel
def _store_hits(values, flags, slope, heights):
    """Store how much higher the signal is after each jump than before, the rate taken away."""
    number = 0
    for k in range(1, flags.size):
        if _is_hit(flags[k - 1], flags[k]) and number < heights.size:
            heights[number] = values[k] - values[k - 1] - slope
            number += 1
