"""Waves over the readout of a detector: sums by phase, and subtraction.

A phase is an unsigned 32-bit integer, 2**32 to the period, so that it wraps by itself and is
exact wherever a window begins. A wave is a table of 2**TABLE_BITS samples of a period.

Axes: i integration, g group, y row, x column, q column divided by the four outputs, f frequency,
b phase bin.
"""

import numpy as np

from webbcal.kernels._jit import entry, kernel

OUTPUTS = 4
"""Neighbouring columns, read at the same time by an output each."""

TABLE_BITS = 14
TABLE_SHIFT = 32 - TABLE_BITS


@entry
def group_variance(sci, pixeldq):
    """Return the variance of each pixel over the groups, about the mean.

    Parameters
    ----------
    sci : float32 (g, y, x)
        Signal, DN.
    pixeldq : uint32 (y, x)
        Flags.

    Returns
    -------
    float32 (y, x)
        DN2; NaN where a pixel is flagged, or NaN in any group. Sums in float32: the signal of the
        first group is subtracted before.
    """
    groups, height, width = sci.shape
    variance = np.empty((height, width), np.float32)
    count = np.float32(groups)
    for y in range(height):
        first, out = sci[0, y], variance[y]
        total, squares = np.zeros(width, np.float32), np.zeros(width, np.float32)
        for g in range(1, groups):
            row = sci[g, y]
            for x in range(width):
                d = row[x] - first[x]
                total[x] += d
                squares[x] += d * d
        for x in range(width):
            mean = total[x] / count
            out[x] = squares[x] / count - mean * mean
            if pixeldq[y, x] != 0:
                out[x] = np.nan
    return variance


@kernel
def mark_good(variance, limit, keep, good):
    """Set `keep` (q, output) and `good` (q) for a row; return the number of good pixels."""
    total = 0
    for q in range(keep.shape[0]):
        for k in range(OUTPUTS):
            value = variance[OUTPUTS * q + k]
            keep[q, k] = value > 0 and value < limit and q != 1 and q != 2
            good[q] += keep[q, k]
        total += good[q]
    return total


@kernel
def place_row(start, along, bins, place):
    """Set `place` (q) to the phase bins of a row."""
    for q in range(place.size):
        phase = np.uint32(start + along[q])
        place[q] = (np.uint64(phase) * np.uint64(bins)) >> np.uint64(32)


@kernel
def add_outputs(row, keep, level):
    """Set `level` (q) to the sum of the good pixels that are read at the same time."""
    for q in range(level.size):
        s = np.float32(0.0)
        for k in range(OUTPUTS):
            s += row[OUTPUTS * q + k] if keep[q, k] else np.float32(0.0)
        level[q] = s


@entry
def phase_sums(sci, variance, limit, row_phase, column_phase, bins):
    """Sum the ramps of good pixels by the phase at which their first group is read.

    Parameters
    ----------
    sci : float32 (g, y, x)
        Signal, DN.
    variance : float32 (y, x)
        Of each pixel over the groups.
    limit : float
        Pixels with a variance of 0, at or above this, or NaN, are left out.
    row_phase : uint32 (f, y)
        Phase of the first column of each row.
    column_phase : uint32 (f, q)
        What is added to it along the row.
    bins : int
        Number of phase bins.

    Returns
    -------
    sums : float64 (f, g, b)
        Signal, DN.
    counts : int64 (f, b)
        Pixels.
    good : uint8 (y, q)
        Good pixels of each set of outputs.

    Notes
    -----
    The second and third set of columns, next to the reference pixels, are left out.
    """
    groups, height, _ = sci.shape
    frequencies, sets = column_phase.shape
    sums = np.zeros((frequencies, groups, bins))
    counts = np.zeros((frequencies, bins), np.int64)
    good = np.zeros((height, sets), np.uint8)
    place = np.empty((frequencies, sets), np.int64)
    level = np.empty(sets, np.float32)
    keep = np.empty((sets, OUTPUTS), np.bool_)
    for y in range(height):
        if mark_good(variance[y], limit, keep, good[y]) == 0:
            continue
        for f in range(frequencies):
            place_row(row_phase[f, y], column_phase[f], bins, place[f])
            for q in range(sets):
                counts[f, place[f, q]] += good[y, q]
        for g in range(groups):
            add_outputs(sci[g, y], keep, level)
            for f in range(frequencies):
                target = sums[f, g]
                for q in range(sets):
                    target[place[f, q]] += level[q]
    return sums, counts, good


@entry
def remove_wave(sums, good, row_phase, column_phase, wave, wave_rows, wave_columns, starts):
    """Subtract a wave from sums by the phase of another one, as if from the pixels.

    Parameters
    ----------
    sums : float64 (g, b)
        Changed in place.
    good : uint8 (y, q)
        Pixels that were summed.
    row_phase, column_phase : uint32 (y), (q)
        Phases by which they were summed.
    wave : float32 (sample)
        Table of the wave, DN.
    wave_rows, wave_columns : uint32 (y), (q)
        Its phases.
    starts : uint32 (g)
        What each group adds to them.
    """
    groups, bins = sums.shape
    height, sets = good.shape
    place = np.empty(sets, np.int64)
    for y in range(height):
        place_row(row_phase[y], column_phase, bins, place)
        for g in range(groups):
            start, target = np.uint32(wave_rows[y] + starts[g]), sums[g]
            for q in range(sets):
                phase = np.uint32(start + wave_columns[q])
                target[place[q]] -= good[y, q] * wave[phase >> np.uint32(TABLE_SHIFT)]


@entry
def subtract_waves(sci, waves, amplitudes, starts, row_phase, column_phase, x0):
    """Return the signal less waves.

    Parameters
    ----------
    sci : float32 (i, g, y, x)
        Signal, DN; NaN stays NaN.
    waves : float32 (f, sample)
        Tables.
    amplitudes : float32 (i, f)
        Their factors, DN.
    starts : uint32 (i, g, f)
        Phase at which each group begins.
    row_phase : uint32 (f, y)
        What each row of `sci` adds.
    column_phase : uint32 (f, q)
        What each set of columns of the frame adds.
    x0 : int
        Column of the frame with which `sci` begins.
    """
    integrations, groups, height, width = sci.shape
    frequencies = waves.shape[0]
    out = np.empty_like(sci)
    first = x0 // OUTPUTS
    last = min((x0 + width - 1) // OUTPUTS + 1, column_phase.shape[1])
    level = np.empty(last - first, np.float32)
    for i in range(integrations):
        for g in range(groups):
            for y in range(height):
                for q in range(level.size):
                    level[q] = 0.0
                for f in range(frequencies):
                    start = np.uint32(starts[i, g, f] + row_phase[f, y])
                    wave, along, factor = waves[f], column_phase[f], amplitudes[i, f]
                    for q in range(first, last):
                        phase = np.uint32(start + along[q])
                        level[q - first] += factor * wave[phase >> np.uint32(TABLE_SHIFT)]
                source, target = sci[i, g, y], out[i, g, y]
                for x in range(width):
                    target[x] = source[x] - level[(x0 + x) // OUTPUTS - first]
    return out
