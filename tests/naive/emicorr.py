"""Interference waves, the slow obvious way."""

import numpy as np

BITS = 14


def group_variance(sci, pixeldq):
    return np.where(pixeldq == 0, sci.astype(float).var(axis=0), np.nan)


def phases(row_phase, column_phase):
    """Return (f, y, q) phases as fractions of the period."""
    total = row_phase.astype(object)[:, :, None] + column_phase.astype(object)[:, None, :]
    return (total % 2**32).astype(np.float64) / 2**32


def phase_sums(sci, variance, limit, row_phase, column_phase, bins):
    groups, height, _ = sci.shape
    frequencies, sets = column_phase.shape
    fractions = phases(row_phase, column_phase)
    sums = np.zeros((frequencies, groups, bins))
    counts = np.zeros((frequencies, bins), int)
    good = np.zeros((height, sets), np.uint8)
    for y in range(height):
        for q in range(sets):
            for x in range(4 * q, 4 * q + 4):
                if q in (1, 2) or not 0 < variance[y, x] < limit:
                    continue
                good[y, q] += 1
                for f in range(frequencies):
                    b = int(fractions[f, y, q] * bins)
                    counts[f, b] += 1
                    sums[f, :, b] += sci[:, y, x]
    return sums, counts, good


def level(wave, phase):
    """Return the sample of a table at a phase in units of 2**-32 periods."""
    return wave[(int(phase) % 2**32) >> (32 - BITS)]


def remove_wave(sums, good, row_phase, column_phase, wave, wave_rows, wave_columns, starts):
    out = sums.astype(float)
    fractions = phases(row_phase[None], column_phase[None])[0]
    for y, q in np.ndindex(good.shape):
        b = int(fractions[y, q] * sums.shape[1])
        for g, start in enumerate(starts):
            phase = int(wave_rows[y]) + int(wave_columns[q]) + int(start)
            out[g, b] -= good[y, q] * level(wave, phase)
    return out


def subtract_waves(sci, waves, amplitudes, starts, row_phase, column_phase, x0):
    out = sci.astype(float)
    for i, g, y, x in np.ndindex(sci.shape):
        for f, wave in enumerate(waves):
            q = (x0 + x) // 4
            phase = int(starts[i, g, f]) + int(row_phase[f, y]) + int(column_phase[f, q])
            out[i, g, y, x] -= amplitudes[i, f] * level(wave, phase)
    return out
