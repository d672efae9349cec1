"""Fluxes in apertures, their errors, and magnitudes."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from webbcal.steps._step import Parallel
from webbcal.steps.source_catalog.detection import Planes
from webbcal.steps.source_catalog.reference_rows import Apertures
from webbcal.steps.source_catalog.resampling import Resampling

AB_ZERO_POINT = 8.9
"""Magnitude of 1 Jy."""

SOURCES_AT_A_TIME = 256
ENOUGH_FREE = 0.25
"""Part of the ring of the background that must be free of others for them to be left out."""


@dataclass(frozen=True)
class Photometry:
    """Fluxes of sources, in the units of the image times pixels.

    Attributes
    ----------
    level, level_error : numpy.ndarray
        float64 (source): background per pixel.
    fluxes, errors : numpy.ndarray
        float64 (source, aperture): without background; NaN where a pixel is unknown.
    """

    level: np.ndarray
    level_error: np.ndarray
    fluxes: np.ndarray
    errors: np.ndarray


def measure(
    planes: Planes,
    labels: np.ndarray,
    centres: np.ndarray,
    exposures: np.ndarray,
    apertures: Apertures,
    resampling: Resampling,
    parallel: Parallel,
) -> Photometry:
    r"""Return the flux of each source within each aperture.

    With overlaps :math:`w_i` of pixels and circle, the variance v by which the image is blurred
    along each axis beyond what aperture corrections are for, and the background b per pixel,

    .. math::

        F = \sum_i w_i (g - \tfrac{v}{2} \nabla^2 g)_i - b \sum_i w_i, \qquad
        \sigma_F^2 = \sum_{ij} w'_i w'_j \sigma_i \sigma_j \rho_{ij} + (\pi r^2 \sigma_b)^2
        + \frac{s^2}{4 n} (C_x^2 + C_y^2)

    with w' the weights that F gives to the pixels, :math:`\rho` their correlation from
    resampling, and :math:`C_x = \sum w \partial_x^2 g`: how much F changes with a blur that
    scatters by s from place to place for one of n exposures.

    Parameters
    ----------
    planes : Planes
        Values and errors; errors are right for sums over many pixels.
    labels : numpy.ndarray
        int32 (y, x): sources, from 1; others are left out of the background of each.
    centres : numpy.ndarray
        float64 (source, 2): x and y.
    exposures : numpy.ndarray
        float64 (source): how many exposures were combined there.
    apertures : Apertures
        Radii.
    resampling : Resampling
        Blur, its scatter, and correlation.
    parallel : Parallel
        Shares the sources out.

    Returns
    -------
    Photometry

    Source: JWST User Documentation, source_catalog; A. S. Fruchter, R. N. Hook 2002, PASP 114,
    144, section 7.
    """
    from webbcal.kernels.apertures import aperture_sums, ring_levels
    from webbcal.kernels.arrays import frozen

    segments, places = frozen(labels), frozen(centres, np.float64)
    radii, correlation = frozen(apertures.radii), frozen(resampling.correlation)

    def some(first: int) -> tuple[Any, Any]:
        part = frozen(places[first : first + SOURCES_AT_A_TIME])
        sums = aperture_sums(planes.sci, planes.err, part, radii, resampling.blur / 2, correlation)
        levels = ring_levels(
            planes.sci,
            planes.err,
            segments,
            frozen(first + 1 + np.arange(len(part))),
            part,
            apertures.sky_inner,
            apertures.sky_outer,
            ENOUGH_FREE,
        )
        return sums, levels

    results = list(parallel(some, range(0, max(len(centres), 1), SOURCES_AT_A_TIME)))
    sums = np.concatenate([sums for sums, _ in results])
    levels = np.concatenate([levels for _, levels in results])
    level, level_error = levels[:, 0], levels[:, 1]
    total, variance, area, curvature_x, curvature_y = np.moveaxis(sums, 2, 0)
    scatter = resampling.scatter**2 / (4 * np.maximum(exposures, 1))
    variance = variance + (area * level_error[:, None]) ** 2
    variance = variance + scatter[:, None] * (curvature_x**2 + curvature_y**2)
    return Photometry(level, level_error, total - area * level[:, None], np.sqrt(variance))


def magnitudes(flux_jy: np.ndarray, error_jy: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    r"""Return AB magnitudes and their errors; NaN for a flux that is not positive.

    .. math:: m = -2.5 \log_{10} F + 8.9, \qquad \sigma_m = 2.5 \log_{10}(1 + \sigma_F / F)

    Source: J. B. Oke, J. E. Gunn 1983, ApJ 266, 713; JWST User Documentation, source_catalog.
    """
    positive = flux_jy > 0
    flux = np.where(positive, flux_jy, np.nan)
    return (
        -2.5 * np.log10(flux) + AB_ZERO_POINT,
        2.5 * np.log10(1.0 + error_jy / flux),
    )
