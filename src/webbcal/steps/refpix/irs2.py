"""Interleaved reference pixels of NIRSpec (IRS2)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from webbcal.core.dq import DQ
from webbcal.core.errors import InvalidProduct, MissingReference
from webbcal.geometry.irs2 import (
    FRAME,
    NORMAL,
    OUTPUTS,
    REFERENCE,
    SAMPLES,
    SECTOR,
    Layout,
    is_interleaved,
    is_reference_position,
    parity_of_position,
    sample_of_position,
)
from webbcal.geometry.readout import BORDER
from webbcal.spec.meta import Meta
from webbcal.spec.products.detector1 import Ramp
from webbcal.spec.references import ReferencePixelFilters
from webbcal.steps._exposure import frame_of
from webbcal.steps._step import Parallel
from webbcal.steps.refpix.irs2_filter import LINES, NoiseFilter
from webbcal.steps.refpix.irs2_pixels import deviant_rows, listed_rows, stand_ins
from webbcal.steps.refpix.options import RefpixOptions

TOGETHER = 4
"""Groups worked on at a time, to bound memory."""

AMPLIFIERS = OUTPUTS - 1
SPAN = (SAMPLES, LINES)
EDGE = np.concatenate([np.arange(BORDER), np.arange(LINES - BORDER, LINES)])
"""Lines of nothing but reference pixels."""

BAD = np.uint32(DQ.BAD_REF_PIXEL | DQ.DO_NOT_USE)


@dataclass(frozen=True)
class Carried:
    """What one integration leaves to the next: prepared filters, flags so far."""

    filters: NoiseFilter
    pixeldq: np.ndarray


def wanted(options: RefpixOptions, meta: Meta) -> bool:
    """Tell whether an exposure has interleaved reference pixels."""
    return is_interleaved(meta)


def subtract_interleaved(
    ramp: Ramp,
    refpix: ReferencePixelFilters | None,
    options: RefpixOptions,
    *,
    carried: Carried | None = None,
    measured: None = None,
    parallel: Parallel = map,
) -> tuple[Ramp, Carried]:
    r"""Subtract from each amplifier what its reference pixels and the reference output predict.

    The outputs are time series, sampled evenly; reads of reference pixels fall between those of
    pixels. With the frequency filters :math:`\alpha_a, \beta_a` of amplifier a, the Fourier
    transforms R of the reference output and :math:`P_a` of the interleaved reference pixels, less
    the mean over the groups of the integration and a straight line in time through the reference
    pixels in the first and last four lines,

    .. math:: s'_a = s_a - l_a - \mathcal F^{-1} [\alpha_a R + \beta_a P_a]

    Parameters
    ----------
    ramp : Ramp
        Whole frames, DN, axes (integration, group, y, x), 3200 rows.
    refpix : ReferencePixelFilters or None
        The filters of the detector.
    options : RefpixOptions
        Limit of deviant reference pixels; whether to keep reference pixels; whether to subtract
        the level of each output before.
    carried : Carried or None
        From the integration before.
    measured : None
        Not used.
    parallel : callable
        Shares the work on groups.

    Returns
    -------
    Ramp
        Without interleaved reference pixels, 2048 rows, or with them, as the options say.
    Carried
        For the next integration.

    Raises
    ------
    InvalidProduct
        If the frame is laid out in another way.
    MissingReference
        If there are no filters: the steps that follow expect 2048 rows.

    Notes
    -----
    Flags used: DO_NOT_USE and BAD_REF_PIXEL of interleaved reference pixels. Flags set: these, in
    pixels found to deviate, where reference pixels are kept. NaN in the signal stays NaN; among
    reference pixels it counts as missing.
    Float32, which leaves an error of some 1e-6 of the noise; lines in float64. Errors are not
    propagated: what remains of the correlated noise is part of the read noise.
    Zero frames: likewise, with the mean of the groups.

    Source: Rauscher et al. 2017, PASP 129, 105003; JWST User Documentation, calwebb_detector1,
    reference pixel correction, IRS2.
    """
    if refpix is None:
        raise MissingReference(
            "no refpix reference for an exposure with interleaved reference pixels (IRS2)",
            advice="Name one: --reference refpix=FILE.",
        )
    _check(ramp)
    if carried is None:
        carried = Carried(NoiseFilter.of(refpix), ramp.pixeldq)
    layout, flags = Layout.of(ramp.meta), ramp.pixeldq | carried.pixeldq
    signals, zeroframes = [], []
    for integration in range(ramp.shape_of("sci")[0]):
        frames = Frames(ramp, integration)
        series = Series.of(frames, layout, parallel)
        if options.irs2_mean_subtraction:
            series.subtract_levels(_usable_edges(flags, layout), options.siglimit)
        deviant = deviant_rows(series.every_reference_pixel(), options.ovr_corr_mitigation_ftr)
        flags = _with_flags(flags, deviant, layout)
        series.replace_bad(_bad_rows(flags, layout) | listed_rows(refpix))
        series.subtract_means()
        out = _corrected(frames, series, carried.filters, layout, options, parallel)
        signals.append(out[: frames.groups])
        zeroframes.append(out[frames.groups :])
    result = ramp.with_changes(
        sci=signals[0][np.newaxis] if len(signals) == 1 else np.stack(signals),
        **_stripped(ramp, flags, layout, options, np.concatenate(zeroframes)),
    )
    return result, Carried(carried.filters, flags)


def _check(ramp: Ramp) -> None:
    exposure = ramp.meta.exposure
    normal, reference = exposure.nrs_normal or NORMAL, exposure.nrs_reference or REFERENCE
    shape = ramp.shape_of("sci")[-2:]
    if (normal, reference) != (NORMAL, REFERENCE) or shape != FRAME:
        raise InvalidProduct(
            "IRS2 frame laid out in another way",
            expected=f"{REFERENCE} reference pixels after {NORMAL} others, {FRAME[0]} rows",
            found=f"{reference} (NRS_REF) after {normal} (NRS_NORM), {shape[0]} rows",
        )


@dataclass(frozen=True)
class Frames:
    """The frames of one integration: its groups, and the zero frame where there is one."""

    ramp: Ramp
    integration: int

    @property
    def groups(self) -> int:
        """Number of groups."""
        return self.ramp.shape_of("sci")[1]

    @property
    def numbers(self) -> range:
        """Number of each frame."""
        return range(self.groups + self.ramp.has("zeroframe"))

    def read(self, number: int) -> np.ndarray:
        """Return one frame, float32, (y, x); only that is read."""
        if number < self.groups:
            return frame_of(self.ramp, "sci", self.integration, number)
        return np.asarray(self.ramp.zeroframe[self.integration])


@dataclass(frozen=True)
class Series:
    """All that the frames of an integration tell of their noise, in the order of reading.

    Parameters
    ----------
    output : array
        Reference output, float32, DN, axes (frame, position, line).
    pixels : array
        Interleaved reference pixels, float32, (frame, amplifier, position, line).
    edges : array
        Other pixels of the lines at the edges, float32, (frame, amplifier, position, line).
    levels : array
        What was subtracted before, float32, (frame, amplifier, parity of the position).
    groups : int
        How many of the frames are groups.
    """

    output: np.ndarray
    pixels: np.ndarray
    edges: np.ndarray
    levels: np.ndarray
    groups: int

    @classmethod
    def of(cls, frames: Frames, layout: Layout, parallel: Parallel) -> "Series":
        """Collect them; every frame is read once."""
        reference = is_reference_position()
        visits = np.count_nonzero(reference)
        count = len(frames.numbers)
        output = np.empty((count, SECTOR, LINES), np.float32)
        pixels = np.empty((count, AMPLIFIERS, visits, LINES), np.float32)
        edges = np.empty((count, AMPLIFIERS, SECTOR - visits, EDGE.size), np.float32)
        rows = [layout.rows(number) for number in range(OUTPUTS)]
        lines = EDGE[::-1] if layout.reversed_axes else EDGE

        def collect(number: int) -> None:
            frame = frames.read(number)
            output[number] = _in_order(frame[rows[0]], layout)
            for amplifier, own in enumerate(rows[1:]):
                pixels[number, amplifier] = _in_order(frame[own[reference]], layout)
                edges[number, amplifier] = frame[own[~reference][:, np.newaxis], lines]

        _work(parallel, collect, frames.numbers)
        levels = np.zeros((count, AMPLIFIERS, 2), np.float32)
        return cls(output, pixels, edges, levels, frames.groups)

    def every_reference_pixel(self) -> Iterator[np.ndarray]:
        """Return the interleaved reference pixels of each output, (group, position, line)."""
        yield self.output[: self.groups, is_reference_position()]
        for amplifier in range(AMPLIFIERS):
            yield self.pixels[: self.groups, amplifier]

    def subtract_levels(self, usable: np.ndarray, limit: float) -> None:
        """Subtract from each output the level of its reference pixels at the edges, in place.

        Even and odd positions apart: the mean of the clipped means in the first and in the last
        four lines.

        Parameters
        ----------
        usable : array
            Which pixels at the edges count, bool, (output, position, line).
        limit : float
            Of the clipping, standard deviations.
        """
        reference, parity = is_reference_position(), parity_of_position()
        for number in range(OUTPUTS):
            values = (
                self.output[..., EDGE].copy()
                if number == 0
                else np.empty((*self.output.shape[:2], EDGE.size), np.float32)
            )
            if number:
                values[:, reference] = self.pixels[:, number - 1][..., EDGE]
                values[:, ~reference] = self.edges[:, number - 1]
            values[:, ~usable[number]] = np.nan
            levels = _edge_levels(values, parity, limit)
            if number == 0:
                self.output[...] -= levels[:, parity, np.newaxis]
                continue
            self.levels[:, number - 1] = levels
            self.pixels[:, number - 1] -= levels[:, parity[reference], np.newaxis]
            self.edges[:, number - 1] -= levels[:, parity[~reference], np.newaxis]

    def replace_bad(self, bad: np.ndarray) -> None:
        """Put others in the place of bad reference pixels, (output, position), in place."""
        places = np.flatnonzero(is_reference_position())
        for number, marks in enumerate(bad):
            target = self.output if number == 0 else self.pixels[:, number - 1]
            for position, sources in stand_ins(marks).items():
                index, others = (
                    (position, sources)
                    if number == 0
                    else (
                        int(np.searchsorted(places, position)),
                        np.searchsorted(places, sources).tolist(),
                    )
                )
                target[:, index] = (
                    target[:, others].mean(axis=1, dtype=np.float64) if others else np.nan
                )

    def subtract_means(self) -> None:
        """Subtract the mean over the groups from all frames, in place."""
        for array in (self.output, self.pixels, self.edges):
            for part in np.moveaxis(array, 1, 0):
                part -= part[: self.groups].mean(axis=0, dtype=np.float64).astype(np.float32)


def _edge_levels(values: np.ndarray, parity: np.ndarray, limit: float) -> np.ndarray:
    """Return the level of (frame, position, edge line) values by frame and parity."""
    from webbcal.kernels.arrays import frozen
    from webbcal.kernels.reference_pixels import clipped_means

    levels = np.zeros((len(values), 2), np.float32)
    for kind in (0, 1):
        own = values[:, parity == kind]
        ends = [own[..., :BORDER], own[..., BORDER:]]
        pixels = np.concatenate([end.reshape(len(values), -1) for end in ends], axis=1)
        half = pixels.shape[1] // 2
        bounds = np.array([0, half, 2 * half])
        means = clipped_means(frozen(pixels[np.newaxis]), frozen(bounds), limit)[0]
        known = np.isfinite(means)
        total = np.where(known, means, 0).sum(axis=1)
        levels[:, kind] = total / np.maximum(known.sum(axis=1), 1)
    return levels


def _usable_edges(flags: np.ndarray, layout: Layout) -> np.ndarray:
    """Return which pixels of the lines at the edges may be used, (output, position, line)."""
    good = (flags & np.uint32(DQ.DO_NOT_USE)) == 0
    lines = good[:, EDGE[::-1] if layout.reversed_axes else EDGE]
    return np.stack([lines[layout.rows(number)] for number in range(OUTPUTS)])


def _in_order(rows: np.ndarray, layout: Layout) -> np.ndarray:
    return rows[:, ::-1] if layout.reversed_axes else rows


def _work(parallel: Parallel, function: Callable[[int], None], numbers: range) -> None:
    """Call a function for each frame, a few at a time."""
    for first in range(0, len(numbers), TOGETHER):
        for _ in parallel(function, numbers[first : first + TOGETHER]):
            pass


def _corrected(
    frames: Frames,
    series: Series,
    filters: NoiseFilter,
    layout: Layout,
    options: RefpixOptions,
    parallel: Parallel,
) -> np.ndarray:
    """Return the corrected frames, float32, (frame, y, x)."""
    keep = options.preserve_irs2_refpix
    normal = ~is_reference_position()
    positions = np.arange(SECTOR) if keep else np.flatnonzero(normal)
    samples, science = sample_of_position(), layout.science_rows()
    parity = parity_of_position()[positions]
    rows = [layout.rows(number)[positions] for number in range(OUTPUTS)]
    targets = rows if keep else [np.searchsorted(science, own) for own in rows]
    out = np.empty((len(frames.numbers), FRAME[0] if keep else science.size, LINES), np.float32)

    def correct(number: int) -> None:
        from webbcal.kernels.irs2 import subtract_line, subtract_model

        frame = frames.read(number)
        spectrum = filters.reference_spectrum(_reference_output(series.output[number]))
        for amplifier in range(AMPLIFIERS):
            pixels = series.pixels[number, amplifier]
            line = _line(pixels, series.edges[number, amplifier])
            model = filters.prediction(
                amplifier, _level(pixels, line), spectrum, samples[positions]
            )
            model += series.levels[number, amplifier][parity, np.newaxis]
            subtract_line(model, samples[positions], (-line[0], -line[1]), SPAN)
            subtract_model(
                *(frame, rows[amplifier + 1], model, layout.reversed_axes),
                *(out[number], targets[amplifier + 1]),
            )
        if keep:
            out[number, rows[0]] = frame[rows[0]]

    _work(parallel, correct, frames.numbers)
    return out


def _reference_output(values: np.ndarray) -> np.ndarray:
    """Return the reference output as a series (sample, line), less its drift; NaN if missing."""
    from webbcal.kernels.irs2 import straight_line, subtract_line

    samples = sample_of_position()
    line = straight_line(np.ascontiguousarray(values[:, EDGE]), samples, EDGE, SPAN)
    subtract_line(values, samples, line, SPAN)
    series = np.full(SPAN, np.nan, np.float32)
    series[samples] = values
    return series


def _line(pixels: np.ndarray, edges: np.ndarray) -> tuple[float, float]:
    """Return offset and slope of the drift of an amplifier."""
    from webbcal.kernels.irs2 import straight_line

    reference, samples = is_reference_position(), sample_of_position()
    values = np.empty((SECTOR, EDGE.size), np.float32)
    values[reference], values[~reference] = pixels[:, EDGE], edges
    offset, slope = straight_line(values, samples, EDGE, SPAN)
    return offset, slope


def _level(pixels: np.ndarray, line: tuple[float, float]) -> np.ndarray:
    """Return reference pixels less the drift, 0 where they are missing; changed in place."""
    from webbcal.kernels.irs2 import subtract_line

    subtract_line(pixels, sample_of_position()[is_reference_position()], line, SPAN)
    np.nan_to_num(pixels, copy=False, nan=0.0)
    return pixels


def _bad_rows(flags: np.ndarray, layout: Layout) -> np.ndarray:
    """Return which interleaved reference pixels are flagged in any line, (output, position)."""
    bad: np.ndarray = ((flags & np.uint32(DQ.BAD_REF_PIXEL)) != 0).any(axis=1)
    return np.stack([bad[layout.rows(n)] & is_reference_position() for n in range(OUTPUTS)])


def _with_flags(flags: np.ndarray, bad: np.ndarray, layout: Layout) -> np.ndarray:
    """Return pixel flags (y, x) with those of bad reference pixels (output, position) added."""
    result = flags.copy()
    for number in range(OUTPUTS):
        result[layout.rows(number)[bad[number]]] |= BAD
    return result


def _stripped(
    ramp: Ramp, flags: np.ndarray, layout: Layout, options: RefpixOptions, zeroframe: np.ndarray
) -> dict[str, Any]:
    """Return the other arrays of the result, by name."""
    arrays: dict[str, Any] = {"pixeldq": flags}
    if zeroframe.size:
        rows = slice(None) if options.preserve_irs2_refpix else layout.science_rows()
        arrays["zeroframe"] = np.where(ramp.zeroframe[:, rows] == 0, np.float32(0), zeroframe)
    if options.preserve_irs2_refpix:
        return arrays
    rows = layout.science_rows()
    arrays["pixeldq"] = np.ascontiguousarray(flags[rows])
    for name in ("groupdq", "err"):
        if ramp.has(name):
            shape = ramp.shape_of(name)
            values = np.empty(
                (*shape[:2], rows.size, shape[3]), np.uint8 if name == "groupdq" else np.float32
            )
            for i, g in np.ndindex(shape[:2]):
                values[i, g] = frame_of(ramp, name, i, g)[rows]
            arrays[name] = values
    return arrays
