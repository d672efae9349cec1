"""Sums over the differences of groups, weighted with their covariance, for many ramps at once.

Neighbouring differences share a group, so their covariance C is tridiagonal. Going through the
differences in either direction, elimination gives 1'C^-1 1, 1'C^-1 d and d'C^-1 d of all that
have been passed, with one division each. A difference that is dropped cuts the ramp in two
independent parts; what remains is therefore the sum of a forward and a backward pass.

All arrays have the ramps on their last axis, the lanes, and each loop over them is kept so simple
that the compiler makes vector instructions of it: one array written, and few read.
"""

from typing import Any, NamedTuple

import numpy as np

from webbcal.kernels._jit import kernel


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


# Names of rows. The sums are those over the first, or the last, n differences.
DIFFERENCE = 0  # DN/s; any finite number where it is not used
USED = 1  # 1 or 0
INVERSE, RATIO, ONES = 2, 3, 4  # inverse pivots, their coupling, the vector 1 eliminated
FORWARD, BACKWARD = 5, 8  # each 1'C^-1 1, 1'C^-1 d, d'C^-1 d
ROWS = 11

# Names of values.
UNIT = 0  # photon noise per second and unit rate, DN
DARK = 1  # dark current as a rate, DN/s
READ = 2  # noise of a read, DN^2
RATE = 3  # what the covariance is computed for, DN/s
BY_PHOTON, BY_READ = 4, 5  # variances of the rate per unit of photon and of read noise
ORIGIN = 6  # lane that a ramp was gathered from
BEST, WHERE = 7, 8  # largest gain in chi^2 beyond its limit, and of which differences
PHOTON = 9  # photon noise per second, DN^2/s
TEMPORARY = 10  # and the five after it
VALUES = 16


@kernel
def make_lanes(count, width):
    """Return room for `width` ramps of up to `count` differences."""
    return Lanes(np.zeros((ROWS, count + 1, width)), np.ones((VALUES, width)))


@kernel
def _set_noise(work, lanes):
    """Set the photon noise to that at the rates of the lanes."""
    photon, rate = work.values[PHOTON], work.values[RATE]
    unit, dark = work.values[UNIT], work.values[DARK]
    for lane in range(lanes):
        photon[lane] = ((rate[lane] if rate[lane] > 0.0 else 0.0) + dark[lane]) * unit[lane]


@kernel
def sum_up(work, covariance, lanes, backward):
    """Fill the sums from one end or the other, and the pivots.

    The differences are counted from the rate of the lane, which keeps the sums well conditioned.
    """
    _set_noise(work, lanes)
    count = covariance.spacing.size
    sums = BACKWARD if backward else FORWARD
    for name in range(sums, sums + 3):
        row = work.rows[name, 0]
        for lane in range(lanes):
            row[lane] = 0.0
    eliminated = work.values[TEMPORARY]
    for lane in range(lanes):
        eliminated[lane] = 0.0
    for n in range(count):
        k = count - 1 - n if backward else n
        before = k + 1 if backward else k - 1
        _eliminate(work, covariance, k, before, n > 0, lanes)
        _add(work, sums, k, n, lanes)


@kernel
def _eliminate(work, covariance, k, before, coupled, lanes):
    """Take from difference k what the one before it tells already."""
    photon, read, rate = work.values[PHOTON], work.values[READ], work.values[RATE]
    eliminated = work.values[TEMPORARY]
    inverse, ratio, ones = work.rows[INVERSE, k], work.rows[RATIO, k], work.rows[ONES, k]
    difference, used = work.rows[DIFFERENCE, k], work.rows[USED, k]
    by_photon, by_read = covariance.photon[k], covariance.read[k]
    if not coupled:
        for lane in range(lanes):
            inverse[lane] = used[lane] / (photon[lane] * by_photon + read[lane] * by_read)
        for lane in range(lanes):
            ratio[lane] = 0.0
            ones[lane] = 1.0
        for lane in range(lanes):
            eliminated[lane] = difference[lane] - rate[lane]
        return
    link = min(k, before)
    next_photon, next_read = covariance.photon_next[link], covariance.read_next[link]
    inverse_before, ones_before = work.rows[INVERSE, before], work.rows[ONES, before]
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
        eliminated[lane] = (difference[lane] - rate[lane]) - ratio[lane] * eliminated[lane]


