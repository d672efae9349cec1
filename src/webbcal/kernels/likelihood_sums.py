"""Sums over the differences of groups, weighted with their covariance, for many ramps at once.

Neighbouring differences share a group, so their covariance C is tridiagonal. Going through them
forward, elimination gives 1'C^-1 1, 1'C^-1 d and d'C^-1 d with one division each; going back,
C^-1 d, C^-1 1 and the diagonal of C^-1 follow without any. A difference that is not used has no
weight, and cuts the ramp in two independent parts.

All arrays have the ramps on their last axis, the lanes, and each loop over them is kept so simple
that the compiler makes vector instructions of it: one array written, and few read.
"""

from typing import Any, NamedTuple

import numpy as np

from webbcal.kernels._jit import part


class Covariance(NamedTuple):
    """What is common to all ramps; float64, axis (difference).

    `spacing`: seconds between the mean times of the two groups. `photon`, `read`: variance of a
    difference per second for unit photon noise (DN^2/s) and unit noise of a read (DN^2);
    `photon_next`, `read_next`: covariance with the next difference, 0 for the last.
    `averaged`: 1 where the group between a difference and the next averages several reads, else 0.
    """

    spacing: Any
    photon: Any
    read: Any
    photon_next: Any
    read_next: Any
    averaged: Any


class Lanes(NamedTuple):
    """Ramps at work; float64.

    `rows`: what there is for each difference, axes (name, difference, lane), and `values`: for
    each ramp, axes (name, lane). The names are the constants of this module. Few arrays make for
    a short compilation.
    """

    rows: Any
    values: Any


# Names of rows. After the way back: C^-1 d, C^-1 1, diagonal of C^-1.
DIFFERENCE = 0  # DN/s; any finite number where it is not used
USED = 1  # 1 or 0
RATIO = 2  # coupling of a difference to the one before, over the pivot of that
ELIMINATED, ONES, INVERSE = 3, 4, 5  # d and 1 with what came before taken away; 1 / pivot
ROWS = 6

# Names of values.
UNIT = 0  # photon noise per second and unit rate, DN
DARK = 1  # dark current as a rate, DN/s
READ = 2  # noise of a read, DN^2
RATE = 3  # what the covariance is computed for, DN/s
PHOTON = 4  # photon noise per second at that rate, DN^2/s
WEIGHT, PRODUCT, SQUARE = 5, 6, 7  # 1'C^-1 1, 1'C^-1 d, d'C^-1 d; d is counted from the rate
BY_PHOTON, BY_READ = 8, 9  # variances of the rate per unit of photon and of read noise
SUSPECT = 10  # 1 where some difference, or two, may be a jump, else 0
OFFSET, SHARE = 11, 12  # rate that follows, counted from the one before; 1 / 1'C^-1 1
NUMBER, DROPPED = 13, 14  # of differences that can be used, and of those with jumps
VALUES = 15

LEAST_NOISE = 1e-6  # DN^2; keeps the covariance regular where a reference says 0
CERTAIN = 1.0 - 1e-6  # part of a limit that rounding cannot exceed


@part
def make_lanes(count, width):
    """Return room for `width` ramps of up to `count` differences."""
    return Lanes(np.zeros((ROWS, count + 1, width)), np.ones((VALUES, width)))


@part
def clear(row, lanes):
    """Set the lanes of a row to 0."""
    for lane in range(lanes):
        row[lane] = 0.0


@part
def _set_noise(work, lanes):
    """Set the photon noise to that at the rates of the lanes."""
    photon, rate = work.values[PHOTON], work.values[RATE]
    unit, dark = work.values[UNIT], work.values[DARK]
    for lane in range(lanes):
        photon[lane] = ((rate[lane] if rate[lane] > 0.0 else 0.0) + dark[lane]) * unit[lane]


@part
def sum_forward(work, covariance, lanes):
    """Eliminate the differences from the first to the last, and fill the sums.

    The differences are counted from the rate of the lane, which keeps the sums well conditioned.
    """
    values = work.values
    photon, read, rate = values[PHOTON], values[READ], values[RATE]
    weight, product, square = values[WEIGHT], values[PRODUCT], values[SQUARE]
    _set_noise(work, lanes)
    for sums in (weight, product, square):
        clear(sums, lanes)
    for k in range(covariance.spacing.size):
        before = max(k - 1, 0)
        # Nothing comes before the first: its own values are finite, and count for nothing.
        coupled = 1.0 * (k - before)
        next_photon = coupled * covariance.photon_next[before]
        next_read = coupled * covariance.read_next[before]
        by_photon, by_read = covariance.photon[k], covariance.read[k]
        difference, used, ratio = work.rows[DIFFERENCE, k], work.rows[USED, k], work.rows[RATIO, k]
        inverse, inverse_before = work.rows[INVERSE, k], work.rows[INVERSE, before]
        ones, ones_before = work.rows[ONES, k], work.rows[ONES, before]
        off, off_before = work.rows[ELIMINATED, k], work.rows[ELIMINATED, before]
        for lane in range(lanes):
            shared = photon[lane] * next_photon + read[lane] * next_read
            ratio[lane] = shared * inverse_before[lane]
        for lane in range(lanes):
            shared = photon[lane] * next_photon + read[lane] * next_read
            own = photon[lane] * by_photon + read[lane] * by_read
            inverse[lane] = used[lane] / (own - ratio[lane] * shared)
        for lane in range(lanes):
            ones[lane] = 1.0 - ratio[lane] * ones_before[lane]
        for lane in range(lanes):
            off[lane] = (difference[lane] - rate[lane]) - ratio[lane] * off_before[lane]
        for lane in range(lanes):
            weight[lane] += ones[lane] * ones[lane] * inverse[lane]
        for lane in range(lanes):
            product[lane] += ones[lane] * off[lane] * inverse[lane]
        for lane in range(lanes):
            square[lane] += off[lane] * off[lane] * inverse[lane]


