"""Calibrate one exposure: bind, measure, sweep, write.

The exposure streams: blocks of pixels, with all their groups and integrations, go through all
the steps and leave as count rates, on several threads. Float values exist only for the blocks
at hand. A step of frame scope looks at its part of the frame before the sweep.
"""

import dataclasses
import os
import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from webbcal.core.errors import CannotCalibrate, CannotWrite
from webbcal.io.draft import Draft
from webbcal.io.names import product_path
from webbcal.pipelines.binding import References
from webbcal.pipelines.blocks import begin_ramp, windows
from webbcal.pipelines.chain import BoundStep, apply
from webbcal.pipelines.plan import Plan, PlannedStep
from webbcal.pipelines.record import (
    COMPLETE,
    SKIPPED,
    Outcome,
    ReferenceRecord,
    RunRecord,
    StepRecord,
)
from webbcal.pipelines.settings import Settings
from webbcal.pipelines.sinks import Sink
from webbcal.spec.fields import Product
from webbcal.spec.products.detector1 import CountRates
from webbcal.spec.window import Window

PROBE_PIXELS = 8
"""Rows and columns on which every step is tried before the sweep."""

Progress = Callable[[str, int, int], None]
"""Called with what is being done, the parts that are done, and all parts."""


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
        shape = plan.exposure.shape_of("sci")
        self._nints = shape[0]
        self._shape = (shape[-2], shape[-1])
        self._pixel_bytes = 4 * shape[0] * shape[1]
        self._bound: list[BoundStep] = []
        self._reasons: dict[str, str] = {}
        self._counts: Counter[str] = Counter()
        self._sinks: dict[str, dict[str, Sink[Product]]] = {}
        self._drafts: dict[str, Draft] = {}

    def calibrate(self) -> Outcome:
        """Run every step and write the products.

        Raises
        ------
        WebbcalError
            If the input, a reference or the output folder cannot be used.
        """
        start = time.perf_counter()
        _make_folder(self._plan.output_dir)
        try:
            with ThreadPoolExecutor(self._settings.threads or os.cpu_count() or 1) as pool:
                hashes = self._start_hashing(pool)
                self._open_sinks(self._bind())
                self._sweep(pool)
                steps = self._step_records(hashes)
            outputs = self._complete(steps)
        finally:
            for draft in self._drafts.values():
                draft.discard()
        return Outcome(self._plan.path, outputs, steps, time.perf_counter() - start)

    # -- before the sweep ---------------------------------------------------------------------

    def _start_hashing(self, pool: ThreadPoolExecutor) -> dict[Path | None, Future[str]]:
        """Hash the reference files while other things are done."""
        paths = {
            selection.path
            for planned in self._plan.steps
            for selection in planned.references.values()
            if selection.path is not None
        }
        return {path: pool.submit(self._references.hash, path) for path in sorted(paths)}

    def _bind(self) -> dict[str, Any]:
        """Give each step its references and measurements, and try it on a few pixels.

        What a step says of the data there (too few groups, say) it would say everywhere.
        Returns the result of each step on those pixels.
        """
        window = _middle(self._shape)
        result: Any = begin_ramp(self._plan.exposure.cut(window))
        examples: dict[str, Any] = {}
        for planned in self._plan.steps:
            name, self._reasons[planned.step.name] = planned.step.name, planned.reason
            if planned.reason:
                continue
            try:
                bound = self._bind_step(planned)
                cut = [None if r is None else r.cut(window) for r in bound.references]
                result = bound(result, cut)
            except CannotCalibrate as reason:
                self._reasons[name] = str(reason)
            else:
                self._bound.append(bound)
                examples[name] = result
        return examples

    def _bind_step(self, planned: PlannedStep) -> BoundStep:
        references = self._references.load(planned, self._plan.exposure)
        bound = BoundStep(planned.step, planned.options.values, references)
        if planned.step.measurement is None:
            return bound
        return dataclasses.replace(bound, measured=self._measure(bound))

    def _measure(self, bound: BoundStep) -> Any:
        """Learn what a step of frame scope must know, some integrations at a time."""
        measurement = bound.step.measurement
        assert measurement is not None
        exposure = self._plan.exposure
        parts = measurement.windows(exposure.meta, self._shape, bound.options)
        pixels = sum(rows * columns for rows, columns in (part.size for part in parts))
        batch_bytes = max(pixels, 1) * self._pixel_bytes // self._nints
        batch = max(4 * self._settings.block_bytes // batch_bytes, 1)
        results = []
        for first in range(0, self._nints, batch):
            integrations = slice(first, min(first + batch, self._nints))
            products = [
                apply(exposure, self._bound, part, integrations=integrations) for part in parts
            ]
            results.append(measurement.measure(products, *bound.references, bound.options))
            self._progress(bound.step.name, integrations.stop, self._nints)
        return _join(results)

    def _open_sinks(self, examples: dict[str, Any]) -> None:
        """Prepare to collect the results that are wanted, by the step that makes them."""
        recipe = self._plan.recipe
        ran = [name for name in recipe.steps if name in examples]
        if not ran:
            raise CannotCalibrate("every step is skipped", where=self._plan.path)
        wanted = {name: name for name in self._settings.save if name in examples}
        for suffix, complete in recipe.saves.items():
            before = [n for n in ran if recipe.steps.index(n) <= recipe.steps.index(complete)]
            if suffix in self._settings.save and before:
                wanted[suffix] = before[-1]
        for suffix, name in wanted.items():
            self._collect(name, _named(examples[name], suffix, self._plan.makes_integrations))
        self._collect(ran[-1], _final(examples[ran[-1]], self._plan.makes_integrations))

    def _collect(self, step: str, products: dict[str, Product]) -> None:
        """Open the files of the result of a step, with all keywords they will have."""
        record = self._record(self._step_records({}))
        sinks = self._sinks.setdefault(step, {})
        for suffix, product in products.items():
            path = product_path(self._plan.output_dir, self._plan.root, suffix)
            self._drafts[suffix] = draft = Draft(path)
            meta = product.meta.replace(record.keywords(self._steps_upto(step)))
            product = product.with_changes(meta=meta)
            sinks[suffix] = Sink(product, self._shape, draft.place)

    # -- the sweep ----------------------------------------------------------------------------

    def _sweep(self, pool: ThreadPoolExecutor) -> None:
        blocks = list(windows(self._shape, self._pixel_bytes, self._settings.block_bytes))
        futures = [pool.submit(self._run_block, block) for block in blocks]
        try:
            for done, future in enumerate(futures, 1):
                self._counts.update(future.result())
                self._progress("calibrating", done, len(blocks))
        finally:
            for future in futures:
                future.cancel()

    def _run_block(self, window: Window) -> dict[str, int]:
        """Calibrate one block, store its results, and return its counts."""
        sums: dict[str, int] = {}

        def after(bound: BoundStep, result: Any) -> None:
            for name in bound.step.counts:
                inner = window.relative_to(result.window)
                values = getattr(result, name)[inner.rows, inner.columns]
                sums[name] = int(values.sum(dtype=np.int64))
            for suffix, sink in self._sinks.get(bound.step.name, {}).items():
                sink.put(_part(result, suffix).cut(window))

        apply(self._plan.exposure, self._bound, window, after=after)
        return sums

    # -- after the sweep ----------------------------------------------------------------------

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
            )
            for planned in self._plan.steps
        )

    def _record(self, steps: tuple[StepRecord, ...]) -> RunRecord:
        plan = self._plan
        values: dict[str, Any] = {}
        for bound in self._bound:
            if bound.step.conclude is not None:
                values |= bound.step.conclude(self._counts, plan.exposure.meta)
        return RunRecord(
            plan.path,
            plan.recipe.name,
            steps,
            context=plan.context,
            crds_version=plan.crds_version,
            ignored=plan.ignored,
            values=values,
        )

    def _steps_upto(self, name: str) -> tuple[str, ...]:
        """Return the steps that a result after step `name` has behind it."""
        steps = self._plan.recipe.steps
        return steps if name == self._bound[-1].step.name else steps[: steps.index(name) + 1]

    def _complete(self, steps: tuple[StepRecord, ...]) -> dict[str, Path]:
        record = self._record(steps)
        outputs: dict[str, Path] = {}
        for name, sinks in self._sinks.items():
            upto = self._steps_upto(name)
            for suffix, sink in sinks.items():
                product = sink.whole(record.keywords(upto), record.tree(upto))
                self._drafts[suffix].complete(product)
                outputs[suffix] = product_path(self._plan.output_dir, self._plan.root, suffix)
        return outputs


