"""Arrays of exposures as they are after flagging, made when they are read.

What is found is one bit per pixel: half a megabyte for a large detector. Nothing else is stored.
"""

from dataclasses import dataclass

import numpy as np

from webbcal.core.dq import DQ
from webbcal.spec.fields import Image, Index, Stored, declared
from webbcal.spec.products import Cal

FOUND = np.uint32(DQ.DO_NOT_USE | DQ.OUTLIER)
UNUSABLE = np.uint32(DQ.DO_NOT_USE)


@dataclass(frozen=True)
class InMemory:
    """An array in memory, read like one on disk."""

    array: np.ndarray

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of the axes, numpy order."""
        return self.array.shape

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """Native data type of what `read` returns."""
        return self.array.dtype.newbyteorder("=")

    def read(self, index: Index | None = None) -> np.ndarray:
        """Return the selected part as a fresh array."""
        return np.array(self.array[index or ()], self.dtype)


class Bits:
    """A yes or no for each pixel of an image, packed; filled row by row, by several threads."""

    def __init__(self, shape: tuple[int, int]) -> None:
        self.shape = shape
        self._packed = np.zeros((shape[0], -(-shape[1] // 8)), np.uint8)

    def write(self, rows: slice, values: np.ndarray) -> None:
        """Store whole rows."""
        self._packed[rows] = np.packbits(values, axis=1)

    def read(self, index: Index | None = None) -> np.ndarray:
        """Return the selected part, bool."""
        rows, columns = (*(index or ()), slice(None), slice(None))[:2]
        packed = self._packed[rows]
        return np.unpackbits(packed, axis=1, count=self.shape[1])[:, columns].astype(bool)


@dataclass(frozen=True)
class Altered:
    """An array of an exposure that is changed while it is read."""

    before: Stored
    unusable: Bits

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of the axes, numpy order."""
        return self.before.shape

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """Native data type of what `read` returns."""
        return self.before.dtype


@dataclass(frozen=True)
class Flags(Altered):
    """Flags of an exposure, with those of pixels that were found unusable, or outliers."""

    outlier: Bits

    def read(self, index: Index | None = None) -> np.ndarray:
        """Return the selected part as a fresh array."""
        flags = self.before.read(index)
        flags[self.unusable.read(index)] |= UNUSABLE
        flags[self.outlier.read(index)] |= FOUND
        return flags


@dataclass(frozen=True)
class Blanked(Altered):
    """Values of an exposure, NaN where pixels are unusable."""

    def read(self, index: Index | None = None) -> np.ndarray:
        """Return the selected part as a fresh array."""
        values = self.before.read(index)
        values[self.unusable.read(index)] = np.nan
        return values


@dataclass(frozen=True)
class Constant:
    """An array with the same value everywhere."""

    shape: tuple[int, ...]
    value: float
    dtype: np.dtype[np.generic] = np.dtype("f4")  # noqa: RUF009 (immutable)

    def read(self, index: Index | None = None) -> np.ndarray:
        """Return the selected part as a fresh array."""
        parts = (*(index or ()), *(slice(None) for _ in self.shape))[: len(self.shape)]
        sizes = (len(range(*p.indices(n))) for p, n in zip(parts, self.shape, strict=True))
        return np.full(tuple(sizes), self.value, self.dtype)


def stored_plane(image: Cal, name: str) -> Stored:
    """Return an array of an exposure as one that is read part by part."""
    return image.stored(name) or InMemory(getattr(image, name))


BLANKED = ("sci", "err", "var_poisson", "var_rnoise", "var_flat")


def flagged(image: Cal, outlier: Bits, unusable: Bits) -> Cal:
    """Return an exposure with outliers flagged, and unusable pixels NaN and flagged so."""
    arrays: dict[str, Stored] = {"dq": Flags(stored_plane(image, "dq"), unusable, outlier)}
    for name in BLANKED:
        if isinstance(declared(type(image)).get(name), Image) and image.has(name):
            arrays[name] = Blanked(stored_plane(image, name), unusable)
    return image.on_disk(arrays)
