"""Find sources: which pixels belong to which."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from webbcal.spec.fields import Product
from webbcal.steps._set import read_plane
from webbcal.steps._step import Parallel
from webbcal.steps.source_catalog.options import SourceCatalogOptions

CLIP_SIGMA = 3.0
CLIP_ROUNDS = 10
SMOOTHED_BOXES = 1  # a median of three by three boxes
BAND = 256
"""Rows that are worked on at a time."""

REACH = 4.0
"""Where the smoothing curve is cut off, in standard deviations."""

FWHM_PER_SIGMA = 2.0 * math.sqrt(2.0 * math.log(2.0))
MODES: Mapping[str, int] = MappingProxyType({"exponential": 0, "linear": 1, "sinh": 2})


@dataclass(frozen=True)
class Planes:
    """The planes of a mosaic, in its units; pixels without data are NaN in both.

    Attributes
    ----------
    sci, err : numpy.ndarray
        float32 (y, x), native, contiguous, read-only.
    """

    sci: np.ndarray
    err: np.ndarray


@dataclass(frozen=True)
class Segments:
    """What was found.

    Attributes
    ----------
    labels : numpy.ndarray
        int32 (y, x): source, from 1; 0 for none.
    boxes : numpy.ndarray
        int64 (source, 5): first and last row, first and last column, number of pixels.
    smoothed, level : numpy.ndarray
        float32 (y, x): image without background, smoothed; and that background.
    centres : numpy.ndarray or None
        float64 (source, 2): x and y, where the star finder measures them.
    """

    labels: np.ndarray
    boxes: np.ndarray
    smoothed: np.ndarray
    level: np.ndarray
    centres: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.boxes)


def read_planes(image: Product, parallel: Parallel) -> Planes:
    """Return SCI and ERR, unknown where an error is NaN or a weight zero."""
    from webbcal.kernels.arrays import frozen

    shape = image.shape_of("sci")
    sci, err = np.empty(shape, np.float32), np.empty(shape, np.float32)

    def fill(first: int) -> None:
        rows = slice(first, min(first + BAND, shape[0]))
        value, error = read_plane(image, "sci", rows), read_plane(image, "err", rows)
        known = np.isfinite(value) & np.isfinite(error) & (read_plane(image, "wht", rows) > 0)
        sci[rows] = np.where(known, value, np.nan)
        err[rows] = np.where(known, error, np.nan)

    for _ in parallel(fill, range(0, shape[0], BAND)):
        pass
    return Planes(frozen(sci), frozen(err))


def find_segments(
    planes: Planes, options: SourceCatalogOptions, parallel: Parallel
) -> Segments | None:
    """Return the sources of an image, None if there are none.

    The background, the median of boxes after clipping at 3 deviations, is taken off, the image is
    smoothed with a Gaussian curve, and pixels above `snr_threshold` deviations of the background
    that touch make a segment. Segments with several sources are separated.

    Source: Bertin and Arnouts 1996, A&AS 117, 393, sections 2 to 6.
    """
    from webbcal.kernels.segments import segment_boxes
    from webbcal.numerics.regions import labelled

    background = Background.of(planes.sci, options.bkg_boxsize, parallel)
    if background is None:
        return None
    smoothed, level, above = _smoothed(planes, background, options, parallel)
    labels, count = labelled(above, options.connectivity)
    boxes = segment_boxes(labels, count)
    if options.starfinder != "segmentation":
        from webbcal.steps.source_catalog.stars import find_stars

        return find_stars(planes, background, (smoothed, level), above, options)
    large = boxes[:, 4] >= options.npixels
    if not large.any():
        return None
    parts = _separated(smoothed, labels, boxes, large, options, parallel) if options.deblend else {}
    labels = _renumbered(labels, boxes, large, parts)
    boxes = segment_boxes(labels, int(labels.max()))
    return Segments(labels, boxes, smoothed, level)


@dataclass(frozen=True)
class Background:
    """Level and deviation of the background, in boxes.

    Attributes
    ----------
    levels, deviations : numpy.ndarray
        float64 (box y, box x).
    size : tuple of int
        Of a box.
    shape : tuple of int
        Of the image.
    """

    levels: np.ndarray
    deviations: np.ndarray
    size: tuple[int, int]
    shape: tuple[int, int]

    @classmethod
    def of(cls, sci: np.ndarray, box: int, parallel: Parallel) -> "Background | None":
        """Measure it in boxes of about the size given; None if no pixel is known."""
        from webbcal.kernels.clipping import clipped_level, into_buckets
        from webbcal.kernels.mesh import smoothed

        height, width = sci.shape
        counts = [max(round(length / box), 1) for length in (height, width)]
        size = math.ceil(height / counts[0]), math.ceil(width / counts[1])
        corners = [(y, x) for y in range(0, height, size[0]) for x in range(0, width, size[1])]

        def measure(corner: tuple[int, int]) -> tuple[float, float]:
            y, x = corner
            values = np.ascontiguousarray(sci[y : y + size[0], x : x + size[1]]).reshape(-1)
            known = np.isfinite(values)
            if known.sum() < 0.1 * values.size:
                return np.nan, np.nan
            buckets = into_buckets(_locked(values), _locked(known.view(np.uint8)))
            level: Any = clipped_level(buckets, CLIP_SIGMA, CLIP_ROUNDS)
            return level.median, level.deviation

        found = np.array(list(parallel(measure, corners)), np.float64)
        down = len(range(0, height, size[0]))
        levels, deviations = found.T.reshape(2, down, -1)
        if np.isnan(levels).all():
            known = np.isfinite(sci)
            if not known.any():
                return None
            return cls(
                np.full((1, 1), np.median(sci[known])),
                np.full((1, 1), np.std(sci[known])),
                (height, width),
                (height, width),
            )
        smooth = []
        for mesh in (levels, deviations):
            while np.isnan(medians := smoothed(mesh, SMOOTHED_BOXES)).any():
                mesh = np.where(np.isnan(mesh), medians, mesh)
            smooth.append(medians)
        return cls(smooth[0], smooth[1], size, (height, width))

    def rows(self, part: slice) -> tuple[np.ndarray, np.ndarray]:
        """Return level and deviation on some rows, float32 (y, x)."""
        from webbcal.numerics.smooth_background import surface_through

        level, deviation = (
            surface_through(mesh, self.shape, self.size, part)
            for mesh in (self.levels, self.deviations)
        )
        return level, deviation


def _locked(values: np.ndarray) -> np.ndarray:
    from webbcal.kernels.arrays import frozen

    return frozen(values)


def _smoothed(
    planes: Planes, background: Background, options: SourceCatalogOptions, parallel: Parallel
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the smoothed image, the background, and where the image is above the threshold."""
    from webbcal.kernels.smoothing import smoothed as smooth

    sigma = options.kernel_fwhm / FWHM_PER_SIGMA
    margin = int(REACH * sigma + 0.5)
    curve = np.exp(-0.5 * (np.arange(margin + 1) / sigma) ** 2)
    curve = _locked(curve / (2 * curve.sum() - curve[0]))
    height, width = planes.sci.shape
    smoothed, background_level = np.empty((2, height, width), np.float32)
    above = np.empty((height, width), bool)

    def fill(first: int) -> None:
        rows = slice(first, min(first + BAND, height))
        wide = slice(max(rows.start - margin, 0), min(rows.stop + margin, height))
        level, deviation = background.rows(wide)
        values = planes.sci[wide] - level
        known = np.isfinite(values)
        np.copyto(values, 0, where=~known)
        values = np.asarray(smooth(_locked(values), curve))
        inner = slice(rows.start - wide.start, rows.stop - wide.start)
        smoothed[rows], background_level[rows] = values[inner], level[inner]
        limit = np.float32(options.snr_threshold) * deviation[inner]
        above[rows] = known[inner] & (values[inner] > limit) & (values[inner] > 0)

    for _ in parallel(fill, range(0, height, BAND)):
        pass
    return smoothed, background_level, above


