"""Reference pixels of exposures that read stripes of a detector."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from webbcal.core.dq import DQ
from webbcal.core.errors import CannotCalibrate
from webbcal.geometry.readout import BORDER, DETECTOR_SIZE, Readout
from webbcal.geometry.stripes import Stripes
from webbcal.spec.meta import Meta
from webbcal.spec.products.detector1 import Ramp
from webbcal.spec.window import Window
from webbcal.steps.refpix.options import RefpixOptions

AMPLIFIERS = 4


@dataclass(frozen=True)
class StripeLevels:
    """What to subtract from an exposure in stripes.

    Parameters
    ----------
    levels : array
        Level of each stripe in each column of the detector, float32, DN, axes (integration,
        group, stripe, column); after the groups comes the zero frame, where there is one.
    """

    levels: np.ndarray

    def subtracted_from(self, ramp: Ramp) -> Ramp:
        """Return an exposure, or a window of it, less the levels of its stripes."""
        groups, rows, columns = ramp.shape_of("sci")[-3:]
        window = Window.whole((rows, columns)) if ramp.window is None else ramp.window
        stripes = _stripes(ramp.meta)
        slow, fast = _spans(window, stripes)
        column = _columns(ramp.meta, window.shape)[fast]
        by_line = self.levels[:, :, stripes.stripe[slow]][..., column]
        if not stripes.along_y:
            by_line = by_line.swapaxes(-1, -2)
        zeroframe = ramp.zeroframe
        if zeroframe is not None:
            zeroframe = np.where(zeroframe == 0, np.float32(0), zeroframe - by_line[:, -1])
        return replace(ramp, sci=ramp.sci - by_line[:, :groups], zeroframe=zeroframe)


def windows(meta: Meta, shape: tuple[int, int], options: RefpixOptions) -> list[Window]:
    """Return the parts of a frame that hold reference pixels: their lines, and the sides."""
    stripes = _stripes(meta)
    column = _columns(meta, shape)
    parts = []
    edges = np.flatnonzero(np.diff(stripes.reference, prepend=False, append=False))
    for start, stop in edges.reshape(-1, 2):
        parts.append(_window((int(start), int(stop)), (0, column.size), shape, stripes))
    side = (column < BORDER) | (column >= DETECTOR_SIZE - BORDER)
    sides = np.flatnonzero(np.diff(side, prepend=False, append=False)).reshape(-1, 2)
    between = np.flatnonzero(np.diff(~stripes.reference, prepend=False, append=False))
    for start, stop in between.reshape(-1, 2):
        for low, high in sides:
            parts.append(_window((int(start), int(stop)), (int(low), int(high)), shape, stripes))
    return parts


def measure(parts: Sequence[Ramp], options: RefpixOptions) -> StripeLevels:
    """Return the levels, given the parts of a frame that hold its reference pixels.

    A stripe has one level in the even and one in the odd columns of each amplifier: the clipped
    mean of its reference pixels there, 0 where it has none.

    Raises
    ------
    CannotCalibrate
        If no usable reference pixel exists.
    """
    from webbcal.kernels.arrays import frozen
    from webbcal.kernels.reference_pixels import clipped_means

    if not parts:
        raise CannotCalibrate("the stripes hold no reference pixels")
    meta = parts[0].meta
    stripes = _stripes(meta)
    section = _sections(meta, options)
    sections, count = int(section.max()) + 1, int(stripes.stripe.max()) + 1
    values, labels = [], []
    for part in parts:
        marked = np.uint32(DQ.REFERENCE_PIXEL)
        usable = (part.pixeldq & (marked | np.uint32(DQ.DO_NOT_USE))) == marked
        signal = part.sci[..., usable]
        if part.zeroframe is not None:
            first = part.zeroframe[:, usable]
            signal = np.concatenate([signal, first[:, np.newaxis]], axis=1)
        values.append(signal)
        labels.append(_labels(part, stripes, section, sections)[usable])
    label = np.concatenate(labels)
    if label.size == 0:
        raise CannotCalibrate("none of the reference pixels of the stripes is usable")
    order = np.argsort(label, kind="stable")
    bounds = np.searchsorted(label[order], np.arange(count * sections + 1))
    signal = np.concatenate(values, axis=-1)[..., order]
    means = np.asarray(clipped_means(frozen(signal), frozen(bounds), options.siglimit))
    means = np.nan_to_num(means, nan=0.0).reshape(*means.shape[:2], count, sections)
    return StripeLevels(means[..., section].astype(np.float32))


def arrange(ramp: Ramp) -> Ramp:
    """Return some integrations of a stack of superstripes with every line where it lies.

    Pixels of the detector that no stripe holds, reference lines among them, become NaN and
    REFERENCE_PIXEL.
    """
    stripes = _stripes(ramp.meta)
    light = ~stripes.reference
    source, place = np.flatnonzero(light), stripes.place[light]
    axis = -2 if stripes.along_y else -1

    def spread(array: np.ndarray, fill: Any) -> np.ndarray:
        shape = list(array.shape)
        shape[axis] = DETECTOR_SIZE
        out = np.full(shape, fill, array.dtype)
        if stripes.along_y:
            out[..., place, :] = array[..., source, :]
        else:
            out[..., place] = array[..., source]
        return out

    unread = np.uint32(DQ.REFERENCE_PIXEL)
    zeroframe = ramp.zeroframe
    return ramp.with_changes(
        window=None,
        sci=spread(ramp.sci, np.nan),
        groupdq=spread(ramp.groupdq, 0),
        pixeldq=spread(ramp.pixeldq, unread),
        zeroframe=None if zeroframe is None else spread(zeroframe, np.nan),
    )


def _stripes(meta: Meta) -> Stripes:
    stripes = Stripes.of(meta)
    assert stripes is not None, "only called for exposures in stripes"
    return stripes


def _spans(window: Window, stripes: Stripes) -> tuple[slice, slice]:
    """Return the lines of a window, and its pixels along a line."""
    return (window.rows, window.columns) if stripes.along_y else (window.columns, window.rows)


def _window(
    slow: tuple[int, int], fast: tuple[int, int], shape: tuple[int, int], stripes: Stripes
) -> Window:
    rows, columns = (slow, fast) if stripes.along_y else (fast, slow)
    return Window(*rows, *columns, shape)


def _columns(meta: Meta, shape: tuple[int, int]) -> np.ndarray:
    """Return the column of the detector of each pixel of a line."""
    readout = Readout.of(meta)
    line = Window(0, shape[0], 0, 1, shape) if readout.swapped else Window(0, 1, 0, shape[1], shape)
    return np.ascontiguousarray(readout.rows_columns(line)[1].ravel())


def _sections(meta: Meta, options: RefpixOptions) -> np.ndarray:
    """Return the number of amplifier and kind of column, for each column of the detector."""
    column = np.arange(DETECTOR_SIZE)
    amplifier = column // (DETECTOR_SIZE // AMPLIFIERS)
    if meta.exposure.noutputs != AMPLIFIERS:
        amplifier = np.zeros_like(column)
    section: np.ndarray = 2 * amplifier + (column % 2 if options.odd_even_columns else 0)
    return section


def _labels(part: Ramp, stripes: Stripes, section: np.ndarray, sections: int) -> np.ndarray:
    """Return stripe and section of each pixel as one number, axes (y, x)."""
    shape = part.pixeldq.shape
    window = Window.whole((shape[0], shape[1])) if part.window is None else part.window
    slow, fast = _spans(window, stripes)
    column = _columns(part.meta, window.shape)[fast]
    label: np.ndarray = stripes.stripe[slow][:, np.newaxis] * sections + section[column]
    return label if stripes.along_y else label.T
