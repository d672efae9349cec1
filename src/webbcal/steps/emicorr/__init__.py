"""Electromagnetic interference: subtract the waves that electronics add to the signal of MIRI."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from webbcal.core.errors import CannotCalibrate, InvalidReference
from webbcal.spec.meta import Meta
from webbcal.spec.products.detector1 import Ramp
from webbcal.spec.references import EmiCorrection
from webbcal.spec.window import Window
from webbcal.steps._exposure import first_integration
from webbcal.steps._step import Measurement, Needs, Parallel, Scope, Step
from webbcal.steps.emicorr.clocks import (
    Clocks,
    Phases,
    case_name,
    check_readout,
    clocks_per,
    frequencies_of,
)
from webbcal.steps.emicorr.fits import BINS, PhaseSums, fit_all, fit_bin_by_bin, fit_jointly
from webbcal.steps.emicorr.options import EmicorrOptions
from webbcal.steps.emicorr.waves import without_line

__all__ = ["STEP", "EmicorrOptions", "Interference", "correct_interference"]

BAND_ROWS = 64
"""Rows that are prepared at a time while the ramps are summed, to save memory."""

NOISY = 4.0
"""Pixels whose variance over the groups is this many times the median are left out."""


@dataclass(frozen=True)
class Interference:
    """The waves in an exposure.

    Parameters
    ----------
    phases : tuple of Phases
        Of each frequency.
    tables : array
        Waves, float32, axes (frequency, sample).
    amplitudes, shifts : array
        Factor, float32, and shift as a fraction of the period, axes (integration, frequency).
    first : int
        Number of the first integration within the exposure, from 0.
    """

    phases: tuple[Phases, ...]
    tables: np.ndarray
    amplitudes: np.ndarray
    shifts: np.ndarray
    first: int

    def subtracted_from(self, ramp: Ramp) -> np.ndarray:
        """Return the signal of a ramp, any window and integrations of the exposure, less them."""
        from webbcal.kernels.arrays import frozen
        from webbcal.kernels.emicorr import subtract_waves

        integrations, _, rows, columns = ramp.sci.shape
        window = ramp.window or Window.whole((rows, columns))
        start = first_integration(ramp.meta)
        local = slice(start - self.first, start - self.first + integrations)
        starts = np.stack(
            [
                [phases.starts(start + i, shift) for i, shift in enumerate(self.shifts[local, f])]
                for f, phases in enumerate(self.phases)
            ],
            axis=-1,
        )
        return np.asarray(
            subtract_waves(
                frozen(ramp.sci),
                frozen(self.tables),
                frozen(self.amplitudes[local]),
                frozen(starts),
                frozen(np.stack([phases.rows[window.rows] for phases in self.phases])),
                frozen(np.stack([phases.columns for phases in self.phases])),
                window.x0,
            )
        )


def correct_interference(
    ramp: Ramp,
    emicorr: EmiCorrection | None,
    own: EmiCorrection | None,
    options: EmicorrOptions,
    measured: Interference | None = None,
) -> Ramp:
    r"""Subtract periodic interference, whose phase follows from when a pixel is read.

    A pixel in row y and column x of group j, integration i is read after
    :math:`t = i T_i + j T_g + y T_r + \lfloor x / 4 \rfloor T_s`, and shows a wave w of frequency
    f as :math:`c\,w(f t + \varphi)`. Good pixels are summed in bins of the phase at which their
    first group is read: :math:`S_{ibj}` of :math:`n_{ib}` pixels. Each bin has a level a and slope
    b of its own, from the light, and each group a level h that all bins share, from resets and
    drifts; least squares of

    .. math::

       S_{ibj} = n_{ib} (a_{ib} + b_{ib} j + h_{ij} + c\, w(\phi_b + f t_{ij} + \varphi))

    gives c for each of 500 trial phases; the phase of the least misfit is refined by a parabola
    (``joint``). The shape of an unknown wave is the least-squares solution of the same equations,
    h = 0, for its values in bins of phase (``sequential``); a wave of the reference then takes
    its place, shifted to the best correlation and scaled. Frequencies are taken in turn, each
    fitted to what the earlier ones leave.

    Parameters
    ----------
    ramp : Ramp
        Raw signal, DN, axes (integration, group, y, x).
    emicorr : EmiCorrection or None
        Waves and clocks. Not needed for frequencies given in the options.
    own : EmiCorrection or None
        The same, named by the user.
    options : EmicorrOptions
        See the class.
    measured : Interference or None
        The waves found; None to find them here, for which `ramp` must be the whole frame.

    Returns
    -------
    Ramp
        New product; `sci` differs. `emi_pattern` holds what was subtracted, if asked for.

    Raises
    ------
    CannotCalibrate
        If there are fewer than 3 groups, the timing of the read pattern or subarray is not known,
        no frequency is present, or no good pixel.
    InvalidReference
        If the reference contradicts itself.

    Notes
    -----
    Flags used: pixels with any flag in `pixeldq` are not summed; nor are those with NaN, without
    any scatter over the groups, or with more than twice the median scatter. Flags set: none. NaN
    in the signal stays NaN.
    A wave of which the levels and slopes leave less than 0.01 % of its power is left alone: it is
    nearly the same in every group, so that slopes hardly see it and hardly anything tells it.
    The amplitude is positive: half a period of shift stands for the sign. Sums in float64, waves
    in float32 tables of 16384 samples. The noise of the fit is not propagated; millions of pixels
    share its few parameters. All integrations at hand are fitted together: segments of an
    exposure that are calibrated apart get waves of their own.
    Assumes that the clocks do not drift against the interference during an exposure.

    Source: JWST User Documentation, calwebb_detector1, EMI correction; Dyrek et al. 2024, A&A
    683, A212 (390 Hz interference in MIRI); least squares with projected nuisance parameters,
    Golub & Pereyra 1973, SIAM J. Numer. Anal. 10, 413.
    """
    if measured is None:
        measured = _finish(
            _measure([ramp], emicorr, own, options), ramp.meta, emicorr, own, options
        )
    corrected = measured.subtracted_from(ramp)
    pattern = ramp.sci - corrected if options.save_intermediate_results else None
    if pattern is None:
        return replace(ramp, sci=corrected)
    return replace(ramp, sci=corrected, emi_pattern=pattern)


@dataclass(frozen=True)
class _Setup:
    """The frequencies of an exposure, and the waves the reference has for them."""

    phases: tuple[Phases, ...]
    references: tuple[np.ndarray | None, ...]


def _setup(
    meta: Meta,
    shape: tuple[int, int],
    groups: int,
    emicorr: EmiCorrection | None,
    options: EmicorrOptions,
) -> _Setup:
    name = case_name(meta)
    if options.onthefly_corr_freq is not None:
        clocks = Clocks.of(meta, shape, groups, clocks_per(None, name))
        phases = tuple(Phases(clocks, hertz) for hertz in options.onthefly_corr_freq)
        return _Setup(phases, (None,) * len(phases))
    if emicorr is None:
        raise CannotCalibrate("no emicorr reference applies to this exposure")
    case = emicorr.subarray_cases.get(name)
    if case is None:
        raise CannotCalibrate(f"the emicorr reference does not know subarray {name}")
    clocks = Clocks.of(meta, shape, groups, clocks_per(case, name))
    names = frequencies_of(case, meta)
    if not names:
        raise CannotCalibrate("the emicorr reference has no frequency for this exposure")
    chosen, waves = [], []
    for frequency in names:
        entry = emicorr.frequencies.get(frequency) or {}
        hertz = entry.get("frequency")
        wave = np.asarray(entry.get("phase_amplitudes", ()), np.float64)
        if not isinstance(hertz, int | float) or not hertz > 0 or wave.ndim != 1 or wave.size < 3:
            raise InvalidReference(
                f"emicorr: {frequency}",
                expected="a frequency and its wave",
                found=f"{hertz} Hz, {wave.size} samples",
            )
        chosen.append(Phases(clocks, float(hertz)))
        waves.append(wave)
    return _Setup(tuple(chosen), tuple(waves))


def _windows(meta: Meta, shape: tuple[int, int], options: EmicorrOptions) -> list[Window]:
    groups = meta.exposure.ngroups
    check_readout(meta, groups if isinstance(groups, int) else 0)
    rows, columns = shape
    edges = range(0, rows, BAND_ROWS)
    return [Window(y, min(y + BAND_ROWS, rows), 0, columns, shape) for y in edges]


def _measure(
    parts: Sequence[Ramp],
    emicorr: EmiCorrection | None,
    own: EmiCorrection | None,
    options: EmicorrOptions,
    parallel: Parallel = map,
) -> PhaseSums:
    """Sum the ramps of good pixels by phase, integration by integration."""
    from webbcal.kernels.arrays import frozen
    from webbcal.kernels.emicorr import group_variance, phase_sums

    ramp = parts[0]
    integrations, groups, height, width = ramp.sci.shape
    shape = (height, width) if ramp.window is None else ramp.window.shape
    check_readout(ramp.meta, groups)
    setup = _setup(ramp.meta, shape, groups, own or emicorr, options)
    rows = np.stack([phases.rows for phases in setup.phases])
    columns = frozen(np.stack([phases.columns[: width // 4] for phases in setup.phases]))
    bands = [part.window.rows if part.window is not None else slice(None) for part in parts]
    ramps, counts, good = [], [], []
    for i in range(integrations):
        signals = [frozen(part.sci[i]) for part in parts]
        flags = [frozen(part.pixeldq) for part in parts]
        variances = list(parallel(group_variance, signals, flags))
        usable = np.concatenate([variance[variance > 0] for variance in variances])
        limit = NOISY * float(np.median(usable)) if usable.size else 0.0

        def sums_of(
            signal: np.ndarray, variance: np.ndarray, band: slice, limit: float = limit
        ) -> Any:
            return phase_sums(signal, frozen(variance), limit, frozen(rows[:, band]), columns, BINS)

        found = list(parallel(sums_of, signals, variances, bands))
        ramps.append(without_line(sum(sums for sums, _, _ in found)).astype(np.float32))
        counts.append(sum(count for _, count, _ in found))
        good.append(np.concatenate([which for _, _, which in found]))
    return PhaseSums(
        np.stack(ramps),
        np.stack(counts),
        np.stack(good),
        first_integration(ramp.meta),
        shape,
    )


def _finish(
    sums: PhaseSums,
    meta: Meta,
    emicorr: EmiCorrection | None,
    own: EmiCorrection | None,
    options: EmicorrOptions,
) -> Interference:
    """Find the waves."""
    if not sums.good.any():
        raise CannotCalibrate("no pixel is good enough to tell the interference")
    setup = _setup(meta, sums.shape, sums.ramps.shape[2], own or emicorr, options)
    known = all(wave is not None for wave in setup.references)
    jointly = options.algorithm == "joint" and known
    fit = fit_jointly if jointly else fit_bin_by_bin
    waves = fit_all(sums, setup.phases, setup.references, fit, options)
    return Interference(
        setup.phases,
        np.stack([wave.table for wave in waves]),
        np.stack([wave.amplitudes for wave in waves], axis=-1),
        np.stack([wave.shifts for wave in waves], axis=-1),
        sums.first,
    )


def _pattern(ramp: Ramp) -> Ramp | None:
    """Return what was subtracted."""
    if not ramp.has("emi_pattern"):
        return None
    return ramp.with_changes(sci=ramp.emi_pattern, zeroframe=None)


STEP = Step(
    "emicorr",
    correct_interference,
    EmicorrOptions,
    references={
        "emicorr": Needs(EmiCorrection, required=False),
        "own": Needs(EmiCorrection, required=False, option="user_supplied_reffile"),
    },
    status="emicorr",
    scope=Scope.FRAME,
    measurement=Measurement(_windows, _measure, _finish, shares=True),
    products={"emipattern": _pattern},
    optional=True,
)
