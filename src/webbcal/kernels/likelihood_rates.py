"""Rates of integrations and exposure from the fits by likelihood.

The arguments are those of `webbcal.kernels.likelihood`.
"""

import numpy as np

from webbcal.kernels._jit import part
from webbcal.kernels.group_flags import BAD, DO_NOT_USE, SATURATED
from webbcal.kernels.likelihood_sums import (
    DARK,
    OFFSET,
    PHOTON,
    RATE,
    READ,
    UNIT,
    WEIGHT,
    clear,
)
from webbcal.kernels.ramp_segments import KEPT
from webbcal.kernels.sorting import sort_columns

BAD_PIXEL = np.uint32(BAD)
INFINITE = np.float32(np.inf)
ROUNDS = 2  # of weights and rates, where the prescribed ones are wanted
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
def _combine(block, nints, lanes):
    """Find the rates of the exposure, and their variances, from those of its integrations.

    Integrations are weighted with the variance they would have at the same rate, that of the
    exposure: with that at their own rates, the faint ones would weigh more, and the mean be too
    low. At first the read noise alone tells the weights.
    """
    parts, values = block.parts, block.work.values
    rate, photon = values[RATE], values[PHOTON]
    unit, dark = values[UNIT], values[DARK]
    clear(photon, lanes)
    for _ in range(3):
        if nints > 1:
            _weigh(block, nints, lanes)
        for n in range(4 if nints == 1 else 0):
            source, target = parts[n, 0], parts[n, 1]
            for lane in range(lanes):
                target[lane] = source[lane]
        combined = parts[0, nints]
        for lane in range(lanes):
            rate[lane] = combined[lane] if combined[lane] > 0.0 else 0.0
        for lane in range(lanes):
            photon[lane] = (rate[lane] + dark[lane]) * unit[lane]
        if nints == 1:
            break


@part
def _weigh(block, nints, lanes):
    """Set the means over the integrations, weighted for the photon noise of the lanes."""
    parts, values = block.parts, block.work.values
    weight, stored = values[WEIGHT], parts[3, nints]
    rate, by_photon, by_read = parts[0, nints], parts[1, nints], parts[2, nints]
    for sums in (weight, rate, by_photon, by_read):
        clear(sums, lanes)
    clear(stored, lanes)
    for i in range(nints):
        _add_integration(block, i, nints, lanes)
    for lane in range(lanes):
        stored[lane] /= by_read[lane]
    for lane in range(lanes):
        rate[lane] /= weight[lane]
    for lane in range(lanes):
        weight[lane] = 1.0 / (weight[lane] * weight[lane])
    for lane in range(lanes):
        by_photon[lane] *= weight[lane]
        by_read[lane] *= weight[lane]


@part
def _add_integration(block, i, nints, lanes):
    """Add an integration to the sums over them, where it has measured a pixel."""
    parts, values = block.parts, block.work.values
    photon, read, h, weight = values[PHOTON], values[READ], values[OFFSET], values[WEIGHT]
    rate, by_photon, by_read = parts[0, nints], parts[1, nints], parts[2, nints]
    one, p, r, loss, fine = parts[0, i], parts[1, i], parts[2, i], parts[3, i], block.fine[i]
    stored = parts[3, nints]
    for lane in range(lanes):
        h[lane] = 1.0 / (photon[lane] * p[lane] + read[lane] * r[lane]) if fine[lane] else 0.0
    for lane in range(lanes):
        weight[lane] += h[lane]
    for lane in range(lanes):
        rate[lane] += h[lane] * one[lane] if h[lane] > 0.0 else 0.0
    for lane in range(lanes):
        by_photon[lane] += h[lane] * h[lane] * p[lane] if h[lane] > 0.0 else 0.0
    for lane in range(lanes):
        by_read[lane] += h[lane] * h[lane] * r[lane] if h[lane] > 0.0 else 0.0
    for lane in range(lanes):
        stored[lane] += h[lane] * h[lane] * r[lane] * loss[lane] if h[lane] > 0.0 else 0.0


