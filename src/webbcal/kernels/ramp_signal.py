"""The count rate that fixes the photon noise of a ramp: mean or median difference of its groups.

The arguments are those of `webbcal.kernels.ramp`.
"""

import numpy as np

from webbcal.kernels._jit import kernel
from webbcal.kernels.group_flags import BAD, DO_NOT_USE, ENDING, JUMP
from webbcal.kernels.sorting import sort_columns

NO_DIFFERENCE = BAD | JUMP


@kernel
def typical_rates(ramps, detector, plan, span, work, odd, signal):
    """Set `signal` to the rate that fixes the photon noise, DN/s, dark current included.

    It is the mean difference of groups for exact variances and the median one for prescribed
    ones, its mean over the integrations that have a usable difference, or else what the first
    good groups suggest; at least zero. Pixels with a value that is not finite become odd.
    """
    total, integrations = work.lanes[0], work.lanes[1]
    for lane in range(span[1] - span[0]):
        total[lane] = 0.0
        integrations[lane] = 0.0
    for i in range(ramps.sci.shape[0]):
        if plan.exact:
            _add_means(ramps, plan, i, span, work, odd)
        else:
            _add_medians(ramps, plan, i, span, work, odd)
    _mean_signal(ramps, detector, plan, span, total, integrations, odd, signal)


@kernel
def _add_means(ramps, plan, i, span, work, odd):
    """Add the mean of the usable differences of one integration."""
    start, stop = span
    lanes = stop - start
    total, integrations, sums, numbers = work.lanes[0], work.lanes[1], work.lanes[2], work.lanes[3]
    for lane in range(lanes):
        sums[lane] = 0.0
        numbers[lane] = 0.0
    for k in range(ramps.sci.shape[1] - 1):
        flags0, flags1 = ramps.groupdq[i, k, start:stop], ramps.groupdq[i, k + 1, start:stop]
        values0, values1 = ramps.sci[i, k, start:stop], ramps.sci[i, k + 1, start:stop]
        for lane in range(lanes):
            d = values1[lane] - values0[lane]
            bad = (flags1[lane] & NO_DIFFERENCE) | (flags0[lane] & BAD)
            fine = (bad == 0) & (abs(d) < np.inf)
            sums[lane] += np.float64(d) if fine else 0.0
            numbers[lane] += 1.0 if fine else 0.0
    expected = plan.counts[i] - 1.0
    for lane in range(lanes):
        odd[lane] |= np.uint8(1) if numbers[lane] < expected else np.uint8(0)
    for lane in range(lanes):
        if odd[lane] and numbers[lane] == 1.0 and plan.suppress:
            good = _good_groups(ramps.sci[i], ramps.groupdq[i], start + lane)
            numbers[lane] = 0.0 if good == 1 else 1.0
    for lane in range(lanes):
        some = numbers[lane] > 0.0
        total[lane] += sums[lane] / numbers[lane] if some else 0.0
        integrations[lane] += 1.0 if some else 0.0


