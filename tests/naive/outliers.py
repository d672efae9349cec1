"""Slow, obvious forms of the kernels of outlier detection."""

import warnings

import numpy as np


def median_of_groups(planes, lowest_of_two):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of pixels without any value
        median = np.nanmedian(planes.astype(np.float64), axis=0)
        lowest = np.nanmin(planes, axis=0)
    two = np.isfinite(planes).sum(axis=0) == 2
    return np.where(two & lowest_of_two, lowest, median).astype(np.float32)


def find_outliers(sci, err, reference, offset, snr, scale, curvature=0.0):
    sci, reference = sci.astype(float), reference.astype(float)
    rows, columns = sci.shape
    derivative, loss = np.zeros_like(sci), np.zeros_like(sci)
    strict, loose = np.zeros(sci.shape, bool), np.zeros(sci.shape, bool)
    for y in range(rows):
        for x in range(columns):
            for q, p in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
                if 0 <= q < rows and 0 <= p < columns:
                    step = reference[q, p] - reference[y, x]
                    if np.isfinite(step):
                        derivative[y, x] = max(derivative[y, x], abs(step))
                        loss[y, x] -= curvature * step
            ends = reference[y, x] + offset, reference[y, x] + offset + loss[y, x]
            d = max(sci[y, x] - max(ends), min(ends) - sci[y, x])
            s = 0.0 if np.isnan(err[y, x]) else float(err[y, x])
            strict[y, x] = d > scale[0] * derivative[y, x] + snr[0] * s
            loose[y, x] = d > scale[1] * derivative[y, x] + snr[1] * s
    found = np.zeros(sci.shape, np.uint8)
    for y in range(rows):
        for x in range(columns):
            around = strict[max(y - 1, 0) : y + 2, max(x - 1, 0) : x + 2]
            found[y, x] = loose[y, x] and around.any()
    return found
