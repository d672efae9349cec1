"""Search single ramps for jumps: differences of groups without which chi^2 is much lower.

A difference that is dropped cuts the ramp in two independent parts. Chi^2 without any one, or any
two neighbouring ones, is therefore the sum of a pass from the front and one from the back.
"""

import numpy as np

from webbcal.kernels._jit import part
from webbcal.kernels.likelihood_sums import (
    BY_PHOTON,
    BY_READ,
    DIFFERENCE,
    DROPPED,
    OFFSET,
    PHOTON,
    PRODUCT,
    RATE,
    READ,
    SQUARE,
    USED,
    WEIGHT,
)

FORWARD, BACKWARD = 0, 3  # each 1'C^-1 1, 1'C^-1 d, d'C^-1 d of the first, or last, n differences
OFF, LEFT = 6, 7  # a difference, counted from the rate; 1 where it is used, else 0
INVERSE, RATIO, ONES = 8, 9, 10  # 1 / pivots, their coupling, the vector 1 eliminated
NAMES = 11


@part
def make_ramp(count):
    """Return room for one ramp of up to `count` differences, axes (name, difference)."""
    return np.zeros((NAMES, count + 1))


@part
def drop_jumps(work, covariance, limits, lane, ramp):
    """Drop the differences with jumps from a ramp, one or two neighbours at a time.

    A jump is found where chi^2 falls by more than a limit; `limits` are those for one and for
    two differences. What the fit tells of the ramp becomes that of what remains.
    """
    count = covariance.spacing.size
    _take_ramp(work, count, lane, ramp)
    noise = (work.values[PHOTON, lane], work.values[READ, lane])
    for _ in range(count):
        for backward in (1, 0):
            _sum_up(ramp, covariance, noise, backward)
        place = _find_jump(ramp, covariance.averaged, limits, count)
        if place < 0:
            break
        for k in range(place % count, place % count + 1 + place // count):
            ramp[LEFT, k] = 0.0
            work.rows[USED, k, lane] = 0.0
            work.values[DROPPED, lane] += 1.0
    weight, product = ramp[FORWARD, count], ramp[FORWARD + 1, count]
    by_photon, by_read = _variances(ramp, covariance)
    work.values[BY_PHOTON, lane] = by_photon
    work.values[BY_READ, lane] = by_read
    work.values[WEIGHT, lane] = weight
    work.values[PRODUCT, lane] = product
    work.values[SQUARE, lane] = ramp[FORWARD + 2, count]
    work.values[OFFSET, lane] = product / weight if weight > 0.0 else 0.0


@part
def _take_ramp(work, count, lane, ramp):
    """Copy a ramp from its lane."""
    for k in range(count):
        ramp[OFF, k] = work.rows[DIFFERENCE, k, lane] - work.values[RATE, lane]
        ramp[LEFT, k] = work.rows[USED, k, lane]


@part
def read_noise_of(work, covariance, lane, regained, ramp):
    """Return the variance of the rate per unit of read noise if more differences were used."""
    count = covariance.spacing.size
    _take_ramp(work, count, lane, ramp)
    for k in range(count):
        ramp[LEFT, k] = 1.0 if regained[k] else ramp[LEFT, k]
    noise = (work.values[PHOTON, lane], work.values[READ, lane])
    for backward in range(1):
        _sum_up(ramp, covariance, noise, backward)
    return _variances(ramp, covariance)[1]


@part
def _sum_up(ramp, covariance, noise, backward):
    """Fill the sums from one end or the other, and the pivots."""
    photon, read = noise
    count = covariance.spacing.size
    sums = BACKWARD if backward else FORWARD
    weight, product, square = 0.0, 0.0, 0.0
    inverse, ones, off = 0.0, 0.0, 0.0
    for n in range(count):
        k = count - 1 - n if backward else n
        shared = 0.0
        if n > 0:
            link = k if backward else k - 1
            shared = photon * covariance.photon_next[link] + read * covariance.read_next[link]
        own = photon * covariance.photon[k] + read * covariance.read[k]
        ratio = shared * inverse
        inverse = ramp[LEFT, k] / (own - ratio * shared)
        ones = 1.0 - ratio * ones
        off = ramp[OFF, k] - ratio * off
        weight += ones * ones * inverse
        product += ones * off * inverse
        square += off * off * inverse
        ramp[sums, n + 1] = weight
        ramp[sums + 1, n + 1] = product
        ramp[sums + 2, n + 1] = square
        ramp[INVERSE, k] = inverse
        ramp[RATIO, k] = ratio
        ramp[ONES, k] = ones


@part
def _find_jump(ramp, averaged, limits, count):
    """Return k for difference k alone, k + count for k and the next one, -1 for none."""
    number, best, place = 0, 0.0, -1
    for k in range(count):
        number += 1 if ramp[LEFT, k] > 0.0 else 0
    if number < 2:
        return place
    whole = _chi_square(ramp, count, 0)
    for k in range(count):
        if ramp[LEFT, k] > 0.0:
            gain = whole - _chi_square(ramp, k, count - 1 - k) - limits[0]
            place = k if gain > best else place
            best = max(gain, best)
    if place >= 0 and number == 2:
        return _higher_of_two(ramp, place, count)
    # A hit while a group is read spoils both its differences; with one read it cannot.
    for k in range(count - 1 if number >= 4 else 0):
        if averaged[k] > 0.0 and ramp[LEFT, k] > 0.0 and ramp[LEFT, k + 1] > 0.0:
            gain = whole - _chi_square(ramp, k, count - 2 - k) - limits[1]
            place = k + count if gain > best else place
            best = max(gain, best)
    return place


@part
def _chi_square(ramp, first, last):
    """Return chi^2 of the `first` differences at the begin and the `last` at the end."""
    weight = ramp[FORWARD, first] + ramp[BACKWARD, last]
    product = ramp[FORWARD + 1, first] + ramp[BACKWARD + 1, last]
    square = ramp[FORWARD + 2, first] + ramp[BACKWARD + 2, last]
    return square - product * product / weight


@part
def _higher_of_two(ramp, place, count):
    """Return the higher of two differences; chi^2 cannot tell them, but hits add charge."""
    highest = place
    for k in range(count):
        if ramp[LEFT, k] > 0.0 and ramp[OFF, k] > ramp[OFF, highest]:
            highest = k
    return highest


@part
def _variances(ramp, covariance):
    """Return the variance of the rate per unit of photon and of read noise, after a pass forward.

    The weights are w = C^-1 1 / 1'C^-1 1, the variances w'Cw for the two parts of C.
    """
    count = covariance.spacing.size
    weight, later, by_photon, by_read = 0.0, 0.0, 0.0, 0.0
    for n in range(count):
        k = count - 1 - n
        now = ramp[ONES, k] * ramp[INVERSE, k] - ramp[RATIO, k + 1] * later
        by_photon += now * (covariance.photon[k] * now + 2.0 * covariance.photon_next[k] * later)
        by_read += now * (covariance.read[k] * now + 2.0 * covariance.read_next[k] * later)
        weight += now
        later = now
    return by_photon / (weight * weight), by_read / (weight * weight)
