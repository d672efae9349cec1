"""Where sources are, and how they look."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from webbcal.steps.source_catalog.detection import FWHM_PER_SIGMA, Planes, Segments

SMALLEST_VARIANCE = 1 / 12
"""Of a single row of pixels across it; pixel squared."""


@dataclass(frozen=True)
class Shapes:
    """Places and second moments of sources.

    Attributes
    ----------
    centres : numpy.ndarray
        float64 (source, 2): x and y.
    major, minor : numpy.ndarray
        float64 (source): standard deviations along the axes of the ellipse, pixel.
    angle : numpy.ndarray
        float64 (source): from x to the major axis, counter-clockwise, degree, 0 to 360.
    flux, flux_error : numpy.ndarray
        float64 (source): sum over the segment, without background.
    """

    centres: np.ndarray
    major: np.ndarray
    minor: np.ndarray
    angle: np.ndarray
    flux: np.ndarray
    flux_error: np.ndarray


def measure_shapes(planes: Planes, segments: Segments) -> Shapes:
    """Return centroids and second moments of the smoothed image within each segment.

    Source: Bertin and Arnouts 1996, A&AS 117, 393, section 10; the SExtractor manual, sections
    on positional parameters and shapes.
    """
    from webbcal.kernels.arrays import frozen
    from webbcal.kernels.segments import segment_sums

    moments, sums = segment_sums(
        frozen(segments.labels),
        frozen(segments.boxes),
        frozen(segments.smoothed),
        planes.sci,
        frozen(segments.level, np.float32),
        planes.err,
    )
    total = np.where(moments[:, 0] > 0, moments[:, 0], np.nan)
    u, v, uu, uv, vv = (moments[:, n] / total for n in range(1, 6))
    xx, xy, yy = uu - u * u, uv - u * v, vv - v * v
    thin = xx * yy - xy * xy < SMALLEST_VARIANCE**2
    xx, yy = (np.where(thin, values + SMALLEST_VARIANCE, values) for values in (xx, yy))
    half = (xx + yy) / 2
    apart = np.hypot((xx - yy) / 2, xy)
    corner = segments.boxes[:, [2, 0]]
    centres = corner + np.stack([u, v], axis=1)
    if segments.centres is not None:
        centres = segments.centres
    return Shapes(
        centres,
        np.sqrt(half + apart),
        np.sqrt(np.maximum(half - apart, 0)),
        np.degrees(np.arctan2(2 * xy, xx - yy) / 2) % 360,
        sums[:, 0],
        np.sqrt(sums[:, 1]),
    )


def window_centres(planes: Planes, segments: Segments, shapes: Shapes, sigma: float) -> Shapes:
    """Return shapes about centroids under a Gaussian window, where these settle.

    The moments of a segment follow the noise at its border and the pixels of the star; the window
    weighs pixels about as the light of a star does. Places of a star finder stay.

    Parameters
    ----------
    planes, segments, shapes
        What was found; `shapes.centres` are where to begin, and stay where the window leaves its
        source.
    sigma : float
        Standard deviation of the window, pixel.

    Source: E. Bertin, SExtractor manual, windowed positional parameters.
    """
    from webbcal.kernels.arrays import frozen
    from webbcal.kernels.window_centroids import window_centroids

    if segments.centres is not None:
        return shapes
    found = window_centroids(
        planes.sci,
        frozen(segments.level, np.float32),
        frozen(segments.labels),
        frozen(shapes.centres, np.float64),
        sigma,
    )
    settled = np.isfinite(found).all(axis=1, keepdims=True)
    return replace(shapes, centres=np.where(settled, found, shapes.centres))


def point_likeness(
    planes: Planes, segments: Segments, kernel_fwhm: float, sigma_radius: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return sharpness and roundness of the highest pixel of each source.

    Source: P. B. Stetson 1987, PASP 99, 191 (DAOFIND).
    """
    from webbcal.kernels.arrays import frozen
    from webbcal.kernels.segments import peaks, point_statistics

    profile, mask = dao_profile(kernel_fwhm / FWHM_PER_SIGMA, sigma_radius)
    places = peaks(frozen(segments.labels), frozen(segments.boxes), frozen(segments.smoothed))
    result: Any = point_statistics(planes.sci, frozen(places), frozen(profile), frozen(mask))
    return result[:, 0], result[:, 1]


def dao_profile(sigma: float, sigma_radius: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the lowered Gaussian curve of DAOFIND, and which pixels it covers, axes (y, x).

    Source: P. B. Stetson 1987, PASP 99, 191, section III.
    """
    half = max(2, int(sigma_radius * sigma))
    y, x = np.mgrid[-half : half + 1, -half : half + 1]
    square = (x * x + y * y) / (2 * sigma**2)
    mask = (2 * square <= sigma_radius**2) | (x * x + y * y <= 4)
    curve = np.where(mask, np.exp(-square), 0.0)
    count = mask.sum()
    norm = (curve**2).sum() - curve.sum() ** 2 / count
    profile = np.where(mask, (curve - curve.sum() / count) / norm, 0.0)
    return profile, mask.astype(np.uint8)


def nearest_neighbours(centres: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return label and distance of the nearest other source; -1 and NaN where there is none."""
    from webbcal.numerics.neighbours import nearest

    labels, distances = np.full(len(centres), -1, np.int64), np.full(len(centres), np.nan)
    known = np.flatnonzero(np.isfinite(centres).all(axis=1))
    if known.size > 1:
        places, distances[known] = nearest(centres[known], centres[known], own=True)
        labels[known] = known[places] + 1
    return labels, distances
