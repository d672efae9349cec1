"""Frames of an exposure read one at a time, and frames of a result made as they are read."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from webbcal.spec.fields import Index, Stored
from webbcal.spec.products.detector1 import Ramp

ALL = slice(None)


def rows_of(ramp: Ramp, name: str, integration: int, group: int, rows: slice) -> np.ndarray:
    """Return rows of one frame of an array of a ramp; only they are read where it is on disk."""
    stored = None if name in vars(ramp) else ramp.stored(name)
    if stored is None:
        return np.asarray(getattr(ramp, name)[integration, group, rows])
    one = slice(integration, integration + 1), slice(group, group + 1)
    return np.asarray(stored.read((*one, rows, ALL))[0, 0])


@dataclass(frozen=True)
class Frames:
    """The frames of one integration: its groups, and the zero frame where there is one."""

    ramp: Ramp
    integration: int

    @property
    def groups(self) -> int:
        """Number of groups."""
        return self.ramp.shape_of("sci")[1]

    @property
    def numbers(self) -> range:
        """Number of each frame."""
        return range(self.groups + self.ramp.has("zeroframe"))

    def read(self, number: int, rows: slice = ALL) -> np.ndarray:
        """Return rows of one frame, float32, (y, x)."""
        if number < self.groups:
            return rows_of(self.ramp, "sci", self.integration, number, rows)
        return np.asarray(self.ramp.zeroframe[self.integration, rows])


@dataclass(frozen=True)
class Computed:
    """A signal that is computed as it is read: float32, (integration, group, y, x).

    Parameters
    ----------
    shape : tuple of int
        Length of the axes.
    integrations : sequence of callable
        ``integrations[i](group)`` returns a frame of integration i.
    """

    shape: tuple[int, ...]
    integrations: Sequence[Callable[[int], np.ndarray]]

    @property
    def dtype(self) -> np.dtype[Any]:
        """Data type: float32."""
        return np.dtype(np.float32)

    def read(self, index: Index | None = None) -> np.ndarray:
        """Return a part as a fresh array."""
        return _by_frame(self, index, lambda i, g: self.integrations[i](g))


@dataclass(frozen=True)
class Chosen:
    """Some rows of an array (integration, group, y, x) of a ramp."""

    ramp: Ramp
    name: str
    rows: np.ndarray

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of the axes."""
        shape = self.ramp.shape_of(self.name)
        return (*shape[:2], self.rows.size, shape[3])

    @property
    def dtype(self) -> np.dtype[Any]:
        """Data type of the whole array."""
        stored = self.ramp.stored(self.name)
        return np.dtype((getattr(self.ramp, self.name) if stored is None else stored).dtype)

    def read(self, index: Index | None = None) -> np.ndarray:
        """Return a part as a fresh array."""
        return _by_frame(
            self, index, lambda i, g: rows_of(self.ramp, self.name, i, g, ALL)[self.rows]
        )


def _by_frame(
    array: Stored, index: Index | None, frame: Callable[[int, int], np.ndarray]
) -> np.ndarray:
    """Return a part of an array (integration, group, y, x), of which one frame is had at a time."""
    parts = [*(index or ()), *(ALL,) * 4][:4]
    chosen = [range(n)[part] for part, n in zip(parts, array.shape, strict=True)]
    out = np.empty([len(numbers) for numbers in chosen], array.dtype)
    for i, g in np.ndindex(*out.shape[:2]):
        out[i, g] = frame(chosen[0][i], chosen[1][g])[parts[2], parts[3]]
    return out


def ramp_of_frames(ramp: Ramp, arrays: Mapping[str, np.ndarray | Stored]) -> Ramp:
    """Return a ramp with arrays of another shape; some may be made as they are read."""
    stored = {name: array for name, array in arrays.items() if not isinstance(array, np.ndarray)}
    kept = {name: array for name, array in ramp.all_stored().items() if name not in arrays}
    rest = {
        name: value
        for name, value in vars(ramp).items()
        if name not in arrays and not name.startswith("_")
    }
    rest |= {name: array for name, array in arrays.items() if name not in stored}
    return Ramp.from_stored(kept | stored, **rest)
