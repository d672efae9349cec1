"""NIRSpec IRS2: reference pixels and a reference output between those that see the sky.

The five outputs are read in step. Each amplifier leaves its pixels after every 16 for two reads
of either of two reference pixels, one even and one odd; the reference output has no pixels at
all. Noise of low frequency is added where it belongs in time: one part that all outputs share,
one of each amplifier.

Source: Rauscher et al. 2017, PASP 129, 105003 (read pattern, filters).
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from webbcal.core.dq import DQ
from webbcal.sim.effects._effect import Effect, Moment
from webbcal.sim.electronics import COMMON_PINK_DN, OFFSET_DN, SEPARATE_PINK_DN
from webbcal.sim.pixels import Pixels
from webbcal.sim.readout import Readout
from webbcal.sim.seeds import generator
from webbcal.sim.settings import ImageSimulation
from webbcal.spec.references import Mask, Reference, ReferencePixelFilters, Superbias

LINES = 2048
CLOCKS = 712  # samples per line
VISITS = 32  # to reference pixels, per line
POSITIONS = 640  # of an output, per line
AMPLIFIERS = 4
LEVEL_DN = 8000.0  # of reference pixels
REFERENCE_NOISE_DN = 5.0  # white, of one read of a reference pixel
OUTPUT_NOISE_DN = 3.0  # white, of one read of the reference output

FASTEST = 8000.0
"""Cycles per frame; a quarter of what reference pixels can tell. Faster noise is read noise."""

COPIES = 8
"""Samples around a visit for which its four reads stand, each for two."""


def is_reference() -> np.ndarray:
    """Return which positions of an output are reads of reference pixels: 4 after 8, 16, ..."""
    return np.asarray(np.arange(POSITIONS) % 20 // 4 == 2)


def clock_of_position() -> np.ndarray:
    """Return the sample of each position: one is lost on the way there, one on the way back."""
    lost = np.concatenate([[0], np.abs(np.diff(is_reference().astype(int)))])
    return np.asarray(np.arange(POSITIONS) + np.cumsum(lost))


class InterleavedReferences(Effect):
    """Adds correlated noise in the order of reading, and stores reference reads in between."""

    @classmethod
    def wanted(cls, options: ImageSimulation, readout: Readout) -> bool:
        """In every exposure with such a read pattern."""
        return readout.pattern.reference_reads is not None

    def __init__(
        self, options: ImageSimulation, readout: Readout, pixels: Pixels, seed: int
    ) -> None:
        super().__init__(options, readout, pixels, seed)
        self.level = options.one_over_f * options.one_over_f_level
        self.mirrored = readout.detector.fast_axis < 0
        self.references_read = np.empty((AMPLIFIERS + 1, POSITIONS, LINES), np.float32)
        self.offsets = np.zeros(AMPLIFIERS + 1, np.float32)

    @property
    def replaces_electronics(self) -> bool:
        """All noise of the electronics is added here."""
        return True

    def begin(self, exposure: int, integration: int) -> None:
        """Draw the offsets of the outputs."""
        rng = generator(self.seed, "IRS2 offsets", exposure, integration)
        scale = OFFSET_DN * self.options.amplifier_offsets
        self.offsets = (scale * rng.standard_normal(AMPLIFIERS + 1)).astype(np.float32)

    def frame(self, moment: Moment, common: np.ndarray) -> np.ndarray:
        """Return the noise of the pixels; keep that of the reference reads."""
        keys = moment.exposure, moment.integration, moment.frame
        rng = generator(self.seed, "IRS2", *keys)
        shared = self._noise(rng, COMMON_PINK_DN)
        clock = clock_of_position()
        white = np.float32(self.options.read_noise)
        for output in range(AMPLIFIERS + 1):
            series = shared if output == 0 else shared + self._noise(rng, SEPARATE_PINK_DN)
            reads = series[:, clock].T + self.offsets[output]
            sigma = white * (REFERENCE_NOISE_DN if output else OUTPUT_NOISE_DN)
            noisy = slice(None) if output == 0 else is_reference()
            reads[noisy] += sigma * rng.standard_normal(reads[noisy].shape, dtype=np.float32)
            self.references_read[output] = reads[::-1] if output % 2 == 0 else reads
        frame = self.references_read[1:, ~is_reference()].reshape(LINES, LINES)
        return np.asarray(common + self._as_stored(frame))

    def _noise(self, rng: np.random.Generator, sigma: float) -> np.ndarray:
        if not self.level:
            return np.zeros((LINES, CLOCKS), np.float32)
        return _slow_noise(rng) * np.float32(sigma * self.level)

    def _as_stored(self, frame: np.ndarray) -> np.ndarray:
        """Return an array (position, line) of the detector with axes (y, x)."""
        return frame[::-1, ::-1] if self.mirrored else frame

    def raw_shape(self, shape: tuple[int, int]) -> tuple[int, int]:
        """Return rows and columns with the reads of references."""
        return (AMPLIFIERS + 1) * POSITIONS, LINES

    def digits(self, moment: Moment, raw: np.ndarray) -> np.ndarray:
        """Return a frame with the reads of references between the pixels."""
        reads = np.rint(self.references_read + np.float32(LEVEL_DN))
        return self._interleaved(raw, np.clip(reads, 0, 65535).astype(raw.dtype))

    def _interleaved(self, raw: np.ndarray, reads: Any) -> np.ndarray:
        """Put an image (y, x) between reads, (output, position, line) or one value."""
        stored = np.empty((AMPLIFIERS + 1, POSITIONS, LINES), raw.dtype)
        stored[...] = reads
        own = self._as_stored(raw).reshape(AMPLIFIERS, LINES // AMPLIFIERS, LINES)
        stored[1:, ~is_reference()] = own
        return np.ascontiguousarray(self._as_stored(stored.reshape(-1, LINES)))

    def references(self, made: Mapping[str, Reference]) -> dict[str, Reference]:
        """Return the filters; bias and bad pixels for the larger frames."""
        from webbcal.sim.references import reference_meta

        bias, mask = made["superbias"], made["mask"]
        assert isinstance(bias, Superbias)
        assert isinstance(mask, Mask)
        dark = np.uint32(DQ.REFERENCE_PIXEL)
        meta = reference_meta(ReferencePixelFilters, self.options, self.readout)
        return {
            "refpix": ReferencePixelFilters(
                meta=meta, filters=_filters(self.level), bad_pixels=_no_bad_pixels()
            ),
            "superbias": Superbias(
                meta=bias.meta,
                sci=self._interleaved(bias.sci, LEVEL_DN),
                err=self._interleaved(bias.err, 0),
                dq=self._interleaved(bias.dq, 0),
            ),
            "mask": Mask(meta=mask.meta, dq=self._interleaved(mask.dq, dark)),
        }


def _density(frequency: np.ndarray) -> np.ndarray:
    """Return the mean power of the noise per frequency (cycles per frame), for unit variance.

    It falls as 1/f, and steeper from FASTEST on.
    """
    own = 1 / (frequency * (1 + (frequency / FASTEST) ** 2))
    every = np.arange(1, LINES * CLOCKS // 2 + 1)
    total = 2 * np.sum(1 / (every * (1 + (every / FASTEST) ** 2)))
    return np.asarray(own * (LINES * CLOCKS / total))


def _slow_noise(rng: np.random.Generator) -> np.ndarray:
    """Return a time series of that density, float32, (line, sample).

    Source: [timmer1995], power-law noise by random Fourier amplitudes.
    """
    from scipy import fft

    length = LINES * CLOCKS
    count = length // 2 + 1
    spectrum = np.empty(count, np.complex64)
    spectrum.real = rng.standard_normal(count, dtype=np.float32)
    spectrum.imag = rng.standard_normal(count, dtype=np.float32)
    density = _density(np.maximum(np.arange(count, dtype=float), 1))
    spectrum *= np.sqrt(0.5 * length * density).astype(np.float32)
    spectrum[0] = 0
    series: np.ndarray = fft.irfft(spectrum, length, overwrite_x=True)
    return series.reshape(LINES, CLOCKS)


def _no_bad_pixels() -> np.ndarray:
    kinds = [("OUTPUT", "u2"), ("ODD_EVEN", "u2"), ("MASK", "u4")]
    return np.array([(1, 1, 0)], kinds)


def _filters(level: float) -> np.ndarray:
    r"""Return the filters that predict the noise of an amplifier best.

    With the power densities c and u of the noise that is shared and that of each amplifier, and
    those, r and q, of the white noise of the reference output and, per read of a pixel, of
    reference pixels, the best linear estimate from both solves

    .. math:: \begin{pmatrix} c + u + q & c \\ c & c + r \end{pmatrix}
              \begin{pmatrix} \beta \\ \alpha \end{pmatrix} =
              \begin{pmatrix} c + u \\ c \end{pmatrix}

    Reference pixels cannot tell what is faster than half the rate of their visits; beta is also
    larger by the part of the samples that their reads stand for.
    """
    length = LINES * CLOCKS
    frequency = np.minimum(np.arange(length), length - np.arange(length)).astype(float)
    frequency[0] = 1.0
    pink = _density(frequency)
    shared = (COMMON_PINK_DN * level) ** 2 * pink
    own = (SEPARATE_PINK_DN * level) ** 2 * pink
    visits = VISITS * LINES
    pixels = REFERENCE_NOISE_DN**2 * length / (4 * visits)
    output = OUTPUT_NOISE_DN**2
    fast = frequency > visits / 2
    beta = np.zeros(length)
    alpha = shared / (shared + output)
    determinant = (shared + own + pixels) * (shared + output) - shared**2
    slow = ~fast
    beta[slow] = ((shared + own) * (shared + output) - shared**2)[slow] / determinant[slow]
    alpha[slow] = (shared * pixels)[slow] / determinant[slow]
    beta *= length / (visits * COPIES)
    names = [f"{name}_{k}" for name in ("alpha", "beta") for k in range(AMPLIFIERS)]
    table = np.zeros(2 * length, [(name, "f4") for name in names])
    for name in names:
        table[name][0::2] = alpha if name.startswith("alpha") else beta
    return table
