"""Linear maps of a plane, and the small changes that improve them."""

from dataclasses import dataclass

import numpy as np

PARAMETERS = {"fixed": 0, "shift": 2, "rshift": 3, "rscale": 4, "general": 6}
"""Geometry to the number of its parameters; the first two are always the shift."""


@dataclass(frozen=True)
class Transform:
    r"""A linear map :math:`p' = M (p - c) + c + s` of a plane.

    Attributes
    ----------
    matrix : ndarray
        M, axes (2, 2).
    shift : ndarray
        s, arcsec, axis (2).
    centre : ndarray
        c, arcsec, axis (2).
    """

    matrix: np.ndarray
    shift: np.ndarray
    centre: np.ndarray

    @classmethod
    def identity(cls, centre: np.ndarray) -> "Transform":
        """Return the map that changes nothing."""
        return cls(np.eye(2), np.zeros(2), np.asarray(centre, np.float64))

    def __call__(self, positions: np.ndarray) -> np.ndarray:
        """Return where positions, axes (position, 2), go."""
        return np.asarray((positions - self.centre) @ self.matrix.T + self.centre + self.shift)

    def then(self, later: "Transform") -> "Transform":
        """Return this map followed by another one."""
        landed = later(self(self.centre[None]))[0]
        return Transform(later.matrix @ self.matrix, landed - self.centre, self.centre)

    @property
    def roll(self) -> float:
        """Angle of the rotation, arcsec, from east to north."""
        m = self.matrix
        return float(np.rad2deg(np.arctan2(m[1, 0] - m[0, 1], m[0, 0] + m[1, 1])) * 3600.0)

    @property
    def scale(self) -> float:
        """Change of lengths."""
        return float(np.sqrt(abs(np.linalg.det(self.matrix))))


def rotation(angle: float) -> np.ndarray:
    """Return the matrix of a rotation by an angle in radian, from east to north."""
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, -s], [s, c]])


def derivatives(geometry: str, places: np.ndarray) -> np.ndarray:
    """Return how far positions move per parameter, axes (position, 2, parameter).

    Parameters
    ----------
    geometry : str
        One of `PARAMETERS`.
    places : ndarray
        Positions from the centre of the map, in the unit of length of the parameters.
    """
    u, v = places.T
    result = np.zeros((len(places), 2, PARAMETERS[geometry]))
    if geometry == "fixed":
        return result
    result[:, 0, 0] = result[:, 1, 1] = 1.0
    if geometry in ("rshift", "rscale"):
        result[:, 0, 2], result[:, 1, 2] = -v, u
    if geometry == "rscale":
        result[:, 0, 3], result[:, 1, 3] = u, v
    if geometry == "general":
        result[:, 0, 2], result[:, 0, 3] = u, v
        result[:, 1, 4], result[:, 1, 5] = u, v
    return result


def change(geometry: str, values: np.ndarray, unit: float, centre: np.ndarray) -> Transform:
    """Return the map that parameters stand for; a rotation is a true one.

    Parameters
    ----------
    geometry : str
        One of `PARAMETERS`.
    values : ndarray
        Shift in arcsec, then the others in arcsec at the distance `unit`.
    unit : float
        Unit of length, arcsec.
    centre : ndarray
        Centre of the map.
    """
    matrix = np.eye(2)
    if geometry in ("rshift", "rscale"):
        matrix = rotation(values[2] / unit)
    if geometry == "rscale":
        matrix = matrix * (1.0 + values[3] / unit)
    if geometry == "general":
        matrix = matrix + values[2:].reshape(2, 2) / unit
    return Transform(matrix, np.asarray(values[:2], np.float64), centre)


def beyond_shift(geometry: str, transform: Transform, unit: float) -> np.ndarray:
    """Return the parameters of a map that follow the shift, as `change` takes them."""
    if geometry == "rshift":
        return np.array([np.deg2rad(transform.roll / 3600.0)]) * unit
    if geometry == "rscale":
        return np.array([np.deg2rad(transform.roll / 3600.0), transform.scale - 1.0]) * unit
    if geometry == "general":
        return np.asarray((transform.matrix - np.eye(2)).ravel() * unit)
    return np.empty(0)
