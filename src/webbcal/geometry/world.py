"""World coordinates: chains of frames and transforms from pixels to the sky."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from webbcal.core.errors import InvalidInput
from webbcal.geometry.chain import Box, Chain, Transform, foreign
from webbcal.geometry.chain_reading import transform_of
from webbcal.geometry.sphere import GWCS
from webbcal.spec.tagged import Tagged, TaggedWord

WCS_TAG = GWCS + "wcs-"
STEP_TAG = GWCS + "step-"
FRAMES = tuple(GWCS + name for name in ("frame2d-", "celestial_frame-", "frame-"))
_UNIT = "tag:stsci.edu:asdf/unit/unit-1.0.0"

ROUNDS = 30
"""Of Newton's method, for transforms without an inverse."""

CLOSE = 1e-9
"""Pixels, at which it ends."""


@dataclass(frozen=True, eq=False)
class Frame:
    """Coordinates with names and units.

    Attributes
    ----------
    name : str
        Of the frame.
    tree : object
        Tree that describes it.
    """

    name: str
    tree: Any

    @classmethod
    def plane(cls, name: str, unit: str, axes: tuple[str, str]) -> "Frame":
        """Return a frame of two coordinates: pixels, or angles seen from the telescope."""
        entries = _entries(name, unit, axes, [f"custom:{axis}" for axis in axes])
        return cls(name, Tagged(GWCS + "frame2d-1.2.0", entries))

    @classmethod
    def sky(cls, name: str = "world") -> "Frame":
        """Return the frame of right ascension and declination, ICRS, degrees."""
        icrs = Tagged(
            "tag:astropy.org:astropy/coordinates/frames/icrs-1.1.0", {"frame_attributes": {}}
        )
        entries = _entries(name, "deg", ("lon", "lat"), ["pos.eq.ra", "pos.eq.dec"])
        return cls(
            name, Tagged(GWCS + "celestial_frame-1.2.0", entries | {"reference_frame": icrs})
        )


@dataclass(frozen=True, eq=False)
class Step:
    """A frame, and the transform from it to the next one; None: it is the last.

    `source` is how it was stored, if it was.
    """

    frame: Frame
    transform: Transform | None
    source: Any = None

    def stored(self) -> Any:
        """Return the step as a tree describes it."""
        if self.source is not None:
            return self.source
        transform = None if self.transform is None else self.transform.stored()
        return Tagged(STEP_TAG + "1.3.0", {"frame": self.frame.tree, "transform": transform})


