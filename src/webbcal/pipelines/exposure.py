"""Calibrate one exposure: bind, look, sweep, write.

The exposure streams: blocks of pixels, with all their groups and integrations, go through the
steps and leave as count rates, on several threads. Float values exist only for the blocks at
hand. Where a step needs whole frames, the sweep ends there: the ramp is stored, the step takes
its integrations one by one, and another sweep goes on from the stored ramp.
"""

import dataclasses
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np

from webbcal.core.dq import DQ
from webbcal.core.errors import CannotCalibrate, InvalidReference
from webbcal.pipelines.binding import References
from webbcal.pipelines.blocks import comes_in_tiles, middle, windows
from webbcal.pipelines.chain import BoundStep, apply
from webbcal.pipelines.clock import READING, WRITING, Clock, peak_mb
from webbcal.pipelines.frames import run_on_frames
from webbcal.pipelines.inputs import remarks
from webbcal.pipelines.lock import make_folder, only_one
from webbcal.pipelines.looks import Progress, measure, survey
from webbcal.pipelines.memory import keep_arrays, return_large_arrays
from webbcal.pipelines.outputs import Extract, Outputs, final, named
from webbcal.pipelines.plan import Plan, PlannedStep, steps_without_images
from webbcal.pipelines.portions import Source, begin, bytes_per_pixel, frame_shape
from webbcal.pipelines.record import (
    COMPLETE,
    SKIPPED,
    Outcome,
    ReferenceRecord,
    RunRecord,
    StepRecord,
)
from webbcal.pipelines.settings import Settings
from webbcal.pipelines.sinks import Sink, spilled
from webbcal.pipelines.tiles import over_blocks
from webbcal.spec.fields import Product
from webbcal.spec.meta import Meta
from webbcal.spec.products.detector1 import CountRates
from webbcal.spec.window import Window

__all__ = ["ExposureRun", "Progress"]

PIXELS, USABLE = "pixels", "usable pixels"
"""What is counted of the rates."""

UNUSABLE = np.uint32(DQ.DO_NOT_USE | DQ.REFERENCE_PIXEL | DQ.NON_SCIENCE)

START = ""
"""Stands for the ramp that a sweep starts from, where a step is named."""


