"""Weights of the groups of a ramp."""

import numpy as np

from webbcal.kernels._jit import kernel

CLASSES = 6


@kernel
def power_of(index):
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
            power = power_of(index)
            total = 0.0
            for i in range(n // 2):
                w = ((middle - i) / middle) ** power
                table[n, index, i] = w * (middle - i)
                total += 2.0 * w * (middle - i) ** 2
            for i in range(n // 2):
                table[n, index, i] /= total
    return table


@kernel
def variances_of_weights(weights, smear, exact):
    """Return the variance of a slope per unit of photon and of read noise.

    Axes (photons or reads, number of groups, class). Photons: in the variance of a difference
    that collects light for one group spacing; reads: in 12 times that of one group.

    Exact, they are the sums over c_i c_j min(i, j), less `smear` times that over c_i^2 since
    the frames of a group share some of their photons, and over c_i^2 / 12. As prescribed, they
    are 1 / (n - 1) and 1 / (n^3 - n): last minus first group, and equal weights.
    """
    table = np.zeros((2, weights.shape[0], CLASSES))
    for n in range(2, weights.shape[0]):
        for index in range(CLASSES):
            table[0, n, index] = 1.0 / (n - 1.0)
            table[1, n, index] = 1.0 / (1.0 * n * n * n - n)
            if not exact:
                continue
            squares, photons, rest = weights[n, index, 0] ** 2, 0.0, 0.0
            for i in range(n - 1, 0, -1):
                c = 0.0
                if 2 * i > n - 1:
                    c = weights[n, index, n - 1 - i]
                elif 2 * i < n - 1:
                    c = -weights[n, index, i]
                rest += c
                photons += rest * rest
                squares += c * c
            table[0, n, index] = photons - smear * squares
            table[1, n, index] = squares / 12.0
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