@kernel
def _add(work, sums, k, n, lanes):
    """Add difference k, the n-th that is passed, to the sums."""
    inverse, ones = work.rows[INVERSE, k], work.rows[ONES, k]
    eliminated = work.values[TEMPORARY]
    old0, new0 = work.rows[sums, n], work.rows[sums, n + 1]
    old1, new1 = work.rows[sums + 1, n], work.rows[sums + 1, n + 1]
    old2, new2 = work.rows[sums + 2, n], work.rows[sums + 2, n + 1]
    for lane in range(lanes):
        new0[lane] = old0[lane] + ones[lane] * ones[lane] * inverse[lane]
    for lane in range(lanes):
        new1[lane] = old1[lane] + ones[lane] * eliminated[lane] * inverse[lane]
    for lane in range(lanes):
        new2[lane] = old2[lane] + eliminated[lane] * eliminated[lane] * inverse[lane]


@kernel
def improve_rates(work, count, lanes):
    """Replace the rates by those of the fit, after `sum_up` forward."""
    weight, product = work.rows[FORWARD, count], work.rows[FORWARD + 1, count]
    rate = work.values[RATE]
    for lane in range(lanes):
        rate[lane] += product[lane] / weight[lane] if weight[lane] > 0.0 else 0.0


@kernel
def fit_lanes(work, covariance, lanes):
    """Sum up forward, and find the variance of the rate per unit of photon and of read noise.

    The weights are w = C^-1 1 / 1'C^-1 1, the variances w'Pw and w'Rw.
    """
    backward = lanes < 0  # never; numba would compile `sum_up` once more for a constant
    sum_up(work, covariance, lanes, backward)
    count = covariance.spacing.size
    by_photon, by_read = work.values[BY_PHOTON], work.values[BY_READ]
    later, now = work.values[TEMPORARY + 1], work.values[TEMPORARY + 2]
    weight = work.rows[FORWARD, count]
    for lane in range(lanes):
        by_photon[lane] = 0.0
        by_read[lane] = 0.0
    for lane in range(lanes):
        later[lane] = 0.0
    for n in range(count):
        k = count - 1 - n
        inverse, ones = work.rows[INVERSE, k], work.rows[ONES, k]
        ratio = work.rows[RATIO, min(k + 1, count - 1)]
        p, r = covariance.photon[k], covariance.read[k]
        p2, r2 = 2.0 * covariance.photon_next[k], 2.0 * covariance.read_next[k]
        used = work.rows[USED, k]
        for lane in range(lanes):
            now[lane] = ones[lane] * inverse[lane] - used[lane] * ratio[lane] * later[lane]
        for lane in range(lanes):
            by_photon[lane] += now[lane] * (p * now[lane] + p2 * later[lane])
        for lane in range(lanes):
            by_read[lane] += now[lane] * (r * now[lane] + r2 * later[lane])
        for lane in range(lanes):
            later[lane] = now[lane]
    for lane in range(lanes):
        by_photon[lane] /= weight[lane] * weight[lane]
        by_read[lane] /= weight[lane] * weight[lane]


@kernel
def find_jumps(work, rest, covariance, limits, lanes):
    """Drop differences with jumps, one or two neighbouring ones at a time, until none is left.

    A jump is found where chi^2 falls by more than a limit; `limits` are those for one and for
    two differences. `rest` is room for the ramps that are searched again. The rates become those
    of the fit to what remains.
    """
    count = covariance.spacing.size
    _search(work, covariance, limits, lanes)
    for lane in range(lanes):
        work.values[ORIGIN, lane] = lane
    found = _drop(work, work.rows, count, lanes, rest)
    improve_rates(work, count, lanes)
    while found:
        _search(rest, covariance, limits, found)
        for lane in range(found):
            rate, weight = rest.values[RATE, lane], rest.rows[FORWARD, count, lane]
            rate += rest.rows[FORWARD + 1, count, lane] / weight if weight > 0.0 else 0.0
            work.values[RATE, int(rest.values[ORIGIN, lane])] = rate
        found = _drop(rest, work.rows, count, found, rest)


@kernel
def _search(work, covariance, limits, lanes):
    """Find the largest gain in chi^2 beyond its limit, and where it is.

    Where is k for difference k alone, and k + count for k and the next one.
    """
    count = covariance.spacing.size
    for order in range(2):
        sum_up(work, covariance, lanes, order == 0)
    _prepare(work, count, lanes)
    whole, best, where = work.values[TEMPORARY + 1], work.values[BEST], work.values[WHERE]
    enough_for_two = work.values[TEMPORARY + 3]
    trial = work.values[TEMPORARY + 2]
    for k in range(count):
        _chi_square_of_rest(work, k, count - 1 - k, lanes)
        used = work.rows[USED, k]
        for lane in range(lanes):
            trial[lane] = used[lane] * (whole[lane] - trial[lane]) - limits[0]
        _take_better(trial, best, where, 1.0 * k, lanes)
    for k in range(count - 1):
        # A hit while a group is read spoils both its differences; with one read it cannot.
        if covariance.averaged[k] == 0.0:
            continue
        _chi_square_of_rest(work, k, count - 2 - k, lanes)
        one, two = work.rows[USED, k], work.rows[USED, k + 1]
        for lane in range(lanes):
            both = one[lane] * two[lane] * enough_for_two[lane]
            trial[lane] = both * (whole[lane] - trial[lane]) - limits[1]
        _take_better(trial, best, where, 1.0 * (k + count), lanes)


