"""A plane that touches the sky: positions as arcsec east and north of a point."""

from dataclasses import dataclass

import numpy as np

from webbcal.geometry.imaging import ARCSEC
from webbcal.geometry.sphere import FULL_TURN


def unit_vectors(ra: np.ndarray, dec: np.ndarray) -> np.ndarray:
    """Return directions as unit vectors, axes (..., 3), from right ascension and declination."""
    ra, dec = np.deg2rad(ra), np.deg2rad(dec)
    return np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=-1)


def east_and_north(ra: np.ndarray, dec: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the unit vectors, axes (..., 3), that point to the east and north of directions."""
    ra, dec = np.deg2rad(ra), np.deg2rad(dec)
    east = np.stack([-np.sin(ra), np.cos(ra), np.zeros_like(ra)], axis=-1)
    north = np.stack([-np.sin(dec) * np.cos(ra), -np.sin(dec) * np.sin(ra), np.cos(dec)], axis=-1)
    return east, north


def directions(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return right ascension, 0 to 360, and declination of vectors of any length, degrees."""
    x, y, z = np.moveaxis(vectors, -1, 0)
    ra = np.rad2deg(np.arctan2(y, x)) % FULL_TURN
    return ra, np.rad2deg(np.arctan2(z, np.hypot(x, y)))


@dataclass(frozen=True)
class TangentPlane:
    """The gnomonic projection about a point.

    Attributes
    ----------
    ra, dec : float
        Where the plane touches, degrees (ICRS).

    Notes
    -----
    Source: Calabretta and Greisen 2002, section 5.1.3.
    """

    ra: float
    dec: float

    @classmethod
    def around(cls, ra: np.ndarray, dec: np.ndarray) -> "TangentPlane":
        """Return the plane in the middle of some positions, degrees."""
        middle = directions(unit_vectors(ra, dec).mean(axis=0))
        return cls(float(middle[0]), float(middle[1]))

    def _axes(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the unit vectors to the point, and from there to the east and north."""
        here = np.array(self.ra), np.array(self.dec)
        return unit_vectors(*here), *east_and_north(*here)

    def from_sky(self, ra: np.ndarray, dec: np.ndarray) -> np.ndarray:
        """Return arcsec to the east and north, axes (position, 2); NaN on the far side."""
        middle, east, north = self._axes()
        vectors = unit_vectors(np.asarray(ra, np.float64), np.asarray(dec, np.float64))
        height = vectors @ middle
        height = np.where(height > 0, height, np.nan)
        plane = np.stack([vectors @ east / height, vectors @ north / height], axis=-1)
        return np.asarray(np.rad2deg(plane) / ARCSEC)

    def to_sky(self, positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return right ascension and declination, degrees, of arcsec to the east and north."""
        middle, east, north = self._axes()
        xi, eta = np.moveaxis(np.deg2rad(positions * ARCSEC), -1, 0)
        return directions(middle + xi[..., None] * east + eta[..., None] * north)
