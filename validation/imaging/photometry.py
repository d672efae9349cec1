"""Places and fluxes of a catalogue against the true sources."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from astropy import units
from astropy.coordinates import SkyCoord
from astropy.table import Table

from validation.measures import robust_width

MATCH_PIXELS = 1.5
NEAR_PIXELS, FAR_PIXELS = 8.0, 16.0
NEAR_LIGHT, FAR_LIGHT = 0.003, 0.2  # of neighbours, relative to a star
NEAR_ERROR = 0.2  # likewise, relative to the error of its flux
BRIGHT = 100.0  # signal to noise
FAINTER = 200.0
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
        return self.flux / self.error

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
    """

    count: int
    ratio: float
    scatter: float
    place_mas: float
    offset_mas: float


def measure_bright(stars: Stars) -> BrightStars:
    """Measure lone stars of a signal to noise above 100."""
    lone = (stars.near < NEAR_LIGHT * stars.true_flux) & (stars.far < FAR_LIGHT * stars.true_flux)
    some = stars[lone & (stars.snr > BRIGHT)]
    if not len(some.flux):
        return BrightStars(0, np.nan, np.nan, np.nan, np.nan)
    ratio = some.flux / some.true_flux
    return BrightStars(
        len(ratio),
        float(np.median(ratio)),
        robust_width(ratio),
        float(np.hypot(robust_width(some.east), robust_width(some.north)) / np.sqrt(2)),
        float(np.hypot(np.median(some.east), np.median(some.north))),
    )


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
    lone = (stars.near < NEAR_ERROR * stars.error) & (stars.far < FAR_LIGHT * stars.true_flux)
    some = stars[lone]
    pull = (some.flux - some.true_flux) / some.error
    strength = some.true_flux / some.error
    bins = []
    for low, high in pairwise(EDGES):
        here = pull[(strength >= low) & (strength < high)]
        if len(here) > 10:
            bins.append(PullBin(low, high, len(here), robust_width(here), float(np.median(here))))
    return bins
