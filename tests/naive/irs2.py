"""Noise of detector outputs with interleaved reference pixels, obvious versions."""

import numpy as np


def fill_missing(series, weights):
    """Return the time series (p, s) with NaN replaced by weighted means of its neighbours."""
    samples, lines = series.shape
    values = np.asarray(series, float).T.ravel()
    half = len(weights) // 2
    filled = values.copy()
    for t in np.flatnonzero(np.isnan(values)):
        near = values[(t + np.arange(-half, half + 1)) % values.size]
        known = ~np.isnan(near)
        filled[t] = np.average(near[known], weights=weights[known]) if known.any() else 0
    return filled.reshape(lines, samples).T


def straight_line(values, samples, lines, span):
    """Return offset at the middle and slope per frame of a fit to values (p', s')."""
    time = (samples[:, None] + span[0] * lines[None, :]) / (span[0] * span[1]) - 0.5
    known = ~np.isnan(values)
    slope, offset = np.polyfit(time[known], np.asarray(values, float)[known], 1)
    return offset, slope


def prediction(output, pixels, alpha, beta, low_pass, stand_ins, replaced):
    """Return what two filters (n complex) make of the time series of one frame.

    `output` (t) is the filled reference output, of which the samples `replaced` (bool) are
    interpolated three times by `low_pass` (n); `pixels` (t) holds reads of reference pixels, of
    which `stand_ins` (pairs of sample and sample it is copied from) remain.
    """
    smooth = output.copy()
    for _ in range(3):
        slow = np.fft.ifft(np.fft.fft(smooth) * low_pass).real
        smooth = np.where(replaced, slow, output)
    copied = np.zeros_like(pixels)
    for target, source in stand_ins:
        copied[target] = pixels[source]
    return np.fft.ifft(alpha * np.fft.fft(smooth) + beta * np.fft.fft(copied)).real
