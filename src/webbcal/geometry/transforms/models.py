"""Transforms that the observatory's files name and the astropy family does not have.

Directions are unit vectors (x, y, z), or their first two components where the third follows.

Source: JWST reference files, transforms of the ``jwst_pipeline`` tags.
"""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np
from astropy.modeling import Model

Floats = Any  # astropy hands over scalars or arrays of float64


def _third(x: Floats, y: Floats) -> Floats:
    """Return the third, positive component of a unit vector."""
    return np.sqrt(1.0 - x * x - y * y)


class Transform(Model):  # type: ignore[misc]
    """Base: a transform with fixed settings, which are not fitted."""

    _separable = False
    standard_broadcasting = False
    input_units = None  # astropy would take them from the annotations of evaluate
    return_units = None
    settings: ClassVar[tuple[str, ...]] = ()  # names, as in the files and in __init__

    def __init__(self, **settings: Any) -> None:
        for name in self.settings:
            setattr(self, name, settings.pop(name))
        super().__init__(**settings)

    def set_up_alike(self, other: "Transform") -> bool:
        """Tell whether another transform has the same settings."""
        return type(self) is type(other) and all(
            np.array_equal(getattr(self, name), getattr(other, name)) for name in self.settings
        )


class UnitlessToDirectional(Transform):
    r"""Slopes to a unit vector: :math:`(x, y, 1) / \sqrt{1 + x^2 + y^2}`."""

    n_inputs = 2
    n_outputs = 3

    def evaluate(self, x: Floats, y: Floats) -> tuple[Floats, ...]:
        """Return the components of the unit vector."""
        length = np.sqrt(1.0 + x * x + y * y)
        return x / length, y / length, 1.0 / length

    @property
    def inverse(self) -> Model:
        """From a unit vector to slopes."""
        return DirectionalToUnitless()


class DirectionalToUnitless(Transform):
    """Unit vector to slopes: (x / z, y / z)."""

    n_inputs = 3
    n_outputs = 2

    def evaluate(self, x: Floats, y: Floats, z: Floats) -> tuple[Floats, ...]:
        """Return the slopes."""
        return x / z, y / z

    @property
    def inverse(self) -> Model:
        """From slopes to a unit vector."""
        return UnitlessToDirectional()


class RotationSequence(Transform):
    """Rotations of a direction about one axis after the other, with z kept positive.

    `angles` are in degrees, `axes_order` a string of x, y, z. After each rotation, z is found
    anew as the positive root: directions that point away come back on the near side.
    """

    n_inputs = 3
    n_outputs = 3
    settings: ClassVar[tuple[str, ...]] = ("angles", "axes_order")
    angles: Sequence[float]
    axes_order: str

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        if len(self.angles) != len(self.axes_order) or set(self.axes_order) - set("xyz"):
            raise ValueError(f"rotations by {self.angles} about {self.axes_order}")

    def evaluate(self, x: Floats, y: Floats, z: Floats) -> tuple[Floats, ...]:
        """Return the rotated direction."""
        for axis, angle in zip(self.axes_order, np.deg2rad(self.angles), strict=True):
            c, s = np.cos(angle), np.sin(angle)
            if axis == "x":
                y = y * c + z * s
            elif axis == "y":
                x = x * c - z * s
            else:
                x, y = x * c + y * s, y * c - x * s
            z = _third(x, y)
        return x, y, z

    @property
    def inverse(self) -> Model:
        """The same rotations backwards."""
        angles = [-angle for angle in reversed(self.angles)]
        return RotationSequence(angles=angles, axes_order=self.axes_order[::-1])


class Logical(Transform):
    """Replace values that stand in a relation (GT, LT, EQ, NE) to a given one; NaN stays."""

    n_inputs = 1
    n_outputs = 1
    settings: ClassVar[tuple[str, ...]] = ("condition", "compareto", "value")
    condition: str
    compareto: Any
    value: Any
    relations: ClassVar[dict[str, Callable[..., Any]]] = {
        "GT": np.greater,
        "LT": np.less,
        "EQ": np.equal,
        "NE": np.not_equal,
    }

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        if self.condition not in self.relations:
            raise ValueError(f"condition {self.condition}")

    def evaluate(self, x: Floats) -> Floats:
        """Return the values, replaced where the relation holds."""
        holds = self.relations[self.condition](x, self.compareto) & ~np.isnan(x)
        return np.where(holds, self.value, x)


