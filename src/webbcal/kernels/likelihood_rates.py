"""Rates of integrations and exposure from the fits by likelihood.

The arguments are those of `webbcal.kernels.likelihood`.
"""

import numpy as np

from webbcal.kernels._jit import part
from webbcal.kernels.group_flags import BAD, DO_NOT_USE, SATURATED
from webbcal.kernels.likelihood_sums import LEAST_NOISE
from webbcal.kernels.ramp_segments import KEPT

BAD_PIXEL = np.uint32(BAD)
UNUSABLE = np.uint32(DO_NOT_USE)


@part
def store_flags(ramps, span, block, fit):
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


@part
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


@part
def store_rates(detector, span, block, fit):
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


@part
def _store_one(values, i, pixel, rate, by_photon, by_read, loss):
    values[0, i, pixel] = rate
    values[1, i, pixel] = np.sqrt(by_photon + by_read)
    values[2, i, pixel] = by_photon
    values[3, i, pixel] = by_read * loss
