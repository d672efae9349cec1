"""From flux to electrons: zero points, and what apertures catch of the point-spread function.

Source: JWST User Documentation, "JWST Telescope" (collecting area); "Aperture corrections" of the
articles on the source catalogue.
"""

import functools
from dataclasses import dataclass

import numpy as np

from webbcal.sim.instruments import Detector, instrument_of
from webbcal.sim.optics import OVERSAMPLING, oversampled_psf

COLLECTING_AREA_M2 = 25.4
EFFICIENCY = 0.4  # mirrors, filter and detector together
PLANCK_J_S = 6.62607015e-34
JANSKY = 1e-26  # W / m^2 / Hz
BAND_WIDTHS = {"W2": 0.5, "W": 0.22, "M": 0.09, "N": 0.01}  # relative to the wavelength
VEGA_K = 11500.0  # the black body whose colours are Vega's published ones within 0.05 mag
V_BAND_UM = 0.55
V_BAND_AB = -0.02  # AB magnitude of Vega there
SECOND_RADIATION_UM_K = 14387.77
STERADIAN_PER_ARCSEC2 = (np.pi / 180 / 3600) ** 2
STAMP_HALF_WIDTH = 64
FRACTIONS = (0.3, 0.5, 0.7)
BOXES_IN_MOSAIC = 3  # drop, output pixel, aperture


def electrons_per_jansky(detector: Detector, filter_name: str) -> float:
    """Return electrons per second from one Jy in a filter.

    Photons of a flat spectrum through the band: collecting area times efficiency times relative
    band width over the Planck constant.
    """
    instrument = instrument_of(detector)
    known = instrument.wavelengths(detector)
    assert filter_name in known
    kind = filter_name.lstrip("F0123456789")
    width = BAND_WIDTHS.get(kind, 0.5)  # an open guider sees the widest band
    photons = COLLECTING_AREA_M2 * width * JANSKY / PLANCK_J_S
    return photons * EFFICIENCY


def vega_offset(wavelength_um: float) -> float:
    """Return AB minus Vega magnitude, by a black body with the colours of Vega."""

    def spectrum(um: float) -> float:
        return float(um**-3 / np.expm1(SECOND_RADIATION_UM_K / (um * VEGA_K)))

    ratio = spectrum(wavelength_um) / spectrum(V_BAND_UM)
    return V_BAND_AB - 2.5 * float(np.log10(ratio))


@dataclass(frozen=True)
class Aperture:
    """A circle, the annulus where its sky is measured, and the correction to the whole flux.

    Radii in pixel; `fraction` of the light of a star is inside.
    """

    fraction: float
    radius: float
    correction: float
    sky_inner: float
    sky_outer: float


def apertures(detector: Detector, filter_name: str) -> list[Aperture]:
    """Return the apertures that hold given fractions of a star's light in a mosaic.

    A mosaic with the pixels of the detector shows the point-spread function blurred three times
    by a pixel: an input pixel is dropped as a square, the output pixel collects, and an aperture
    takes the light in a pixel as evenly spread. The correction undoes what is outside of the
    aperture and what the annulus sees of the star, whose median is subtracted as sky.
    """
    wavelength = instrument_of(detector).wavelengths(detector)[filter_name]
    return list(_apertures(wavelength, detector.pixel_scale))


@functools.lru_cache(maxsize=32)
def _apertures(wavelength_um: float, pixel_scale: float) -> tuple[Aperture, ...]:
    from scipy.ndimage import uniform_filter

    psf = np.array(oversampled_psf(wavelength_um, pixel_scale, STAMP_HALF_WIDTH))
    middle = psf.shape[0] / 2
    for _ in range(BOXES_IN_MOSAIC):
        psf = uniform_filter(psf, OVERSAMPLING, mode="constant")
        middle += 0.5  # a window of even length reaches half a sample further to the left
    offset = np.arange(psf.shape[0]) - middle
    distance = np.hypot(offset[:, None], offset[None, :]).ravel() / OVERSAMPLING
    order = np.argsort(distance)
    radius, light = distance[order], np.cumsum(psf.ravel()[order]) / OVERSAMPLING**2
    wanted = [float(np.interp(fraction, light, radius)) for fraction in FRACTIONS]
    inner = 2.0 * wanted[-1] + 2.0
    outer = 1.5 * inner + 2.0
    annulus = psf.ravel()[order][(radius > inner) & (radius < outer)]
    level = float(np.median(annulus))
    return tuple(
        Aperture(fraction, r, 1 / (fraction - level * np.pi * r**2), inner, outer)
        for fraction, r in zip(FRACTIONS, wanted, strict=True)
    )
