"""Footprints on the sky: parsing S_REGION, and projecting on a tangent plane."""

import math
from collections.abc import Iterable, Mapping, Sequence

__all__ = [
    "LINEAR",
    "Corners",
    "area_of",
    "centre_of",
    "linear_corners",
    "offsets",
    "parse_region",
    "project",
    "unproject",
]

Corners = tuple[tuple[float, float], ...]
"""Right ascension and declination of the corners, degrees."""

LINEAR = (
    *("crpix1", "crpix2", "crval1", "crval2", "cdelt1", "cdelt2"),
    *("pc1_1", "pc1_2", "pc2_1", "pc2_2"),
)
"""The linear part of FITS coordinates in the metadata, below ``wcsinfo``."""

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


def linear_corners(
    values: Mapping[str, float], shape: tuple[int, int]
) -> tuple[tuple[float, float], ...]:
    """Return the corners of an image from the linear part of its FITS coordinates.

    Parameters
    ----------
    values : mapping
        ``crpix1``, ``crval1``, ``cdelt1``, ``pc1_1`` and so on, of a tangent projection.
    shape : tuple of int
        Rows and columns.

    Returns
    -------
    tuple
        Corners as in S_REGION; empty if a value is missing or nonsense.

    Source: Greisen & Calabretta 2002, A&A 395, 1061, section 2.1.
    """
    if any(name not in values for name in LINEAR) or abs(values["crval2"]) > 90:
        return ()
    rows, columns = shape
    plane = []
    for x, y in ((0, 0), (0, rows), (columns, rows), (columns, 0)):
        dx, dy = x + 0.5 - values["crpix1"], y + 0.5 - values["crpix2"]
        east = values["cdelt1"] * (values["pc1_1"] * dx + values["pc1_2"] * dy)
        north = values["cdelt2"] * (values["pc2_1"] * dx + values["pc2_2"] * dy)
        plane.append((3600.0 * east, 3600.0 * north))
    if not all(abs(value) < 36000.0 for point in plane for value in point):
        return ()
    return tuple(unproject(plane, (values["crval1"], values["crval2"])))
