"""Arrays that grow window by window, in memory while small, else in a nameless file."""

import os
import tempfile
import weakref
from pathlib import Path
from typing import Any

import numpy as np

from webbcal.core.errors import CannotWrite
from webbcal.spec.fields import Index

IN_MEMORY_BYTES = 32 << 20


class Spill:
    """An array to be filled in parts from several threads, and read back in parts.

    The file, where there is one, has no name: nothing is left behind when the process dies.

    Parameters
    ----------
    shape, dtype
        Of the whole array, native byte order.
    folder : Path
        Where a large array goes; best the folder of the final file.
    """

    def __init__(self, shape: tuple[int, ...], dtype: Any, folder: Path) -> None:
        self.shape = shape
        self.dtype = np.dtype(dtype)
        self._where = folder
        size = int(np.prod(shape, dtype=np.int64)) * self.dtype.itemsize
        self._memory: np.ndarray | None = None
        self._file = None
        if size <= IN_MEMORY_BYTES:
            self._memory = np.zeros(shape, self.dtype)
            return
        try:
            self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 (lives as long as self)
            weakref.finalize(self, self._file.close)
            os.truncate(self._file.fileno(), size)
        except OSError as error:
            raise _full(folder, error) from None

    def write(self, index: Index, values: np.ndarray) -> None:
        """Store the values of a part; `index` selects it, one slice per axis from the first."""
        index = self._all_axes(index)
        if self._memory is not None:
            self._memory[index] = values
            return
        for offset, run in self._runs(index, np.ascontiguousarray(values, self.dtype)):
            self._pwrite(run, offset)

    def read(self, index: Index | None = None) -> np.ndarray:
        """Return a part as a fresh array."""
        index = self._all_axes(index or ())
        if self._memory is not None:
            return self._memory[index].copy()
        shape = tuple(len(range(*s.indices(n))) for s, n in zip(index, self.shape, strict=True))
        values = np.empty(shape, self.dtype)
        for offset, run in self._runs(index, values):
            self._pread(run, offset)
        return values

    def _all_axes(self, index: Index) -> Index:
        """Return an index with a slice for every axis; those not named are taken whole."""
        return (*index, *(slice(None) for _ in self.shape[len(index) :]))

    def _runs(self, index: Index, values: np.ndarray) -> Any:
        """Yield file offset and the contiguous piece of `values` that belongs there."""
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
            yield start + bounds[axis][0] * strides[axis], values[outer]

    def _pwrite(self, run: np.ndarray, offset: int) -> None:
        assert self._file is not None
        view = run.data.cast("B")
        while view:
            try:
                written = os.pwrite(self._file.fileno(), view, offset)
            except OSError as error:
                raise _full(self._where, error) from None
            view, offset = view[written:], offset + written

    def _pread(self, run: np.ndarray, offset: int) -> None:
        assert self._file is not None
        view = run.data.cast("B")
        while view:
            count = os.preadv(self._file.fileno(), [view], offset)
            view, offset = view[count:], offset + count


def _full(folder: Path, error: OSError) -> CannotWrite:
    return CannotWrite(
        f"cannot write intermediate results ({error.strerror})",
        where=folder,
        advice="Free some space or choose another --output-dir.",
    )
