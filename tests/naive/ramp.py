"""Count rates of ramps, one pixel and one sum at a time."""

import math
from dataclasses import dataclass, replace

import numpy as np

DNU, SAT, JUMP, PERSISTENCE, CHARGELOSS = 1, 2, 4, 32, 128
NO_GAIN = 1 << 19


@dataclass
class Timing:
    """What the exposure says about its groups: seconds, frames."""

    tgroup: float  # between groups
    first: float  # from the reset to the middle of the first group
    tframe: float  # to the end of the first frame
    nframes: int
    exact: bool = False  # variances of the weights used, not those prescribed


@dataclass
class Segment:
    """A run of groups between jumps: slope in DN/s, its variances, its weight in a mean."""

    slope: float
    var_p: float
    var_r: float
    weight: float


def covariances(n, begin, timing):
    """Return the covariance of n groups by photons, for a rate of one, and by reads.

    The photons of a frame are in all later ones: the covariance of two reads is the time of the
    earlier. `begin`: time of the first group.
    """
    offsets = (np.arange(timing.nframes) - (timing.nframes - 1) / 2) * timing.tframe
    times = begin + np.arange(n)[:, None] * timing.tgroup + offsets
    photons = np.empty((n, n))
    for k in range(n):
        for m in range(n):
            photons[k, m] = np.minimum.outer(times[k], times[m]).mean()
    return photons, np.eye(n) / timing.nframes


def power_of(snr):
    for limit, power in ((5, 0.0), (10, 0.4), (20, 1.0), (50, 3.0), (100, 6.0)):
        if snr < limit:
            return power
    return 10.0


def find_segments(dq):
    """Return (first, last) of the runs of good groups; a jump group opens the run after it."""
    dq = [int(q) & ~PERSISTENCE for q in dq]
    if dq[0] & SAT:
        return []
    runs, start = [], None
    for k in range(len(dq) + 1):
        good = k < len(dq) and dq[k] == 0
        if good and start is None:
            start = k - 1 if k > 0 and dq[k - 1] == JUMP else k
        if not good and start is not None:
            runs.append((start, k - 1))
            start = None
    if len(runs) > 1:
        longer = [r for r in runs if r[1] > r[0]]
        runs = longer or runs[:1]
    return runs


def typical_rate(data, dq, zero, timing):
    """Return the rate that fixes the photon noise, DN/s.

    It is the mean (exact variances) or median (prescribed ones) first difference, its mean over
    the integrations that have any. Without any, it is what the first good groups suggest, or the
    zero frames that stand for them; `zero` are the times of the first groups.
    """
    middles, first = [], []
    for values, flags, start in zip(data, dq, zero, strict=True):
        rates = [
            float(np.float32(values[k + 1]) - np.float32(values[k])) / timing.tgroup
            for k in range(len(values) - 1)
            if not (flags[k + 1] & (DNU | JUMP | SAT) or flags[k] & (DNU | SAT))
        ]
        if rates:
            middles.append(float(np.mean(rates) if timing.exact else np.median(rates)))
        good = [k for k in range(len(values)) if flags[k] & ~PERSISTENCE == 0]
        if good:
            first.append(values[good[0]] / (start + good[0] * timing.tgroup))
    return float(np.mean(middles or first or [0.0]))


def fit_segment(y, noise, gain, signal, timing, seconds):
    """Fit one run of groups; `noise` in electrons per group, `signal` the rate for the variance."""
    n, tgroup = len(y), timing.tgroup
    if n == 1:
        var_r = 2 * (noise / (seconds * gain)) ** 2
        photons = covariances(1, seconds, timing)[0][0, 0] if timing.exact else seconds
        return Segment(y[0] / seconds, signal / gain * photons / seconds**2, var_r, 1 / var_r)
    var_p = signal / (tgroup * gain * (n - 1))
    var_r = 12 * (noise / (tgroup * gain)) ** 2 / (n**3 - n)
    if n == 2:
        coefficients = np.array([-1.0, 1.0]) / tgroup
        if timing.exact:
            photons, _ = covariances(n, seconds, timing)
            var_p = signal / gain * coefficients @ photons @ coefficients
        return Segment((y[1] - y[0]) / tgroup, var_p, var_r, 1 / var_r)
    electrons = (y[-1] - y[0]) * gain
    total = noise**2 + electrons
    snr = max(electrons / math.sqrt(total), 0.0) if total > 0 else 0.0
    power, mid = power_of(snr), (n - 1) / 2
    w = [abs((i - mid) / mid) ** power for i in range(n)]
    sw = sum(w)
    sx = sum(w[i] * i for i in range(n))
    sxx = sum(w[i] * i * i for i in range(n))
    sy = sum(w[i] * y[i] for i in range(n))
    sxy = sum(w[i] * i * y[i] for i in range(n))
    slope = (sw * sxy - sx * sy) / (sw * sxx - sx * sx) / tgroup
    weight = 1 / var_r
    if timing.exact:
        coefficients = np.array([w[i] * (sw * i - sx) for i in range(n)])
        coefficients /= (sw * sxx - sx * sx) * tgroup
        photons, reads = covariances(n, seconds, timing)
        var_p = signal / gain * coefficients @ photons @ coefficients
        group = (noise / gain) ** 2 * timing.nframes
        var_r = group * coefficients @ reads @ coefficients
    return Segment(slope, var_p, var_r, weight)


