"""Places and fluxes of a catalogue against the true sources."""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from astropy import units
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.stats import SigmaClip
from astropy.table import Table

from validation.measures import robust_width
from webbcal.io.read import open_product

MATCH_PIXELS = 1.5
NEAR_PIXELS, FAR_PIXELS = 8.0, 16.0
NEAR_LIGHT, FAR_LIGHT = 0.003, 0.2  # of neighbours, relative to a star
NEAR_ERROR = 0.2  # likewise, relative to the error of its flux
WINGS = 0.002  # part of the light of a farther neighbour that an aperture catches, at most
BRIGHT = 100.0  # signal to noise
STRONG = 200.0
EDGES = (5.0, 10.0, 20.0, 50.0, 100.0, 200.0)


@dataclass(frozen=True)
class Stars:
    """Stars of the catalogue that belong to true ones.

    Attributes
    ----------
    true_flux, flux, error : numpy.ndarray
        Jy, corrected to the whole star.
    east, north : numpy.ndarray
        Place in the catalogue minus truth, mas.
    near, far : numpy.ndarray
        Flux of other sources within 8 and 16 pixels, Jy.
    """

    true_flux: np.ndarray
    flux: np.ndarray
    error: np.ndarray
    east: np.ndarray
    north: np.ndarray
    near: np.ndarray
    far: np.ndarray

    @property
    def snr(self) -> np.ndarray:
        """Signal to noise."""
        ratio: np.ndarray = self.flux / self.error
        return ratio

    def __getitem__(self, which: np.ndarray) -> "Stars":
        return Stars(**{name: value[which] for name, value in vars(self).items()})


def match(catalogue: Table, sources: Table, pixel_scale: float) -> Stars:
    """Return the stars of a catalogue whose place is that of a true star."""
    found = SkyCoord(catalogue["sky_centroid"])
    true = SkyCoord(sources["ra"], sources["dec"], unit="deg")
    index, distance, _ = true.match_to_catalog_sky(found)
    nearest, _, _ = found.match_to_catalog_sky(true)
    mutual = nearest[index] == np.arange(len(true))
    flux = _values(catalogue, "aper_total_flux")[index]
    error = _values(catalogue, "aper_total_flux_err")[index]
    usable = mutual & (distance.arcsec < MATCH_PIXELS * pixel_scale)
    usable &= (np.asarray(sources["kind"]) == "star") & np.isfinite(flux) & (error > 0)
    near = _light_around(true, sources, NEAR_PIXELS * pixel_scale)
    far = _light_around(true, sources, FAR_PIXELS * pixel_scale)
    place = found[index]
    east = (place.ra.deg - true.ra.deg) * np.cos(true.dec.rad) * 3.6e6
    north = (place.dec.deg - true.dec.deg) * 3.6e6
    every = Stars(np.asarray(sources["flux"]), flux, error, east, north, near, far)
    return every[usable]


def _values(table: Table, name: str) -> np.ndarray:
    return np.asarray(np.ma.filled(np.ma.asarray(table[name], dtype=float), np.nan))


def _light_around(true: SkyCoord, sources: Table, radius_arcsec: float) -> np.ndarray:
    """Return the flux of the other sources within a radius (of galaxies, their own besides)."""
    reach = radius_arcsec + float(np.max(sources["radius"], initial=0.0))
    one, two, distance, _ = true.search_around_sky(true, reach * units.arcsec)
    own = np.asarray(sources["radius"])[two]
    other = (one != two) & (distance.arcsec < radius_arcsec + own)
    light = np.zeros(len(true))
    np.add.at(light, one[other], np.asarray(sources["flux"])[two[other]])
    return light


@dataclass(frozen=True)
class BrightStars:
    """Lone stars of high signal to noise.

    Attributes
    ----------
    count : int
        How many.
    ratio, scatter : float
        Median of flux over true flux, and its robust scatter.
    place_mas : float
        Robust scatter of the places, per axis, the mean removed.
    offset_mas : float
        Length of the mean.
    strong_place_mas : float
        Scatter of those above a signal to noise of 200.
    """

    count: int
    ratio: float
    scatter: float
    place_mas: float
    offset_mas: float
    strong_place_mas: float


