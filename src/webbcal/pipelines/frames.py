"""Run the part of a step that needs whole frames, on a ramp that is stored meanwhile."""

from collections.abc import Mapping
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import numpy as np

from webbcal.io.spill import Spill
from webbcal.pipelines.chain import BoundStep
from webbcal.pipelines.clock import Clock
from webbcal.pipelines.looks import Progress
from webbcal.pipelines.memory import return_all
from webbcal.pipelines.portions import some_integrations
from webbcal.spec.fields import Image, Product, Stored, declared
from webbcal.steps._step import Parallel

TOGETHER = 4
"""Frames computed at a time, to bound memory."""


def run_on_frames(
    ramp: Product,
    bound: BoundStep,
    pool: Executor,
    folder: Path,
    progress: Progress,
    clock: Clock,
) -> Product:
    """Hand over the integrations of a stored ramp, and store what comes back changed.

    Parameters
    ----------
    ramp : Product
        Its arrays are `Spill`; they are changed in place, unless their shape changes.
    bound : BoundStep
        The step.
    pool : Executor
        Shares the work on groups.
    folder : Path
        Where arrays of another shape go.
    progress : callable
        See `Progress`.
    clock : Clock
        Told of the work, with that of storing what comes back.

    Returns
    -------
    Product
        The ramp after the step, stored likewise.
    """
    with clock.on(bound.step.name):
        parallel = clock.shared(bound.step.name, pool.map)
        return _run_in_turn(ramp, bound, parallel, folder, progress)


def _run_in_turn(
    ramp: Product, bound: BoundStep, parallel: Parallel, folder: Path, progress: Progress
) -> Product:
    """Hand over one part after the other, each with what the step carries from the one before."""
    frames = bound.step.frames
    assert frames is not None
    return_all()  # what the sweep has kept for windows
    count, together = ramp.shape_of("sci")[0], frames.together(ramp.meta)
    result = _Result(ramp, -(-count // together) if together > 1 else count, folder)
    carried = None
    for first in range(0, count, together):
        integrations = slice(first, min(first + together, count))
        part = some_integrations(ramp, integrations)
        changed, carried = frames.run(
            part,
            *bound.references,
            bound.options,
            carried=carried,
            measured=bound.measured,
            parallel=parallel,
        )
        result.put(first // together, part, changed, parallel)
        progress(bound.step.name, integrations.stop, count)
    whole = result.whole()
    return whole if frames.finish is None else frames.finish(whole, carried, bound.options)


class _Result:
    """A ramp that is filled integration by integration."""

    def __init__(self, ramp: Product, count: int, folder: Path) -> None:
        self._ramp = ramp
        self._count = count
        self._folder = folder
        self._arrays: dict[str, Any] = dict(ramp.all_stored())
        self._kind: type[Product] = type(ramp)

    def put(self, number: int, before: Product, after: Product, parallel: Parallel) -> None:
        """Store the arrays that a step has changed, of part `number` of the exposure."""
        for name, values in _changed(before, after).items():
            axes = _axes(type(after), name, len(values.shape))
            parts = values.shape[0] if "integration" in axes else 1
            whole = tuple(
                self._count * parts if axis == "integration" else length
                for axis, length in zip(axes, values.shape, strict=True)
            )
            if name not in self._arrays or self._arrays[name].shape != whole:
                self._arrays[name] = Spill(whole, values.dtype, self._folder)
            index = tuple(
                slice(number * parts, (number + 1) * parts)
                if axis == "integration"
                else slice(None)
                for axis in axes
            )
            if isinstance(values, np.ndarray):
                self._arrays[name].write(index, values)
            else:
                _copy(values, self._arrays[name], number * parts, parallel)
        self._kind = type(after)

    def whole(self) -> Product:
        """Return the product; its arrays are on disk."""
        rest = {
            name: value
            for name, value in vars(self._ramp).items()
            if name not in self._arrays and not name.startswith("_")
        }
        return self._kind.from_stored(self._arrays, **rest)


def _changed(before: Product, after: Product) -> Mapping[str, np.ndarray | Stored]:
    """Return the arrays that a step has replaced."""
    return {
        name: value
        for name, value in (after.all_stored() | vars(after)).items()
        if isinstance(declared(type(after)).get(name), Image)
        and value is not None
        and value is not before.stored(name)
        and value is not vars(before).get(name)
    }


def _copy(source: Stored, target: Spill, first: int, parallel: Parallel) -> None:
    """Write an array that is computed as it is read, frame by frame, from index `first` on."""

    def copy(outer: tuple[int, ...]) -> None:
        here = tuple(slice(n, n + 1) for n in outer)
        there = (slice(first + outer[0], first + outer[0] + 1), *here[1:])
        target.write(there, source.read(here))

    frames = list(np.ndindex(source.shape[:-2]))
    for start in range(0, len(frames), TOGETHER):
        for _ in parallel(copy, frames[start : start + TOGETHER]):
            pass


def _axes(kind: type[Product], name: str, ndim: int) -> tuple[str, ...]:
    spec = declared(kind)[name]
    assert isinstance(spec, Image)
    return spec.axes_of(ndim) or spec.axes
