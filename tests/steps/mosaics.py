"""Mosaics of known sources, for tests of what is found and measured in them."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import gwcs
import numpy as np
from astropy import coordinates, units
from astropy.modeling import models
from scipy.ndimage import convolve1d, map_coordinates, spline_filter

from webbcal.sim.optics import OVERSAMPLING, oversampled_psf
from webbcal.spec.meta import Meta
from webbcal.spec.products import I2d
from webbcal.spec.references import ApertureCorrection, VegaOffset
from webbcal.steps._set import Tools

SCALE_ARCSEC = 0.031
WAVELENGTH_UM = 1.99
PIXEL_SR = (SCALE_ARCSEC / 206264.806) ** 2
JY = 1e6 * PIXEL_SR  # of a pixel of 1 MJy/sr
HALF = 30
ENERGIES = (0.3, 0.5, 0.7)
SKY_RING = (12.0, 18.0)


def tools(threads: int = 2) -> Tools:
    def parallel(function: Any, *items: Any) -> list[Any]:
        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(function, *items))

    def unused(*_: Any) -> Any:
        raise AssertionError("not needed by this step")

    return Tools(parallel, unused, unused, lambda *_: None)


def tangent_wcs(shape: tuple[int, int], north_deg: float = 20.0, ra: float = 80.0) -> gwcs.WCS:
    """Return a tangent plane whose y axis points to the position angle `north_deg`."""
    angle, step = np.deg2rad(north_deg), SCALE_ARCSEC / 3600
    turn = step * np.array([[-np.cos(angle), np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    transform = (
        models.Shift(-(shape[1] - 1) / 2) & models.Shift(-(shape[0] - 1) / 2)
        | models.AffineTransformation2D(matrix=turn)
        | models.Pix2Sky_TAN()
        | models.RotateNative2Celestial(ra, -69.5, 180.0)
    )
    detector = gwcs.coordinate_frames.Frame2D(name="detector", unit=(units.pix, units.pix))
    world = gwcs.coordinate_frames.CelestialFrame(
        name="world", reference_frame=coordinates.ICRS(), unit=(units.deg, units.deg)
    )
    return gwcs.WCS([(detector, transform), (world, None)])


def encircled(psf: np.ndarray, radii: np.ndarray | float) -> np.ndarray:
    """Return the part of the light within radii, pixel, about the middle of the function."""
    middle = psf.shape[0] // 2  # averaging over pixels of an even number of samples shifts by half
    y, x = np.mgrid[: psf.shape[0], : psf.shape[1]]
    distance = np.hypot(y - middle, x - middle).ravel() / OVERSAMPLING
    order = np.argsort(distance)
    light = np.cumsum(psf.ravel()[order]) / OVERSAMPLING**2
    return np.interp(radii, distance[order], light)


def references(energies: Sequence[float] = ENERGIES) -> tuple[ApertureCorrection, VegaOffset]:
    """Return references of a point as mosaics at the scale of the detector show it."""
    psf = _through_boxes(oversampled_psf(WAVELENGTH_UM, SCALE_ARCSEC, HALF), 1.0, 1.0, 1.0)
    radii = np.linspace(0.05, 12, 4000)
    light = encircled(psf, radii)
    inner, outer = encircled(psf, np.array(SKY_RING))
    ring = (outer - inner) / (np.pi * (SKY_RING[1] ** 2 - SKY_RING[0] ** 2))
    rows = []
    for energy in energies:
        radius = float(np.interp(energy, light, radii))
        correction = 1 / (energy - np.pi * radius**2 * ring)
        rows.append((b"F200W", b"CLEAR", energy, radius, correction, *SKY_RING))
    names = ("filter", "pupil", "eefraction", "radius", "apcorr", "skyin", "skyout")
    kinds = ("S12", "S15", "f4", "f4", "f4", "f4", "f4")
    table = np.array(rows, dtype=list(zip(names, kinds, strict=True)))
    offsets = {"filter": ["F115W", "F200W"], "pupil": ["CLEAR"] * 2, "abvega_offset": [0.8, 1.7]}
    return ApertureCorrection(apcorr_table=table), VegaOffset(offsets=offsets)


def _through_boxes(psf: np.ndarray, *widths: float) -> np.ndarray:
    """Return a function convolved with boxes, pixel; its middle stays where it is."""
    profile = np.ones(1)
    for width in widths:
        profile = np.convolve(profile, np.ones(round(width * OVERSAMPLING)))
    if len(profile) % 2 == 0:  # half a sample on either side
        profile = np.convolve(profile, [1, 1])
    profile = profile / profile.sum()
    return convolve1d(convolve1d(psf, profile, axis=0), profile, axis=1)


def stars(
    shape: tuple[int, int], places: np.ndarray, fluxes: np.ndarray, ratio: float = 1.0
) -> np.ndarray:
    """Return an image of points, MJy/sr, as whole drops of many exposures give it.

    `fluxes` in Jy; `ratio`: scale of the image over that of the detector.
    """
    psf = oversampled_psf(WAVELENGTH_UM, SCALE_ARCSEC, HALF)
    coefficients = spline_filter(_through_boxes(psf, 1.0, ratio), 3)
    middle, half = psf.shape[0] // 2, int((HALF - 1) / ratio)
    step = OVERSAMPLING * ratio
    image = np.zeros(shape)
    for (x0, y0), flux in zip(places, fluxes, strict=True):
        rows = slice(max(round(y0) - half, 0), min(round(y0) + half + 1, shape[0]))
        columns = slice(max(round(x0) - half, 0), min(round(x0) + half + 1, shape[1]))
        y, x = np.mgrid[rows, columns]
        place = [(y - y0) * step + middle, (x - x0) * step + middle]
        image[rows, columns] += flux / JY * map_coordinates(coefficients, place, prefilter=False)
    return image


def correlated_noise(shape: tuple[int, int], sigma: float, seed: int) -> np.ndarray:
    """Return noise as drops of many exposures leave it; `sigma` is right for large sums."""
    noise = np.random.default_rng(seed).standard_normal(shape) * sigma
    taps = np.array([0.5 + 0.5 / np.sqrt(3), 0.5 - 0.5 / np.sqrt(3)])
    for axis in (0, 1):
        noise = convolve1d(noise, taps, axis=axis, mode="wrap")
    return noise


def mosaic(sci: np.ndarray, sigma: float, exposures: int = 4, **meta: Any) -> I2d:
    """Return a mosaic at the scale of the detector with one error everywhere."""
    values = {
        "instrument.name": "NIRCAM",
        "instrument.filter": "F200W",
        "instrument.pupil": "CLEAR",
        "bunit_data": "MJy/sr",
        "photometry.pixelarea_steradians": PIXEL_SR,
        "resample.pixel_scale_ratio": 1.0,
        "resample.pixfrac": 1.0,
        "resample.pointings": exposures,
        "wcs": tangent_wcs(sci.shape),
        **meta,
    }
    err = np.full(sci.shape, sigma, np.float32)
    return I2d(
        meta=Meta().replace(values),
        sci=sci.astype(np.float32),
        err=err,
        con=np.full((1, *sci.shape), 2**exposures - 1, np.int32),
        wht=np.ones(sci.shape, np.float32),
        var_poisson=np.zeros_like(err),
        var_rnoise=err**2,
        var_flat=np.zeros_like(err),
    )
