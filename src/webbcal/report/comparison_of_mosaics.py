"""Hold a mosaic and its catalogue against the simulated truth."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from webbcal.report.comparison import robust_width

POINTS = 9
"""Places along each axis of an image where its world coordinates are tried."""

MAS = 3.6e6  # per degree
ARCSEC = 3600.0  # per degree
MATCH_ARCSEC = 0.06
"""Farthest from its true place that a source is taken for the same: two pixels of NIRCam."""

NEAR_ARCSEC, FAR_ARCSEC = 0.25, 0.5
NEAR_LIGHT, FAR_LIGHT = 0.003, 0.2
"""Light of all neighbours, relative to a star's, below which the star is alone."""

BRIGHT = 100.0
"""Signal to noise of stars that are found for certain, and whose fluxes tell of the calibration."""

STEP_MAG = 0.5
JANSKY_AB = 3631.0


class View(Protocol):
    """The true relation of pixels and the sky."""

    def sky(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return right ascension and declination, degrees, of pixels, from 0."""
        ...


@dataclass(frozen=True)
class Alignment:
    """Where products put pixels minus where these looked, mas.

    `offsets` has axes (image, 2): mean of each image, east and north. `relative` is the root
    mean square over all pixels of the images, both axes together, the mean over all removed;
    `absolute` the length of that mean.
    """

    offsets: np.ndarray
    relative: float
    absolute: float


def compare_pointings(
    images: Sequence[tuple[Any, tuple[int, int]]], views: Sequence[View]
) -> Alignment:
    """Compare world coordinates with the truth, all over the pixels of the images.

    Parameters
    ----------
    images : sequence
        World coordinates (called with x and y, from 0) and shape (rows, columns) of each.
    views : sequence of View
        Where they looked.
    """
    found = np.array([_displaced(*image, view) for image, view in zip(images, views, strict=True)])
    mean = found.mean(axis=(0, 1))
    rest = np.hypot(*np.moveaxis(found - mean, -1, 0))
    return Alignment(found.mean(axis=1), float(np.sqrt((rest**2).mean())), float(np.hypot(*mean)))


def _displaced(wcs: Any, shape: tuple[int, int], view: View) -> np.ndarray:
    """Return displacements, mas, axes (point, 2)."""
    lines = (np.linspace(0, size - 1, POINTS) for size in reversed(shape))
    x, y = (plane.ravel() for plane in np.meshgrid(*lines))
    ra, dec = (np.asarray(values) for values in wcs(x, y))
    true_ra, true_dec = view.sky(x, y)
    east = ((ra - true_ra + 180) % 360 - 180) * np.cos(np.deg2rad(true_dec))
    return np.column_stack([east, dec - true_dec]) * MAS


@dataclass(frozen=True)
class Sources:
    """True sources, or entries of a catalogue: places in degrees, fluxes in Jy.

    `radius` (arcsec) holds half the light of a galaxy and is 0 for stars. `seen` tells in how
    many exposures a true source is. `error` is that of the flux; of a true source it is 0.
    """

    ra: np.ndarray
    dec: np.ndarray
    flux: np.ndarray
    radius: np.ndarray
    seen: np.ndarray
    error: np.ndarray


@dataclass(frozen=True)
class Bin:
    """Sources of one magnitude on the mosaic: how many there are, and how many were found."""

    magnitude: float
    true: int
    found: int


@dataclass(frozen=True)
class MosaicComparison:
    """A catalogue against the truth.

    Attributes
    ----------
    magnitude, ratio, error : numpy.ndarray
        Bright lone stars: true AB magnitude, flux over true flux, and its standard error.
    median, scatter : float
        Median of these ratios, and their robust scatter.
    certain, found : int
        Bright lone stars by their true fluxes, and those of them that were found.
    entries, real : int
        Entries of the catalogue, and those of them that are true sources.
    bins : tuple of Bin
        Completeness by AB magnitude, of all sources in some exposure.
    """

    magnitude: np.ndarray
    ratio: np.ndarray
    error: np.ndarray
    median: float
    scatter: float
    certain: int
    found: int
    entries: int
    real: int
    bins: tuple[Bin, ...]


def compare_catalogue(found: Sources, truth: Sources, exposures: int) -> MosaicComparison:
    """Compare a catalogue with the true sources.

    Parameters
    ----------
    found, truth : Sources
        Entries of the catalogue with their total fluxes (NaN: not measured), and true sources.
    exposures : int
        Number of exposures in the mosaic.
    """
    from scipy.spatial import KDTree

    entries, places = _plane(found, truth), _plane(truth, truth)
    tree, back = KDTree(entries), KDTree(places)
    distance, index = tree.query(places)
    away, nearest = back.query(entries)
    matched = distance < MATCH_ARCSEC
    mutual = matched & (nearest[index] == np.arange(len(places)))
    flux, error = found.flux[index], found.error[index]
    stars = truth.radius == 0
    with np.errstate(invalid="ignore", divide="ignore"):
        strong = mutual & stars & (error > 0) & (flux > BRIGHT * error)
    lone = _lone(back, places, truth)
    bright = strong & lone & (truth.seen == exposures)
    ratio = flux[bright] / truth.flux[bright]
    # Faint sources tell what an error is where the star's own photons do not matter.
    typical = float(np.nanpercentile(found.error[found.error > 0], 25.0))
    certain = lone & stars & (truth.seen == exposures) & (truth.flux > BRIGHT * typical)
    magnitude = -2.5 * np.log10(truth.flux / JANSKY_AB)
    return MosaicComparison(
        magnitude[bright],
        ratio,
        error[bright] / truth.flux[bright],
        float(np.median(ratio)) if ratio.size else np.nan,
        robust_width(ratio) if ratio.size else np.nan,
        int(certain.sum()),
        int((certain & matched).sum()),
        len(entries),
        int((away < np.maximum(MATCH_ARCSEC, truth.radius[nearest])).sum()),
        tuple(_completeness(magnitude[truth.seen > 0], matched[truth.seen > 0])),
    )


def _plane(sources: Sources, centre: Sources) -> np.ndarray:
    """Return places near the middle of a field, arcsec, axes (source, 2)."""
    ra, dec = float(centre.ra[0]), float(np.mean(centre.dec))
    east = ((sources.ra - ra + 180) % 360 - 180) * np.cos(np.deg2rad(dec))
    return np.column_stack([east, sources.dec - dec]) * ARCSEC


def _lone(tree: Any, places: np.ndarray, truth: Sources) -> np.ndarray:
    """Tell which sources have next to no light of others around them."""
    reach = FAR_ARCSEC + float(truth.radius.max(initial=0.0))
    pairs = tree.query_pairs(reach, output_type="ndarray")
    one, two = np.concatenate([pairs, pairs[:, ::-1]]).T
    distance = np.hypot(*(places[one] - places[two]).T) - truth.radius[two]
    alone = np.ones(len(places), bool)
    for limit, light in ((NEAR_ARCSEC, NEAR_LIGHT), (FAR_ARCSEC, FAR_LIGHT)):
        close = distance < limit
        around = np.bincount(one[close], truth.flux[two[close]], len(places))
        alone &= around < light * truth.flux
    return alone


def _completeness(magnitude: np.ndarray, found: np.ndarray) -> list[Bin]:
    bins = []
    first, last = np.floor(magnitude.min() / STEP_MAG), np.ceil(magnitude.max() / STEP_MAG)
    for number in np.arange(first, last):
        here = np.floor(magnitude / STEP_MAG) == number
        bins.append(
            Bin(float((number + 0.5) * STEP_MAG), int(here.sum()), int((here & found).sum()))
        )
    return bins
