r"""Prediction of the noise of an amplifier from reference pixels and the reference output.

All series of one frame have the same length N = P L, with P samples in each of L lines. Their
Fourier transforms are taken in two stages, along the lines and then across: with sample p of
line s at time ``p + P s``, frequency ``f + L j`` is

.. math:: \hat x_{f + L j} = \sum_p e^{-2 \pi i p j / P} \; e^{-2 \pi i p f / N}
          \sum_s x_{ps} e^{-2 \pi i s f / L}

so that rows p known to be zero cost nothing. Series are real; only f up to L / 2 is kept.
"""

import itertools
from dataclasses import dataclass
from typing import Self

import numpy as np

from webbcal.core.errors import InvalidReference
from webbcal.geometry.irs2 import (
    BLOCKS,
    OFFSETS,
    OUTPUTS,
    REFERENCE,
    SAMPLES,
    is_reference_position,
    reference_positions,
    sample_of_position,
)
from webbcal.geometry.readout import DETECTOR_SIZE
from webbcal.spec.references import ReferencePixelFilters

LINES = DETECTOR_SIZE
LENGTH = SAMPLES * LINES
FREQUENCIES = LINES // 2 + 1

TAPS = np.cos(np.pi * np.arange(-15, 16) / 32)
"""Weights, by distance in samples, of the neighbours of a missing sample."""

TAPER = 110000 // (SAMPLES // BLOCKS)
PASS = BLOCKS * LINES // 2 - TAPER // 2
"""Frequencies up to PASS are kept by the low-pass filter, those above PASS + TAPER dropped: half
the rate at which reference pixels are visited lies in the middle."""

PART = 89
"""Frequencies j of the filters that are read at a time."""

ROUNDS = 3
"""How often interpolation by the low-pass filter is repeated."""

STAND_INS = np.array([0, 2, 0, 2, 1, 3, 1, 3])
"""Reference pixel of a visit that stands at each of the eight samples around it: one before, the
six of the visit with what it takes to get there and back, and one after."""


