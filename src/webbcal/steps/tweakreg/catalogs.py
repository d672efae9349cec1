"""The catalogue of the sky at the time of the exposures, and lists of stars that users give."""

from dataclasses import dataclass

import numpy as np

from webbcal.core.errors import InvalidReference
from webbcal.geometry.tangent_plane import (
    TangentPlane,
    directions,
    east_and_north,
    unit_vectors,
)
from webbcal.spec.fields import Product
from webbcal.spec.references.astrometry import AstrometricCatalog
from webbcal.steps.tweakreg.sources import Sources

J2000_MJD = 51544.5
JULIAN_YEAR = 365.25  # days
CATALOGUE_ERROR = 0.02  # pixel, where a catalogue tells weights but no errors


@dataclass(frozen=True)
class SkyStars:
    """Stars of a catalogue on the tangent plane.

    Attributes
    ----------
    positions : ndarray
        Arcsec to the east and north, axes (star, 2).
    variance : ndarray
        Of each coordinate, arcsec squared.
    rows : ndarray
        Their rows in the catalogue.
    """

    positions: np.ndarray
    variance: np.ndarray
    rows: np.ndarray


def epoch_of(image: Product) -> float | None:
    """Return the Julian year in the middle of an exposure, None if no keyword tells it."""
    exposure = image.meta.exposure
    for name in ("mid_time", "mid_time_mjd", "start_time"):
        time = exposure.lookup(name)
        if isinstance(time, int | float) and time > 0:
            return 2000.0 + (float(time) - J2000_MJD) / JULIAN_YEAR
    date = image.meta.observation.lookup("date")
    if isinstance(date, str) and len(date) >= 10:
        try:
            days = np.datetime64(date[:10]) - np.datetime64("2000-01-01T12:00")
        except ValueError:
            return None
        return 2000.0 + float(days / np.timedelta64(1, "D")) / JULIAN_YEAR
    return None


def moved_to(catalog: AstrometricCatalog, epoch: float | None) -> tuple[np.ndarray, np.ndarray]:
    r"""Return the directions of the stars at an epoch, and which ones are known.

    .. math:: u(t) \propto u_0 + (t - t_0) (\mu_{\alpha*} e + \mu_\delta n)

    along the unit vectors to the east and north. Parallax and light-travel time are left out.

    Parameters
    ----------
    catalog : AstrometricCatalog
        Positions, proper motions and their epoch.
    epoch : float or None
        Julian year.

    Returns
    -------
    tuple of ndarray
        Unit vectors, axes (star, 3); bool, axis (star): false where the proper motion is not
        known and the epoch differs.

    Source: ESA 1997, The Hipparcos and Tycho Catalogues, volume 1, section 1.5.5.
    """
    stars = catalog.stars
    vectors = unit_vectors(stars["ra"], stars["dec"])
    moves = ~((stars["pmra"] == 0) & (stars["pmdec"] == 0))  # NaN: not known, so perhaps
    if not moves.any():
        return vectors, np.ones(len(stars), bool)
    if epoch is None:
        raise InvalidReference(
            "the exposures do not tell their time, which proper motions need",
            where=catalog.meta.lookup("filename"),
            expected="EXPMID or DATE-OBS",
        )
    years = epoch - stars["epoch"]
    if np.isnan(years[moves & np.isfinite(stars["pmra"])]).any():
        raise InvalidReference(
            "proper motions without the epoch of the positions",
            where=catalog.meta.lookup("filename"),
            expected="a column epoch, Julian year",
        )
    east, north = east_and_north(stars["ra"], stars["dec"])
    per_year = np.deg2rad(1.0 / 3.6e6)  # mas
    step = np.where(moves, np.nan_to_num(years), 0.0)[:, None] * per_year
    motion = step * (stars["pmra"][:, None] * east + stars["pmdec"][:, None] * north)
    known = np.isfinite(stars["pmra"]) & np.isfinite(stars["pmdec"])
    vectors = vectors + np.where(known[:, None], motion, 0.0)
    return vectors / np.linalg.norm(vectors, axis=1)[:, None], known


def stars_near(
    catalog: AstrometricCatalog,
    epoch: float | None,
    plane: TangentPlane,
    places: np.ndarray,
    margin: float,
    pixel: float,
) -> SkyStars:
    """Return the stars of a catalogue around some places.

    Parameters
    ----------
    catalog : AstrometricCatalog
        Of the sky.
    epoch : float or None
        Of the exposures, Julian year.
    plane : TangentPlane
        In the middle of the exposures.
    places : ndarray
        Positions on it, arcsec, axes (position, 2).
    margin : float
        How far around the rectangle of these, arcsec.
    pixel : float
        Size of a pixel, arcsec.
    """
    vectors, known = moved_to(catalog, epoch)
    positions = plane.from_sky(*directions(vectors))
    low, high = places.min(axis=0) - margin, places.max(axis=0) + margin
    with np.errstate(invalid="ignore"):  # NaN, on the other side of the sky, is not near
        near = np.all((positions >= low) & (positions <= high), axis=1) & known
    rows = np.flatnonzero(near)
    stars = catalog.stars[rows]
    variance = np.nan_to_num(stars["error"] * 1e-3) ** 2
    if rows.size and np.ptp(stars["weight"]) > 0:
        relative = np.median(stars["weight"]) / stars["weight"]
        variance = variance + (CATALOGUE_ERROR * pixel) ** 2 * relative
    return SkyStars(positions[rows], variance, rows)


def from_list(stars: np.ndarray) -> Sources:
    """Return the stars of a list that a user gives: x and y, pixel from 0, and flux."""
    order = np.argsort(-np.nan_to_num(stars["flux"]), kind="stable")
    stars = stars[order]
    return Sources(
        np.array(stars["x"]),
        np.array(stars["y"]),
        np.where(np.isfinite(stars["flux"]), stars["flux"], 1.0),
        np.zeros(len(stars)),
    )
