"""Transforms that are another one for each slit, or each spectral order.

Source: JWST reference files, transforms of the ``jwst_pipeline`` tags.
"""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from astropy.modeling import Model

from webbcal.geometry.transforms.models import Floats, Transform

NO_NUMBER = -9999  # of a slit that is known by its name
_NUMBER = 19  # where in the record of a slit its number is


def number_of(slit: Any) -> float:
    """Return the number by which a slit is selected: NaN where it has none.

    Parameters
    ----------
    slit : number, str or sequence
        The number or name itself, or the record of a slit: name first, number last of 20 items.
    """
    if isinstance(slit, list | tuple | np.ndarray):
        record = list(slit)
        number = record[_NUMBER] if len(record) > _NUMBER else NO_NUMBER
        slit = record[0] if int(number) == NO_NUMBER else number
    try:
        return float(slit)
    except ValueError:
        return np.nan


class BySlit(Transform):
    """Base: `models` in the order of `slits`; a slit is selected by its number.

    Where the number is NaN, so is the result.
    """

    settings: ClassVar[tuple[str, ...]] = ("slits", "models")
    slits: Sequence[Any]
    models: Sequence[Model]
    values: ClassVar[int]  # how many a model returns

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        if len(self.slits) != len(self.models):
            raise ValueError(f"{len(self.slits)} slits and {len(self.models)} models")

    def select(self, number: Floats, *values: Floats) -> list[np.ndarray]:
        """Return what the models of the slits make of values."""
        number, *places = np.broadcast_arrays(*(np.asarray(v, float) for v in (number, *values)))
        known = [number_of(slit) for slit in self.slits]
        results = [np.full(number.shape, np.nan) for _ in range(self.values)]
        for one in np.unique(number[~np.isnan(number)]):
            if one not in known:
                raise ValueError(f"there is no slit {one:g}")
            here = number == one
            found = self.models[known.index(one)](*(place[here] for place in places))
            for result, part in zip(results, found, strict=True):
                result[here] = part
        return results

    def backwards(self) -> dict[str, Any]:
        """Return the settings of the inverse."""
        return {"slits": self.slits, "models": [model.inverse for model in self.models]}


class GratingToSlit(BySlit):
    """Direction at the grating wheel to the position in a slit and the wavelength."""

    n_inputs = 4
    n_outputs = 4
    values: ClassVar[int] = 3
    inputs = ("name", "angle1", "angle2", "angle3")
    outputs = ("name", "x_slit", "y_slit", "lam")

    def evaluate(self, name: Floats, *angles: Floats) -> tuple[Floats, ...]:
        """Return the number of the slit, x, y, and the wavelength."""
        return name, *self.select(name, *angles)

    @property
    def inverse(self) -> Model:
        """From the slit to the grating wheel."""
        return SlitToGrating(**self.backwards())


class SlitToGrating(BySlit):
    """Position in a slit and wavelength to the direction at the grating wheel."""

    n_inputs = 4
    n_outputs = 4
    values: ClassVar[int] = 3
    inputs = ("name", "x_slit", "y_slit", "lam")
    outputs = ("name", "angle1", "angle2", "angle3")

    def evaluate(self, name: Floats, *place: Floats) -> tuple[Floats, ...]:
        """Return the number of the slit and the direction."""
        return name, *self.select(name, *place)

    @property
    def inverse(self) -> Model:
        """From the grating wheel to the slit."""
        return GratingToSlit(**self.backwards())


class SlitToPlane(BySlit):
    """Position in a slit to the position in the plane of all slits."""

    n_inputs = 3
    n_outputs = 3
    values: ClassVar[int] = 2
    inputs = ("name", "x_slit", "y_slit")
    outputs = ("x_msa", "y_msa", "name")

    def evaluate(self, name: Floats, x: Floats, y: Floats) -> tuple[Floats, ...]:
        """Return x, y, and the number of the slit."""
        return *self.select(name, x, y), name

    @property
    def inverse(self) -> Model:
        """From the plane to the slit."""
        return PlaneToSlit(**self.backwards())


class SlitToPlaneOnly(BySlit):
    """`SlitToPlane` of old files, which does not pass the number of the slit on."""

    n_inputs = 3
    n_outputs = 2
    values: ClassVar[int] = 2
    inputs = ("name", "x_slit", "y_slit")
    outputs = ("x_msa", "y_msa")

    def evaluate(self, name: Floats, x: Floats, y: Floats) -> tuple[Floats, ...]:
        """Return x and y."""
        return tuple(self.select(name, x, y))


class PlaneToSlit(BySlit):
    """Position in the plane of all slits to the position in one of them."""

    n_inputs = 3
    n_outputs = 3
    values: ClassVar[int] = 2
    inputs = ("x_msa", "y_msa", "name")
    outputs = ("name", "x_slit", "y_slit")

    def evaluate(self, x: Floats, y: Floats, name: Floats) -> tuple[Floats, ...]:
        """Return the number of the slit, x and y."""
        return name, *self.select(name, x, y)

    @property
    def inverse(self) -> Model:
        """From the slit to the plane."""
        return SlitToPlane(**self.backwards())


class ByOrder(Transform):
    """Pixel to sky and wavelength of the slitless spectrum of one source, by spectral order.

    The first order given decides for all pixels.
    """

    n_inputs = 3
    n_outputs = 3
    settings: ClassVar[tuple[str, ...]] = ("spectral_orders", "models")
    spectral_orders: Sequence[int]
    models: Sequence[Model]

    def evaluate(self, x: Floats, y: Floats, order: Floats) -> tuple[Floats, ...]:
        """Return right ascension, declination and wavelength."""
        number = int(np.ravel(order)[0])
        if number not in self.spectral_orders:
            raise ValueError(f"there is no spectral order {number}")
        found: tuple[Floats, ...] = self.models[list(self.spectral_orders).index(number)](x, y)
        return found
