"""Periodic waves: interpolation, and how well one explains ramps that were summed by phase."""

import numpy as np

TABLE = 1 << 14
"""Samples of a period in the tables that are subtracted (`kernels.emicorr`)."""


def table_of(samples: np.ndarray) -> np.ndarray:
    """Interpolate a wave by a periodic cubic spline; float32, `TABLE` samples of a period.

    Sample k of n is the value at the phase (k + 1/2) / n, in both.
    """
    values = np.asarray(samples, np.float64)
    count = values.size
    if count < 3:
        return np.full(TABLE, values.mean() if count else 0.0, np.float32)
    # Second derivatives of the spline, in units of the sampling: a circulant system.
    turn = np.cos(2.0 * np.pi * np.arange(count // 2 + 1) / count)
    spectrum = np.fft.rfft(values)
    curvature = np.fft.irfft(spectrum * (2.0 * turn - 2.0) / ((2.0 + turn) / 3.0), count)
    place = (np.arange(TABLE) + 0.5) / TABLE * count - 0.5
    left = np.floor(place).astype(np.int64)
    beyond = place - left
    before = 1.0 - beyond
    left %= count
    right = (left + 1) % count
    curve = before * values[left] + beyond * values[right]
    curve += (before**3 - before) / 6.0 * curvature[left]
    curve += (beyond**3 - beyond) / 6.0 * curvature[right]
    return np.asarray(curve, np.float32)


def sampled(table: np.ndarray, phases: np.ndarray) -> np.ndarray:
    """Return a wave at phases given as fractions of its period, float64."""
    index = np.floor(np.mod(phases, 1.0) * TABLE).astype(np.int64)
    return np.asarray(table[np.minimum(index, TABLE - 1)], np.float64)


def without_line(ramps: np.ndarray) -> np.ndarray:
    """Return ramps (..., group, bin) less the straight line through each, least squares."""
    groups = ramps.shape[-2]
    time = np.arange(groups) - 0.5 * (groups - 1)
    time /= np.sqrt(np.sum(time * time))
    slope = np.einsum("g,...gb->...b", time, ramps)
    level = ramps.mean(axis=-2, keepdims=True)
    return np.asarray(ramps - level - time[:, None] * slope[..., None, :])


def without_shared(ramps: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return ramps (group, bin) less the mean of each group over bins of `counts` pixels."""
    total = max(float(counts.sum()), 1.0)
    return np.asarray(ramps - (ramps @ counts)[:, None] / total)


def line_projector(groups: int) -> np.ndarray:
    """Return the matrix (group, group) that takes the straight line out of a ramp."""
    return without_line(np.eye(groups))


class PhaseFit:
    """Amplitude and phase of a known wave in summed ramps, all integrations together.

    Each phase bin has a level and a slope of its own, and each group a level that all share. The
    misfit, as it depends on amplitude c and phase, is :math:`A c^2 + B c`; see
    `correct_interference`.

    Parameters
    ----------
    table : array
        The wave.
    bins : int
        Phase bins, and trial phases.
    """

    def __init__(self, table: np.ndarray, bins: int) -> None:
        self._table = table
        self._bins = bins
        self._square = np.zeros(bins)
        self._cross = np.zeros(bins // 2 + 1, complex)

    def model(self, groups: np.ndarray, shift: float = 0.0) -> np.ndarray:
        """Return the wave in bins read at phases `groups`, less a line each, (group, bin)."""
        centres = (np.arange(self._bins) + 0.5) / self._bins
        return without_line(sampled(self._table, centres + groups[:, None] + shift))

    def add(self, ramps: np.ndarray, counts: np.ndarray, groups: np.ndarray) -> None:
        """Add an integration: summed ramps (group, bin), pixels (bin), phases of the groups."""
        model = self.model(groups)
        seen, weight = np.conj(np.fft.rfft(ramps)), np.conj(np.fft.rfft(counts))
        self._cross += (seen * np.fft.rfft(model)).sum(axis=0)
        self._square += np.fft.irfft(weight * np.fft.rfft((model * model).sum(axis=0)), self._bins)
        shared = np.fft.irfft(weight * np.fft.rfft(model), self._bins)
        self._square -= (shared * shared).sum(axis=0) / max(float(counts.sum()), 1.0)

    def best_phase(self) -> float:
        """Return the phase, a fraction of the period, at which the wave explains most.

        The best of the trial phases, refined by the parabola through its neighbours.
        """
        square, cross = self._square, np.fft.irfft(self._cross, self._bins)
        scale = max(float(square.max(initial=0.0)), np.finfo(float).tiny)
        gain = cross * np.abs(cross) / np.maximum(square, 1e-9 * scale)
        best = int(np.argmax(gain))
        left, middle, right = (gain[(best + step) % self._bins] for step in (-1, 0, 1))
        bend = left - 2.0 * middle + right
        shift = 0.5 * (left - right) / bend if bend < 0 else 0.0
        return float((best + shift) / self._bins)

    def terms(
        self, ramps: np.ndarray, counts: np.ndarray, groups: np.ndarray, shift: float
    ) -> tuple[float, float, float]:
        """Return the cross and the square term of an integration at a phase.

        And what the square would be if levels and slopes were known.
        """
        model = without_shared(self.model(groups, shift), counts)
        whole = float(counts.sum()) * groups.size * float(np.var(self._table, dtype=np.float64))
        return float((ramps * model).sum()), float((counts * model * model).sum()), whole
