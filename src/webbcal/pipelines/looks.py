"""Learn what a step must know of whole frames before it runs on windows of them."""

import dataclasses
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np

from webbcal.pipelines.blocks import windows
from webbcal.pipelines.chain import BoundStep, apply
from webbcal.pipelines.clock import READING, Clock
from webbcal.pipelines.portions import Source, bytes_per_pixel, frame_shape
from webbcal.pipelines.tiles import over_blocks, parts_laid_out
from webbcal.spec.window import Window
from webbcal.steps._step import Parallel

LINES = 4 * 2048
"""Pixels to count besides those looked at: what is measured may be a level of every line of a
detector, with some copies of it on the way."""

THREADS = 2
"""Into how many parts a few integrations are shared out, at least."""

FEWEST_PARTS, FEW = 2, 8
"""From how many parts on, and for which share of the columns, they are read together."""

Progress = Callable[[str, int, int], None]
"""Called with what is being done, the parts that are done, and all parts."""


def measure(
    source: Source,
    before: Sequence[BoundStep],
    bound: BoundStep,
    block_bytes: int,
    pool: Executor,
    folder: Path,
    progress: Progress,
    clock: Clock,
) -> Any:
    """Look at a few parts of the frame, some integrations at a time."""
    measurement = bound.step.measurement
    assert measurement is not None
    shape, count = frame_shape(source), source.shape_of("sci")[0]
    parts = measurement.windows(source.meta, shape, bound.options)
    pixels = sum(rows * columns for rows, columns in (part.size for part in parts))
    batch_bytes = (pixels + LINES) * bytes_per_pixel(source) // count
    batch = max(4 * block_bytes // batch_bytes, 1)
    # Large parts come one after the other, so that only one of them is in memory.
    in_turn = batch_bytes > 4 * block_bytes
    batch = batch if in_turn else max(min(batch // 2, -(-count // THREADS)), 1)

    reading = clock.in_tasks(READING, pool.map)
    near, steps = _beside_each_other(source, before, parts, reading, folder)

    # A thread of the pool that waits for others of the pool could wait forever.
    parallel: Parallel = pool.map if in_turn else map
    name = bound.step.name
    more = {"parallel": clock.shared(name, parallel)} if measurement.shares else {}

    def look(first: int) -> Any:
        integrations = slice(first, min(first + batch, count))

        def look_at(part: Window) -> Any:
            return apply(near, steps, part, clock, integrations=integrations)

        seen = list(parallel(look_at, parts))
        with clock.on(name):
            return measurement.measure(seen, *bound.references, bound.options, **more)

    results = []
    firsts = range(0, count, batch)
    for result in map(look, firsts) if in_turn else pool.map(look, firsts):
        results.append(result)
        progress(name, len(results), len(firsts))
    joined = _join(results)
    if measurement.finish is None:
        return joined
    with clock.on(name):
        return measurement.finish(joined, source.meta, *bound.references, bound.options)


def _beside_each_other(
    source: Source,
    before: Sequence[BoundStep],
    parts: Sequence[Window],
    parallel: Parallel,
    folder: Path,
) -> tuple[Source, Sequence[BoundStep]]:
    """Return source and steps as they are, or ready for parts that are columns of the same rows.

    A few columns lie in every row of a file, so that all of it is read for them: once for all
    parts, then, and once for all batches of integrations.
    """
    margin = sum(bound.reach for bound in before)
    around = [part.grow(margin) for part in parts]
    width = sum(part.size[1] for part in around)
    same_rows = {(part.y0, part.y1) for part in around}
    if len(parts) < FEWEST_PARTS or len(same_rows) > 1 or FEW * width > around[0].shape[1]:
        return source, before
    steps = [
        dataclasses.replace(
            bound,
            references=tuple(
                None if r is None else parts_laid_out(r, around, parallel, folder)
                for r in bound.references
            ),
        )
        for bound in before
    ]
    return parts_laid_out(source, around, parallel, folder), steps


def survey(
    source: Source,
    before: Sequence[BoundStep],
    bound: BoundStep,
    block_bytes: int,
    pool: Executor,
    folder: Path,
    clock: Clock,
) -> Any:
    """Look at the whole exposure, window by window, and conclude."""
    chosen = bound.step.survey
    assert chosen is not None
    if not chosen.wanted(bound.options, source.meta):
        return None
    shape = frame_shape(source)
    blocks = list(windows(shape, bytes_per_pixel(source), block_bytes))

    def look(near: Source, window: Window) -> dict[str, np.ndarray]:
        product = apply(near, before, window, clock)
        with clock.on(bound.step.name):
            cut = [None if r is None else r.cut(window) for r in bound.references]
            return dict(chosen.look(product, *cut, bound.options))

    planes: dict[str, np.ndarray] = {}
    margin = sum(step.reach for step in before)
    looks = over_blocks(
        source, blocks, margin, pool, folder, look, lambda tiles: nullcontext(), clock
    )
    for window, seen in zip(blocks, looks, strict=True):
        for name, values in seen.items():
            if name not in planes:
                planes[name] = np.empty((*values.shape[:-2], *shape), values.dtype)
            planes[name][..., window.rows, window.columns] = values
    with clock.on(bound.step.name):
        return chosen.conclude(planes, source.meta, *bound.references, bound.options)


def _join(results: list[Any]) -> Any:
    """Join what was measured on successive integrations, the first axis of every array.

    The list is emptied on the way: of a long exposure there is room for one copy only.
    """
    if len(results) == 1:
        return results[0]
    kind, rest = type(results[0]), dict(vars(results[0]))
    arrays = {name: value for name, value in rest.items() if isinstance(value, np.ndarray)}
    counts = {name: sum(len(getattr(r, name)) for r in results) for name in arrays}
    joined = {n: np.empty((counts[n], *a.shape[1:]), a.dtype) for n, a in arrays.items()}
    del arrays
    done = dict.fromkeys(joined, 0)
    while results:
        result = results.pop(0)
        for name, whole in joined.items():
            part = getattr(result, name)
            whole[done[name] : done[name] + len(part)] = part
            done[name] += len(part)
    return kind(**{**rest, **joined})
