"""Reference pixels around a near-infrared detector."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from webbcal.core.dq import DQ
from webbcal.core.errors import CannotCalibrate
from webbcal.geometry.readout import (
    BORDER,
    DETECTOR_SIZE,
    Readout,
    lies_inside,
    reference_bands,
)
from webbcal.spec.meta import Meta
from webbcal.spec.products.detector1 import Ramp
from webbcal.spec.window import Window
from webbcal.steps.refpix.options import RefpixOptions

AMPLIFIERS = 4
"""Amplifiers that read a quarter of the columns each, where all are in use."""


@dataclass(frozen=True)
class ReferenceLevels:
    """What to subtract from an exposure.

    Parameters
    ----------
    columns, rows : array
        Level of each column, axes (integration, group, x), and of each row, axes (integration,
        group, y), float32, DN. After the groups comes the zero frame, where there is one. Without
        levels of rows the last axis is empty.
    """

    columns: np.ndarray
    rows: np.ndarray

    def subtracted_from(self, ramp: Ramp) -> Ramp:
        """Return an exposure, or a window of it, less the levels of its columns and rows."""
        from webbcal.kernels.arrays import frozen
        from webbcal.kernels.reference_pixels import subtract_levels

        shape = ramp.shape_of("sci")
        window = Window.whole((shape[-2], shape[-1])) if ramp.window is None else ramp.window
        columns = _of_lines(self.columns, window.columns)
        rows = _of_lines(self.rows, window.rows)
        columns_first = not Readout.of(ramp.meta).swapped

        def subtracted(data: np.ndarray, groups: slice) -> np.ndarray:
            levels = frozen(columns[:, groups]), frozen(rows[:, groups])
            return np.asarray(subtract_levels(frozen(data), *levels, columns_first))

        zeroframe = ramp.zeroframe
        if zeroframe is not None:
            corrected = subtracted(zeroframe[:, np.newaxis], slice(-1, None))[:, 0]
            zeroframe = np.where(zeroframe == 0, np.float32(0), corrected)
        return replace(ramp, sci=subtracted(ramp.sci, slice(shape[1])), zeroframe=zeroframe)


@dataclass(frozen=True)
class ReferencePixels:
    """The usable reference pixels of an exposure, and where they lie on the detector.

    Parameters
    ----------
    values : array
        Signal, float32, DN, axes (integration, group, pixel); after the groups comes the zero
        frame, where there is one.
    row, column : array
        Their place, axis (pixel).
    marked : array
        Whether REFERENCE_PIXEL is set, or the pixel serves as one.
    """

    values: np.ndarray
    row: np.ndarray
    column: np.ndarray
    marked: np.ndarray

    @classmethod
    def of(cls, parts: Sequence[Ramp], readout: Readout) -> Self:
        """Collect them from parts of an exposure."""
        values, rows, columns, marks = [], [], [], []
        for part in parts:
            usable = (part.pixeldq & np.uint32(DQ.DO_NOT_USE)) == 0
            signal = part.sci[..., usable]
            if part.zeroframe is not None:
                first = part.zeroframe[:, usable]
                signal = np.concatenate([signal, first[:, np.newaxis]], axis=1)
            window = Window.whole(part.pixeldq.shape) if part.window is None else part.window
            row, column = readout.rows_columns(window)
            values.append(signal)
            rows.append(row[usable])
            columns.append(column[usable])
            marked = (part.pixeldq[usable] & np.uint32(DQ.REFERENCE_PIXEL)) != 0
            marks.append(marked | lies_inside(part.meta))
        return cls(
            np.concatenate(values, axis=-1),
            np.concatenate(rows),
            np.concatenate(columns),
            np.concatenate(marks),
        )

    def means(self, label: np.ndarray, count: int, options: RefpixOptions) -> np.ndarray:
        """Return the clipped mean of the pixels of each label, axes (integration, group, label).

        Pixels with a negative label are left out; the mean of none is NaN.
        """
        from webbcal.kernels.arrays import frozen
        from webbcal.kernels.reference_pixels import clipped_means

        order = np.argsort(label, kind="stable")
        bounds = np.searchsorted(label[order], np.arange(count + 1))
        return np.asarray(
            clipped_means(frozen(self.values[..., order]), frozen(bounds), options.siglimit)
        )


def windows(meta: Meta, shape: tuple[int, int], options: RefpixOptions) -> list[Window]:
    """Return the parts of an exposure that hold its reference pixels."""
    return reference_bands(meta, shape)


def measure(parts: Sequence[Ramp], options: RefpixOptions) -> ReferenceLevels:
    """Return the levels of an exposure, given the parts that hold its reference pixels.

    Raises
    ------
    CannotCalibrate
        If the parts hold no usable reference pixel.
    """
    if not parts:
        raise CannotCalibrate("the subarray holds no reference pixels")
    meta = parts[0].meta
    readout = Readout.of(meta)
    pixels = ReferencePixels.of(parts, readout)
    if pixels.row.size == 0:
        raise CannotCalibrate("none of the reference pixels is usable")
    shape = parts[0].window.shape if parts[0].window is not None else parts[0].pixeldq.shape
    if meta.exposure.noutputs == AMPLIFIERS or shape == (DETECTOR_SIZE, DETECTOR_SIZE):
        by_column = _amplifier_levels(pixels, options)
        by_row = _side_levels(pixels, by_column, options)
    else:
        by_column = _column_levels(pixels, options)
        by_row = np.zeros((*by_column.shape[:2], 0), np.float32)
    row, column = readout.rows_columns(Window.whole(shape))
    slow, fast = (row[0], column[:, 0]) if readout.swapped else (row[:, 0], column[0])
    of_columns = np.ascontiguousarray(by_column[..., fast])
    of_rows = np.ascontiguousarray(by_row[..., slow]) if by_row.size else by_row
    if readout.swapped:
        return ReferenceLevels(columns=of_rows, rows=of_columns)
    return ReferenceLevels(columns=of_columns, rows=of_rows)


def _of_lines(levels: np.ndarray, lines: slice) -> np.ndarray:
    """Return the levels of some lines: 0 where there are none."""
    if levels.shape[-1]:
        return levels[..., lines]
    return np.zeros((*levels.shape[:-1], lines.stop - lines.start), levels.dtype)


def _amplifier_levels(pixels: ReferencePixels, options: RefpixOptions) -> np.ndarray:
    """Return the level of each detector column, with four amplifiers; (integration, group, x)."""
    column = np.arange(DETECTOR_SIZE)
    amplifier = column // (DETECTOR_SIZE // AMPLIFIERS)
    section = 2 * amplifier + (column % 2 if options.odd_even_columns else 0)
    bottom, top = pixels.row < BORDER, pixels.row >= DETECTOR_SIZE - BORDER
    label = np.where(bottom | top, section[pixels.column], -1)
    count = 2 * AMPLIFIERS
    means = pixels.means(np.where(top & (label >= 0), label + count, label), 2 * count, options)
    return _mean_of_known(means[..., :count], means[..., count:])[..., section]


def _side_levels(
    pixels: ReferencePixels, by_column: np.ndarray, options: RefpixOptions
) -> np.ndarray:
    """Return the level of each detector row, (integration, group, y)."""
    from webbcal.kernels.arrays import frozen
    from webbcal.kernels.reference_pixels import running_medians

    if not options.use_side_ref_pixels:
        return np.zeros_like(by_column)
    sides = [
        running_medians(
            frozen(side_strip(pixels, by_column, start)), options.side_smoothing_length // 2
        )
        for start in (0, DETECTOR_SIZE - BORDER)
    ]
    return np.float32(options.side_gain) * _mean_of_known(*sides)


def side_strip(pixels: ReferencePixels, by_column: np.ndarray, start: int) -> np.ndarray:
    """Return the four detector columns from `start`, less their levels.

    Axes (integration, group, row, column), float32, DN; NaN where a pixel is not usable.
    """
    there = (pixels.column >= start) & (pixels.column < start + BORDER)
    row, column = pixels.row[there], pixels.column[there]
    strip = np.full((*by_column.shape, BORDER), np.nan, np.float32)
    strip[..., row, column - start] = pixels.values[..., there] - by_column[..., column]
    return strip


def _column_levels(pixels: ReferencePixels, options: RefpixOptions) -> np.ndarray:
    """Return the level of each detector column, with one amplifier; (integration, group, x)."""
    column = np.arange(DETECTOR_SIZE)
    section = column % 2 if options.odd_even_columns else np.zeros_like(column)
    means = pixels.means(np.where(pixels.marked, section[pixels.column], -1), 2, options)
    return np.asarray(np.nan_to_num(means, nan=0.0))[..., section]


def _mean_of_known(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return the mean of two levels, the known one where the other is NaN, 0 where both are."""
    mean = np.float32(0.5) * (one + other)
    known = np.where(np.isnan(one), other, np.where(np.isnan(other), one, mean))
    return np.asarray(np.nan_to_num(known, nan=0.0))
