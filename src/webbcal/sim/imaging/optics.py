"""Distortion of the detectors: where in the focal plane each pixel looks.

Rounded values of the apertures of the telescope for the detectors that have them here, those of
a neighbour, mirrored, for the others: as large and as curved as in flight, not a calibration.

Source: JWST User Documentation, "JWST Field of View", science instrument aperture file (SIAF).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from webbcal.core.errors import InvalidInput
from webbcal.sim.instruments import Detector, instrument_of

DEGREE = 3
INVERSE_DEGREE = 7
FIT_POINTS = 40
NEWTON_STEPS = 4

Terms = tuple[float, float, float, float, float, float, float]


@dataclass(frozen=True)
class Shape:
    """Distortion of one detector.

    Attributes
    ----------
    centre : tuple of float
        V2, V3 of the middle of the detector, arcsec.
    x_step, y_step : tuple of float
        V2, V3 per pixel along each axis in the middle, arcsec.
    x_terms, y_terms : tuple of float
        By how many pixels the detector is bent at its edges: coefficients of u^2, uw, w^2, u^3,
        u^2 w, u w^2, w^3, where u and w run from -1 to 1 over columns and rows.
    """

    centre: tuple[float, float]
    x_step: tuple[float, float]
    y_step: tuple[float, float]
    x_terms: Terms
    y_terms: Terms

    def mirrored(self, centre: tuple[float, float], *, turn: bool = False) -> "Shape":
        """Return a like shape elsewhere: mirrored in x, or in y if `turn`."""
        # A term keeps its sign or changes it with the parity of the powers of the axis mirrored.
        odd_u, odd_w = (0, 1, 0, 1, 0, 1, 0), (0, 1, 0, 0, 1, 0, 1)
        odd = odd_w if turn else odd_u
        own, other = (1, -1) if turn else (-1, 1)
        x = tuple(own * t * (-1) ** o for t, o in zip(self.x_terms, odd, strict=True))
        y = tuple(other * t * (-1) ** o for t, o in zip(self.y_terms, odd, strict=True))
        return Shape(
            centre,
            (self.x_step[0], -self.x_step[1]),
            (-self.y_step[0], self.y_step[1]),
            x,
            y,
        )


_A1 = Shape(
    (120.525, -527.543),
    (-0.031138, -0.000280),
    (-0.000308, 0.031321),
    (0.05, -7.02, -1.18, 0.35, 0.07, 0.40, 0.03),
    (2.20, 1.29, -4.83, 0.02, 0.33, 0.05, 0.39),
)
_A3 = Shape(
    (51.886, -527.953),
    (-0.031283, 0.000017),
    (0.000150, 0.031455),
    (2.14, -7.06, -0.43, 0.36, -0.11, 0.40, -0.02),
    (2.19, 2.69, -4.86, -0.02, 0.34, -0.11, 0.39),
)
_B2 = Shape(
    (-121.155, -525.478),
    (-0.031126, 0.000448),
    (0.000470, 0.031305),
    (-0.14, -6.95, 1.17, 0.35, -0.06, 0.40, -0.03),
    (2.22, -1.37, -4.75, -0.02, 0.33, -0.04, 0.38),
)
_B4 = Shape(
    (-52.846, -525.729),
    (-0.031276, -0.000042),
    (-0.000174, 0.031441),
    (-2.17, -7.01, 0.41, 0.36, 0.11, 0.40, 0.02),
    (2.21, -2.70, -4.79, 0.01, 0.34, 0.10, 0.38),
)
_ALONG = Shape(
    (86.039, -493.386),
    (-0.062777, -0.000172),
    (-0.000081, 0.063076),
    (2.01, -12.17, -1.63, 1.72, -0.08, 1.84, 0.0),
    (5.15, 3.81, -7.09, 0.0, 1.69, -0.09, 1.82),
)
_GUIDER1 = Shape(
    (206.41, -697.77),
    (-0.069000, 0.001400),
    (0.001500, 0.069900),
    (9.0, -14.0, 2.0, 1.0, 0.2, 1.1, 0.1),
    (5.0, 8.0, -11.0, 0.1, 1.0, 0.2, 1.0),
)

SHAPES: Mapping[str, Shape] = {
    "NRCA1": _A1,
    "NRCA2": _A1.mirrored((120.11, -459.68), turn=True),
    "NRCA3": _A3,
    "NRCA4": _A3.mirrored((52.28, -459.81), turn=True),
    "NRCALONG": _ALONG,
    "NRCB1": _B2.mirrored((-120.97, -457.75), turn=True),
    "NRCB2": _B2,
    "NRCB3": _B4.mirrored((-53.12, -457.78), turn=True),
    "NRCB4": _B4,
    "NRCBLONG": _ALONG.mirrored((-89.39, -491.44)),
    "NIS": Shape(
        (-290.10, -697.50),
        (-0.065392, 0.000352),
        (0.000655, 0.065885),
        (0.34, 0.08, 0.04, -0.04, -0.10, -0.13, -0.01),
        (-0.71, 0.42, 0.24, -0.02, -0.23, -0.03, -0.46),
    ),
    "MIRIMAGE": Shape(
        (-433.857, -375.238),
        (-0.110077, 0.009006),
        (0.009386, 0.110949),
        (0.56, -2.97, 0.13, -0.32, -0.46, -1.30, -0.06),
        (-1.24, 0.48, 1.30, -0.16, -2.12, 0.01, -3.78),
    ),
    "GUIDER1": _GUIDER1,
    "GUIDER2": _GUIDER1.mirrored((24.43, -697.00)),
}
"""Detectors of images."""

POWERS = ((2, 0), (1, 1), (0, 2), (3, 0), (2, 1), (1, 2), (0, 3))


class Plane(Protocol):
    """Pixels of a whole detector, from 0, to the focal plane, arcsec."""

    def to_telescope(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return V2 and V3 of pixels."""
        ...

    def nearly(self, v2: np.ndarray, v3: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return pixels of V2 and V3, to a pixel or so."""
        ...

    def model(self) -> Any:
        """Return the transform as an astropy model with its inverse."""
        ...


@dataclass(frozen=True)
class PolynomialPlane:
    """Focal plane by the polynomials of a `Shape`."""

    detector: Detector

    @property
    def shape(self) -> Shape:
        """Distortion of the detector."""
        return SHAPES[self.detector.name]

    @property
    def _half(self) -> tuple[float, float]:
        instrument = instrument_of(self.detector)
        return instrument.columns / 2, instrument.rows / 2

    @property
    def _middle(self) -> tuple[float, float]:
        half = self._half
        return half[0] - 0.5, half[1] - 0.5

    def to_telescope(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return V2 and V3 of pixels, arcsec."""
        shape, half, middle = self.shape, self._half, self._middle
        from_x, from_y = np.asarray(x, float) - middle[0], np.asarray(y, float) - middle[1]
        u, w = from_x / half[0], from_y / half[1]
        for (i, j), in_x, in_y in zip(POWERS, shape.x_terms, shape.y_terms, strict=True):
            term = u**i * w**j
            from_x, from_y = from_x + in_x * term, from_y + in_y * term
        v2 = shape.centre[0] + from_x * shape.x_step[0] + from_y * shape.y_step[0]
        v3 = shape.centre[1] + from_x * shape.x_step[1] + from_y * shape.y_step[1]
        return v2, v3

    def nearly(self, v2: np.ndarray, v3: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return pixels of V2 and V3 without the distortion."""
        shape = self.shape
        steps = np.linalg.inv(np.array([shape.x_step, shape.y_step]).T)
        from_v2, from_v3 = v2 - shape.centre[0], v3 - shape.centre[1]
        x = steps[0, 0] * from_v2 + steps[0, 1] * from_v3 + self._middle[0]
        y = steps[1, 0] * from_v2 + steps[1, 1] * from_v3 + self._middle[1]
        return x, y

    def model(self) -> Any:
        """Return the transform as shifts and polynomials, with polynomials as inverse."""
        from astropy.modeling.models import Mapping, Shift

        (x0, y0), centre = self._middle, self.shape.centre
        forward = (
            (Shift(-x0) & Shift(-y0))
            | Mapping((0, 1, 0, 1))
            | self._polynomials()
            | (Shift(centre[0]) & Shift(centre[1]))
        )
        forward.inverse = (
            (Shift(-centre[0]) & Shift(-centre[1]))
            | Mapping((0, 1, 0, 1))
            | self._inverse_polynomials()
            | (Shift(x0) & Shift(y0))
        )
        return forward

    def _polynomials(self) -> Any:
        shape, half = self.shape, self._half
        in_pixels = [
            {(1, 0): 1.0} | _scaled(shape.x_terms, half),
            {(0, 1): 1.0} | _scaled(shape.y_terms, half),
        ]
        terms: list[dict[str, float]] = []
        for axis in (0, 1):
            steps = shape.x_step[axis], shape.y_step[axis]
            total: dict[str, float] = {}
            for step, pixels in zip(steps, in_pixels, strict=True):
                for (i, j), value in pixels.items():
                    name = f"c{i}_{j}"
                    total[name] = total.get(name, 0.0) + step * value
            terms.append(total)
        return _polynomial(DEGREE, terms[0]) & _polynomial(DEGREE, terms[1])

    def _inverse_polynomials(self) -> Any:
        """Return polynomials that are fitted to the inverse, over the detector and its edge."""
        half, middle, centre = self._half, self._middle, self.shape.centre
        u, w = (
            a.ravel() for a in np.meshgrid(*(1.02 * np.cos(np.linspace(0, np.pi, FIT_POINTS)),) * 2)
        )
        v2, v3 = self.to_telescope(middle[0] + u * half[0], middle[1] + w * half[1])
        a, b = v2 - centre[0], v3 - centre[1]
        size = np.abs(a).max(), np.abs(b).max()
        powers = [(i, n - i) for n in range(INVERSE_DEGREE + 1) for i in range(n + 1)]
        matrix = np.column_stack([(a / size[0]) ** i * (b / size[1]) ** j for i, j in powers])
        wanted = np.column_stack([u * half[0], w * half[1]])
        found = np.linalg.lstsq(matrix, wanted, rcond=None)[0]
        names = [f"c{i}_{j}" for i, j in powers]
        scale = np.array([size[0] ** -i * size[1] ** -j for i, j in powers])
        x, y = (dict(zip(names, (column * scale).tolist(), strict=True)) for column in found.T)
        return _polynomial(INVERSE_DEGREE, x) & _polynomial(INVERSE_DEGREE, y)


@dataclass(frozen=True)
class FilePlane:
    """Focal plane by the transform of a reference file."""

    path: Path

    @cached_property
    def _transform(self) -> Any:
        import asdf

        with asdf.open(self.path) as file:
            return file["model"].copy()

    def to_telescope(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return V2 and V3 of pixels, arcsec."""
        v2, v3 = self._transform(x, y, with_bounding_box=False)
        return v2, v3

    def nearly(self, v2: np.ndarray, v3: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return pixels of V2 and V3 by the file's inverse."""
        x, y = self._transform.inverse(v2, v3, with_bounding_box=False)
        return x, y

    def model(self) -> Any:
        """Return the file's transform."""
        return self._transform


def plane_of(detector: Detector, folder: str | None = None) -> Plane:
    """Return the focal plane of a detector, by its own values or a file in a folder.

    Raises
    ------
    InvalidInput
        If no ``*distortion*.asdf`` in the folder is for the detector.
    """
    if folder is None:
        if detector.name not in SHAPES:
            raise InvalidInput(
                f"no distortion of {detector.name}",
                expected="a detector of images: " + ", ".join(SHAPES),
            )
        return PolynomialPlane(detector)
    import asdf

    found = []
    for path in sorted(Path(folder).rglob("*distortion*.asdf")):
        with asdf.open(path) as file:
            if "model" in file.tree:
                name = file["meta"]["instrument"].get("detector")
                found.append(str(name))
                if name == detector.name:
                    return FilePlane(path)
    raise InvalidInput(
        f"no distortion of {detector.name}", where=folder, found=", ".join(found) or "none"
    )


def to_pixel(plane: Plane, v2: np.ndarray, v3: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the pixels that look at V2, V3: the inverse of `to_telescope`, by Newton's method.

    The transform to the telescope defines the truth; polynomials fitted to its inverse only
    start the search. Exact to rounding on and around the detector.
    """
    x, y = plane.nearly(np.asarray(v2, float), np.asarray(v3, float))
    step = 0.5
    for _ in range(NEWTON_STEPS):
        here = plane.to_telescope(x, y)
        right, left = plane.to_telescope(x + step, y), plane.to_telescope(x - step, y)
        above, below = plane.to_telescope(x, y + step), plane.to_telescope(x, y - step)
        (a, c), (b, d) = (
            tuple(up - down for up, down in zip(*sides, strict=True))
            for sides in ((right, left), (above, below))
        )
        miss2, miss3 = v2 - here[0], v3 - here[1]
        determinant = a * d - b * c
        x = x + (d * miss2 - b * miss3) / determinant
        y = y + (a * miss3 - c * miss2) / determinant
    return x, y


def pixel_area(plane: Plane, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the solid angle of pixels, arcsec^2.

    The area in V2, V3 shrinks towards the poles of these coordinates, by the cosine of V3.
    """
    right, left = plane.to_telescope(x + 0.5, y), plane.to_telescope(x - 0.5, y)
    above, below = plane.to_telescope(x, y + 0.5), plane.to_telescope(x, y - 0.5)
    (a, c), (b, d) = (
        tuple(up - down for up, down in zip(*sides, strict=True))
        for sides in ((right, left), (above, below))
    )
    _, v3 = plane.to_telescope(x, y)
    area: np.ndarray = np.abs(a * d - b * c) * np.cos(np.deg2rad(v3 / 3600))
    return area


def _scaled(terms: Terms, half: tuple[float, float]) -> dict[tuple[int, int], float]:
    return {
        (i, j): value / (half[0] ** i * half[1] ** j)
        for (i, j), value in zip(POWERS, terms, strict=True)
    }


def _polynomial(degree: int, coefficients: Mapping[str, float]) -> Any:
    from astropy.modeling.models import Polynomial2D

    return Polynomial2D(degree, **coefficients)
