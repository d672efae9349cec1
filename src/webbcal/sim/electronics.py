"""Noise of the readout electronics that is common to many pixels."""

from dataclasses import dataclass, field

import numpy as np

from webbcal.sim.readout import Readout
from webbcal.sim.seeds import generator
from webbcal.sim.settings import ImageSimulation

OFFSET_DN = 12.0  # of an amplifier, from integration to integration
OFFSET_STEP_DN = 0.4  # from frame to frame
ODD_EVEN_DN = 4.0
ODD_EVEN_STEP_DN = 0.1
COMMON_PINK_DN = 1.2  # rms of the 1/f noise that all amplifiers share
SEPARATE_PINK_DN = 0.6  # rms of that of each amplifier


@dataclass
class Electronics:
    """Offsets and 1/f noise of the frames of one integration, in the order of the frames."""

    options: ImageSimulation
    readout: Readout
    rng: np.random.Generator
    offsets: np.ndarray = field(init=False)
    odd_even: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        outputs = self.readout.outputs
        self.offsets = self.rng.normal(0, OFFSET_DN, outputs) * self.options.amplifier_offsets
        self.odd_even = self.rng.normal(0, ODD_EVEN_DN, outputs) * self.options.odd_even_columns

    @classmethod
    def start(
        cls, options: ImageSimulation, readout: Readout, seed: int, exposure: int, integration: int
    ) -> "Electronics":
        """Begin an integration."""
        return cls(options, readout, generator(seed, "electronics", exposure, integration))

    def next_frame(self, frames: float = 1.0) -> np.ndarray:
        """Return what the electronics add to a frame, `frames` after the last one.

        Returns
        -------
        numpy.ndarray
            float32, DN, broadcastable to (y, x).
        """
        options, rng = self.options, self.rng
        outputs = self.readout.outputs
        step = np.sqrt(frames)
        self.offsets += rng.normal(0, OFFSET_STEP_DN * step, outputs) * options.amplifier_offsets
        self.odd_even += rng.normal(0, ODD_EVEN_STEP_DN * step, outputs) * options.odd_even_columns
        pattern = self._offsets()
        if options.one_over_f:
            pattern = np.float32(options.one_over_f_level) * self._pink_frame() + pattern
        return self.readout.from_scan(pattern)

    def _offsets(self) -> np.ndarray:
        """Return the offsets of the amplifiers, broadcastable to (slow, fast)."""
        readout = self.readout
        rows = readout.instrument.alternating == "rows"
        shape = (readout.scan_shape[0] if rows else 1, readout.scan_shape[1])
        frame = np.zeros(shape, np.float32)
        odd = readout.odd_rows()[:, None] if rows else readout.odd_columns()[None, :]
        half = np.broadcast_to(np.where(odd, 0.5, -0.5), shape)
        for amplifier, part in enumerate(readout.amplifiers()):
            frame[:, part] = self.offsets[amplifier] + self.odd_even[amplifier] * half[:, part]
        return frame

    def _pink_frame(self) -> np.ndarray:
        """Return 1/f noise, (slow, fast)."""
        readout = self.readout
        rows, columns = readout.scan_shape
        outputs = readout.outputs
        width = columns // outputs
        row_clocks = max(readout.row_clocks, width)
        common = pink_noise(rows * row_clocks, self.rng) * np.float32(COMMON_PINK_DN)
        frame = np.empty((rows, columns), np.float32)
        for part in readout.amplifiers():
            timeline: np.ndarray = common
            if outputs > 1:
                separate = pink_noise(rows * row_clocks, self.rng)
                timeline = common + np.float32(SEPARATE_PINK_DN) * separate
            frame[:, part] = in_science_order(
                timeline.reshape(rows, row_clocks)[:, :width],
                readout.detector.fast_axis,
                readout.detector.slow_axis,
            )
        return frame


def in_science_order(timeline: np.ndarray, fast_axis: int, slow_axis: int) -> np.ndarray:
    """Turn samples in readout order (row by row along the fast axis) into science orientation."""
    if fast_axis < 0:
        timeline = timeline[:, ::-1]
    return timeline[::-1] if slow_axis < 0 else timeline


def pink_noise(samples: int, rng: np.random.Generator) -> np.ndarray:
    """Return a time series whose power density falls as 1/f, mean zero and unit variance.

    Returns
    -------
    numpy.ndarray
        float32 (time,).

    Source: [timmer1995], power-law noise by random Fourier amplitudes.
    """
    from scipy import fft

    length = fft.next_fast_len(samples, real=True)
    count = length // 2 + 1
    frequency = np.arange(count, dtype=np.float32)
    frequency[0] = np.inf
    amplitude = 1 / np.sqrt(frequency)
    spectrum = np.empty(count, np.complex64)
    spectrum.real = rng.standard_normal(count, dtype=np.float32)
    spectrum.imag = rng.standard_normal(count, dtype=np.float32)
    spectrum *= amplitude
    # Power of a real series: twice the sum of the one-sided mean square amplitudes.
    power = 2 * 2 * float(np.sum(amplitude.astype(np.float64) ** 2)) / length**2
    series: np.ndarray = fft.irfft(spectrum, length, overwrite_x=True)
    return series[:samples] / np.float32(np.sqrt(power))


def pink_shares(samples: int) -> tuple[np.ndarray, int]:
    """Return how the variance of `pink_noise` is shared out.

    Returns
    -------
    numpy.ndarray
        float64: share of each frequency, from 0 to half of the length; their sum is 1.
    int
        Length of the period, which holds at least `samples`.
    """
    from scipy import fft

    length = fft.next_fast_len(samples, real=True)
    share = np.zeros(length // 2 + 1)
    share[1:] = 1 / np.arange(1, share.size)
    return share / share.sum(), length


def fast_variance(options: ImageSimulation, readout: Readout) -> float:
    """Return the variance of the 1/f noise of a pixel about the mean of its line, DN^2.

    Lines cannot tell it: to whoever measures single pixels it is part of their read noise.
    """
    if not options.one_over_f:
        return 0.0
    rows, columns = readout.scan_shape
    width = columns // readout.outputs
    share, length = pink_shares(rows * max(readout.row_clocks, width))
    kept = np.abs(box_response(0, width, length)) ** 2
    variance = COMMON_PINK_DN**2 + (SEPARATE_PINK_DN**2 if readout.outputs > 1 else 0.0)
    return float(options.one_over_f_level**2 * variance * (1 - np.sum(share * kept)))


def box_response(first: int, count: int, length: int) -> np.ndarray:
    """Return the Fourier transform, at frequencies of a period, of the mean of some samples."""
    phase = np.exp(2j * np.pi * np.arange(length // 2 + 1) / length)
    with np.errstate(invalid="ignore"):
        response = phase**first * (1 - phase**count) / (count * (1 - phase))
    response[0] = 1
    return np.asarray(response)