@part
def store_rates(span, block, exact, fit):
    """Store the rates and their variances, in the integrations and the exposure.

    The photon noise of all integrations is that of the mean rate: errors that follow the noise
    of each rate would bias means that are weighted with them. Where `exact` is not wanted, it is
    the one that the weights of the differences follow from, and that scaled in proportion to the
    rates in the weights of the integrations.
    """
    start, stop = span
    lanes, nints = stop - start, block.parts.shape[1] - 1
    if exact:
        _combine(block, nints, lanes)
    else:
        _combine_as_prescribed(block, nints, lanes)
    for i in range(nints + 1):
        _store_one(block, i, span, exact, fit)
    quality, measured = block.quality, block.measured
    chi_square, freedom = fit.chi_square[start:stop], fit.freedom[start:stop]
    for lane in range(lanes):
        chi_square[lane] = quality[0, lane] if measured[lane] else np.nan
    for lane in range(lanes):
        freedom[lane] = np.int32(quality[1, lane]) if measured[lane] else 0


@part
def _combine_as_prescribed(block, nints, lanes):
    """Find the rates of the exposure with variances scaled from the rate of each integration.

    What is stored as the photon noise of the exposure is such that its product with the variance
    per unit of it is the variance.
    """
    parts, read = block.parts, block.work.values[READ]
    _median_rates(block, nints, lanes)
    for lane in range(lanes):
        read_noise, mean = read[lane], parts[0, nints, lane]
        weight, by_photon, by_read, stored = 0.0, 0.0, 0.0, 0.0
        for _ in range(ROUNDS if block.measured[lane] else 0):
            weight, rate, by_photon, by_read, stored = 0.0, 0.0, 0.0, 0.0, 0.0
            for i in range(nints):
                if not block.fine[i, lane]:
                    continue
                one, r = parts[0, i, lane], parts[2, i, lane]
                own = parts[4, i, lane] * parts[1, i, lane]
                noise = max(own * mean / one, 0.0) if one != 0.0 else 0.0
                h = 1.0 / (noise + read_noise * r)
                weight += h
                rate += h * one
                by_photon += h * h * noise
                by_read += h * h * r
                stored += h * h * r * parts[3, i, lane]
            mean = rate / weight
        square = weight * weight
        parts[0, nints, lane] = mean
        parts[1, nints, lane] = by_photon / square if square > 0.0 else 0.0
        parts[2, nints, lane] = by_read / square if square > 0.0 else 0.0
        parts[3, nints, lane] = stored / by_read if by_read > 0.0 else 1.0
        parts[4, nints, lane] = 1.0


@part
def _median_rates(block, nints, lanes):
    """Set the rates of the exposure to the medians over the integrations."""
    parts, rows = block.parts, block.sorted
    for i in range(nints):
        row, rate, fine = rows[i], parts[0, i], block.fine[i]
        for lane in range(lanes):
            row[lane] = np.float32(rate[lane]) if fine[lane] else INFINITE
    sort_columns(rows, nints)
    for lane in range(lanes):
        number = 0
        for i in range(nints):
            number += 1 if block.fine[i, lane] else 0
        low, high = rows[max(number - 1, 0) // 2, lane], rows[number // 2, lane]
        parts[0, nints, lane] = 0.5 * (np.float64(low) + np.float64(high)) if number else 0.0


@part
def _store_one(block, i, span, exact, fit):
    """Store the rates of one integration, or of the exposure."""
    start, stop = span
    lanes, parts, values = stop - start, block.parts, fit.rates.values
    photon, read = block.work.values[PHOTON], block.work.values[READ]
    photon = photon if exact else parts[4, i]
    rate, p, r, loss = parts[0, i], parts[1, i], parts[2, i], parts[3, i]
    fine = block.fine[i] if i < parts.shape[1] - 1 else block.measured
    value, error = values[0, i, start:stop], values[1, i, start:stop]
    var_p, var_r = values[2, i, start:stop], values[3, i, start:stop]
    for lane in range(lanes):
        value[lane] = rate[lane] if fine[lane] else np.nan
    for lane in range(lanes):
        square = photon[lane] * p[lane] + read[lane] * r[lane]
        error[lane] = np.sqrt(np.float32(square if fine[lane] else 0.0))
    for lane in range(lanes):
        var_p[lane] = photon[lane] * p[lane] if fine[lane] else 0.0
    for lane in range(lanes):
        var_r[lane] = read[lane] * r[lane] * loss[lane] if fine[lane] else 0.0