def combine(segments, exact=False):
    """Return slope, var_p, var_r and the variance that the error is the root of."""
    if exact and segments:
        weights = np.array([s.weight for s in segments])
        weights /= weights.sum()
        slope = sum(w * s.slope for w, s in zip(weights, segments, strict=True))
        var_p = sum(w * w * s.var_p for w, s in zip(weights, segments, strict=True))
        var_r = sum(w * w * s.var_r for w, s in zip(weights, segments, strict=True))
        return slope, var_p, var_r, var_p + var_r
    read = [1 / s.var_r for s in segments if s.var_r > 0]
    photon = [1 / s.var_p for s in segments if s.var_p > 0]
    both = [1 / (s.var_p + s.var_r) for s in segments if s.var_p + s.var_r > 0]
    var_r = 1 / sum(read) if read else 0.0
    var_p = 1 / sum(photon) if photon else 0.0
    var_e = 1 / sum(both) if both else 0.0
    slope = sum(s.slope / s.var_r for s in segments if s.var_r > 0) * var_r if read else math.nan
    return slope, var_p, var_r, var_e


def own_flags(pixeldq, gain, readnoise):
    """Return the flags of a pixel together with those of its references."""
    if not 0 < gain < math.inf:
        pixeldq |= NO_GAIN | DNU
    if not 0 <= readnoise < math.inf:
        pixeldq |= DNU
    return pixeldq


def without_leading_jumps(data, gdq):
    """Return the flags that matter to the fit: a jump into the first usable group does not."""
    gdq = gdq.copy()
    for values, flags in zip(data, gdq, strict=True):
        for k in range(1, len(flags)):
            leading = all((flags[:k] & DNU != 0) | ~np.isfinite(values[:k]))
            if leading and flags[k] & ~PERSISTENCE == JUMP:
                flags[k] &= ~JUMP
    return gdq


def usable_flags(data, gdq, suppress):
    """Return the flags with DO_NOT_USE on values and ramps that are not to be used."""
    gdq = np.where(np.isfinite(data), gdq, gdq | DNU)
    if suppress and data.shape[1] > 1:
        for ramp in gdq:
            if sum((ramp & ~PERSISTENCE) == 0) == 1:
                ramp |= DNU
    return gdq


def place_zeroframe(data, gdq, zeroframe, timing):
    """Put zero frames in the place of first groups; return the times of the latter."""
    times = []
    for i in range(len(data)):
        good = any(q & ~PERSISTENCE == 0 for q in gdq[i])
        if not good and zeroframe is not None and zeroframe[i] != 0:
            data[i, 0], gdq[i, 0] = zeroframe[i], 0
            times.append(timing.tframe)
        else:
            times.append(timing.first)
    return times


def without_chargeloss(data, given, found, noise, gain, timing):
    """Return the segments that give the variance by read noise, None for those of the fit.

    They are those of the ramp before bright groups were taken out.
    """
    if not (any(given & CHARGELOSS) and found):
        return None
    flags = np.where(given & CHARGELOSS, given & ~(CHARGELOSS | DNU), given)
    flags = np.where(np.isfinite(data), flags, flags | DNU)
    return [
        fit_segment(
            data[first : last + 1],
            noise,
            gain,
            0.0,
            timing,
            timing.first + first * timing.tgroup,
        )
        for first, last in find_segments(flags)
    ]


def integration_flags(pixeldq, given, gdq, found):
    """Return the flags of an integration, before SATURATED of later groups is added."""
    dq = pixeldq
    for flag in (JUMP, PERSISTENCE):
        if any(given & flag):
            dq |= flag
    if not found:
        dq |= DNU
    return dq | SAT if gdq[0] & SAT else dq


def fit_pixel(data, gdq, pixeldq, zeroframe, gain, readnoise, dark, timing, suppress):
    """Return (exposure, [integrations]), each (slope, err, dq, var_p, var_r)."""
    data, given = data.astype(float), gdq.astype(int)
    pixeldq = own_flags(pixeldq, gain, readnoise)
    if pixeldq & DNU:  # nothing is measured, only flags are collected
        gain = readnoise = 1.0
    fitted = without_leading_jumps(data, given)
    gdq = usable_flags(data, fitted, suppress)
    data_given = data.copy()
    zero = place_zeroframe(data, gdq, None if suppress else zeroframe, timing)
    signal = max(typical_rate(data, gdq, zero, timing), 0.0) + dark / gain
    noise = readnoise * gain / math.sqrt(2 * timing.nframes)
    every, kept, integrations = [], [], []
    for i in range(len(data)):
        found: list[Segment] = []
        for first, last in find_segments(gdq[i]):
            y = data[i, first : last + 1]
            seconds = zero[i] + first * timing.tgroup
            one_frame = len(y) == 1 and zero[i] != timing.first
            group = replace(timing, nframes=1) if one_frame else timing
            found.append(fit_segment(y, noise, gain, signal, group, seconds))
        slope, var_p, _, var_e = combine(found, timing.exact)
        reads = without_chargeloss(data_given[i], fitted[i], found, noise, gain, timing) or found
        every += found
        kept += reads
        dq = integration_flags(pixeldq, given[i], gdq[i], found)
        bad = dq & (DNU | SAT)
        if any(given[i] & SAT):
            dq |= SAT
        good = (slope, math.sqrt(var_e), dq, var_p, combine(reads, timing.exact)[2])
        integrations.append((math.nan, 0.0, dq, 0.0, 0.0) if bad else good)
    slope, var_p, var_r, _ = combine(every, timing.exact)
    dq = 0
    for other in integrations:
        dq |= other[2] & ~DNU
    if all(math.isnan(other[0]) for other in integrations):
        dq |= DNU if any(other[2] & DNU for other in integrations) else 0
        return (math.nan, 0.0, dq, 0.0, 0.0), integrations
    stored = combine(kept, timing.exact)[2]
    return (slope, math.sqrt(var_p + var_r), dq, var_p, stored), integrations
