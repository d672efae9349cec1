"""Transforms of coordinates as plain numbers: those that imagers and mosaics are made of.

They are what the standard transforms of trees compute, without the libraries that read these:
loading those takes longer than calibrating an image. A transform that was read keeps what was
stored, and is written as such again; one of a kind not known here is evaluated by astropy.

Coordinates are float64 arrays of equal shape, one per axis.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.polynomial.polynomial import polyval2d

from webbcal.spec.tagged import Tagged

Arrays = tuple[np.ndarray, ...]
Box = tuple[tuple[float, float], tuple[float, float]]  # along x, along y

TRANSFORM = "tag:stsci.edu:asdf/transform/"
COORDINATES = ("x0", "x1")


@dataclass(frozen=True, eq=False, kw_only=True)
class Transform(ABC):
    """One transform.

    Attributes
    ----------
    name : str
        Of this transform, may be empty.
    source : object
        How it was stored, if it was; it is written like that again.
    given : Transform or None
        Inverse that was stored with it, which goes before the one that follows from it.
    box : tuple or None
        Limits of x and y for which it is defined.
    """

    name: str = ""
    source: Any = field(default=None, repr=False, compare=False)
    given: "Transform | None" = None
    box: Box | None = None

    @abstractmethod
    def __call__(self, *values: Any) -> Arrays:
        """Return the transformed coordinates."""

    def reverse(self) -> "Transform | None":
        """Return the inverse that follows from the transform, None if none does."""
        return None

    @cached_property
    def inverse(self) -> "Transform | None":
        """The inverse: the one given, or else the one that follows; None if there is none."""
        return self.reverse() if self.given is None else self.given

    def entries(self) -> tuple[str, dict[str, Any]]:
        """Return tag and entries of the tree that describe the transform."""
        raise NotImplementedError(f"{type(self).__name__} is read only")

    def stored(self) -> Any:
        """Return the transform as a tree describes it."""
        if self.source is not None:
            return self.source
        tag, entries = self.entries()
        if self.name:
            entries["name"] = self.name
        if self.given is not None:
            entries["inverse"] = self.given.stored()
        if self.box is not None:
            # The limits name the coordinates that they are of.
            entries |= {"inputs": list(COORDINATES), "bounding_box": _stored_box(self.box)}
        return Tagged(tag, entries)

    def within(self, box: Box) -> "Transform":
        """Return the transform with limits."""
        if self.source is not None:  # stays as it was stored
            return Chain((Identity(2), self), box=box)
        return replace(self, box=box)


@dataclass(frozen=True, eq=False)
class Identity(Transform):
    """Leaves coordinates as they are."""

    axes: int = 2

    def __call__(self, *values: Any) -> Arrays:  # noqa: D102
        return values

    def reverse(self) -> Transform:  # noqa: D102
        return self

    def entries(self) -> tuple[str, dict[str, Any]]:  # noqa: D102
        return TRANSFORM + "identity-1.4.0", {"n_dims": self.axes}


@dataclass(frozen=True, eq=False)
class Shift(Transform):
    """Adds a number."""

    offset: float

    def __call__(self, *values: Any) -> Arrays:  # noqa: D102
        return (values[0] + self.offset,)

    def reverse(self) -> Transform:  # noqa: D102
        return Shift(-self.offset)

    def entries(self) -> tuple[str, dict[str, Any]]:  # noqa: D102
        return TRANSFORM + "shift-1.4.0", {"offset": self.offset}


@dataclass(frozen=True, eq=False)
class Scale(Transform):
    """Multiplies by a number."""

    factor: float

    def __call__(self, *values: Any) -> Arrays:  # noqa: D102
        return (values[0] * self.factor,)

    def reverse(self) -> Transform:  # noqa: D102
        return Scale(1.0 / self.factor)

    def entries(self) -> tuple[str, dict[str, Any]]:  # noqa: D102
        return TRANSFORM + "scale-1.4.0", {"factor": self.factor}


@dataclass(frozen=True, eq=False)
class Constant(Transform):
    """The same number everywhere."""

    value: float

    def __call__(self, *values: Any) -> Arrays:  # noqa: D102
        return (np.full_like(np.asarray(values[0], np.float64), self.value),)


@dataclass(frozen=True, eq=False)
class Polynomial(Transform):
    """A polynomial of two coordinates.

    Attributes
    ----------
    coefficients : ndarray
        Axes (power of x, power of y).
    domain, window : tuple
        Limits of x and y, and which numbers those limits become first.
    """

    coefficients: np.ndarray
    domain: Box = ((-1.0, 1.0), (-1.0, 1.0))
    window: Box = ((-1.0, 1.0), (-1.0, 1.0))

    def __call__(self, *values: Any) -> Arrays:  # noqa: D102
        x, y = (
            np.asarray(value, np.float64)
            if limits == target
            else target[0] + (value - limits[0]) * (target[1] - target[0]) / (limits[1] - limits[0])
            for value, limits, target in zip(values, self.domain, self.window, strict=True)
        )
        return (np.asarray(polyval2d(x, y, self.coefficients)),)


@dataclass(frozen=True, eq=False)
class Remap(Transform):
    """Picks coordinates by number, in a new order or more than once."""

    picks: tuple[int, ...]
    axes: int

    def __call__(self, *values: Any) -> Arrays:  # noqa: D102
        return tuple(values[pick] for pick in self.picks)

    def reverse(self) -> Transform | None:  # noqa: D102
        if set(self.picks) != set(range(self.axes)):
            return None
        return Remap(tuple(self.picks.index(k) for k in range(self.axes)), len(self.picks))


@dataclass(frozen=True, eq=False)
class Beside(Transform):
    """Transforms side by side: each takes the next coordinates.

    Attributes
    ----------
    parts : tuple of Transform
        Two.
    axes : tuple of int
        How many coordinates each takes.
    """

    parts: tuple[Transform, ...]
    axes: tuple[int, ...] = (1, 1)

    def __call__(self, *values: Any) -> Arrays:  # noqa: D102
        found: list[np.ndarray] = []
        start = 0
        for part, count in zip(self.parts, self.axes, strict=True):
            found += part(*values[start : start + count])
            start += count
        return tuple(found)

    def reverse(self) -> Transform | None:  # noqa: D102
        inverses = [part.inverse for part in self.parts]
        if self.axes != (1,) * len(self.axes):
            return None
        known = tuple(inverse for inverse in inverses if inverse is not None)
        return Beside(known, self.axes) if len(known) == len(inverses) else None

    def entries(self) -> tuple[str, dict[str, Any]]:  # noqa: D102
        return TRANSFORM + "concatenate-1.4.0", {"forward": [part.stored() for part in self.parts]}


@dataclass(frozen=True, eq=False)
class Chain(Transform):
    """Transforms one after the other."""

    parts: tuple[Transform, ...]

    def __call__(self, *values: Any) -> Arrays:  # noqa: D102
        for part in self.parts:
            values = part(*values)
        return values

    def reverse(self) -> Transform | None:  # noqa: D102
        inverses = [part.inverse for part in reversed(self.parts)]
        known = tuple(inverse for inverse in inverses if inverse is not None)
        return Chain(known) if len(known) == len(inverses) else None

    def entries(self) -> tuple[str, dict[str, Any]]:  # noqa: D102
        # A tree knows pairs only.
        tree = self.parts[0].stored()
        for part in self.parts[1:-1]:
            tree = Tagged(_COMPOSE, {"forward": [tree, part.stored()]})
        return _COMPOSE, {"forward": [tree, self.parts[-1].stored()]}


_COMPOSE = TRANSFORM + "compose-1.4.0"
OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": np.divide,
}


@dataclass(frozen=True, eq=False)
class Arithmetic(Transform):
    """Two transforms of the same coordinates, whose results are added, divided, ..."""

    operation: str
    parts: tuple[Transform, Transform]

    def __call__(self, *values: Any) -> Arrays:  # noqa: D102
        operate = OPERATIONS[self.operation]
        first, second = (part(*values) for part in self.parts)
        return tuple(operate(a, b) for a, b in zip(first, second, strict=True))


@dataclass(frozen=True, eq=False)
class Affine(Transform):
    """A matrix, axes (new, old), and a shift after it."""

    matrix: np.ndarray
    shift: tuple[float, float] = (0.0, 0.0)

    def __call__(self, *values: Any) -> Arrays:  # noqa: D102
        (a, b), (c, d) = self.matrix
        x, y = values
        return a * x + b * y + self.shift[0], c * x + d * y + self.shift[1]

    def reverse(self) -> Transform:  # noqa: D102
        back = np.linalg.inv(self.matrix)
        x, y = -(back @ np.array(self.shift))
        return Affine(back, (float(x), float(y)))

    def entries(self) -> tuple[str, dict[str, Any]]:  # noqa: D102
        return TRANSFORM + "affine-1.5.0", {
            "matrix": _stored_array(self.matrix),
            "translation": _stored_array(np.array(self.shift)),
        }


@dataclass(frozen=True, eq=False)
class Foreign(Transform):
    """A transform that astropy evaluates.

    Attributes
    ----------
    load : callable
        Returns the astropy model.
    """

    load: Callable[[], Any]

    @cached_property
    def model(self) -> Any:
        """The astropy model."""
        return self.load()

    def __call__(self, *values: Any) -> Arrays:  # noqa: D102
        found = self.model(*values)
        return tuple(found) if isinstance(found, tuple | list) else (np.asarray(found),)

    def reverse(self) -> Transform | None:  # noqa: D102
        try:
            back = self.model.inverse
        except NotImplementedError:
            return None
        return foreign(back)


def foreign(model: Any) -> Transform:
    """Return an astropy model as a transform; a transform stays as it is."""
    if isinstance(model, Transform):
        return model
    try:
        box = model.bounding_box.bounding_box(order="F")
    except NotImplementedError:
        box = None
    return Foreign(load=lambda: model, source=model, name=model.name or "", box=box)


def both(first: Transform, second: Transform, name: str = "") -> Transform:
    """Return transforms of one coordinate each, side by side."""
    return Beside((first, second), name=name)


def _stored_box(box: Box) -> Tagged:
    (x0, x1), (y0, y1) = box
    intervals = dict(zip(COORDINATES, ([x0, x1], [y0, y1]), strict=True))
    entries = {"ignore": [], "intervals": intervals, "order": "F"}
    return Tagged(TRANSFORM + "property/bounding_box-1.2.0", entries)


def _stored_array(values: np.ndarray) -> Tagged:
    entries = {"data": values.tolist(), "datatype": "float64", "shape": list(values.shape)}
    return Tagged("tag:stsci.edu:asdf/core/ndarray-1.1.0", entries)
