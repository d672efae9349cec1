"""Filters that predict the noise of lines from the reference columns at the sides (SIRS)."""

from collections.abc import Callable, Mapping
from functools import cache, partial

import numpy as np

from webbcal.sim.effects._effect import Effect
from webbcal.sim.electronics import COMMON_PINK_DN, SEPARATE_PINK_DN, box_response, pink_shares
from webbcal.sim.readout import Readout
from webbcal.sim.settings import ImageSimulation
from webbcal.spec.references import Reference, SirsKernel

SIDE = 4
"""Reference columns at either side."""

REACH = 30
"""Lines before and after that a filter uses."""

ROUNDING_VARIANCE = 1 / 12  # of a read rounded to whole DN


class SideFilters(Effect):
    """Adds a reference for the noise that the electronics have; the exposures stay as they are."""

    @classmethod
    def wanted(cls, options: ImageSimulation, readout: Readout) -> bool:
        """In full frames of near-infrared detectors with four amplifiers and 1/f noise."""
        return (
            options.one_over_f
            and options.one_over_f_level > 0
            and readout.window.full_frame
            and "sirskernel" in readout.instrument.keys
            and readout.pattern.reference_reads is None
            and not options.is_guiding
        )

    def references(self, made: Mapping[str, Reference]) -> dict[str, Reference]:
        """Return the filters of the detector."""
        from webbcal.sim.references import reference_meta  # which imports the effects

        border = self.pixels.read_noise[self.pixels.reference]
        white = float(np.median(border)) ** 2 + ROUNDING_VARIANCE
        gamma, zeta = side_filters(self.readout, self.options.one_over_f_level, white)
        return {
            "sirskernel": SirsKernel(
                meta=reference_meta(SirsKernel, self.options, self.readout),
                detectors={self.options.detector.lower(): {"gamma": gamma, "zeta": zeta}},
            )
        }


def side_filters(readout: Readout, level: float, white: float) -> tuple[np.ndarray, np.ndarray]:
    r"""Return the filters of the left and the right side.

    With the lines l, m of the means of the side columns and t of what an amplifier's lines have
    on average, the filters a, b with the smallest square error of
    :math:`\hat t_r = \sum_k a_k l_{r-k} + b_k m_{r-k}` solve the normal equations, in which stand
    the covariances of l, m and t. These follow from the spectrum of the noise, of which one part
    is common to all amplifiers and one to each alone; l and m belong to the first and the last
    amplifier, and have the white noise of their pixels besides.

    Parameters
    ----------
    readout : Readout
        A full frame.
    level : float
        Of the 1/f noise.
    white : float
        Variance of the white noise of a reference pixel, DN^2.

    Returns
    -------
    gamma, zeta : numpy.ndarray
        complex64, axes (amplifier, frequency): transforms of a real series of twice as many
        values as there are lines, one per line.

    Source: Rauscher et al. 2022, JATIS 8, 028002.
    """
    rows, columns = readout.scan_shape
    width = columns // readout.outputs
    seen = Lines(rows, width, max(readout.row_clocks, width))
    lag = np.arange(-REACH, REACH + 1)
    between = lag[:, None] - lag[None, :]
    left, right, mean = (0, SIDE), (width - SIDE, SIDE), (0, width)
    common, own = (level * COMMON_PINK_DN) ** 2, (level * SEPARATE_PINK_DN) ** 2
    noise = np.eye(lag.size) * white / SIDE
    same = (common + own) * seen.covariance(left, left)(between) + noise  # on either side
    cross = common * seen.covariance(left, right)(between)
    normal = np.block([[same, cross], [cross.T, same]])
    with_mean = [seen.covariance(side, mean)(lag) for side in (left, right)]
    last = readout.outputs - 1
    spectra = np.zeros((2, readout.outputs, rows + 1), np.complex64)
    for amplifier in range(readout.outputs):
        wanted = [
            (common + own * (amplifier == place)) * covariance
            for covariance, place in zip(with_mean, (0, last), strict=True)
        ]
        taps = np.linalg.solve(normal, np.concatenate(wanted)).reshape(2, lag.size)
        series = np.zeros((2, 2 * rows))
        series[:, lag] = taps
        spectra[:, amplifier] = np.fft.rfft(series, axis=1)
    return spectra[0], spectra[1]


class Lines:
    """Means over parts of the lines of a frame, of 1/f noise of unit variance.

    Parameters
    ----------
    rows, width : int
        Lines, and pixels of each that an amplifier reads.
    clocks : int
        Samples from one line to the next.
    """

    def __init__(self, rows: int, width: int, clocks: int) -> None:
        self.clocks = clocks
        self.share, self.length = pink_shares(rows * clocks)
        self._response = cache(partial(box_response, length=self.length))

    def covariance(
        self, one: tuple[int, int], other: tuple[int, int]
    ) -> Callable[[np.ndarray], np.ndarray]:
        """Return the covariance of two means (first sample, count), by how many lines later."""
        first, second = self._response(*one), self._response(*other)
        series = np.fft.irfft(self.share * first.conj() * second, self.length) * self.length / 2

        def at(lines: np.ndarray) -> np.ndarray:
            return np.asarray(series[lines * self.clocks % self.length])

        return at