@kernel
def _prepare(work, count, lanes):
    """Find chi^2 of all differences, and which ramps have enough to drop one, or two."""
    whole, number = work.values[TEMPORARY + 1], work.values[TEMPORARY + 2]
    best, where, enough_for_two = work.values[BEST], work.values[WHERE], work.values[TEMPORARY + 3]
    weight, product = work.rows[FORWARD, count], work.rows[FORWARD + 1, count]
    square = work.rows[FORWARD + 2, count]
    for lane in range(lanes):
        whole[lane] = square[lane] - product[lane] * product[lane] / weight[lane]
    for lane in range(lanes):
        number[lane] = 0.0
    for k in range(count):
        used = work.rows[USED, k]
        for lane in range(lanes):
            number[lane] += used[lane]
    for lane in range(lanes):
        best[lane] = 0.0 if number[lane] >= 2.0 else np.inf
    for lane in range(lanes):
        enough_for_two[lane] = 1.0 if number[lane] >= 4.0 else 0.0
    for lane in range(lanes):
        where[lane] = -1.0


@kernel
def _chi_square_of_rest(work, first, last, lanes):
    """Find chi^2 of the `first` differences at the begin and the `last` at the end.

    It is NaN where none of them is used.
    """
    trial, weight = work.values[TEMPORARY + 2], work.values[TEMPORARY + 4]
    product = work.values[TEMPORARY + 5]
    ahead, behind = work.rows[FORWARD, first], work.rows[BACKWARD, last]
    for lane in range(lanes):
        weight[lane] = ahead[lane] + behind[lane]
    ahead, behind = work.rows[FORWARD + 1, first], work.rows[BACKWARD + 1, last]
    for lane in range(lanes):
        product[lane] = ahead[lane] + behind[lane]
    ahead, behind = work.rows[FORWARD + 2, first], work.rows[BACKWARD + 2, last]
    for lane in range(lanes):
        square = ahead[lane] + behind[lane]
        trial[lane] = square - product[lane] * product[lane] / weight[lane]


@kernel
def _take_better(trial, best, where, place, lanes):
    for lane in range(lanes):
        where[lane] = place if trial[lane] > best[lane] else where[lane]
    for lane in range(lanes):
        best[lane] = trial[lane] if trial[lane] > best[lane] else best[lane]


@kernel
def _drop(work, rows, count, lanes, rest):
    """Drop what a search found, and gather those ramps in `rest`; return how many there are.

    `rows` are those of the ramps where they came from at first.
    """
    found = 0
    for lane in range(lanes):
        place = int(work.values[WHERE, lane])
        if place < 0:
            continue
        origin = int(work.values[ORIGIN, lane])
        if place < count:
            place = _higher_of_two(work, count, lane, place)
        for k in range(place % count, place % count + 1 + place // count):
            rows[USED, k, origin] = 0.0
            work.rows[USED, k, lane] = 0.0
        # Never to the right of where it was, so that `rest` can be gathered in itself.
        gather(work, rest, lane, found)
        rest.values[ORIGIN, found] = origin
        found += 1
    return found


@kernel
def _higher_of_two(work, count, lane, place):
    """Return the higher of two differences, where no others are used; else `place`.

    Chi squared cannot tell which of two to drop, but hits add charge.
    """
    number, highest = 0, place
    for k in range(count):
        if work.rows[USED, k, lane] > 0.0:
            number += 1
            if work.rows[DIFFERENCE, k, lane] > work.rows[DIFFERENCE, highest, lane]:
                highest = k
    return highest if number == 2 else place


@kernel
def gather(source, target, lane, place):
    """Copy a ramp from one lane of `source` to a place in `target`."""
    for k in range(source.rows.shape[1]):
        target.rows[DIFFERENCE, k, place] = source.rows[DIFFERENCE, k, lane]
        target.rows[USED, k, place] = source.rows[USED, k, lane]
    for name in range(RATE + 1):
        target.values[name, place] = source.values[name, lane]