@part
def _set_offsets(work, lanes):
    """Find the rates that follow from the sums, counted from those before."""
    values = work.values
    weight, product = values[WEIGHT], values[PRODUCT]
    share, offset = values[SHARE], values[OFFSET]
    for lane in range(lanes):
        share[lane] = 1.0 / weight[lane] if weight[lane] > 0.0 else 0.0
    for lane in range(lanes):
        offset[lane] = product[lane] * share[lane]


@part
def solve_back(work, covariance, limits, lanes):
    """Go back after `sum_forward`: find variances of the rates, and ramps that may have jumps.

    With P = C^-1 - C^-1 11' C^-1 / 1'C^-1 1, chi^2 without difference k is lower by
    (Pd)_k^2 / P_kk, and without two of them by the same with 2 x 2 matrices. The variances
    are w'Cw for the two parts of C, with the weights w = C^-1 1 / 1'C^-1 1.
    """
    values, rows = work.values, work.rows
    share, offset, suspect = values[SHARE], values[OFFSET], values[SUSPECT]
    by_photon, by_read = values[BY_PHOTON], values[BY_READ]
    _set_offsets(work, lanes)
    for sums in (suspect, by_photon, by_read):
        clear(sums, lanes)
    count, limit = covariance.spacing.size, limits[0] * CERTAIN
    for k in range(count - 1, -1, -1):
        link = min(k + 1, count - 1)
        coupled = 1.0 * (link - k)
        ratio = rows[RATIO, link]
        solved, solved_next = rows[ELIMINATED, k], rows[ELIMINATED, link]
        ones, ones_next = rows[ONES, k], rows[ONES, link]
        diagonal, diagonal_next = rows[INVERSE, k], rows[INVERSE, link]
        for lane in range(lanes):
            later = coupled * ratio[lane] * solved_next[lane]
            solved[lane] = solved[lane] * diagonal[lane] - later
        for lane in range(lanes):
            later = coupled * ratio[lane] * ones_next[lane]
            ones[lane] = ones[lane] * diagonal[lane] - later
        for lane in range(lanes):
            later = coupled * ratio[lane] * ratio[lane] * diagonal_next[lane]
            diagonal[lane] = diagonal[lane] + later
        _add_variances(work, covariance, k, link, lanes)
        for lane in range(lanes):
            off = solved[lane] - offset[lane] * ones[lane]
            found = off * off > limit * (diagonal[lane] - ones[lane] * ones[lane] * share[lane])
            suspect[lane] = 1.0 if found else suspect[lane]
        if link > k and covariance.averaged[k] > 0.0:
            _suspect_two(work, k, limits[1] * CERTAIN, lanes)
    for lane in range(lanes):
        by_photon[lane] *= share[lane] * share[lane]
        by_read[lane] *= share[lane] * share[lane]


@part
def _add_variances(work, covariance, k, link, lanes):
    """Add what difference k brings to the variances, and its covariance with the next one."""
    by_photon, by_read = work.values[BY_PHOTON], work.values[BY_READ]
    ones, ones_next = work.rows[ONES, k], work.rows[ONES, link]
    p, r = covariance.photon[k], covariance.read[k]
    p2, r2 = 2.0 * covariance.photon_next[k], 2.0 * covariance.read_next[k]
    for lane in range(lanes):
        by_photon[lane] += ones[lane] * (p * ones[lane] + p2 * ones_next[lane])
    for lane in range(lanes):
        by_read[lane] += ones[lane] * (r * ones[lane] + r2 * ones_next[lane])


@part
def _suspect_two(work, k, limit, lanes):
    """Mark the ramps in which chi^2 without differences k and k + 1 is lower by the limit."""
    rows, suspect = work.rows, work.values[SUSPECT]
    share, offset, ratio = work.values[SHARE], work.values[OFFSET], rows[RATIO, k + 1]
    solved, solved_next = rows[ELIMINATED, k], rows[ELIMINATED, k + 1]
    ones, ones_next = rows[ONES, k], rows[ONES, k + 1]
    diagonal, diagonal_next = rows[INVERSE, k], rows[INVERSE, k + 1]
    for lane in range(lanes):
        x = solved[lane] - offset[lane] * ones[lane]
        y = solved_next[lane] - offset[lane] * ones_next[lane]
        xx = diagonal[lane] - ones[lane] * ones[lane] * share[lane]
        yy = diagonal_next[lane] - ones_next[lane] * ones_next[lane] * share[lane]
        xy = -ratio[lane] * diagonal_next[lane] - ones[lane] * ones_next[lane] * share[lane]
        gain = x * x * yy - 2.0 * x * y * xy + y * y * xx
        suspect[lane] = 1.0 if gain > limit * (xx * yy - xy * xy) else suspect[lane]


@part
def improve_rates(work, lanes):
    """Replace the rates by those that follow from the sums."""
    rate, offset = work.values[RATE], work.values[OFFSET]
    for lane in range(lanes):
        rate[lane] += offset[lane]