class ExposureRun:
    """One exposure on its way through a recipe.

    Parameters
    ----------
    plan : Plan
        What to do.
    settings : Settings
        Threads, block size, results to save.
    references : References
        Loads them; shared by the exposures of a run.
    progress : callable
        See `Progress`.
    """

    def __init__(
        self, plan: Plan, settings: Settings, references: References, progress: Progress
    ) -> None:
        self._plan = plan
        self._settings = settings
        self._references = references
        self._progress = progress
        self._source: Source = plan.exposure
        self._start: Any = None  # the source on a few pixels
        self._sweeps = 0
        self._pending: list[BoundStep] = []  # bound since the source
        self._examples: dict[str, Any] = {}  # their results on a few pixels
        self._finished: list[str] = []  # steps the source has behind it
        self._made_by_frames: Mapping[str, Extract] = {}  # further products of the last of them
        self._concluding: list[BoundStep] = []
        self._reasons = {planned.step.name: planned.reason for planned in plan.steps}
        self._counts: Counter[str] = Counter()
        self._outputs = Outputs(plan)
        self._clock = Clock()
        self._peaks: dict[str, float] = {}

    def calibrate(self) -> Outcome:
        """Run every step and write the products.

        Raises
        ------
        WebbcalError
            If the input, a reference or the output folder cannot be used, or another run is
            making the same products.
        """
        raw, size = self._plan.exposure, self._settings.block_bytes
        if comes_in_tiles(frame_shape(raw), bytes_per_pixel(raw), size):
            return_large_arrays()
        else:
            keep_arrays()
        make_folder(self._plan.output_dir)
        with only_one(self._plan.output_dir, self._plan.root):
            try:
                with ThreadPoolExecutor(self._settings.threads or os.cpu_count() or 1) as pool:
                    hashes = self._start_hashing(pool)
                    self._run_steps(pool)
                    steps = self._step_records(hashes)
                outputs = self._outputs.complete(self._record(steps))
            finally:
                self._outputs.discard()
        seconds = self._clock.elapsed
        return Outcome(self._plan.path, outputs, steps, seconds, remarks=self._remarks())

    def _remarks(self) -> tuple[str, ...]:
        """Return what the user should know of the exposure and its rates."""
        found = remarks(self._plan.exposure)
        if self._counts[PIXELS] and not self._counts[USABLE]:
            found += ("no pixel has a usable rate; the DQ extension says why",)
        return found

    def _start_hashing(self, pool: Executor) -> dict[Path | None, Future[str]]:
        """Hash the reference files while other things are done."""
        paths = {
            selection.path
            for planned in self._plan.steps
            for selection in planned.references.values()
            if selection.path is not None
        }
        return {path: pool.submit(self._references.hash, path) for path in sorted(paths)}

    def _run_steps(self, pool: Executor) -> None:
        """Bind step after step; sweep where one needs whole frames, and at the end."""
        self._begin_sweep(self._plan.exposure)
        for number, planned in enumerate(self._plan.steps):
            if planned.reason:
                continue
            try:
                self._take(planned, pool, self._plan.steps[number:])
            except CannotCalibrate as reason:
                self._skip(planned, self._plan.steps[number + 1 :], reason)
            except InvalidReference as error:
                raise _in_a_file_of(planned, error) from None
        if not self._pending and not self._finished:
            why = "; ".join(f"{step}: {reason}" for step, reason in self._reasons.items())
            raise CannotCalibrate(f"every step is skipped ({why})", where=self._plan.path)
        self._open_outputs(())
        self._sweep(pool)

    def _skip(
        self, planned: PlannedStep, rest: Sequence[PlannedStep], reason: CannotCalibrate
    ) -> None:
        """Record a step as skipped, if those that follow can run without it."""
        skipped = dataclasses.replace(planned, reason=str(reason))
        if steps_without_images(skipped, rest, self._plan.exposure.meta)[1]:
            raise reason
        self._reasons[planned.step.name] = str(reason)

    def _begin_sweep(self, source: Source) -> None:
        self._sweeps += 1
        self._source = source
        self._finished += [bound.step.name for bound in self._pending]
        self._pending, self._examples = [], {}
        self._made_by_frames = {}
        self._start = begin(source, middle(frame_shape(source)))

    # -- steps --------------------------------------------------------------------------------

    def _take(self, planned: PlannedStep, pool: Executor, rest: tuple[PlannedStep, ...]) -> None:
        """Bind a step, and run the part of it that needs whole frames."""
        name = planned.step.name
        with self._clock.on(name):
            references = self._references.load(planned, self._source)
        members = self._plan.members if planned.step.members else ()
        bound = BoundStep(planned.step, planned.options.values, references, members=members)
        meta = self._source.meta
        if bound.on_windows(meta):
            bound = self._try(self._informed(bound, pool))
            self._pending.append(bound)
            self._concluding.append(bound)
        if not bound.on_frames(meta):
            return
        self._store(pool, rest)
        if not bound.on_windows(meta):
            # Only now, since the ramp that it looks at is stored.
            bound = self._informed(bound, pool)
        folder = self._plan.output_dir
        ramp = run_on_frames(self._source, bound, pool, folder, self._progress, self._clock)
        self._peaks[name] = peak_mb()
        if name not in self._finished:
            self._finished.append(name)
            self._concluding.append(bound)
        self._begin_sweep(ramp)
        self._made_by_frames = planned.step.products

    def _informed(self, bound: BoundStep, pool: Executor) -> BoundStep:
        """Return a step with what it must know of whole frames."""
        measured, size, folder = None, self._settings.block_bytes, self._plan.output_dir
        clock = self._clock
        if bound.step.prepare is not None:
            meta, shape = self._pending_meta(), frame_shape(self._source)
            with clock.on(bound.step.name):
                measured = bound.step.prepare(meta, shape, *bound.references, bound.options)
        elif bound.step.measurement is not None and bound.on_windows(self._source.meta):
            measured = measure(
                self._source, self._pending, bound, size, pool, folder, self._progress, clock
            )
        elif bound.step.survey is not None:
            measured = survey(self._source, self._pending, bound, size, pool, folder, clock)
        return dataclasses.replace(bound, measured=measured)

    def _pending_meta(self) -> Meta:
        """Return the metadata that the steps so far leave."""
        last = next(reversed(self._examples.values()), self._start)
        meta: Meta = last.meta
        return meta

    def _try(self, bound: BoundStep) -> BoundStep:
        """Run a step on a few pixels: what it says of the data there it would say everywhere."""
        last = next(reversed(self._examples.values()), self._start)
        window = last.window
        with self._clock.on(bound.step.name):
            cut = [None if r is None else r.cut(window) for r in bound.references]
            self._examples[bound.step.name] = bound(last, cut)
        return bound

    def _store(self, pool: Executor, rest: tuple[PlannedStep, ...]) -> None:
        """Run the steps so far and keep their result on disk, as a ramp of whole frames."""
        self._open_outputs(rest)
        example = next(reversed(self._examples.values()), self._start)
        shape = frame_shape(self._source)
        sink: Sink[Product] = Sink(example, shape, spilled(self._plan.output_dir), working=True)
        self._sweep(pool, sink)
        self._begin_sweep(sink.whole())

    # -- results ------------------------------------------------------------------------------

    def _open_outputs(self, rest: tuple[PlannedStep, ...]) -> None:
        """Prepare to collect the wanted results that this sweep makes, and no later one.

        Parameters
        ----------
        rest : tuple of PlannedStep
            The steps that are not complete after this sweep; empty where it is the last one.
        """
        recipe, plan = self._plan.recipe, self._plan
        running = [*self._finished, *(bound.step.name for bound in self._pending)]
        later = [planned.step.name for planned in rest if not planned.reason]
        order = recipe.steps.index
        wanted = plan.results(self._settings.save)
        complete = {name: name for name in wanted if name in recipe.steps}
        complete |= {name: step for name, step in recipe.saves.items() if name in wanted}
        for suffix, step in complete.items():
            before = [name for name in running if order(name) <= order(step)]
            waits = any(order(name) <= order(step) for name in later)
            exact = suffix != step or step in running
            if before and exact and not waits and self._makes_result_of(before[-1]):
                result = self._result_of(before[-1])
                self._collect(before[-1], named(result, suffix, plan))
        if self._made_by_frames:
            self._collect(self._finished[-1], self._made_by_frames)
        for bound in self._pending:
            if not bound.on_frames(self._source.meta):
                self._collect(bound.step.name, bound.step.products)
        if not rest:
            # Its record names all steps: those skipped after the last that ran, too.
            makers = final(self._result_of(running[-1]), plan)
            self._collect(running[-1], makers, recipe.steps)

    def _makes_result_of(self, step: str) -> bool:
        """Tell whether the complete result of a step turns up in this sweep."""
        return step in self._examples or (bool(self._finished) and step == self._finished[-1])

    def _result_of(self, step: str) -> Any:
        """Return the result of a step on a few pixels."""
        return self._examples.get(step, self._start)

    def _collect(
        self, step: str, makers: Mapping[str, Extract], upto: tuple[str, ...] = ()
    ) -> None:
        place = (self._sweeps, step if step in self._examples else START)
        record = self._record(self._step_records({}))
        example = self._result_of(step)
        upto = upto or self._steps_upto(step)
        shape = frame_shape(self._source)
        self._outputs.collect(place, makers, example, upto, record, shape)

    # -- the sweep ----------------------------------------------------------------------------

    def _sweep(self, pool: Executor, store: Sink[Product] | None = None) -> None:
        """Run the steps since the source on all blocks; keep the last result in `store`."""
        folder = self._plan.output_dir
        size = bytes_per_pixel(self._source)
        blocks = list(windows(frame_shape(self._source), size, self._settings.block_bytes))

        writing = self._clock.in_tasks(WRITING, pool.map)

        @contextmanager
        def around(tiles: list[Window]) -> Iterator[None]:
            kept = nullcontext() if store is None else store.tiled(tiles, writing, folder)
            with self._outputs.tiled(self._sweeps, tiles, writing, folder), kept:
                yield

        def work(source: Source, window: Window) -> dict[str, int]:
            return self._run_block(source, window, store)

        margin = sum(bound.reach for bound in self._pending)
        counts = over_blocks(self._source, blocks, margin, pool, folder, work, around, self._clock)
        for done, count in enumerate(counts, 1):
            self._counts.update(count)
            self._progress("calibrating", done, len(blocks))
        self._peaks |= dict.fromkeys((bound.step.name for bound in self._pending), peak_mb())

    def _run_block(
        self, source: Source, window: Window, store: Sink[Product] | None
    ) -> dict[str, int]:
        """Calibrate one block, store its results, and return its counts."""
        sums: dict[str, int] = {}

        def after(bound: BoundStep | None, result: Any) -> None:
            name = START if bound is None else bound.step.name
            for count in () if bound is None else bound.step.counts:
                inner = window.relative_to(result.window)
                values = getattr(result, count)[inner.rows, inner.columns]
                sums[count] = int(values.sum(dtype=np.int64))
            with self._clock.on(WRITING):
                self._outputs.put((self._sweeps, name), result, window)

        result = apply(source, self._pending, window, self._clock, after=after)
        if store is not None:
            with self._clock.on(WRITING):
                store.put(result)
        if isinstance(result, CountRates):
            usable = (result.rate.dq & UNUSABLE) == 0
            sums |= {PIXELS: usable.size, USABLE: int(usable.sum())}
        return sums

    # -- records ------------------------------------------------------------------------------

    def _step_records(self, hashes: Mapping[Path | None, Future[str]]) -> tuple[StepRecord, ...]:
        return tuple(
            StepRecord(
                planned.step.name,
                planned.step.status,
                SKIPPED if self._reasons[planned.step.name] else COMPLETE,
                planned.options.values,
                self._reasons[planned.step.name],
                planned.options.skip,
                tuple(
                    ReferenceRecord(
                        planned.step.references[argument].kind.reftype,
                        selection.path,
                        selection.origin,
                        hashes[selection.path].result() if selection.path in hashes else None,
                    )
                    for argument, selection in planned.references.items()
                ),
                work_seconds=self._clock.known(planned.step.name),
                peak_mb=self._peaks.get(planned.step.name),
                usual=planned.usual,
            )
            for planned in self._plan.steps
        )

    def _record(self, steps: tuple[StepRecord, ...]) -> RunRecord:
        plan = self._plan
        values: dict[str, Any] = {}
        for bound in self._concluding:
            if bound.step.conclude is not None:
                values |= bound.step.conclude(self._counts, plan.exposure.meta)
        return RunRecord(
            plan.path,
            plan.recipe.name,
            steps,
            context=plan.context,
            crds_version=plan.crds_version,
            ignored=plan.ignored,
            values=values | plan.association,
            members=plan.member_names,
            before=plan.before,
            remarks=self._remarks(),
            times={
                READING: self._clock[READING],
                WRITING: self._clock[WRITING],
                "elapsed": self._clock.elapsed,
            },
        )

    def _steps_upto(self, name: str) -> tuple[str, ...]:
        """Return the steps that a result after step `name` has behind it."""
        steps = self._plan.recipe.steps
        return steps[: steps.index(name) + 1]


def _in_a_file_of(planned: PlannedStep, error: InvalidReference) -> InvalidReference:
    """Return an error of a step with the names of its references, which steps do not know."""
    files = [s.path.name for s in planned.references.values() if s.path is not None]
    return InvalidReference(
        error.what,
        where=error.where or ", ".join(files),
        expected=error.expected,
        found=error.found,
        advice=error.advice,
    )
