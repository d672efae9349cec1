"""Footprints on the sky: parsing S_REGION, and projecting on a tangent plane."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = [
    "Corners",
    "Linear",
    "area_of",
    "centre_of",
    "linear_part",
    "offsets",
    "parse_region",
    "project",
    "unproject",
]

Corners = tuple[tuple[float, float], ...]
"""Right ascension and declination of the corners, degrees."""

_MOST = 1000
"""Corners of a polygon; more are nonsense."""


def parse_region(text: str) -> Corners:
    """Return the corners of a polygon in the notation of S_REGION.

    Parameters
    ----------
    text : str
        ``POLYGON ICRS ra dec ra dec ...``, degrees; the frame may be missing.

    Returns
    -------
    tuple
        Right ascension and declination of each corner; empty for any other text.

    Source: Space-Time Coordinate metadata linear string implementation, section 4.
    """
    words = text.split()
    if not words or words[0].upper() != "POLYGON":
        return ()
    numbers: list[float] = []
    for word in words[1 : 2 * _MOST]:
        try:
            numbers.append(float(word))
        except ValueError:
            if numbers:
                return ()
    if len(numbers) < 6 or len(numbers) % 2 or not all(map(math.isfinite, numbers)):
        return ()
    corners = tuple(zip(numbers[::2], numbers[1::2], strict=True))
    return corners if all(abs(dec) <= 90 and abs(ra) <= 720 for ra, dec in corners) else ()


def _vector(ra: float, dec: float) -> tuple[float, float, float]:
    a, d = math.radians(ra), math.radians(dec)
    return math.cos(d) * math.cos(a), math.cos(d) * math.sin(a), math.sin(d)


def centre_of(points: Iterable[tuple[float, float]]) -> tuple[float, float]:
    """Return the direction in the middle of several, degrees."""
    x, y, z = (sum(parts) for parts in zip(*(_vector(*p) for p in points), strict=True))
    length = math.hypot(x, y)
    return math.degrees(math.atan2(y, x)) % 360.0, math.degrees(math.atan2(z, length))


def project(
    points: Iterable[tuple[float, float]], centre: tuple[float, float]
) -> list[tuple[float, float]]:
    r"""Project directions on the tangent plane.

    .. math::

        \xi = \frac{\cos\delta \sin(\alpha - \alpha_0)}{D}, \quad
        \eta = \frac{\cos\delta_0 \sin\delta - \sin\delta_0 \cos\delta \cos(\alpha-\alpha_0)}{D}

    with :math:`D = \sin\delta_0\sin\delta + \cos\delta_0\cos\delta\cos(\alpha-\alpha_0)`.

    Returns
    -------
    list of tuple
        Offsets to the east and north, arcsec; points that are 80 degrees away or more, which
        have no place on the plane, are left out.

    Source: Calabretta & Greisen 2002, A&A 395, 1077, section 5.1.3.
    """
    d0 = math.radians(centre[1])
    found = []
    for ra, dec in points:
        a, d = math.radians(ra - centre[0]), math.radians(dec)
        along = math.sin(d0) * math.sin(d) + math.cos(d0) * math.cos(d) * math.cos(a)
        if along < math.cos(math.radians(80.0)):
            continue
        east = math.cos(d) * math.sin(a) / along
        north = (math.cos(d0) * math.sin(d) - math.sin(d0) * math.cos(d) * math.cos(a)) / along
        found.append((math.degrees(east) * 3600.0, math.degrees(north) * 3600.0))
    return found


def offsets(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the offsets of directions from the first one, arcsec east and north."""
    return project(points, points[0]) if points else []


def area_of(corners: Corners) -> float:
    """Return the area of a small polygon in square arcsec."""
    plane = project(corners, centre_of(corners))
    pairs = zip(plane, plane[1:] + plane[:1], strict=True)
    return abs(sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in pairs)) / 2.0


def unproject(
    points: Iterable[tuple[float, float]], centre: tuple[float, float]
) -> list[tuple[float, float]]:
    """Return the directions of points of the tangent plane: the inverse of `project`.

    Source: Calabretta & Greisen 2002, A&A 395, 1077, section 5.1.3.
    """
    d0 = math.radians(centre[1])
    found = []
    for east, north in points:
        x, y = math.radians(east / 3600.0), math.radians(north / 3600.0)
        across = math.cos(d0) - y * math.sin(d0)
        ra = centre[0] + math.degrees(math.atan2(x, across))
        dec = math.atan2(math.sin(d0) + y * math.cos(d0), math.hypot(x, across))
        found.append((ra % 360.0, math.degrees(dec)))
    return found


@dataclass(frozen=True)
class Linear:
    """The linear part of FITS coordinates in a tangent projection.

    Attributes
    ----------
    reference : tuple of float
        CRPIX1, CRPIX2.
    centre : tuple of float
        CRVAL1, CRVAL2, degrees.
    matrix : tuple of tuple
        From pixels along x and y to degrees to the east and north.

    Source: Greisen & Calabretta 2002, A&A 395, 1061, section 2.1.
    """

    reference: tuple[float, float]
    centre: tuple[float, float]
    matrix: tuple[tuple[float, float], tuple[float, float]]

    @property
    def inverse(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """From degrees to the east and north to pixels along x and y."""
        (a, b), (c, d) = self.matrix
        determinant = a * d - b * c
        return (d / determinant, -b / determinant), (-c / determinant, a / determinant)

    def corners(self, rows: int, columns: int) -> Corners:
        """Return the footprint of an image, corners in the order of S_REGION.

        Empty for an image of more than ten degrees, whose coordinates are nonsense.
        """
        plane = []
        for x, y in ((0, 0), (0, rows), (columns, rows), (columns, 0)):
            dx, dy = x + 0.5 - self.reference[0], y + 0.5 - self.reference[1]
            east, north = (3600.0 * (a * dx + b * dy) for a, b in self.matrix)
            plane.append((east, north))
        if not all(abs(value) < 36000.0 for point in plane for value in point):
            return ()
        return tuple(unproject(plane, self.centre))


def linear_part(info: Mapping[str, Any]) -> Linear | None:
    """Return the linear coordinates in the metadata below ``wcsinfo``, None where there are none.

    Either PC and CDELT or CD give the matrix.
    """
    if not str(info.get("ctype1", "")).startswith("RA---TAN"):
        return None
    pixel = _numbers(info, "crpix1", "crpix2")
    sky = _numbers(info, "crval1", "crval2")
    matrix = _numbers(info, "cd1_1", "cd1_2", "cd2_1", "cd2_2")
    if not matrix:
        steps = _numbers(info, "cdelt1", "cdelt2")
        turn = _numbers(info, "pc1_1", "pc1_2", "pc2_1", "pc2_2")
        if not steps or not turn:
            return None
        matrix = [steps[n // 2] * value for n, value in enumerate(turn)]
    if not pixel or not sky or abs(sky[1]) > 90:
        return None
    determinant = matrix[0] * matrix[3] - matrix[1] * matrix[2]
    if not 1e-24 < abs(determinant) < 1e6:
        return None
    rows = (matrix[0], matrix[1]), (matrix[2], matrix[3])
    return Linear((pixel[0], pixel[1]), (sky[0], sky[1]), rows)


def _numbers(info: Mapping[str, Any], *names: str) -> list[float]:
    """Return finite numbers by name; none where one is missing."""
    values = [info.get(name) for name in names]
    found = [float(v) for v in values if isinstance(v, int | float) and math.isfinite(v)]
    return found if len(found) == len(names) else []