@dataclass(frozen=True, eq=False)
class World:
    """World coordinates of an image.

    Attributes
    ----------
    steps : tuple of Step
        From pixels (x, y), from 0, to the world.
    array_shape : tuple of int or None
        Rows and columns of the image.
    name : str
        Of the coordinates, may be empty.
    source : object
        How they were stored, if they were: an `Encoded` value.
    """

    steps: tuple[Step, ...]
    array_shape: tuple[int, int] | None = None
    name: str = ""
    source: Any = None

    @cached_property
    def transform(self) -> Transform:
        """All transforms, one after the other."""
        return Chain(tuple(step.transform for step in self.steps if step.transform is not None))

    @property
    def box(self) -> Box | None:
        """Limits of x and y within which pixels have a place, None: everywhere."""
        first = self.steps[0].transform
        return None if first is None else first.box

    @property
    def frames(self) -> tuple[str, ...]:
        """Names of all frames."""
        return tuple(step.frame.name for step in self.steps)

    def __call__(self, x: Any, y: Any, *, with_bounding_box: bool = True) -> tuple[Any, ...]:
        """Return the coordinates of pixels in the world, degrees.

        Parameters
        ----------
        x, y : float or ndarray
            Pixels, from 0.
        with_bounding_box : bool
            Whether pixels outside the limits are nowhere (NaN).
        """
        x, y = np.broadcast_arrays(np.asarray(x, np.float64), np.asarray(y, np.float64))
        found = self.transform(x, y)
        if with_bounding_box and self.box is not None:
            inside = _inside(self.box, x, y)
            found = tuple(np.where(inside, values, np.nan) for values in found)
        return found

    def invert(
        self, first: Any, second: Any, *, with_bounding_box: bool = True
    ) -> tuple[np.ndarray, ...]:
        """Return the pixels, x and y from 0, of coordinates in the world.

        Parameters
        ----------
        first, second : float or ndarray
            Right ascension and declination, degrees.
        with_bounding_box : bool
            Whether what lies outside the limits has no pixel (NaN).
        """
        world = np.broadcast_arrays(np.asarray(first, np.float64), np.asarray(second, np.float64))
        back = self.transform.inverse
        x, y = self._search(*world) if back is None else back(*world)
        if with_bounding_box and self.box is not None:
            inside = _inside(self.box, x, y)
            x, y = (np.where(inside, values, np.nan) for values in (x, y))
        return x, y

    def _search(self, first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return pixels by Newton's method; NaN where it does not converge."""
        if self.box is None and self.array_shape is None:
            raise InvalidInput(
                "world coordinates without an inverse",
                expected="the size of the image, to search for pixels",
                found="none",
            )
        (x0, x1), (y0, y1) = limits_of(self) or _whole(self.array_shape)
        x, y = np.full(first.shape, (x0 + x1) / 2), np.full(first.shape, (y0 + y1) / 2)
        change = np.full(first.shape, np.inf)
        for _ in range(ROUNDS):
            here = self.transform(x, y)
            along_x = _less(self.transform(x + 1.0, y), here)
            along_y = _less(self.transform(x, y + 1.0), here)
            off = _less((first, second), here)
            determinant = along_x[0] * along_y[1] - along_x[1] * along_y[0]
            dx = (off[0] * along_y[1] - off[1] * along_y[0]) / determinant
            dy = (along_x[0] * off[1] - along_x[1] * off[0]) / determinant
            x, y, change = x + dx, y + dy, np.hypot(dx, dy)
            if not (change > CLOSE).any():
                break
        # Rounding of angles leaves 1e-8 pixels.
        known = change < 1e3 * CLOSE
        return np.where(known, x, np.nan), np.where(known, y, np.nan)

    def stored(self) -> Any:
        """Return the coordinates as a tree describes them."""
        if self.source is not None:
            return self.source
        entries: dict[str, Any] = {"name": self.name}
        if self.array_shape is not None:
            entries["pixel_shape"] = [int(size) for size in reversed(self.array_shape)]
        entries["steps"] = [step.stored() for step in self.steps]
        return Tagged(WCS_TAG + "1.4.0", entries)

    def within(self, box: Box) -> "World":
        """Return the coordinates with other limits."""
        first, *others = self.steps
        assert first.transform is not None
        start = Step(first.frame, first.transform.within(box))
        return self.with_(steps=(start, *others))

    def with_(self, **changes: Any) -> "World":
        """Return the coordinates with another name, shape or other steps."""
        return replace(self, source=None, **changes)

    def decode(self) -> Any:
        """Return the coordinates as an object of the gwcs library."""
        return self._gwcs

    def light(self) -> "World":
        """Return the coordinates themselves, which need no library."""
        return self

    @cached_property
    def _gwcs(self) -> Any:
        if self.source is not None:
            return self.source.decode()
        from webbcal.geometry.gwcs_objects import gwcs_of

        return gwcs_of(self)


def world_of(tree: Tagged, source: Any = None) -> World:
    """Return the world coordinates that a tree describes.

    Parameters
    ----------
    tree : Tagged
        Frames and parts of unknown kind have a name and a method ``decode``.
    source : object
        How it was stored.

    Raises
    ------
    InvalidInput
        If it does not describe any.

    Source: gwcs schemas.
    """
    try:
        steps = tuple(_steps(tree["steps"]))
        shape = tree.get("pixel_shape")
        array_shape = None if shape is None else (int(shape[1]), int(shape[0]))
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise InvalidInput(
            "the stored world coordinates are damaged",
            expected=tree.tag,
            found=f"{type(error).__name__}: {error}",
        ) from None
    return World(steps, array_shape, str(tree.get("name", "") or ""), source)


def _steps(trees: Sequence[Tagged]) -> Iterator[Step]:
    for tree in trees:
        frame, transform = tree["frame"], tree.get("transform")
        yield Step(
            Frame(_name(frame), _as_stored(frame)),
            None if transform is None else transform_of(transform),
            tree.source,
        )


def _name(frame: Any) -> str:
    """Return the name of a frame: it is that name, is known here, or is not."""
    if isinstance(frame, str):
        return frame
    return str(frame["name"] if isinstance(frame, Tagged) else frame.name)


def _as_stored(tree: Any) -> Any:
    """Return the stored form of a part, where it has one."""
    source = getattr(tree, "source", None)
    return tree if source is None else source


def as_world(system: Any) -> World:
    """Return world coordinates as `World`, those of the gwcs library too."""
    if isinstance(system, World):
        return system
    steps = []
    for step in system.pipeline:
        frame = step.frame if isinstance(step.frame, str) else step.frame.name
        transform = None if step.transform is None else foreign(step.transform)
        steps.append(Step(Frame(str(frame), step.frame), transform))
    return World(tuple(steps), system.array_shape, system.name or "")


def limits_of(system: Any) -> Box | None:
    """Return the limits of x and y of world coordinates, ours or those of gwcs."""
    if isinstance(system, World):
        return system.box
    box = system.bounding_box
    if box is None:
        return None
    (x0, x1), (y0, y1) = box.bounding_box(order="F")
    return (float(x0), float(x1)), (float(y0), float(y1))


def _entries(name: str, unit: str, axes: Sequence[str], types: list[str]) -> dict[str, Any]:
    return {
        "axes_names": list(axes),
        "axes_order": [0, 1],
        "axis_physical_types": types,
        "name": name,
        "unit": [TaggedWord(_UNIT, unit)] * 2,
    }


def _inside(box: Box, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    (x0, x1), (y0, y1) = box
    return np.asarray((x >= x0) & (x <= x1) & (y >= y0) & (y <= y1))


def _less(there: Sequence[Any], here: Sequence[Any]) -> tuple[np.ndarray, np.ndarray]:
    """Return differences of longitude, the short way round, and latitude."""
    return (there[0] - here[0] + 180.0) % 360.0 - 180.0, there[1] - here[1]


def _whole(shape: tuple[int, int] | None) -> Box:
    rows, columns = shape or (1, 1)
    return (-0.5, columns - 0.5), (-0.5, rows - 0.5)
