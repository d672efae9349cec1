"""Count rates by likelihood: dense matrices, one ramp at a time."""

import functools
import itertools

import numpy as np
from tests.naive.ramp import own_flags, without_leading_jumps

DNU, SAT, JUMP, PERSISTENCE, CHARGELOSS = 1, 2, 4, 32, 128
LEAST_NOISE = 1e-6


def covariance(reads, photon, read):
    """Return the covariance of the differences, per second, of groups that average reads."""
    by_photon, by_read = units(tuple(tuple(map(float, group)) for group in reads))
    return photon * by_photon + read * by_read


@functools.cache
def units(reads):
    """Return the covariances for unit photon noise, and for unit noise of a read."""
    n = len(reads)
    shared = [[np.minimum.outer(reads[i], reads[j]).mean() for j in range(n)] for i in range(n)]
    step = np.diff(np.eye(n), axis=0) / np.diff([np.mean(group) for group in reads])[:, None]
    single = np.diag([1 / len(group) for group in reads])
    return step @ np.array(shared) @ step.T, step @ single @ step.T


def solve(d, used, reads, photon, read):
    """Return rate, its variances per unit of photon and of read noise, chi^2."""
    index = np.flatnonzero(used)
    c = covariance(reads, photon, read)[np.ix_(index, index)]
    weights = np.linalg.solve(c, np.ones(index.size))
    weights /= weights.sum()
    rate = float(weights @ d[index])
    off = d[index] - rate
    by_photon, by_read = (
        float(weights @ covariance(reads, p, r)[np.ix_(index, index)] @ weights)
        for p, r in ((1.0, 0.0), (0.0, 1.0))
    )
    return rate, by_photon, by_read, float(off @ np.linalg.solve(c, off))


def drop_jumps(d, used, reads, photon, read, limits):
    """Return the differences that are left, the most improbable ones dropped first."""
    used = used.copy()
    while used.sum() >= 2:
        whole = solve(d, used, reads, photon, read)[3]
        best, place = 0.0, None
        for length in (1, 2):
            for k in range(len(d) - length + 1):
                if not used[k : k + length].all():
                    continue
                if length == 2 and (used.sum() < 4 or len(reads[k + 1]) == 1):
                    continue
                fewer = used.copy()
                fewer[k : k + length] = False
                gain = whole - solve(d, fewer, reads, photon, read)[3] - limits[length - 1]
                if gain > best:
                    best, place = gain, slice(k, k + length)
        if place is None:
            break
        if used.sum() == 2:
            place = max(np.flatnonzero(used), key=lambda k: d[k])
        used[place] = False
    return used


def usable(flags, finite, reads):
    """Tell which differences can be used; a jump spoils the next if its group averages reads."""
    fine = [
        not (b & ~PERSISTENCE) and not (a & ~PERSISTENCE & ~(JUMP if len(group) == 1 else 0))
        for (a, b), group in zip(itertools.pairwise(flags), reads[:-1], strict=True)
    ]
    return np.array(fine) & finite & (not flags[0] & SAT)


def fit_integration(y, flags, zero, noise, reads, limits):
    """Return ((rate, by_photon, by_read, loss, photon) or None, chi^2, freedom, found a jump)."""
    unit, dark, read = noise
    y, reads = list(y), [np.asarray(group) for group in reads]
    first = list(flags)
    if zero is not None and zero != 0 and np.isfinite(zero) and not flags[0] & ~PERSISTENCE:
        n = len(reads[0])
        y[:1] = [zero, (n * y[0] - zero) / (n - 1)]
        reads[:1] = [reads[0][:1], reads[0][1:]]
        first[:0] = [0]
    with np.errstate(invalid="ignore"):
        d = np.diff(y) / np.diff([group.mean() for group in reads])
    used = usable(first, np.isfinite(d), reads)
    if not used.any():
        return None, 0.0, 0, False
    d = np.where(np.isfinite(d), d, 0.0)
    rate = float(np.median(d[used].astype(np.float32)).astype(float))
    left = used
    for _ in range(2):
        photon = (max(rate, 0) + dark) * unit
        left = drop_jumps(d, left, reads, photon, read, limits)
        rate, by_photon, by_read, chi_square = solve(d, left, reads, photon, read)
    loss = 1.0
    if any(q & CHARGELOSS for q in flags):
        regained = [q & ~(CHARGELOSS | DNU) if q & CHARGELOSS else q for q in first]
        more = left | (usable(regained, np.ones(len(d), bool), reads) & ~usable(first, True, reads))
        loss = solve(d, more, reads, photon, read)[2] / by_read
    found = left.sum() < used.sum()
    return (rate, by_photon, by_read, loss, photon), chi_square, int(left.sum()) - 1, found


