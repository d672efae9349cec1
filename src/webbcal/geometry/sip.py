"""World coordinates in a FITS header: a gnomonic projection and two polynomials (SIP).

u and v are pixels from the reference pixel. The header says

    CD (u + A(u, v), v + B(u, v)) = p,    (U + AP(U, V), V + BP(U, V)) = (u, v),

with p on the plane that touches the sky at the reference point, and (U, V) the inverse of CD
times p.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from webbcal.core.errors import InvalidInput
from webbcal.geometry.sphere import Gnomonic, PoleRotation
from webbcal.geometry.world import limits_of

HIGHEST = 6
"""Degree of polynomials: readers know no higher ones for certain."""

CHECKED = 3
"""So many times as many points as are fitted tell the error, along each axis."""


def sip_approximation(
    system: Any,
    max_error: tuple[float, float],
    degree: tuple[int | None, int | None] = (None, None),
    points: int = 12,
) -> Mapping[str, Any]:
    """Return FITS keywords that approximate world coordinates by TAN and two polynomials.

    Parameters
    ----------
    system : World
        Of an image, with limits; or such an object of gwcs.
    max_error : tuple of float
        Largest error of both directions, pixel to sky and sky to pixel, in pixel.
    degree : tuple of int or None
        Degree of the polynomials of both directions; None: as high as it takes, at most 6.
    points : int
        Number of points along each axis that are fitted, more where the degree asks for them.

    Returns
    -------
    mapping
        Keyword (lower case) to value. ``sipmxerr`` and ``sipiverr`` are the largest errors that
        remain, where the degree allowed does not reach `max_error` as where it does. Where a
        matrix alone is enough there are no polynomials.

    Raises
    ------
    InvalidInput
        If the image has no limits, or no place on the sky.

    Source: D. L. Shupe et al. 2005, the SIP convention; Calabretta and Greisen 2002, section 2.
    """
    limits = limits_of(system)
    if limits is None:
        raise InvalidInput("world coordinates without limits", expected="a bounding box")
    middle = np.array([(low + high) / 2 for low, high in limits])
    half = np.array([(high - low) / 2 for low, high in limits])
    crval = tuple(float(v) for v in system(*middle, with_bounding_box=False))
    if not np.isfinite(crval).all():
        raise InvalidInput("the middle of an image has no place on the sky", found=crval)
    samples, checks = (
        _Samples(system, middle, half, crval, count)
        for count in (max(points, HIGHEST + 2), CHECKED * points)
    )
    matrix, to_sky, error = _to_sky(samples, checks, half, degree[0], max_error[0])
    keywords: dict[str, Any] = {
        "wcsaxes": 2,
        "crpix1": float(middle[0]) + 1.0,
        "crpix2": float(middle[1]) + 1.0,
        "crval1": crval[0],
        "crval2": crval[1],
        "ctype1": "RA---TAN",
        "ctype2": "DEC--TAN",
        "cunit1": "deg",
        "cunit2": "deg",
        "cd1_1": float(matrix[0, 0]),
        "cd1_2": float(matrix[0, 1]),
        "cd2_1": float(matrix[1, 0]),
        "cd2_2": float(matrix[1, 1]),
        "sipmxerr": error,
    }
    order = max(map(sum, to_sky[0]))
    if order > 1:
        to_pixel, error = _to_pixel(samples, checks, matrix, half, degree[1], max_error[1])
        keywords |= {"ctype1": "RA---TAN-SIP", "ctype2": "DEC--TAN-SIP", "sipiverr": error}
        # What is linear of the first pair is in the matrix.
        bent = tuple({p: c for p, c in each.items() if sum(p) > 1} for each in to_sky)
        for names, polynomials in ((("a", "b"), bent), (("ap", "bp"), to_pixel)):
            for name, polynomial in zip(names, polynomials, strict=True):
                keywords[f"{name}_order"] = max(map(sum, polynomial))
                keywords |= {f"{name}_{i}_{j}": c for (i, j), c in polynomial.items()}
    return keywords


Coefficients = dict[tuple[int, int], float]  # of powers of both coordinates


class _Samples:
    """Points of an image: pixels from the middle, and where they are on the tangent plane."""

    def __init__(
        self, system: Any, middle: np.ndarray, half: np.ndarray, crval: tuple[Any, ...], count: int
    ) -> None:
        # Close to the edges polynomials go astray first: more points are there.
        places = np.cos(np.linspace(0.0, np.pi, count))
        self.u, self.v = (grid.ravel() for grid in np.meshgrid(places * half[0], places * half[1]))
        sky = system(self.u + middle[0], self.v + middle[1], with_bounding_box=False)
        native = PoleRotation((crval[0], crval[1]), to_celestial=False)(*sky)
        self.plane = np.stack(Gnomonic(to_sky=False)(*native))
        if not np.isfinite(self.plane).all():
            raise InvalidInput(
                "an image has no place on the sky",
                expected="right ascension and declination for every pixel",
                found="positions that are not defined, or on both sides of the sky",
            )


def _to_sky(
    samples: _Samples, checks: _Samples, half: np.ndarray, degree: int | None, limit: float
) -> tuple[np.ndarray, tuple[Coefficients, ...], float]:
    """Return the matrix, the polynomials u + A and v + B, and their largest error in pixel."""
    for order in range(1, HIGHEST + 1) if degree is None else (degree,):
        x, y = _fitted((samples.u, samples.v), samples.plane, half, order)
        matrix = np.array([[x[1, 0], x[0, 1]], [y[1, 0], y[0, 1]]])
        back = np.linalg.inv(matrix)
        polynomials = tuple(
            {powers: float(row @ (x[powers], y[powers])) for powers in x} for row in back
        )
        found = np.stack([_value(each, checks.u, checks.v) for each in polynomials])
        error = float(np.hypot(*(found - back @ checks.plane)).max())
        if error <= limit:
            break
    return matrix, polynomials, error


def _to_pixel(
    samples: _Samples,
    checks: _Samples,
    matrix: np.ndarray,
    half: np.ndarray,
    degree: int | None,
    limit: float,
) -> tuple[tuple[Coefficients, ...], float]:
    """Return the polynomials AP and BP, and their largest error in pixel."""
    back = np.linalg.inv(matrix)
    straight, wanted = back @ samples.plane, np.stack([samples.u, samples.v])
    known = back @ checks.plane
    for order in range(1, HIGHEST + 1) if degree is None else (degree,):
        polynomials = _fitted(straight, wanted - straight, half, order)
        found = known + np.stack([_value(each, *known) for each in polynomials])
        error = float(np.hypot(found[0] - checks.u, found[1] - checks.v).max())
        if error <= limit:
            break
    return polynomials, error


def _fitted(
    places: Any, values: np.ndarray, half: np.ndarray, order: int
) -> tuple[Coefficients, ...]:
    """Return polynomials without a constant, one for each row of values, by least squares."""
    a, b = (place / size for place, size in zip(places, half, strict=True))
    powers = [(i, n - i) for n in range(1, order + 1) for i in range(n, -1, -1)]
    of_a, of_b = _powers(a, order), _powers(b, order)
    terms = np.stack([of_a[i] * of_b[j] for i, j in powers], axis=1)
    solution = np.linalg.lstsq(terms, values.T, rcond=None)[0].T
    return tuple(
        {
            (i, j): float(c / (half[0] ** i * half[1] ** j))
            for (i, j), c in zip(powers, row, strict=True)
        }
        for row in solution
    )


def _value(polynomial: Coefficients, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    order = max(map(sum, polynomial))
    of_a, of_b = _powers(a, order), _powers(b, order)
    return np.asarray(sum(c * of_a[i] * of_b[j] for (i, j), c in polynomial.items()))


def _powers(values: np.ndarray, highest: int) -> np.ndarray:
    """Return powers from 0 on, axes (power, value), by products: `**` takes ten times as long."""
    return np.ascontiguousarray(np.vander(values, highest + 1, increasing=True).T)
