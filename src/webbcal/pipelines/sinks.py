"""Collect the windows of a result until the whole product can be written."""

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Generic, TypeVar

from webbcal.io.draft import Room
from webbcal.io.spill import Region, Spill
from webbcal.pipelines.tiles import Tiled
from webbcal.spec.fields import Image, Product, declared
from webbcal.spec.window import Window
from webbcal.steps._step import Parallel

P = TypeVar("P", bound=Product)


class Sink(Generic[P]):
    """One product, filled window by window from several threads.

    Parameters
    ----------
    example : P
        Any window of the result: says which arrays there are, and carries the metadata and
        tables, which are the same for every window.
    shape : (int, int)
        Rows and columns of the whole frame.
    place : callable
        ``place(product)``: where the arrays of a product go, by attribute name; they are `Room`
        in the product.
    working : bool
        Whether arrays that no file stores are collected, too.
    """

    def __init__(
        self,
        example: P,
        shape: tuple[int, int],
        place: Callable[[P], Mapping[str, Region | Spill]],
        *,
        working: bool = False,
    ) -> None:
        self._kind = type(example)
        self._axes: dict[str, tuple[str, ...]] = {}
        self._rest: dict[str, Any] = {
            f.name: getattr(example, f.name) for f in dataclasses.fields(example)
        }
        self._rest["window"] = None
        rooms: dict[str, Room] = {}
        for name, spec in declared(self._kind).items():
            if not isinstance(spec, Image) or self._rest[name] is None:
                continue
            if not spec.extname and not working:
                self._rest[name] = None
                continue
            value = self._rest[name]
            axes = spec.axes_of(value.ndim) or spec.axes
            if "y" not in axes:
                continue
            sizes = dict(zip(axes, value.shape, strict=True)) | {"y": shape[0], "x": shape[1]}
            rooms[name] = Room(tuple(sizes[axis] for axis in axes), value.dtype)
            self._axes[name] = axes
            del self._rest[name]
        self._arrays: Mapping[str, Region | Spill | Tiled] = place(
            self._kind.from_stored(rooms, **self._rest)
        )

    def put(self, product: P) -> None:
        """Store a window."""
        window = product.window
        assert window is not None
        for name, array in self._arrays.items():
            index = tuple(_selected(axis, window) for axis in self._axes[name])
            array.write(index, getattr(product, name))

    @contextmanager
    def tiled(self, tiles: list[Window], parallel: Parallel, folder: Path) -> Iterator[None]:
        """Take the tiles of a band; they reach their places together, in long runs.

        Nothing changes without tiles.
        """
        targets = self._arrays
        held = {
            name: Tiled.empty(array.shape, array.dtype, tiles, folder)
            for name, array in targets.items()
            if tiles and self._axes[name][0] == "integration"
        }
        self._arrays = {**targets, **held}
        try:
            yield
        finally:
            self._arrays = targets
        for name, array in held.items():
            array.copy_to(targets[name], parallel)

    def whole(
        self, values: Mapping[str, Any] | None = None, record: Mapping[str, Any] | None = None
    ) -> P:
        """Return the product, with metadata `values` set and `record` as its node ``webbcal``."""
        rest = dict(self._rest)
        if values:
            rest["meta"] = rest["meta"].replace(values)
        if record:
            tree = {**rest["extras"].get("tree", {}), "webbcal": dict(record)}
            rest["extras"] = {**rest["extras"], "tree": tree}
        return self._kind.from_stored(self._arrays, **rest)


def spilled(folder: Path) -> Callable[[Product], Mapping[str, Spill]]:
    """Return a `place` for a product that gets no file of its own."""

    def place(product: Product) -> Mapping[str, Spill]:
        rooms = product.all_stored()
        return {name: Spill(room.shape, room.dtype, folder) for name, room in rooms.items()}

    return place


def _selected(axis: str, window: Window) -> slice:
    if axis == "y":
        return window.rows
    return window.columns if axis == "x" else slice(None)
