"""Weights of the groups of a ramp."""

import numpy as np

from webbcal.kernels._jit import kernel

CLASSES = 6


@kernel
def _power(index):
    """Return the exponent of the weights of one class of signal-to-noise."""
    if index == 0:
        return 0.0
    if index == 1:
        return 0.4
    if index == 2:
        return 1.0
    if index == 3:
        return 3.0
    if index == 4:
        return 6.0
    return 10.0


@kernel
def weights_of_ramps(ngroups):
    """Return c, axes (number of groups, class, group), of the fit.

    The weights |(i - m) / m|^P are symmetric about the middle m of the ramp. The slope, per
    group, of n values y is therefore the sum over i < m of c_i (y_(n-1-i) - y_i).
    """
    table = np.zeros((ngroups + 1, CLASSES, ngroups))
    for n in range(2, ngroups + 1):
        middle = 0.5 * (n - 1)
        for index in range(CLASSES):
            power = _power(index)
            total = 0.0
            for i in range(n // 2):
                w = ((middle - i) / middle) ** power
                table[n, index, i] = w * (middle - i)
                total += 2.0 * w * (middle - i) ** 2
            for i in range(n // 2):
                table[n, index, i] /= total
    return table


@kernel
def class_of(electrons, noise2):
    """Return the class of signal-to-noise S = e / sqrt(noise^2 + e): limits 5, 10, 20, 50, 100.

    It is a float, and made without branches, for the sake of vector instructions.
    """
    total = noise2 + electrons
    square = electrons * electrons
    index = 1.0 if square >= 25.0 * total else 0.0
    index += 1.0 if square >= 100.0 * total else 0.0
    index += 1.0 if square >= 400.0 * total else 0.0
    index += 1.0 if square >= 2500.0 * total else 0.0
    index += 1.0 if square >= 10000.0 * total else 0.0
    return index if electrons > 0.0 else 0.0
