"""Arrays that grow window by window: in a file, or in memory while small."""

import os
import tempfile
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from webbcal.core.errors import CannotWrite
from webbcal.io.hdus import big_endian, from_big_endian
from webbcal.spec.fields import Index

IN_MEMORY_BYTES = 32 << 20


@dataclass(frozen=True)
class Region:
    """An array in a part of a file, to be written and read in parts from several threads.

    Parameters
    ----------
    descriptor : int
        Of the open file.
    offset : int
        Of the first value, in bytes.
    shape, dtype
        Of the array; `dtype` in native byte order.
    where : Path
        How to name the file in errors.
    encoded : bool
        Whether values lie in the file as a FITS image stores them.
    """

    descriptor: int
    offset: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    where: Path
    encoded: bool = False

    def write(self, index: Index, values: np.ndarray) -> None:
        """Store the values of a part; `index` selects it, one slice per axis from the first.

        Raises
        ------
        CannotWrite
            If the disk is full.
        """
        values = np.ascontiguousarray(values, self.dtype)
        stored = big_endian(values) if self.encoded else values
        for offset, run in self._runs(all_axes(index, self.shape), stored):
            view = run.data.cast("B")
            while view:
                try:
                    written = os.pwrite(self.descriptor, view, offset)
                except OSError as error:
                    raise _full(self.where, error) from None
                view, offset = view[written:], offset + written

    def read(self, index: Index | None = None) -> np.ndarray:
        """Return a part as a fresh array."""
        index = all_axes(index or (), self.shape)
        shape = tuple(len(range(*s.indices(n))) for s, n in zip(index, self.shape, strict=True))
        values = np.empty(shape, self.dtype.newbyteorder(">") if self.encoded else self.dtype)
        for offset, run in self._runs(index, values):
            view = run.data.cast("B")
            while view:
                count = os.preadv(self.descriptor, [view], offset)
                view, offset = view[count:], offset + count
        return from_big_endian(values) if self.encoded else values

    def _runs(self, index: Index, values: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
        """Yield file offset and the contiguous piece of `values` that belongs there."""
        if not values.size:
            return
        bounds = [s.indices(n)[:2] for s, n in zip(index, self.shape, strict=True)]
        axis = len(self.shape)  # first axis of a contiguous run
        while axis > 0:
            axis -= 1
            if bounds[axis] != (0, self.shape[axis]):
                break
        strides = [self.dtype.itemsize] * len(self.shape)
        for n in range(len(self.shape) - 2, -1, -1):
            strides[n] = strides[n + 1] * self.shape[n + 1]
        for outer in np.ndindex(*values.shape[:axis]):
            start = sum((position + bounds[n][0]) * strides[n] for n, position in enumerate(outer))
            yield self.offset + start + bounds[axis][0] * strides[axis], values[outer]


class Spill:
    """An array without a file of its own: in memory while small, else in a nameless file.

    Nothing is left behind when the process dies.

    Parameters
    ----------
    shape, dtype
        Of the whole array, native byte order.
    folder : Path
        Where a large array goes.
    in_memory_bytes : int or None
        Up to which size it counts as small; None for `IN_MEMORY_BYTES`.
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        dtype: Any,
        folder: Path,
        in_memory_bytes: int | None = None,
    ) -> None:
        self.shape = shape
        self.dtype = np.dtype(dtype)
        size = int(np.prod(shape, dtype=np.int64)) * self.dtype.itemsize
        self._memory: np.ndarray | None = None
        if size <= (IN_MEMORY_BYTES if in_memory_bytes is None else in_memory_bytes):
            self._memory = np.zeros(shape, self.dtype)
            return
        try:
            file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 (lives as long as self)
            weakref.finalize(self, file.close)
            os.truncate(file.fileno(), size)
        except OSError as error:
            raise _full(folder, error) from None
        self._region = Region(file.fileno(), 0, shape, self.dtype, folder)

    def write(self, index: Index, values: np.ndarray) -> None:
        """Store the values of a part; `index` selects it, one slice per axis from the first."""
        if self._memory is None:
            self._region.write(index, values)
        else:
            self._memory[index] = values

    def read(self, index: Index | None = None) -> np.ndarray:
        """Return a part as a fresh array."""
        if self._memory is None:
            return self._region.read(index)
        return self._memory[index or ()].copy()


class SharedSpill:
    """An array in a file that several processes fill and read, perhaps on several machines.

    Parameters
    ----------
    path : Path
        Its file, which is made unless it is there. Whoever made it removes it.
    shape, dtype
        Of the whole array, native byte order.
    """

    def __init__(self, path: Path, shape: tuple[int, ...], dtype: Any) -> None:
        self.path = path
        self.shape = shape
        self.dtype = np.dtype(dtype)
        size = int(np.prod(shape, dtype=np.int64)) * self.dtype.itemsize
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
            weakref.finalize(self, os.close, descriptor)
            if os.fstat(descriptor).st_size < size:
                os.truncate(descriptor, size)
        except OSError as error:
            raise _full(path, error) from None
        self._region = Region(descriptor, 0, shape, self.dtype, path)

    def __reduce__(self) -> tuple[type["SharedSpill"], tuple[Any, ...]]:
        return SharedSpill, (self.path, self.shape, self.dtype)

    def write(self, index: Index, values: np.ndarray) -> None:
        """Store the values of a part; `index` selects it, one slice per axis from the first."""
        self._region.write(index, values)

    def read(self, index: Index | None = None) -> np.ndarray:
        """Return a part as a fresh array."""
        return self._region.read(index)


def all_axes(index: Index, shape: tuple[int, ...]) -> Index:
    """Return an index with a slice for every axis; those not named are taken whole."""
    return (*index, *(slice(None) for _ in shape[len(index) :]))


def _full(where: Path, error: OSError) -> CannotWrite:
    return CannotWrite(
        f"cannot write results ({error.strerror})",
        where=where,
        advice="Free some space or choose another --output-dir.",
    )
