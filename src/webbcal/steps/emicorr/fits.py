"""Find the waves in ramps that were summed by phase: jointly with the slopes, or bin by bin."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from webbcal.steps.emicorr.clocks import Phases
from webbcal.steps.emicorr.options import EmicorrOptions
from webbcal.steps.emicorr.waves import PhaseFit, line_projector, table_of

BINS = 500
"""Phase bins and trial phases."""

MOST_BINS = 501
STANDING = 1e-4
"""A known wave is left alone if levels and slopes leave less than this part of its power."""

WEAK = 1e-2
"""Shapes of an unknown wave that they weaken to less than this part are left out."""


@dataclass(frozen=True)
class PhaseSums:
    """What the good pixels of each integration add up to, by the phase of the first group.

    Parameters
    ----------
    ramps : array
        Signal less a straight line, float32, DN, axes (integration, frequency, group, bin).
    counts : array
        Pixels, int64, axes (integration, frequency, bin).
    good : array
        Good pixels among those read together, uint8, axes (integration, y, set).
    first : int
        Number of the first integration within the exposure, from 0.
    shape : tuple of int
        Rows and columns of the frame.
    """

    ramps: np.ndarray
    counts: np.ndarray
    good: np.ndarray
    first: int
    shape: tuple[int, int]


@dataclass(frozen=True)
class FittedWave:
    """A wave to subtract: table, factor and shift (fraction of the period) per integration."""

    table: np.ndarray
    amplitudes: np.ndarray
    shifts: np.ndarray


Fit = Callable[[PhaseSums, int, Phases, np.ndarray | None, EmicorrOptions], FittedWave]


def fit_all(
    sums: PhaseSums,
    phases: Sequence[Phases],
    references: Sequence[np.ndarray | None],
    fit: Fit,
    options: EmicorrOptions,
) -> list[FittedWave]:
    """Fit one frequency after the other, each to what the earlier ones leave."""
    ramps = sums.ramps.copy() if len(phases) > 1 else sums.ramps
    left = PhaseSums(ramps, sums.counts, sums.good, sums.first, sums.shape)
    waves = []
    for number, (phase, reference) in enumerate(zip(phases, references, strict=True)):
        wave = fit(left, number, phase, reference, options)
        waves.append(wave)
        for later in range(number + 1, len(phases)):
            _take_out(left, later, phases[later], wave, phase)
    return waves


def _take_out(
    sums: PhaseSums, later: int, phases: Phases, wave: FittedWave, its_phases: Phases
) -> None:
    """Subtract a fitted wave from the sums by the phase of a later one."""
    from webbcal.kernels.emicorr import remove_wave

    sets = sums.good.shape[-1]
    columns, its_columns = phases.columns[:sets], its_phases.columns[:sets]
    for i in range(len(sums.ramps)):
        table = wave.table * np.float32(wave.amplitudes[i])
        starts = its_phases.starts(sums.first + i, wave.shifts[i])
        target = sums.ramps[i, later]
        own = (phases.rows, columns)
        remove_wave(target, sums.good[i], *own, table, its_phases.rows, its_columns, starts)


def fit_jointly(
    sums: PhaseSums,
    number: int,
    phases: Phases,
    reference: np.ndarray | None,
    options: EmicorrOptions,
) -> FittedWave:
    """Fit phase and amplitude of a known wave together with a level and slope for each bin."""
    assert reference is not None
    table = table_of(reference)
    count = len(sums.ramps)
    sets = [[i] for i in range(count)] if options.fit_ints_separately else [list(range(count))]
    shifts, amplitudes = np.zeros(count), np.zeros(count)
    for integrations in sets:
        fit = PhaseFit(table, sums.counts.shape[-1])
        known = [
            (_own(sums, i, number), sums.counts[i, number], phases.groups(sums.first + i))
            for i in integrations
        ]
        for one in known:
            fit.add(*one)
        shift = fit.best_phase()
        cross, square, whole = np.sum([fit.terms(*one, shift) for one in known], axis=0)
        shifts[integrations] = shift
        if square > STANDING * whole:  # else the wave is the same in every group: no slope has it
            amplitudes[integrations] = cross / square
    return FittedWave(table, amplitudes.astype(np.float32), shifts)


def _own(sums: PhaseSums, integration: int, number: int) -> np.ndarray:
    """Return the sums less what all bins share in a group: resets and drifts look like that."""
    ramps = sums.ramps[integration, number].astype(np.float64)
    counts = sums.counts[integration, number]
    shared = ramps.sum(axis=-1, keepdims=True) / max(float(counts.sum()), 1.0)
    return np.asarray(ramps - shared * counts)


def fit_bin_by_bin(
    sums: PhaseSums,
    number: int,
    phases: Phases,
    reference: np.ndarray | None,
    options: EmicorrOptions,
) -> FittedWave:
    """Solve for the shape of a wave; put a known one in its place, shifted and scaled."""
    bins = options.nbins or _default_bins(phases.period)
    count = len(sums.ramps)
    normal, right, filled = np.zeros((bins, bins)), np.zeros(bins), np.zeros(bins)
    projector = line_projector(sums.ramps.shape[2])
    for i in range(min(_integrations(phases, count, options), count)):
        ramps = projector @ sums.ramps[i, number].astype(np.float64)
        counts = sums.counts[i, number].astype(np.float64)
        centres = (np.arange(counts.size) + 0.5) / counts.size
        where = np.mod(centres + phases.groups(sums.first + i)[:, None], 1.0) * bins
        place = np.minimum(where.astype(np.int64), bins - 1)  # (group, bin of the sums)
        right += np.bincount(place.ravel(), ramps.ravel(), bins)
        filled += np.bincount(place.ravel(), np.broadcast_to(counts, place.shape).ravel(), bins)
        pairs = place[:, None] * bins + place[None]
        weights = projector[:, :, None] * counts
        normal += np.bincount(pairs.ravel(), weights.ravel(), bins * bins).reshape(bins, bins)
    shape = _solved(normal, right, float(filled.max()))
    if filled.any():  # a constant is no interference
        shape = np.where(filled > 0, shape - np.average(shape, weights=filled), 0.0)
    if reference is not None:
        shape = matched(np.asarray(reference, np.float64), shape, scale=options.scale_reference)
    ones = np.ones(count)
    return FittedWave(table_of(shape), ones.astype(np.float32), np.zeros(count))


def _solved(normal: np.ndarray, right: np.ndarray, samples: float) -> np.ndarray:
    """Solve the normal equations, without the shapes that the data hardly tell."""
    values, vectors = np.linalg.eigh(normal)
    told = values > WEAK * max(samples, 1.0)
    inverse = np.divide(1.0, values, out=np.zeros_like(values), where=told)
    return np.asarray(vectors @ (inverse * (vectors.T @ right)))


def matched(reference: np.ndarray, shape: np.ndarray, *, scale: bool) -> np.ndarray:
    """Return a reference wave, shifted to correlate best with a measured one, and scaled to it."""
    count = reference.size
    seen = shape[np.arange(count) * shape.size // count]
    seen, known = seen - seen.mean(), reference - reference.mean()
    correlation = np.fft.irfft(np.conj(np.fft.rfft(known)) * np.fft.rfft(seen), count)
    rolled = np.roll(reference, int(np.argmax(correlation)))
    power = float((known * known).sum())
    if not scale or power <= 0:
        return rolled
    return np.asarray(rolled * (float(correlation.max()) / power))


def _default_bins(period: float) -> int:
    bins = max(int(period / 2.0), 2)
    return BINS if bins > MOST_BINS else bins


def _integrations(phases: Phases, count: int, options: EmicorrOptions) -> int:
    """Return how many integrations the shape of a wave is measured on."""
    if options.nints_to_phase is not None:
        return options.nints_to_phase
    if options.use_n_cycles is None:
        return count
    per_integration = phases.clocks.groups * phases.clocks.frame
    return max(int(np.ceil(options.use_n_cycles * phases.period / per_integration)), 1)
