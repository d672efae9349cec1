"""The slow part of the noise of a readout, fitted to the pixels that show only background.

Images have their lines, the fast direction of the readout, along the last axis, in the order in
which pixels are read.
"""

import numpy as np

LINE_CUT = 8
"""Periods in a line of a whole detector of the wave that is half kept: one in 256 pixels."""

LINE_ROLL_OFF = 2
"""Width, in waves, over which they fade out."""

DENSITY_SIGMA = 32.0
"""Pixels over which the density of usable pixels is measured."""

ACROSS_SIGMA = 1.5
"""Lines over which the fit is smoothed."""

LINE_REJECTION = 3.0
TIME_REJECTION = 4.0
STIFFNESS = 1e-3
"""Price of amplitudes: lowers them by a thousandth or two, and keeps gaps from being filled with
large waves."""

SAMPLE_TIME_S = 1e-5
LINE_OVERHEAD = 12
"""Samples between two lines of a subarray."""

ENOUGH_PIXELS = 512
ENOUGH_LINES = 32
ENOUGH_FRACTION = 0.05
"""Of the pixels of a run of lines must be usable; at least so many pixels and lines make one."""


def slow_waves(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    r"""Return the slow part of each line of a whole detector.

    Waves with fewer than 9 periods per line are fitted by weighted least squares to the usable
    pixels, those with 7 and less kept, that with 8 by half. A pixel weighs as the inverse square
    of the density of usable pixels around it. Pixels further than 3 deviations from the median of
    their line are left out. The result is smoothed over neighbouring lines, without those that have
    no usable pixel.

    Parameters
    ----------
    image : array
        float32, (line, pixel), DN.
    mask : array
        uint8, (line, pixel): 0 leaves a pixel out.

    Returns
    -------
    array
        float32, (line, pixel).

    Source: B. Rauscher 2024, PASP 136, 015001.
    """
    from webbcal.kernels.arrays import frozen
    from webbcal.kernels.waves import reject_outliers, smooth_across

    kept = reject_outliers(frozen(image), frozen(mask), LINE_REJECTION)
    waves = LINE_CUT + LINE_ROLL_OFF // 2
    pass_band = _pass_band(np.arange(waves), LINE_CUT - 1.0, LINE_CUT + 1.0)
    model = fit_waves(image, _weights(kept), pass_band, STIFFNESS)
    reach = int(4 * ACROSS_SIGMA + 0.5)
    bell = np.exp(-0.5 * (np.arange(reach + 1) / ACROSS_SIGMA) ** 2)
    known = np.broadcast_to(kept.any(axis=1)[:, np.newaxis], (kept.shape[0], 1))
    weight = smooth_across(frozen(known, np.float32), frozen(bell))
    smooth: np.ndarray = smooth_across(frozen(model), frozen(bell))
    return smooth / np.where(weight > 0, weight, np.float32(1))


def fit_waves(
    image: np.ndarray, weights: np.ndarray, pass_band: np.ndarray, stiffness: float
) -> np.ndarray:
    """Return the slow waves along each line, fitted by weighted least squares.

    All sums over the pixels that the fit needs are parts of Fourier transforms, and so is the
    model on the pixels.

    Parameters
    ----------
    image : array
        float32, (line, pixel), DN; finite where the weight is not 0.
    weights : array
        float64, (line, pixel), of the squares; 0 leaves a pixel out.
    pass_band : array
        float64, (wave): what part of wave k is kept.
    stiffness : float
        How much a squared amplitude costs, relative to the mean over all pixels of a line.

    Returns
    -------
    array
        float32, (line, pixel); 0 in lines without a weight.
    """
    from webbcal.kernels.arrays import frozen
    from webbcal.kernels.waves import wave_amplitudes

    pixels, waves = image.shape[1], pass_band.size
    of_weights = np.fft.rfft(weights, axis=1)[:, : 2 * waves - 1]
    weighted = np.zeros_like(weights)
    np.multiply(weights, image, out=weighted, where=weights > 0)
    of_values = np.fft.rfft(weighted, axis=1)[:, :waves]
    amplitudes = wave_amplitudes(
        frozen(of_weights.real),
        frozen(-of_weights.imag),
        frozen(np.hstack([of_values.real, -of_values.imag[:, 1:]])),
        frozen(pass_band),
        stiffness,
    )
    spectrum = 0.5 * pixels * amplitudes[:, :waves].astype(complex)
    spectrum[:, 0] *= 2
    spectrum[:, 1:] -= 0.5j * pixels * amplitudes[:, waves:]
    model = np.fft.irfft(spectrum, pixels, axis=1)
    return model.astype(np.float32)


def _weights(kept: np.ndarray) -> np.ndarray:
    """Return the inverse square of the density of usable pixels, 0 for those that are not."""
    pixels = kept.shape[1]
    distance = np.minimum(np.arange(pixels), pixels - np.arange(pixels))
    bell = np.exp(-0.5 * (distance / DENSITY_SIGMA) ** 2)
    spectrum = np.fft.rfft(kept, axis=1)
    spectrum *= np.fft.rfft(bell / bell.sum())
    weights: np.ndarray = np.fft.irfft(spectrum, pixels)
    np.maximum(weights, 1.0 / pixels, out=weights)
    weights *= weights
    np.divide(kept, weights, out=weights)
    return weights


def waves_in_time(
    image: np.ndarray, mask: np.ndarray, low_pass_hz: tuple[float, float]
) -> np.ndarray:
    """Return the slow part of a subarray as a time series, and what alternates pixel by pixel.

    Runs of lines that overlap by half are fitted one by one, each as one time series of samples
    10 us apart with 12 between two lines, and blended. Kept are frequencies up to the first limit,
    fading out to the second, and those within 43 to 57 Hz of the highest one, 50 kHz.
    Pixels further than 4 deviations from the median of their line are left out, and their
    neighbours.

    Parameters
    ----------
    image : array
        float32, (line, pixel), DN.
    mask : array
        uint8, (line, pixel): 0 leaves a pixel out.
    low_pass_hz : tuple of float
        Frequencies between which waves fade out.

    Returns
    -------
    array
        float32, (line, pixel); 0 where too few pixels are usable.

    Source: B. Rauscher 2024, PASP 136, 015001; JWST User Documentation, 1/f noise correction of
    NIRSpec subarrays.
    """
    from webbcal.kernels.arrays import frozen
    from webbcal.kernels.waves import fit_in_time, reject_outliers, widened

    kept = reject_outliers(frozen(image), frozen(mask), TIME_REJECTION)
    rejected = frozen((mask != 0) & (kept == 0), np.uint8)
    kept = np.where(widened(rejected) != 0, np.uint8(0), kept)
    lines, pixels = image.shape
    total, weight = np.zeros(image.shape), np.zeros((lines, 1))
    length = _run_length(kept)
    for first in range(0, max(lines - length // 2, 1), length // 2):
        run = slice(first, min(first + length, lines))
        usable = kept[run]
        if usable.mean() < ENOUGH_FRACTION:
            continue
        samples = usable.shape[0] * (pixels + LINE_OVERHEAD)
        samples += -samples % 4  # the sine is the cosine a quarter of the series later
        table = np.cos(2 * np.pi / samples * np.arange(samples))
        model = fit_in_time(
            frozen(image[run]),
            frozen(usable),
            frozen(table),
            pixels + LINE_OVERHEAD,
            frozen(_waves(samples, low_pass_hz)),
            STIFFNESS,
        )
        place = np.arange(usable.shape[0]) + 0.5
        blend = np.minimum(place, usable.shape[0] - place)[:, np.newaxis]
        total[run] += blend * model
        weight[run] += blend
    return (total / np.where(weight > 0, weight, 1)).astype(np.float32)


def _run_length(kept: np.ndarray) -> int:
    """Return how many lines make a run with enough usable pixels, an even number."""
    lines = kept.shape[0]
    per_line = max(kept.sum(dtype=np.int64) / lines, 1e-9)
    wanted = max(ENOUGH_LINES, int(np.ceil(ENOUGH_PIXELS / per_line)))
    return int(max(min(wanted + wanted % 2, lines), 2))


def _waves(samples: int, low_pass_hz: tuple[float, float]) -> np.ndarray:
    """Return the wave numbers in a series of samples and what part of each is kept."""
    number = np.arange(samples // 2 + 1)
    frequency = number / (samples * SAMPLE_TIME_S)
    highest = 0.5 / SAMPLE_TIME_S
    kept = _pass_band(frequency, *low_pass_hz)
    kept = np.maximum(kept, 1 - _pass_band(frequency, highest - 57.0, highest - 43.0))
    chosen = kept > 0
    return np.stack([number[chosen], kept[chosen]], axis=1).astype(np.float64)


def _pass_band(frequency: np.ndarray, low: float, high: float) -> np.ndarray:
    """Return 1 up to `low`, 0 from `high`, and half a period of a cosine between."""
    phase = np.clip((frequency - low) / (high - low), 0, 1)
    return np.asarray(0.5 * (1 + np.cos(np.pi * phase)))
