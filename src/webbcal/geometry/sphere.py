"""Transforms of directions: projection, rotations, angles and unit vectors.

As in `geometry.chain`: float64 arrays of equal shape, one per coordinate.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from webbcal.geometry.chain import TRANSFORM, Arrays, Transform

GWCS = "tag:stsci.edu:gwcs/"
HALF_TURN, FULL_TURN = 180.0, 360.0


@dataclass(frozen=True, eq=False)
class Gnomonic(Transform):
    """The projection on the plane that touches the sphere at the native pole.

    Attributes
    ----------
    to_sky : bool
        From the plane (degrees) to native longitude and latitude (degrees), or back.

    Source: Calabretta and Greisen 2002, section 5.1.3.
    """

    to_sky: bool = True

    def __call__(self, *values: Any) -> Arrays:  # noqa: D102
        if self.to_sky:
            x, y = (np.asarray(value, np.float64) for value in values)
            radius = np.deg2rad(np.hypot(x, y))
            return np.rad2deg(np.arctan2(x, -y)), np.rad2deg(np.arctan2(1.0, radius))
        phi, theta = np.deg2rad(values[0]), np.deg2rad(values[1])
        height = np.sin(theta)
        with np.errstate(divide="ignore", invalid="ignore"):
            # The other half of the sphere is not on the plane.
            radius = np.rad2deg(np.where(height > 0, np.cos(theta) / height, np.nan))
        return radius * np.sin(phi), -radius * np.cos(phi)

    def reverse(self) -> Transform:  # noqa: D102
        return Gnomonic(not self.to_sky)

    def entries(self) -> tuple[str, dict[str, Any]]:  # noqa: D102
        direction = "pix2sky" if self.to_sky else "sky2pix"
        return TRANSFORM + "gnomonic-1.4.0", {"direction": direction}


@dataclass(frozen=True, eq=False)
class PoleRotation(Transform):
    """The rotation between native and celestial longitude and latitude, degrees.

    Attributes
    ----------
    pole : tuple of float
        Celestial longitude and latitude of the native pole.
    pole_longitude : float
        Native longitude of the celestial pole.
    to_celestial : bool
        From native to celestial coordinates, or back.

    Source: Calabretta and Greisen 2002, section 2.3.
    """

    pole: tuple[float, float]
    pole_longitude: float = HALF_TURN
    to_celestial: bool = True

    def __call__(self, *values: Any) -> Arrays:  # noqa: D102
        zero, added = self.pole_longitude, self.pole[0]
        if not self.to_celestial:
            zero, added = added, zero
        away = np.deg2rad(values[0] - zero)
        latitude, tilt = np.deg2rad(values[1]), np.deg2rad(self.pole[1])
        high, wide = np.sin(latitude), np.cos(latitude)
        x = high * np.cos(tilt) - wide * np.sin(tilt) * np.cos(away)
        y = -wide * np.sin(away)
        z = high * np.sin(tilt) + wide * np.cos(tilt) * np.cos(away)
        longitude = added + np.rad2deg(np.arctan2(y, x))
        if self.to_celestial:
            longitude = longitude % FULL_TURN
        else:
            longitude = (longitude + HALF_TURN) % FULL_TURN - HALF_TURN
        return longitude, np.rad2deg(np.arctan2(z, np.hypot(x, y)))

    def reverse(self) -> Transform:  # noqa: D102
        return PoleRotation(self.pole, self.pole_longitude, not self.to_celestial)

    def entries(self) -> tuple[str, dict[str, Any]]:  # noqa: D102
        return TRANSFORM + "rotate3d-1.5.0", {
            "direction": "native2celestial" if self.to_celestial else "celestial2native",
            "phi": self.pole[0],
            "theta": self.pole[1],
            "psi": self.pole_longitude,
        }


@dataclass(frozen=True, eq=False)
class Rotations(Transform):
    """Rotations of the axes of x, y, z one after the other, by angles in degrees."""

    angles: tuple[float, ...]
    axes: str

    @cached_property
    def matrix(self) -> np.ndarray:
        """All of them, axes (new, old)."""
        whole = np.eye(3)
        for angle, axis in zip(self.angles, self.axes, strict=True):
            c, s = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
            # The plane that turns: y z, z x, x y.
            first = ("xyz".index(axis) + 1) % 3
            second = (first + 1) % 3
            one = np.eye(3)
            one[first, first] = one[second, second] = c
            one[first, second], one[second, first] = s, -s
            whole = one @ whole
        return whole

    def __call__(self, *values: Any) -> Arrays:  # noqa: D102
        x, y, z = values
        return tuple(row[0] * x + row[1] * y + row[2] * z for row in self.matrix)

    def reverse(self) -> Transform:  # noqa: D102
        return Rotations(tuple(-angle for angle in reversed(self.angles)), self.axes[::-1])

    def entries(self) -> tuple[str, dict[str, Any]]:  # noqa: D102
        return TRANSFORM + "rotate_sequence_3d-1.2.0", {
            "angles": list(self.angles),
            "axes_order": self.axes,
            "rotation_type": "cartesian",
        }


@dataclass(frozen=True, eq=False)
class ToCartesian(Transform):
    """Longitude and latitude in degrees to a unit vector x, y, z."""

    wrap: int = int(FULL_TURN)

    def __call__(self, *values: Any) -> Arrays:  # noqa: D102
        longitude, latitude = np.deg2rad(values[0]), np.deg2rad(values[1])
        wide = np.cos(latitude)
        return wide * np.cos(longitude), wide * np.sin(longitude), np.sin(latitude)

    def reverse(self) -> Transform:  # noqa: D102
        return ToSpherical(self.wrap)

    def entries(self) -> tuple[str, dict[str, Any]]:  # noqa: D102
        return _SPHERICAL, {"transform_type": "spherical_to_cartesian", "wrap_lon_at": self.wrap}


_SPHERICAL = GWCS + "spherical_cartesian-1.3.0"


@dataclass(frozen=True, eq=False)
class ToSpherical(Transform):
    """A vector x, y, z to longitude, below `wrap`, and latitude in degrees."""

    wrap: int = int(FULL_TURN)

    def __call__(self, *values: Any) -> Arrays:  # noqa: D102
        x, y, z = values
        longitude = np.rad2deg(np.arctan2(y, x))
        if self.wrap == FULL_TURN:
            longitude = longitude % FULL_TURN
        return longitude, np.rad2deg(np.arctan2(z, np.hypot(x, y)))

    def reverse(self) -> Transform:  # noqa: D102
        return ToCartesian(self.wrap)

    def entries(self) -> tuple[str, dict[str, Any]]:  # noqa: D102
        return _SPHERICAL, {"transform_type": "cartesian_to_spherical", "wrap_lon_at": self.wrap}