@kernel
def _add_medians(ramps, plan, i, span, work, odd):
    """Add the median of the usable differences of one integration."""
    lanes = span[1] - span[0]
    rows, total, integrations = work.values, work.lanes[0], work.lanes[1]
    _sort_differences(ramps, i, span, rows)
    n = plan.counts[i] - 1
    if n > 0:
        low, high, top = rows[(n - 1) // 2], rows[n // 2], rows[n - 1]
        for lane in range(lanes):
            odd[lane] |= np.uint8(0) if top[lane] < np.inf else np.uint8(1)
        for lane in range(lanes):
            middle = 0.5 * (np.float64(low[lane]) + np.float64(high[lane]))
            total[lane] += middle if odd[lane] == 0 else 0.0
        for lane in range(lanes):
            integrations[lane] += 1.0 if odd[lane] == 0 else 0.0
    _add_odd_medians(ramps, plan, i, span, rows, odd, total, integrations)


@kernel
def _sort_differences(ramps, i, span, rows):
    """Sort the differences of groups of one integration; infinity for those of no use."""
    start, stop = span
    ngroups = ramps.sci.shape[1]
    for k in range(ngroups - 1):
        row = rows[k]
        flags0, flags1 = ramps.groupdq[i, k, start:stop], ramps.groupdq[i, k + 1, start:stop]
        values0, values1 = ramps.sci[i, k, start:stop], ramps.sci[i, k + 1, start:stop]
        for lane in range(stop - start):
            d = values1[lane] - values0[lane]
            bad = (flags1[lane] & NO_DIFFERENCE) | (flags0[lane] & BAD)
            row[lane] = d if (bad == 0) & (abs(d) < np.inf) else np.float32(np.inf)
    sort_columns(rows, ngroups - 1)


@kernel
def _add_odd_medians(ramps, plan, i, span, rows, odd, total, integrations):
    """Add the medians of ramps with flags, from their sorted differences."""
    start, stop = span
    sci, groupdq = ramps.sci[i], ramps.groupdq[i]
    ngroups = sci.shape[0]
    for lane in range(stop - start):
        if not odd[lane]:
            continue
        n = ngroups - 1
        while n > 0 and not rows[n - 1, lane] < np.inf:
            n -= 1
        if n == 1 and plan.suppress and _good_groups(sci, groupdq, start + lane) == 1:
            n = 0
        if n > 0:
            low, high = rows[(n - 1) // 2, lane], rows[n // 2, lane]
            total[lane] += 0.5 * (np.float64(low) + np.float64(high))
            integrations[lane] += 1.0


@kernel
def _good_groups(sci, groupdq, pixel):
    """Return how many groups of one ramp can be fitted."""
    good = 0
    first = first_good(sci, groupdq, pixel)
    for k in range(first, sci.shape[0]):
        if k == first or _is_good(sci[k, pixel], groupdq[k, pixel]):
            good += 1
    return good


@kernel
def first_good(sci, groupdq, pixel):
    """Return the first group of a ramp that can be fitted, the number of groups if none can.

    A jump into the first group that can be used counts for nothing.
    """
    leading = False
    for k in range(sci.shape[0]):
        value, flags = sci[k, pixel], groupdq[k, pixel]
        if leading and (flags & ENDING) == JUMP:
            flags ^= JUMP
        if _is_good(value, flags):
            return k
        unusable = (flags & DO_NOT_USE) != 0 or not abs(value) < np.inf
        leading = (leading or k == 0) and unusable
    return sci.shape[0]


@kernel
def _mean_signal(ramps, detector, plan, span, total, integrations, odd, signal):
    """Turn sums of differences per group into the rate that fixes the photon noise."""
    start, stop = span
    gain = detector.gain[start:stop]
    for lane in range(stop - start):
        signal[lane] = total[lane] / integrations[lane] * plan.per_second
    for lane in range(stop - start):
        if odd[lane] and integrations[lane] == 0.0:
            signal[lane] = _first_rate(ramps, start + lane, plan)
    for lane in range(stop - start):
        signal[lane] = signal[lane] if signal[lane] > 0.0 else 0.0
    if detector.dark.size:
        dark = detector.dark[start:stop]
        for lane in range(stop - start):
            signal[lane] += max(dark[lane], np.float32(0.0)) / gain[lane]


@kernel
def _is_good(value, flags):
    """Tell whether a group can be fitted."""
    return (flags & ENDING) == 0 and abs(value) < np.inf


@kernel
def _first_rate(ramps, pixel, plan):
    """Return the rate, DN/s, that the first good groups of the integrations suggest.

    In an integration without any, it is the zero frame, where that can be used.
    """
    nints, ngroups, _ = ramps.sci.shape
    total, count = 0.0, 0
    for i in range(nints):
        k = first_good(ramps.sci[i], ramps.groupdq[i], pixel)
        if k < ngroups:
            total += ramps.sci[i, k, pixel] / (plan.delay + k) * plan.per_second
            count += 1
        elif plan.zero_delay > 0.0 and is_usable(ramps.zeroframe[i, pixel]):
            total += ramps.zeroframe[i, pixel] / plan.zero_delay * plan.per_second
            count += 1
    return total / count if count else 0.0


@kernel
def is_usable(zeroframe):
    """Tell whether a zero frame holds a signal; 0 says that it does not."""
    return zeroframe != 0.0 and abs(zeroframe) < np.inf