def alone(y, flags, zero, reads, noise):
    """Return what the first good group, or the zero frame, tells of a ramp; None if nothing."""
    good = [k for k in range(len(y)) if not flags[k] & ~PERSISTENCE and np.isfinite(y[k])]
    if flags[0] & SAT:
        good = []
    if not good and (zero is None or zero == 0 or not np.isfinite(zero)):
        return None
    value, group = (y[good[0]], reads[good[0]]) if good else (zero, reads[0][:1])
    time = np.mean(group)
    shared = np.minimum.outer(group, group).mean()
    photon = (max(value / time, 0) + noise[1]) * noise[0]
    return value / time, shared / time**2, 1 / (len(group) * time**2), 1.0, photon


def combine(parts, noise):
    """Return rate, its variances, and how much that of the reads is to be reduced."""
    unit, dark, read = noise
    rate, photon = 0.0, 0.0
    p, r = np.array([[part[1], part[2]] for part in parts]).T
    less = np.array([part[3] for part in parts])
    for _ in range(3):
        h = 1 / (photon * p + read * r)
        h /= h.sum()
        rate = float(h @ [part[0] for part in parts])
        photon = (max(rate, 0) + dark) * unit
    return rate, photon * (h * h @ p), read * (h * h @ r), (h * h @ (r * less)) / (h * h @ r)


def combine_as_prescribed(parts, noise):
    """Return the same with photon variances in proportion to the rates of the integrations."""
    rates, p, r, less, photons = np.array(parts).T
    rate = np.median(rates)
    for _ in range(2):
        scaled = np.where(rates == 0, 0, photons * p * rate / np.where(rates == 0, 1, rates))
        scaled = np.maximum(scaled, 0)
        h = 1 / (scaled + noise[2] * r)
        h /= h.sum()
        rate = float(h @ rates)
    return rate, h * h @ scaled, noise[2] * (h * h @ r), (h * h @ (r * less)) / (h * h @ r)


def fit_pixel(data, gdq, pixeldq, zeroframe, known, reads, limits, suppress, exact):
    """Return (exposure, [integrations], chi^2, freedom); (rate, err, dq, var_p, var_r) each."""
    gain, readnoise, dark = known
    own = own_flags(pixeldq, gain, readnoise)
    usable_pixel = not own & (DNU | SAT)
    noise = (1.0, 0.0, 1.0)
    if usable_pixel:
        noise = (1 / gain, max(dark, 0.0) / gain, max(readnoise**2 / 2, LEAST_NOISE))
    parts, dqs, quality = [], [], np.zeros(2)
    for i, flags in enumerate(without_leading_jumps(data, gdq.astype(int))):
        y, zero = data[i].astype(float), None if zeroframe is None else float(zeroframe[i])
        split = zero if len(reads[0]) > 1 else None
        every_flag = gdq[i].astype(int)
        part, chi_square, freedom, found = fit_integration(
            y, every_flag, split, noise, reads, limits
        )
        quality += chi_square, freedom
        if part is None and not suppress:
            part = alone(y, flags, zero, reads, noise)
        every = int(np.bitwise_or.reduce(every_flag))
        dq = (
            own
            | (every & (JUMP | PERSISTENCE))
            | (flags[0] & SAT)
            | (JUMP if found and usable_pixel else 0)
        )
        dq |= 0 if part else DNU
        parts.append(part if not dq & (DNU | SAT) else None)
        dqs.append(dq | (every & SAT))
    nothing = (np.nan, 0.0, 0.0, 0.0)
    whole = int(np.bitwise_or.reduce(dqs))
    measured = [part for part in parts if part]
    if not measured:
        return (*nothing, whole), [(*nothing, dq) for dq in dqs], np.nan, 0
    rate, by_photon, by_read, loss = (combine if exact else combine_as_prescribed)(measured, noise)
    common = (max(rate, 0) + noise[1]) * noise[0]

    def stored(value, by_photon, by_read, loss, dq):
        return value, np.sqrt(by_photon + by_read), by_photon, by_read * loss, dq

    ints = []
    for part, dq in zip(parts, dqs, strict=True):
        if part is None:
            ints.append((*nothing, dq))
        else:
            value, p, r, less, photon = part
            ints.append(stored(value, (common if exact else photon) * p, noise[2] * r, less, dq))
    return stored(rate, by_photon, by_read, loss, whole & ~DNU), ints, *quality