def measure_bright(stars: Stars) -> BrightStars:
    """Measure lone stars of a signal to noise above 100."""
    lone = (stars.near < NEAR_LIGHT * stars.true_flux) & (stars.far < FAR_LIGHT * stars.true_flux)
    some = stars[lone & (stars.snr > BRIGHT)]
    if not len(some.flux):
        return BrightStars(0, *(np.nan,) * 5)
    ratio = some.flux / some.true_flux
    return BrightStars(
        len(ratio),
        float(np.median(ratio)),
        robust_width(ratio),
        _scatter(some),
        float(np.hypot(np.median(some.east), np.median(some.north))),
        _scatter(some[some.snr > STRONG]),
    )


def _scatter(stars: Stars) -> float:
    """Return the robust scatter of places per axis, mas."""
    if not len(stars.flux):
        return np.nan
    return float(np.hypot(robust_width(stars.east), robust_width(stars.north)) / np.sqrt(2))


@dataclass(frozen=True)
class PullBin:
    """Pulls of fluxes of lone stars within limits of signal to noise."""

    low: float
    high: float
    count: int
    width: float
    shift: float


def flux_pulls(stars: Stars) -> list[PullBin]:
    """Return (flux - truth) / error in bins of the true signal to noise.

    The bins are of the truth over the error: limits on the measured flux would cut off one side.
    """
    lone = (stars.near < NEAR_ERROR * stars.error) & (WINGS * stars.far < NEAR_ERROR * stars.error)
    some = stars[lone]
    pull = (some.flux - some.true_flux) / some.error
    strength = some.true_flux / some.error
    bins = []
    for low, high in pairwise(EDGES):
        here = pull[(strength >= low) & (strength < high)]
        if len(here) > 10:
            bins.append(PullBin(low, high, len(here), robust_width(here), float(np.median(here))))
    return bins


def forced_photometry(mosaic: Path, apcorr: Path, sources: Table, pixel_scale: float) -> Stars:
    """Measure the true stars of a mosaic at their true places, also those too faint to be found.

    Stars whose aperture has pixels without data are left out. Places are those of the truth.
    """
    product = open_product(mosaic)
    with fits.open(mosaic, memmap=False) as units_:
        sci, err = (units_[name].data.astype(float) for name in ("SCI", "ERR"))
        to_jansky = 1e6 * units_["SCI"].header["PIXAR_SR"]
    row = Table.read(apcorr, hdu="APCORR")[-1]
    radii = float(row["radius"]), float(row["skyin"]), float(row["skyout"])
    stars = np.flatnonzero(np.asarray(sources["kind"]) == "star")
    ra, dec = (np.asarray(sources[name])[stars] for name in ("ra", "dec"))
    x, y = product.wcs.invert(ra, dec, with_bounding_box=False)
    edge = radii[-1] + 1
    inside = (x > edge) & (x < sci.shape[1] - edge) & (y > edge) & (y < sci.shape[0] - edge)
    stars = stars[inside]
    flux, error = aperture_fluxes(sci, err, np.column_stack([x, y])[inside], radii)
    scale = to_jansky * float(row["apcorr"])
    true = SkyCoord(sources["ra"], sources["dec"], unit="deg")
    near = _light_around(true, sources, NEAR_PIXELS * pixel_scale)[stars]
    far = _light_around(true, sources, FAR_PIXELS * pixel_scale)[stars]
    nowhere = np.zeros(len(stars))
    every = Stars(
        np.asarray(sources["flux"])[stars], scale * flux, scale * error, nowhere, nowhere, near, far
    )
    return every[np.isfinite(flux) & (error > 0)]


def aperture_fluxes(
    sci: np.ndarray, err: np.ndarray, places: np.ndarray, radii: tuple[float, float, float]
) -> tuple[np.ndarray, np.ndarray]:
    """Return sums in circles minus the sky, and their errors.

    The sky is the sigma-clipped median of an annulus; the error that of the sum by ERR and that
    of the median by the scatter in the annulus. NaN where a circle has pixels without data.
    """
    from photutils.aperture import ApertureStats, CircularAnnulus, CircularAperture

    aperture = CircularAperture(places, radii[0])
    annulus = CircularAnnulus(places, radii[1], radii[2])
    bad = ~np.isfinite(sci) | ~np.isfinite(err)
    missing = ApertureStats(bad.astype(float), aperture).sum
    star = ApertureStats(sci, aperture, error=err, mask=bad)
    clip = SigmaClip(sigma=3.0)
    sky = ApertureStats(sci, annulus, mask=bad, sigma_clip=clip, sum_method="center")
    error_of_sky = np.sqrt(np.pi / 2 / sky.center_aper_area.value) * sky.std
    flux = star.sum - sky.median * aperture.area
    error = np.hypot(star.sum_err, error_of_sky * aperture.area)
    return np.where(missing > 0, np.nan, flux), error
