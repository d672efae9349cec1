"""Interleaved reference pixels of NIRSpec (IRS2)."""

from collections.abc import Callable, Iterator, Sequence
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
    is_reference_position,
    parity_of_position,
    sample_of_position,
)
from webbcal.geometry.readout import BORDER
from webbcal.spec.products.detector1 import Ramp
from webbcal.spec.references import ReferencePixelFilters
from webbcal.steps._step import Parallel
from webbcal.steps.refpix.irs2_filter import LINES, NoiseFilter
from webbcal.steps.refpix.irs2_frames import Chosen, Computed, Frames, ramp_of_frames
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
    """What one integration leaves to the next.

    Parameters
    ----------
    filters : NoiseFilter
        Prepared filters.
    deviant : array
        Reference pixels found to deviate so far, bool, (output, position).
    """

    filters: NoiseFilter
    deviant: np.ndarray


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
        the level of each output before; what samples are that equal their mean over the groups.
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
    With ``irs2_zeros="missing"``, so does a sample that equals its mean over the groups, and a
    pixel that does keeps the straight line. Both are measurements: groups are whole numbers.
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
        carried = Carried(NoiseFilter.of(refpix), np.zeros((OUTPUTS, SECTOR), np.bool_))
    layout, deviant = Layout.of(ramp.meta), carried.deviant
    known = _bad_rows(ramp.pixeldq, layout) | listed_rows(refpix)
    corrections = []
    for integration in range(ramp.shape_of("sci")[0]):
        frames = Frames(ramp, integration)
        series = Series.of(frames, layout, parallel)
        found = deviant_rows(series.every_reference_pixel(), options.ovr_corr_mitigation_ftr)
        deviant = deviant | found
        if options.irs2_mean_subtraction:
            usable = _usable_edges(ramp.pixeldq, layout) & ~deviant[..., np.newaxis]
            series.subtract_levels(usable, options.siglimit)
        series.replace_bad(known | deviant)
        series.subtract_means()
        means = None
        if options.irs2_zeros == "missing":
            series.forget_zeros()
            # Levels are no whole numbers: less them, hardly a pixel equals its mean.
            means = None if options.irs2_mean_subtraction else _mean_frame(frames)
        corrections.append(Correction(frames, series, carried.filters, layout, options, means))
    flags = _with_flags(ramp.pixeldq, deviant, layout)
    result = ramp_of_frames(ramp, _replaced(ramp, corrections, flags, layout, options))
    return result, Carried(carried.filters, deviant)


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
            for n, own in enumerate(layout.sector(number) for number in range(OUTPUTS)):
                sector, order = frames.read(number, own), rows[n] - own.start
                if n == 0:
                    output[number] = _in_order(sector[order], layout)
                    continue
                pixels[number, n - 1] = _in_order(sector[order[reference]], layout)
                edges[number, n - 1] = sector[order[~reference][:, np.newaxis], lines]

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

    def forget_zeros(self) -> None:
        """Mark samples of groups that are 0 as missing, in place."""
        for array in (self.output, self.pixels, self.edges):
            groups = array[: self.groups]
            groups[groups == 0] = np.nan


def _mean_frame(frames: Frames) -> np.ndarray:
    """Return the mean over the groups, float32, (y, x)."""
    total = np.zeros(FRAME)
    for number in range(frames.groups):
        total += frames.read(number)
    return (total / frames.groups).astype(np.float32)


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


