r"""Dispersion by grisms: from pixels of a spectrum to those of the direct image, and back.

The trace of a source at (x0, y0) is given by a parameter t from 0 to 1 along it: shifts dx(t),
dy(t) and the wavelength. A quantity is either one polynomial of t or a list of polynomials of the
position, :math:`\sum_k C_k(x_0, y_0) t^k`.

Source: JWST reference files, transforms of the ``jwst_pipeline`` tags.
"""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from astropy.modeling import Model

from webbcal.geometry.transforms.models import Floats, Transform

SAMPLES = 40  # points of a trace that is inverted, NIRCam
FEW_SAMPLES = 10  # NIRISS and MIRI

Quantity = Any  # a model, or a sequence of models


def along_trace(quantity: Quantity, x: Floats, y: Floats, t: Floats) -> Floats:
    """Return a quantity at a place of a trace."""
    if isinstance(quantity, Model):
        return quantity(t)
    if quantity[0].n_inputs == 1:
        return quantity[0](t)
    return sum(part(x, y) * t**power for power, part in enumerate(quantity))


class Grism(Transform):
    """Base: `orders`, and for each of them its models of wavelength, dx and dy."""

    settings: ClassVar[tuple[str, ...]] = ("orders", "lmodels", "xmodels", "ymodels")
    orders: Sequence[int]
    lmodels: Sequence[Quantity]
    xmodels: Sequence[Quantity]
    ymodels: Sequence[Quantity]

    def number(self, order: Floats) -> int:
        """Return where the models of an order are; the first order given decides."""
        wanted = int(np.ravel(order)[0])
        if wanted not in self.orders:
            raise ValueError(f"there is no spectral order {wanted}")
        return list(self.orders).index(wanted)


class ToImage(Grism):
    """Base: (x, y) of the spectrum and (x0, y0) of the source to the wavelength there."""

    n_inputs = 5
    n_outputs = 4
    inputs = ("x", "y", "x0", "y0", "order")
    outputs = ("x", "y", "wavelength", "order")
    axis: ClassVar[int]  # along which the light is dispersed: 0 for x, 1 for y


class ToSpectrum(Grism):
    """Base: (x, y) of the source and a wavelength to the place in the spectrum."""

    n_inputs = 4
    n_outputs = 5
    inputs = ("x", "y", "wavelength", "order")
    outputs = ("x", "y", "x0", "y0", "order")

    def parameter(self, i: int, x: Floats, y: Floats, wavelength: Floats) -> Floats:
        """Return t where the light of a wavelength falls."""
        raise NotImplementedError

    def shift(self, i: int, x: Floats, y: Floats, t: Floats) -> tuple[Floats, Floats]:
        """Return dx and dy."""
        return along_trace(self.xmodels[i], x, y, t), along_trace(self.ymodels[i], x, y, t)

    def evaluate(
        self, x: Floats, y: Floats, wavelength: Floats, order: Floats
    ) -> tuple[Floats, ...]:
        """Return the place in the spectrum, that of the source, and the order."""
        if np.any(np.asarray(wavelength) < 0):
            raise ValueError("a wavelength is negative")
        i = self.number(order)
        dx, dy = self.shift(i, x, y, self.parameter(i, x, y, wavelength))
        return x + dx, y + dy, x, y, order


class NircamToImage(ToImage):
    """From the spectrum to the wavelength, NIRCam."""

    def evaluate(
        self, x: Floats, y: Floats, x0: Floats, y0: Floats, order: Floats
    ) -> tuple[Floats, ...]:
        """Return the place of the source, the wavelength, and the order."""
        i = self.number(order)
        trace = (self.xmodels, self.ymodels)[self.axis][i]
        distance = (x - x0, y - y0)[self.axis]
        first = trace if isinstance(trace, Model) else trace[0]
        if first.n_inputs == 1:
            t = (distance - first.c0) / first.c1
        else:
            t = self._interpolated(trace, x0, y0, distance)
        return x0, y0, along_trace(self.lmodels[i], x0, y0, t), order

    @staticmethod
    def _interpolated(trace: Quantity, x0: Floats, y0: Floats, distance: Floats) -> Floats:
        samples = np.linspace(0.0, 1.0, SAMPLES)
        x0, y0, distance = np.broadcast_arrays(*(np.asarray(v, float) for v in (x0, y0, distance)))
        sources, owner = np.unique(np.stack([x0.ravel(), y0.ravel()]), axis=1, return_inverse=True)
        result = np.empty(distance.size)
        for number, (x, y) in enumerate(sources.T):
            shifts = along_trace(trace, x, y, samples)
            rising = np.argsort(shifts)
            here = owner.ravel() == number
            result[here] = np.interp(distance.ravel()[here], shifts[rising], samples[rising])
        return result.reshape(distance.shape)


class NircamRowToImage(NircamToImage):
    """Dispersed along x."""

    axis = 0


