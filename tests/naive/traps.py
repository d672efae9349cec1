"""Charge traps of one pixel, followed in many small steps of time."""

import math

import numpy as np


def captured(fractions, moments, families, steps=4000):
    """Return what each family captures while the part of the full well follows `fractions`.

    The integral over d(f^2), with f linear between `moments`, is summed in small steps, each
    taken at its middle.
    """
    end = moments[-1]
    result = []
    for slow, instant, delay in families:
        total = 0.0
        for k in range(len(moments) - 1):
            span = moments[k + 1] - moments[k]
            for n in range(steps):
                low, high = n / steps, (n + 1) / steps
                f_low = fractions[k] + (fractions[k + 1] - fractions[k]) * low
                f_high = fractions[k] + (fractions[k + 1] - fractions[k]) * high
                middle = moments[k] + span * (low + high) / 2
                part = slow * (1 - math.exp(-(end - middle) / delay)) + instant
                total += part * (f_high**2 - f_low**2)
        result.append(total)
    return np.array(result)


def fractions(ramp, flags, full, times):
    """Return moments and the part of the full well at each: 0, usable groups, the end."""
    moments, parts = [0.0], [0.0]
    for value, flag, time in zip(ramp, flags, times[1:-1], strict=True):
        if flag & 2:
            now = parts[-1] * time / moments[-1] if moments[-1] > 0 else 1.0
        elif flag & 1 or math.isnan(value):
            continue
        else:
            now = value / full
        moments.append(time)
        parts.append(max(parts[-1], min(now, 1.0)))
    last = parts[-1] * times[-1] / moments[-1] if moments[-1] > 0 else parts[-1]
    return [*moments, times[-1]], [*parts, max(parts[-1], min(last, 1.0))]


def follow(ramps, flags, full, density, families, clock, held):
    """Return persistence (i, g) and the charge held at the end (k) of one pixel."""
    times, _, gaps, released, passing = clock
    held = np.array(held, float)
    persistence = np.zeros(ramps.shape)
    for i, (ramp, flag) in enumerate(zip(ramps, flags, strict=True)):
        held = held * gaps[i]
        persistence[i] = held @ released
        left = held * passing
        caught = np.zeros(len(families))
        if density > 0 and full > 0:
            moments, parts = fractions(ramp, flag, full, times)
            caught = density * captured(parts, moments, families)
        room = density * (families[:, 0] + families[:, 1])
        empty = np.clip(1 - left / np.where(room > 0, room, np.inf), 0, None) * (room > 0)
        held = left + caught * empty
    return persistence, held