@dataclass(frozen=True)
class Correction:
    """The correction of one integration, frame by frame.

    `means` (y, x) are the means over the groups where pixels that equal them keep the straight
    line, else None.
    """

    frames: Frames
    series: Series
    filters: NoiseFilter
    layout: Layout
    options: RefpixOptions
    means: np.ndarray | None = None

    def __call__(self, number: int) -> np.ndarray:
        """Return a corrected frame, float32, (y, x)."""
        from webbcal.kernels.irs2 import subtract_line, subtract_model

        keep, series, layout = self.options.preserve_irs2_refpix, self.series, self.layout
        normal = ~is_reference_position()
        positions = np.arange(SECTOR) if keep else np.flatnonzero(normal)
        samples, science = sample_of_position()[positions], layout.science_rows()
        parity = parity_of_position()[positions]
        out = np.empty((FRAME[0] if keep else science.size, LINES), np.float32)
        spectrum = self.filters.reference_spectrum(_reference_output(series.output[number]))
        for amplifier in range(AMPLIFIERS):
            pixels = series.pixels[number, amplifier]
            line = _line(pixels, series.edges[number, amplifier])
            model = self.filters.prediction(amplifier, _level(pixels, line), spectrum, samples)
            model += series.levels[number, amplifier][parity, np.newaxis]
            rows = layout.rows(amplifier + 1)
            at_mean = self._at_mean(number, rows[positions])
            kept = model[at_mean]
            subtract_line(model, samples, (-line[0], -line[1]), SPAN)
            model[at_mean] = kept
            targets = rows[positions] if keep else np.searchsorted(science, rows[positions])
            own = layout.sector(amplifier + 1)
            subtract_model(
                *(self.frames.read(number, own), rows[positions] - own.start, model),
                *(layout.reversed_axes, out, targets),
            )
        if keep:
            own = layout.sector(0)
            out[own] = self.frames.read(number, own)
        return out

    def _at_mean(self, number: int, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the places, row and line in the order of reading, that keep the straight line."""
        if self.means is None or number >= self.series.groups:
            return np.zeros(0, np.intp), np.zeros(0, np.intp)
        same = self.frames.read(number)[rows] == self.means[rows]
        row, line = np.nonzero(_in_order(same, self.layout))
        return row, line


def _reference_output(values: np.ndarray) -> np.ndarray:
    """Return the reference output as a series (sample, line), less its drift; NaN if missing."""
    from webbcal.kernels.irs2 import straight_line, subtract_line

    samples = sample_of_position()
    line = straight_line(np.ascontiguousarray(values[:, EDGE]), samples, EDGE, SPAN)
    values = values.copy()
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
    """Return reference pixels less the drift, 0 where they are missing."""
    from webbcal.kernels.irs2 import subtract_line

    pixels = pixels.copy()
    subtract_line(pixels, sample_of_position()[is_reference_position()], line, SPAN)
    np.nan_to_num(pixels, copy=False, nan=0.0)
    return pixels


def _bad_rows(flags: np.ndarray, layout: Layout) -> np.ndarray:
    """Return which interleaved reference pixels are flagged in any line, (output, position)."""
    marked = np.uint32(DQ.BAD_REF_PIXEL)
    bad = [((flags[layout.rows(n)] & marked) != 0).any(axis=1) for n in range(OUTPUTS)]
    return np.asarray(np.stack(bad) & is_reference_position())


def _with_flags(flags: np.ndarray, bad: np.ndarray, layout: Layout) -> np.ndarray:
    """Return pixel flags (y, x) with those of bad reference pixels (output, position) added."""
    if not bad.any():
        return flags
    result = flags.copy()
    for number in range(OUTPUTS):
        result[layout.rows(number)[bad[number]]] |= BAD
    return result


def _replaced(
    ramp: Ramp,
    corrections: Sequence[Correction],
    flags: np.ndarray,
    layout: Layout,
    options: RefpixOptions,
) -> dict[str, Any]:
    """Return the arrays of the result, by name; large ones are made as they are read."""
    keep, rows = options.preserve_irs2_refpix, layout.science_rows()
    size = FRAME[0] if keep else rows.size
    shape = (len(corrections), ramp.shape_of("sci")[1], size, LINES)
    arrays: dict[str, Any] = {"sci": Computed(shape, corrections), "pixeldq": flags}
    if ramp.has("zeroframe"):
        zero = ramp.zeroframe if keep else ramp.zeroframe[:, rows]
        frames = np.stack([correct(shape[1]) for correct in corrections])
        arrays["zeroframe"] = np.where(zero == 0, np.float32(0), frames)
    if keep:
        return arrays
    arrays["pixeldq"] = np.ascontiguousarray(flags[rows])
    for name in ("groupdq", "err"):
        if ramp.has(name):
            arrays[name] = Chosen(ramp, name, rows)
    return arrays