class NircamColumnToImage(NircamToImage):
    """Dispersed along y."""

    axis = 1


class NircamToSpectrum(ToSpectrum):
    """From the source to its spectrum, NIRCam."""

    def parameter(self, i: int, x: Floats, y: Floats, wavelength: Floats) -> Floats:
        """Return t where the light of a wavelength falls."""
        model = self.lmodels[i]
        samples = np.linspace(0.0, 1.0, SAMPLES)
        if isinstance(model, Model) or model[0].n_inputs == 1:
            return np.interp(wavelength, along_trace(model, x, y, samples), samples)
        x, y, wavelength = (np.asarray(values, float) for values in (x, y, wavelength))
        there = along_trace(model, x[..., None], y[..., None], samples)
        squares = (there - wavelength[..., None]) ** 2
        return _minimum(samples, squares)


def _minimum(samples: np.ndarray, squares: np.ndarray) -> np.ndarray:
    """Return where sampled curves (last axis) are smallest, between the samples.

    There the slope is zero; it is interpolated between its values at the samples. As the
    definition has it, a minimum nearest to an end is taken to be there, and the slope at an end
    is one-sided: within a sample and a half of an end the result is off by up to half a sample.
    """
    best = np.argmin(squares, axis=-1)
    slope = np.gradient(squares, axis=-1)

    def at(values: np.ndarray, where: np.ndarray) -> np.ndarray:
        found: np.ndarray = np.take_along_axis(values, where[..., None], axis=-1)[..., 0]
        return found

    inside = np.clip(best, 1, samples.size - 2)
    left = np.where(at(slope, inside) > 0, inside - 1, inside)
    low, high = at(slope, left), at(slope, left + 1)
    between = samples[left] - low * (samples[left + 1] - samples[left]) / (high - low)
    found: np.ndarray = np.where(best == inside, between, samples[best])
    return found


class TurnedToImage(ToImage):
    """From the spectrum to the wavelength, where the filter wheel turns the grism by `theta`."""

    settings: ClassVar[tuple[str, ...]] = (*Grism.settings, "theta")
    theta: float  # degrees

    def evaluate(
        self, x: Floats, y: Floats, x0: Floats, y0: Floats, order: Floats
    ) -> tuple[Floats, ...]:
        """Return the place of the source, the wavelength, and the order: one source for all."""
        i = self.number(order)
        x00, y00 = np.ravel(x0)[0], np.ravel(y0)[0]
        samples = np.linspace(0.0, 1.0, FEW_SAMPLES)
        shifts = _turned(
            along_trace(self.xmodels[i], x00, y00, samples),
            along_trace(self.ymodels[i], x00, y00, samples),
            self.theta,
        )[self.axis]
        distance = np.asarray((x - x0, y - y0)[self.axis], float)
        t = _extrapolated(distance, shifts, samples)
        here = np.full(distance.shape, x00), np.full(distance.shape, y00)
        return *here, along_trace(self.lmodels[i], *here, t), order


class TurnedRowToImage(TurnedToImage):
    """Dispersed along x."""

    axis = 0


class TurnedColumnToImage(TurnedToImage):
    """Dispersed along y."""

    axis = 1


class TurnedToSpectrum(ToSpectrum):
    """From the source to its spectrum; the models of wavelength are those of t by wavelength."""

    settings: ClassVar[tuple[str, ...]] = (*Grism.settings, "theta")
    theta: float

    def parameter(self, i: int, x: Floats, y: Floats, wavelength: Floats) -> Floats:
        """Return t where the light of a wavelength falls."""
        return along_trace(self.lmodels[i], x, y, wavelength)

    def shift(self, i: int, x: Floats, y: Floats, t: Floats) -> tuple[Floats, Floats]:
        """Return dx and dy on the turned detector."""
        return _turned(*super().shift(i, x, y, t), self.theta)


class MiriToImage(TurnedColumnToImage):
    """From the spectrum to the wavelength, MIRI, whose grism is not turned."""

    settings: ClassVar[tuple[str, ...]] = Grism.settings
    theta = 0.0


class MiriToSpectrum(TurnedToSpectrum):
    """From the source to its spectrum, MIRI."""

    settings: ClassVar[tuple[str, ...]] = Grism.settings
    theta = 0.0


def _turned(dx: Floats, dy: Floats, theta: float) -> tuple[Floats, Floats]:
    c, s = np.cos(np.deg2rad(theta)), np.sin(np.deg2rad(theta))
    return dx * c - dy * s, dx * s + dy * c


def _extrapolated(at: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Interpolate linearly in a table, whatever its order; its ends are continued."""
    rising = np.argsort(x)
    x, y = x[rising], y[rising]
    left = np.clip(np.searchsorted(x, at) - 1, 0, x.size - 2)
    slope = (y[left + 1] - y[left]) / (x[left + 1] - x[left])
    result: np.ndarray = y[left] + (at - x[left]) * slope
    return result