def _final(result: Any, several: bool) -> dict[str, Product]:
    """Return the products, by suffix, that the last result of a run is written as."""
    if not isinstance(result, CountRates):
        return {type(result).suffixes[0]: result}
    products: dict[str, Product] = {"rate": result.rate}
    if several:
        products["rateints"] = result.rateints
    return products


def _named(result: Any, suffix: str, several: bool) -> dict[str, Product]:
    """Return the products, by suffix, that a result on the way is saved as."""
    if not isinstance(result, CountRates):
        return {suffix: result}
    products: dict[str, Product] = {suffix: result.rate}
    if several:
        products[f"{suffix}ints"] = result.rateints
    return products


def _part(result: Any, suffix: str) -> Product:
    """Return what of a result goes into the product with a suffix."""
    if not isinstance(result, CountRates):
        product: Product = result
        return product
    return result.rateints if suffix.endswith("ints") else result.rate


def _middle(shape: tuple[int, int]) -> Window:
    """Return a few pixels in the middle of a frame."""
    y0, x0 = ((length - min(PROBE_PIXELS, length)) // 2 for length in shape)
    return Window(y0, min(y0 + PROBE_PIXELS, shape[0]), x0, min(x0 + PROBE_PIXELS, shape[1]), shape)


def _join(results: list[Any]) -> Any:
    """Join what was measured on successive integrations, the first axis of every array."""
    if len(results) == 1:
        return results[0]
    joined = {}
    for field in dataclasses.fields(results[0]):
        values = [getattr(result, field.name) for result in results]
        joined[field.name] = (
            np.concatenate(values) if isinstance(values[0], np.ndarray) else values[0]
        )
    return type(results[0])(**joined)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CannotWrite(
            f"cannot make the output folder ({error.strerror})",
            where=folder,
            advice="Choose another --output-dir.",
        ) from None
    if not os.access(folder, os.W_OK):
        raise CannotWrite(
            "cannot write to the output folder",
            where=folder,
            advice="Choose another --output-dir.",
        )
