"""Where the telescope points, as planned and in truth, and what a detector sees there."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from webbcal.sim.imaging.optics import Plane, to_pixel

ARCSEC = 1 / 3600  # degree


def direction(longitude: np.ndarray | float, latitude: np.ndarray | float) -> np.ndarray:
    """Return unit vectors, last axis x, y, z, of spherical coordinates in degrees."""
    lon, lat = np.deg2rad(longitude), np.deg2rad(latitude)
    return np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=-1)


def angles(vector: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return longitude (-180 to 180) and latitude in degrees of vectors."""
    x, y, z = np.moveaxis(vector, -1, 0)
    return np.rad2deg(np.arctan2(y, x)), np.rad2deg(np.arctan2(z, np.hypot(x, y)))


def axes_at(longitude: float, latitude: float) -> np.ndarray:
    """Return the unit vectors outwards, to the east and to the north of a direction (rows)."""
    lon, lat = np.deg2rad(longitude), np.deg2rad(latitude)
    return np.array(
        [
            [np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)],
            [-np.sin(lon), np.cos(lon), 0.0],
            [-np.sin(lat) * np.cos(lon), -np.sin(lat) * np.sin(lon), np.cos(lat)],
        ]
    )


@dataclass(frozen=True)
class Attitude:
    """How the telescope is turned: the rotation from its axes to those of the sky."""

    rotation: np.ndarray

    @classmethod
    def of(cls, at: tuple[float, float], sky: tuple[float, float], roll: float) -> "Attitude":
        """Return the attitude that puts V2, V3 (arcsec) at a place on the sky (degrees).

        The V3 axis has the position angle `roll` there, degrees east of north.
        """
        telescope = axes_at(at[0] * ARCSEC, at[1] * ARCSEC)
        outwards, east, north = axes_at(*sky)
        angle = np.deg2rad(roll)
        turned = np.array(
            [
                outwards,
                np.cos(angle) * east - np.sin(angle) * north,
                np.cos(angle) * north + np.sin(angle) * east,
            ]
        )
        return cls(turned.T @ telescope)

    def sky(self, v2: np.ndarray, v3: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return right ascension and declination, degrees, of V2, V3 in arcsec."""
        vectors = direction(np.asarray(v2) * ARCSEC, np.asarray(v3) * ARCSEC)
        ra, dec = angles(vectors @ self.rotation.T)
        return ra % 360, dec

    def telescope(self, ra: np.ndarray, dec: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return V2, V3 in arcsec of places on the sky in degrees."""
        v2, v3 = angles(direction(ra, dec) @ self.rotation)
        return v2 / ARCSEC, v3 / ARCSEC

    def roll_at(self, v2: float, v3: float) -> float:
        """Return the position angle of the V3 axis at V2, V3 (arcsec), degrees."""
        ra, dec = self.sky(np.array(v2), np.array(v3))
        _, east, north = axes_at(float(ra), float(dec))
        up = self.rotation @ axes_at(v2 * ARCSEC, v3 * ARCSEC)[2]
        return float(np.rad2deg(np.arctan2(up @ east, up @ north))) % 360


@dataclass(frozen=True)
class View:
    """One exposure of one detector: sky to pixels of the image, and back.

    Attributes
    ----------
    plane : Plane
        Distortion of the detector.
    attitude : Attitude
        Of the telescope.
    corner : tuple of int
        First column and row of the image on the detector, from 0.
    shift : tuple of float
        What the filter adds to x and y.
    reference : tuple of float
        V2, V3 about which velocity aberration scales the image.
    aberration : float
        Its scale.
    """

    plane: Plane
    attitude: Attitude
    corner: tuple[int, int]
    shift: tuple[float, float]
    reference: tuple[float, float]
    aberration: float

    def pixels(self, ra: np.ndarray, dec: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return x and y, from 0, of places on the sky."""
        seen = self.attitude.telescope(ra, dec)
        # The corrected position is s v + (1 - s) v_ref of the one in the focal plane.
        v2, v3 = (
            (value - (1 - self.aberration) * at) / self.aberration
            for value, at in zip(seen, self.reference, strict=True)
        )
        x, y = to_pixel(self.plane, v2, v3)
        return (
            x - self.shift[0] - self.corner[0],
            y - self.shift[1] - self.corner[1],
        )

    def sky(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return right ascension and declination, degrees, of pixels, from 0."""
        found = self.plane.to_telescope(
            np.asarray(x, float) + self.corner[0] + self.shift[0],
            np.asarray(y, float) + self.corner[1] + self.shift[1],
        )
        v2, v3 = (
            self.aberration * value + (1 - self.aberration) * at
            for value, at in zip(found, self.reference, strict=True)
        )
        return self.attitude.sky(v2, v3)

    def keywords(self) -> dict[str, Any]:
        """Return the keywords of the pointing of the reference point."""
        v2, v3 = self.reference
        ra, dec = (float(a) for a in self.attitude.sky(np.array(v2), np.array(v3)))
        return {
            "V2_REF": v2,
            "V3_REF": v3,
            "RA_REF": ra,
            "DEC_REF": dec,
            "ROLL_REF": self.attitude.roll_at(v2, v3),
            "VA_SCALE": self.aberration,
        }
