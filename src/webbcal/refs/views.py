"""Arrays on disk seen through a window, or with their flags translated."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from webbcal.core.dq import DQ
from webbcal.geometry.stripes import runs
from webbcal.spec.fields import Index, Stored


@dataclass(frozen=True)
class CutOut:
    """Part of an array on disk, itself an array on disk; nothing is copied.

    Parameters
    ----------
    source : Stored
        The whole array.
    window : tuple of slice
        The part, one slice with start and stop per axis.
    """

    source: Stored
    window: tuple[slice, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of the axes of the part."""
        return tuple(part.stop - part.start for part in self.window)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Data type of the whole array."""
        return self.source.dtype

    def read(self, index: Index | None = None) -> np.ndarray:
        """Return a part of the part, counted from its own corner, as a fresh array."""
        inner = tuple(index or ())
        inner += (slice(None),) * (len(self.window) - len(inner))
        return self.source.read(
            tuple(_shifted(part, outer) for part, outer in zip(inner, self.window, strict=True))
        )


def _shifted(inner: slice, outer: slice) -> slice:
    start, stop, step = inner.indices(outer.stop - outer.start)
    if step != 1:
        raise ValueError("an array on disk is read without gaps")
    return slice(outer.start + start, outer.start + max(stop, start))


@dataclass(frozen=True)
class Gathered:
    """An array on disk with its lines along one axis in another order, some of them repeated.

    Parameters
    ----------
    source : Stored
        The array.
    axis : int
        The axis.
    place : numpy.ndarray
        Index in the source of each line.
    """

    source: Stored
    axis: int
    place: np.ndarray

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of the axes."""
        before, after = self.source.shape[: self.axis], self.source.shape[self.axis + 1 :]
        return (*before, self.place.size, *after)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Data type of the source."""
        return self.source.dtype

    def read(self, index: Index | None = None) -> np.ndarray:
        """Return a part as a fresh array; lines that lie together are read together."""
        parts = list(index or ())
        parts += [slice(0, length) for length in self.shape[len(parts) :]]
        wanted = self.place[parts[self.axis]]
        blocks = []
        for run in runs(wanted):
            parts[self.axis] = run
            blocks.append(self.source.read(tuple(parts)))
        return np.concatenate(blocks, axis=self.axis)


@dataclass(frozen=True)
class TranslatedFlags:
    """Flags of a reference file, read as the flags of `webbcal.core.dq`.

    Parameters
    ----------
    source : Stored
        Flags as the file has them.
    pairs : tuple of (int, int)
        Value in the file, and the flags it stands for. Bits that no pair names are dropped.
    """

    source: Stored
    pairs: tuple[tuple[int, int], ...]

    @classmethod
    def by_table(cls, source: Stored, table: np.ndarray) -> "TranslatedFlags":
        """Translate by a DQ_DEF table, columns VALUE and NAME; unknown names are dropped.

        Source: JWST data products documentation, data quality flags of reference files.
        """
        pairs = []
        for row in table:
            name = bytes(row["NAME"]).decode("ascii", "replace").strip().upper()
            if name in DQ.__members__:
                pairs.append((int(row["VALUE"]), int(DQ[name])))
        return cls(source, tuple(pairs))

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of the axes."""
        return self.source.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Unsigned 32-bit integers."""
        return np.dtype("u4")

    def read(self, index: Index | None = None) -> np.ndarray:
        """Return the selected part, translated, as a fresh array."""
        raw = self.source.read(index)
        present = int(np.bitwise_or.reduce(raw, axis=None))
        same = 0
        for value, flag in self.pairs:
            if value == flag:
                same |= value
        flags = raw & np.uint32(same)
        for value, flag in self.pairs:
            if value != flag and present & value:
                flags |= np.where(raw & np.uint32(value), np.uint32(flag), np.uint32(0))
        return flags.astype(np.uint32, copy=False)


def any_where(array: Stored, good: Any, bands: int = 8) -> bool:
    """Tell whether any value of an array passes a test, reading as little as possible.

    A few thin bands of rows spread over the array are tried first; only where none of their
    values passes is the whole array read, band by band.

    Parameters
    ----------
    array : Stored
        At least two axes, rows the last but one.
    good : callable
        Array of values to array of bool.
    bands : int
        How many bands to try.
    """
    rows = array.shape[-2]
    spread = sorted({int(row) for row in np.linspace(0, rows - 1, min(bands, rows))})
    probes = [slice(row, row + 1) for row in spread]
    first: tuple[slice, ...] = (slice(0, 1),) * (len(array.shape) - 2)
    every: tuple[slice, ...] = (slice(None),) * (len(array.shape) - 2)
    thick = max(1, (16 << 20) // max(1, _size_of_row(array.shape)))
    whole = [slice(n, min(n + thick, rows)) for n in range(0, rows, thick)]
    return any(
        bool(np.any(good(array.read((*planes, part, slice(None))))))
        for planes, parts in ((first, probes), (every, whole))
        for part in parts
    )


def _size_of_row(shape: Sequence[int]) -> int:
    size = 4 * shape[-1]
    for length in shape[:-2]:
        size *= length
    return size