class SliceOfBeta(Transform):
    """Number of the MIRI slice, 100 channel + slice, at a coordinate beta across the slices."""

    n_inputs = 1
    n_outputs = 1
    settings: ClassVar[tuple[str, ...]] = ("beta_zero", "beta_del", "channel")
    beta_zero: float
    beta_del: float
    channel: int

    def evaluate(self, beta: Floats) -> Floats:
        """Return the number of the slice."""
        slices = 100 * self.channel + (beta - self.beta_zero) / self.beta_del + 1
        return np.floor(slices + 0.5).astype(int)


class RefractionIndexFromPrism(Transform):
    r"""Index of refraction of a prism of angle A, from the directions in front and behind.

    .. math:: n^2 = \left(\frac{a_o + a_i (1 - 2 \sin^2 A)}{2 \sin A \cos A}\right)^2
              + a_i^2 + b_i^2
    """

    n_inputs = 3
    n_outputs = 1
    settings: ClassVar[tuple[str, ...]] = ("prism_angle",)
    prism_angle: float

    def evaluate(self, alpha_in: Floats, beta_in: Floats, alpha_out: Floats) -> Floats:
        """Return the index of refraction."""
        angle = np.deg2rad(self.prism_angle)
        s, c = np.sin(angle), np.cos(angle)
        inside = (alpha_out + alpha_in * (1.0 - 2.0 * s * s)) / (2.0 * s * c)
        return np.sqrt(inside**2 + alpha_in**2 + beta_in**2)


class AngleFromGrating(Transform):
    """Direction behind a reflecting grating of `groove_density` (1/m) in an order."""

    n_inputs = 4
    n_outputs = 3
    settings: ClassVar[tuple[str, ...]] = ("groove_density", "order")
    groove_density: float
    order: float

    def evaluate(
        self, wavelength: Floats, alpha: Floats, beta: Floats, z: Floats
    ) -> tuple[Floats, ...]:
        """Return the direction; wavelength in m."""
        alpha = -alpha - self.groove_density * self.order * wavelength
        return alpha, -beta, _third(alpha, beta)


class WavelengthFromGrating(Transform):
    """Wavelength in m from the directions in front of and behind a reflecting grating."""

    n_inputs = 3
    n_outputs = 1
    settings: ClassVar[tuple[str, ...]] = ("groove_density", "order")
    groove_density: float
    order: float

    def evaluate(self, alpha_in: Floats, beta_in: Floats, alpha_out: Floats) -> Floats:
        """Return the wavelength."""
        return -(alpha_in + alpha_out) / (self.groove_density * self.order)


class PrismRefraction(Transform):
    """Path through a prism with a mirror behind it, refracted by Snell's law on both ways.

    `prism_angle` in degrees; `kcoef`, `lcoef` and `tcoef` are the coefficients of the glass;
    temperatures in K, pressures in atm. The gas has the reference pressure throughout: the files'
    `pressure` has never been used in the observatory's transforms, and models are fitted so.
    """

    n_inputs = 4
    n_outputs = 3
    settings: ClassVar[tuple[str, ...]] = (
        "prism_angle",
        "kcoef",
        "lcoef",
        "tcoef",
        "ref_temp",
        "ref_pressure",
        "temp",
        "pressure",
    )
    prism_angle: float
    kcoef: Sequence[float]
    lcoef: Sequence[float]
    tcoef: Sequence[float]
    ref_temp: float
    ref_pressure: float
    temp: float
    pressure: float

    def evaluate(
        self, wavelength: Floats, alpha: Floats, beta: Floats, z: Floats
    ) -> tuple[Floats, ...]:
        """Return the direction; wavelength in m."""
        n = self._index(wavelength * 1e6)
        x, y = alpha / n, beta / n
        turn = RotationSequence(angles=[self.prism_angle], axes_order="y")
        x, y, z = turn.evaluate(x, y, _third(x, y))
        x, y, z = turn.inverse.evaluate(-x, -y, z)
        x, y = x * n, y * n
        return x, y, _third(x, y)

    def _index(self, microns: Floats) -> Floats:
        from gwcs.spectroscopy import SellmeierGlass, SellmeierZemax

        if self.temp - self.ref_temp < 20.0:
            return SellmeierGlass(self.kcoef, self.lcoef)(microns)
        zemax = SellmeierZemax(
            self.temp,
            self.ref_temp,
            self.ref_pressure,
            self.ref_pressure,
            self.kcoef,
            self.lcoef,
            self.tcoef[:3],
            self.tcoef[3:],
        )
        return zemax(microns)
