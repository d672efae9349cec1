"""Long exposures tile by tile, though files hold them integration by integration.

A tile of a few columns lies on disk in as many pieces as the exposure has rows, groups and
integrations: millions. So the rows of a band of tiles are read in long runs and laid down tile
by tile in a nameless file, from where each tile comes in one piece; results go the other way.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from webbcal.io.spill import Spill
from webbcal.pipelines.blocks import bands
from webbcal.pipelines.clock import READING, Clock
from webbcal.pipelines.portions import Source
from webbcal.spec.fields import Image, Index, Product, Stored, declared
from webbcal.spec.window import Window
from webbcal.steps._step import Parallel

R = TypeVar("R")
P = TypeVar("P", bound=Product)

BATCH_BYTES = 8 << 20
"""How much is read or written at a time."""

PARTS_BYTES = 16 << 20
"""How much of an array is kept in memory for a few columns that are looked at."""

WORTH_FRAMES = 8
"""Arrays of fewer frames are read quickly anyway."""


def over_blocks(
    source: Source,
    blocks: list[Window],
    margin: int,
    pool: Executor,
    folder: Path,
    work: Callable[[Source, Window], R],
    around: Callable[[list[Window]], Any],
    clock: Clock,
) -> Iterator[R]:
    """Yield ``work(source, window)`` of every block, in order, worked on by several threads.

    Parameters
    ----------
    source : Product
        What `work` reads from; tiles are made ready for it.
    blocks : list of Window
        Of one frame, in the order of `windows`.
    margin : int
        Pixels around a window that `work` reads, too.
    pool : Executor
        The threads.
    folder : Path
        Where nameless files go.
    work : callable
        Called in any thread.
    around : callable
        ``around(windows)`` gives a context in which the blocks of a band of tiles are worked on.
    clock : Clock
        Told of the work on making tiles ready.
    """
    reading = clock.in_tasks(READING, pool.map)
    for band in bands(blocks):
        tiled = band[0].size[1] < band[0].shape[1]
        tiles = [window.grow(margin) for window in band]
        near = laid_out(source, tiles, reading, folder) if tiled else source
        with around(band if tiled else []):
            futures = [pool.submit(work, near, window) for window in band]
            try:
                for future in futures:
                    yield future.result()
            finally:
                for future in futures:
                    future.cancel()


def laid_out(source: Source, tiles: list[Window], parallel: Parallel, folder: Path) -> Source:
    """Return a product from which tiles of one band, which may overlap, are read quickly."""
    arrays: dict[str, Stored] = dict(source.all_stored())
    for name, stored in arrays.items():
        spec = declared(type(source))[name]
        axes = (spec.axes_of(len(stored.shape)) or spec.axes) if isinstance(spec, Image) else ()
        if axes[:1] == ("integration",) and axes[-2:] == ("y", "x"):
            arrays[name] = _lay_out(stored, tiles, parallel, folder)
    changes = {k: v for k, v in vars(source).items() if k not in arrays and k[0] != "_"}
    return type(source).from_stored(arrays, **changes)


def parts_laid_out(product: P, parts: list[Window], parallel: Parallel, folder: Path) -> P:
    """Return a product from which a few columns are read quickly, as often as wanted.

    The rows that they lie on are read once for all parts, frame by frame. Arrays that hold too
    much of the parts to be kept in memory stay as they are.

    Parameters
    ----------
    product : Product
        An exposure or a reference.
    parts : list of Window
        Of the same rows.
    """
    arrays: dict[str, Stored] = dict(product.all_stored())
    pixels = sum(rows * columns for rows, columns in (part.size for part in parts))
    for name, stored in arrays.items():
        spec = declared(type(product))[name]
        axes = (spec.axes_of(len(stored.shape)) or spec.axes) if isinstance(spec, Image) else ()
        frames = math.prod(stored.shape[:-2])
        if name in vars(product) or axes[-2:] != ("y", "x") or frames < WORTH_FRAMES:
            continue
        if frames * pixels * stored.dtype.itemsize <= PARTS_BYTES:
            arrays[name] = _frame_by_frame(stored, parts, parallel, folder)
    changes = {k: v for k, v in vars(product).items() if k not in arrays and k[0] != "_"}
    return type(product).from_stored(arrays, **changes)


def _frame_by_frame(
    stored: Stored, parts: list[Window], parallel: Parallel, folder: Path
) -> "Tiled":
    spills = [Spill((*stored.shape[:-2], *part.size), stored.dtype, folder) for part in parts]

    def copy(outer: tuple[int, ...]) -> None:
        frame = tuple(slice(n, n + 1) for n in outer)
        values = stored.read((*frame, parts[0].rows, slice(None)))
        for part, spill in zip(parts, spills, strict=True):
            spill.write(frame, values[..., part.columns])

    for _ in parallel(copy, list(np.ndindex(stored.shape[:-2]))):
        pass
    return Tiled(stored.shape, stored.dtype, parts, spills)


def _lay_out(stored: Stored, tiles: list[Window], parallel: Parallel, folder: Path) -> "Tiled":
    rows = slice(tiles[0].y0, tiles[0].y1)
    tiled = Tiled.empty(stored.shape, stored.dtype, tiles, folder)

    def copy(some: slice) -> None:
        values = stored.read((some, *_between(stored.shape), rows, slice(None)))
        for tile, spill in zip(tiles, tiled.spills, strict=True):
            spill.write((some,), values[..., tile.columns])

    _each(copy, stored.shape, stored.dtype, rows, parallel)
    return tiled


@dataclass(frozen=True)
class Tiled:
    """An array of which a band of tiles is kept, each in one piece.

    Parameters
    ----------
    shape, dtype
        Of the whole array; the last axes are y and x, the first one is that of integrations.
    tiles : list of Window
        Of the same rows.
    spills : list of Spill
        Their values.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    tiles: list[Window]
    spills: list[Spill]

    @classmethod
    def empty(
        cls, shape: tuple[int, ...], dtype: np.dtype[Any], tiles: list[Window], folder: Path
    ) -> "Tiled":
        """Make room for tiles."""
        # Many small arrays are large together.
        spills = [Spill((*shape[:-2], *tile.size), dtype, folder, 0) for tile in tiles]
        return cls(shape, dtype, tiles, spills)

    def read(self, index: Index | None = None) -> np.ndarray:
        """Return a part, which must lie in one of the tiles, as a fresh array."""
        *outer, rows, columns = index or ()
        number = self._holding(columns)
        tile = self.tiles[number]
        return self.spills[number].read((*outer, *_inside(tile, rows, columns)))

    def write(self, index: Index, values: np.ndarray) -> None:
        """Store a part, which must lie in one of the tiles."""
        *outer, rows, columns = index
        number = self._holding(columns)
        self.spills[number].write((*outer, *_inside(self.tiles[number], rows, columns)), values)

    def copy_to(self, target: Any, parallel: Parallel) -> None:
        """Write the tiles, which must not overlap, into the array they are part of."""
        rows = self.tiles[0].rows

        def copy(some: slice) -> None:
            parts = [spill.read((some,)) for spill in self.spills]
            whole = np.concatenate(parts, axis=-1)
            target.write((some, *_between(self.shape), rows, slice(None)), whole)

        _each(copy, self.shape, self.dtype, rows, parallel)

    def _holding(self, columns: slice) -> int:
        for number, tile in enumerate(self.tiles):
            if tile.x0 <= columns.start and columns.stop <= tile.x1:
                return number
        raise AssertionError("read outside the tiles that were laid out")


def _inside(tile: Window, rows: slice, columns: slice) -> tuple[slice, slice]:
    return (
        slice(rows.start - tile.y0, rows.stop - tile.y0),
        slice(columns.start - tile.x0, columns.stop - tile.x0),
    )


def _between(shape: tuple[int, ...]) -> tuple[slice, ...]:
    """Return an index of the axes between the first one and the last two."""
    return (slice(None),) * (len(shape) - 3)


def _each(
    copy: Callable[[slice], None],
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    rows: slice,
    parallel: Parallel,
) -> None:
    """Copy the integrations, some at a time."""
    size = int(np.prod(shape[1:-2], dtype=np.int64)) * (rows.stop - rows.start) * shape[-1]
    batch = max(BATCH_BYTES // max(size * dtype.itemsize, 1), 1)
    parts: Iterable[slice] = (
        slice(first, min(first + batch, shape[0])) for first in range(0, shape[0], batch)
    )
    for _ in parallel(copy, list(parts)):
        pass