@dataclass(frozen=True)
class NoiseFilter:
    """The filters of one detector, ready for use on its frames.

    Parameters
    ----------
    reference_output, reference_pixels : array
        Complex filter of the reference output and of the interleaved reference pixels for each
        amplifier, complex64, axes (amplifier, j, f).
    low_pass : array
        float32, (j, f).
    shift : array
        Phase between samples, complex64, (p, f).
    """

    reference_output: np.ndarray
    reference_pixels: np.ndarray
    low_pass: np.ndarray
    shift: np.ndarray

    @classmethod
    def of(cls, reference: ReferencePixelFilters) -> Self:
        """Prepare the filters of a reference file.

        Raises
        ------
        InvalidReference
            If they are of another length.
        """
        (rows,) = reference.shape_of("filters")
        if rows != 2 * LENGTH:
            raise InvalidReference(
                "refpix reference with filters of another length",
                expected=f"{2 * LENGTH} rows",
                found=rows,
            )
        prepared = _real_filters(reference)
        phase = np.outer(np.arange(SAMPLES), np.arange(FREQUENCIES)) * (-2j * np.pi / LENGTH)
        frequency = np.arange(FREQUENCIES) + LINES * np.arange(SAMPLES)[:, np.newaxis]
        frequency = np.minimum(frequency, LENGTH - frequency)
        return cls(
            prepared["alpha"],
            prepared["beta"],
            _tapered(frequency) + _tapered(LENGTH // 2 - 1 - frequency),
            np.exp(phase).astype(np.complex64),
        )

    def reference_spectrum(self, series: np.ndarray) -> np.ndarray:
        """Return the spectrum of the reference output, complex64, (j, f).

        Parameters
        ----------
        series : array
            float32, (p, s). Missing values, NaN, are filled by a mean of their neighbours; those
            at the visits to reference pixels and the ends of lines are then interpolated by a
            low-pass filter, which keeps the difference between odd and even samples.
        """
        from scipy import fft

        from webbcal.kernels.arrays import frozen
        from webbcal.kernels.irs2 import fill_missing

        filled = np.empty_like(series)
        fill_missing(frozen(series), frozen(TAPS), filled)
        lines = fft.rfft(filled, axis=1)
        del filled
        lines *= self.shift
        replaced = _between_pixels()
        for _ in range(ROUNDS):
            spectrum = fft.fft(lines, axis=0)
            spectrum *= self.low_pass
            lines[replaced] = fft.ifft(spectrum, axis=0, overwrite_x=True)[replaced]
        return np.asarray(fft.fft(lines, axis=0, overwrite_x=True))

    def prediction(
        self, amplifier: int, pixels: np.ndarray, spectrum: np.ndarray, samples: np.ndarray
    ) -> np.ndarray:
        """Return what the reference pixels tell of the noise of an amplifier.

        Parameters
        ----------
        amplifier : int
            From 0.
        pixels : array
            Its interleaved reference pixels, float32, (block and pixel, s).
        spectrum : array
            That of the reference output, see `reference_spectrum`.
        samples : array of int
            Samples p for which it is wanted.

        Returns
        -------
        array
            float32, (samples, s), DN.
        """
        from scipy import fft

        from webbcal.kernels.irs2 import weighted_sum

        lines = fft.rfft(pixels, axis=1)
        places, sources = _stand_ins()
        own = np.zeros((SAMPLES, FREQUENCIES), np.complex64)
        own[places] = lines[sources] * self.shift[places]
        own = fft.fft(own, axis=0, overwrite_x=True)
        weights = self.reference_pixels[amplifier], self.reference_output[amplifier]
        weighted_sum(own, weights[0], spectrum, weights[1], own)
        wanted = fft.ifft(own, axis=0, overwrite_x=True)[samples]
        wanted *= self.shift[samples].conj()
        return np.asarray(fft.irfft(wanted, n=LINES, axis=1, overwrite_x=True))


def _real_filters(reference: ReferencePixelFilters) -> dict[str, np.ndarray]:
    """Return filters that leave a real series real, by kind, complex64, (amplifier, j, f).

    The table, much larger than the result, is read part by part. Frequency k = f + L j and its
    mirror image N - k, of which one is kept, get the mean of one and the conjugate of the other.
    """
    shape = (OUTPUTS - 1, SAMPLES, FREQUENCIES)
    filters = {kind: np.zeros(shape, np.complex64) for kind in ("alpha", "beta")}
    stored = reference.stored("filters")
    for first in range(0, SAMPLES, PART):
        rows = slice(2 * LINES * first, 2 * LINES * min(first + PART, SAMPLES))
        table = reference.filters[rows] if stored is None else stored.read((rows,))
        j = np.arange(first, min(first + PART, SAMPLES))
        for kind, amplifier in itertools.product(filters, range(OUTPUTS - 1)):
            column, out = table[f"{kind}_{amplifier}"], filters[kind][amplifier]
            half = np.float32(0.5) * (column[0::2] + 1j * column[1::2]).astype(np.complex64)
            values = half.reshape(j.size, LINES)
            out[j] += values[:, :FREQUENCIES]
            out[SAMPLES - 1 - j, 1:] += values[:, : FREQUENCIES - 2 : -1].conj()
            out[-j % SAMPLES, 0] += values[:, 0].conj()
    return filters


def _tapered(frequency: np.ndarray) -> np.ndarray:
    above = np.clip((frequency - PASS) / TAPER, 0.0, 1.0)
    return np.asarray(0.5 + 0.5 * np.cos(np.pi * above), dtype=np.float32)


def _between_pixels() -> np.ndarray:
    """Return the samples at which no pixel is read that sees the sky."""
    seen = sample_of_position()[~is_reference_position()]
    return np.setdiff1d(np.arange(SAMPLES), seen)


def _stand_ins() -> tuple[np.ndarray, np.ndarray]:
    """Return samples, and the reference pixel, counted over all visits, that stands there."""
    first = sample_of_position()[reference_positions()[:, 0]] - 2
    places = first[:, np.newaxis] + np.arange(STAND_INS.size)
    sources = np.arange(BLOCKS)[:, np.newaxis] * REFERENCE + STAND_INS
    return places.ravel(), sources.ravel()


assert STAND_INS.size == REFERENCE + 4 and OFFSETS.size == REFERENCE