def _separated(
    smoothed: np.ndarray,
    labels: np.ndarray,
    boxes: np.ndarray,
    large: np.ndarray,
    options: SourceCatalogOptions,
    parallel: Parallel,
) -> dict[int, np.ndarray]:
    """Return, for each segment of several sources, which pixel of its box belongs to which."""
    from webbcal.kernels.arrays import frozen
    from webbcal.kernels.deblending import deblend

    image, segments = frozen(smoothed), frozen(labels)
    mode = MODES[options.multithresh_mode]
    rules = frozen(
        np.array([options.npixels, options.nlevels, mode, options.connectivity], np.int64)
    )

    def separate(label: int) -> np.ndarray:
        box = frozen(boxes[label - 1])
        return np.asarray(deblend(image, segments, label, box, rules, options.contrast))

    # Two sources need twice the pixels of one.
    candidates = [int(k) + 1 for k in np.flatnonzero(boxes[:, 4] >= 2 * options.npixels)]
    found = parallel(separate, candidates)
    return {label: part for label, part in zip(candidates, found, strict=True) if part.size}


def _renumbered(
    labels: np.ndarray, boxes: np.ndarray, large: np.ndarray, parts: Mapping[int, np.ndarray]
) -> np.ndarray:
    """Return the labels of what is large enough, parts apart, numbered from 1 by first row."""
    numbers = np.zeros(len(boxes) + 1, np.int32)
    first_of_parts: dict[int, int] = {}
    number = 0
    for k in np.flatnonzero(large):
        label = int(k) + 1
        if label in parts:
            first_of_parts[label] = number
            number += int(parts[label].max())
        else:
            number += 1
            numbers[label] = number
    renumbered: np.ndarray = numbers[labels]
    for label, part in parts.items():
        y, last_y, x, last_x = boxes[label - 1, :4]
        window = renumbered[y : last_y + 1, x : last_x + 1]
        np.copyto(window, part + np.int32(first_of_parts[label]), where=part > 0)
    return renumbered
