"""Calibrate a set of exposures: step after step on all of them, then write what was made."""

import dataclasses
import itertools
import os
import shutil
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from webbcal.core.errors import CannotCalibrate
from webbcal.geometry.pixel_map import PixelMap, pixel_map
from webbcal.io.names import product_path
from webbcal.io.spill import SharedSpill, Spill
from webbcal.io.write import write_product
from webbcal.pipelines.binding import References
from webbcal.pipelines.clock import WRITING, Clock, peak_mb
from webbcal.pipelines.lock import make_folder, only_one
from webbcal.pipelines.looks import Progress
from webbcal.pipelines.record import (
    COMPLETE,
    FAILED,
    SKIPPED,
    Outcome,
    ReferenceRecord,
    RunRecord,
    StepRecord,
)
from webbcal.pipelines.set_plan import PlannedSetStep, SetPlan
from webbcal.pipelines.settings import Settings
from webbcal.refs.load import load_reference
from webbcal.refs.star_service import query_stars
from webbcal.refs.star_tables import load_source_list
from webbcal.spec.fields import Product
from webbcal.spec.products import Cal
from webbcal.spec.references import Reference
from webbcal.steps._set import SetResult, Tools
from webbcal.steps._step import Parallel

AHEAD = 2
"""How many tasks per thread are given out before the result of the first is taken: results
that wait take memory."""


class SetRun:
    """A set of exposures on its way through the steps of a recipe.

    Parameters
    ----------
    plan : SetPlan
        What to do.
    settings : Settings
        Threads, results to save.
    references : References
        Knows the hashes of files.
    progress : callable
        See `Progress`.
    elsewhere : Parallel or None
        Other processes, which see the same files.
    """

    def __init__(
        self,
        plan: SetPlan,
        settings: Settings,
        references: References,
        progress: Progress,
        elsewhere: Parallel | None = None,
    ) -> None:
        self._elsewhere = elsewhere
        self._plan = plan
        self._settings = settings
        self._references = references
        self._progress = progress
        self._images: tuple[Cal, ...] = plan.images
        self._records: list[StepRecord] = []
        self._of_image: list[dict[str, str]] = [{} for _ in plan.images]  # step to reason
        self._products: dict[str, Product] = {}
        self._remarks: list[str] = []
        self._outputs: dict[str, Path] = {}
        self._of_members: dict[str, list[Path]] = {}
        self._clock = Clock()

    def calibrate(self) -> Outcome:
        """Run every step and write the products.

        Raises
        ------
        WebbcalError
            If the input, a reference or the output folder cannot be used, or another run is
            making the same products.
        """
        plan = self._plan
        threads = self._settings.threads or os.cpu_count() or 1
        make_folder(plan.output_dir)
        with (
            only_one(plan.output_dir, plan.name),
            ThreadPoolExecutor(threads) as pool,
            self._shared_folder() as shared,
        ):
            tools = self._tools(pool, threads, shared)
            for planned in plan.steps:
                self._run(planned, tools)
            self._write(tools)
        return Outcome(
            plan.path,
            self._outputs,
            tuple(self._records),
            self._clock.elapsed,
            remarks=tuple(self._remarks),
            of_members={suffix: tuple(paths) for suffix, paths in self._of_members.items()},
        )

    @contextmanager
    def _shared_folder(self) -> Iterator[Path | None]:
        """Give a folder for arrays that other processes fill; None where there are none."""
        if self._elsewhere is None:
            yield None
            return
        folder = self._plan.output_dir / f".{self._plan.name}.scratch"
        shutil.rmtree(folder, ignore_errors=True)  # of a run that was killed
        folder.mkdir(parents=True)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _tools(self, pool: Executor, threads: int, shared: Path | None) -> Tools:
        numbers = itertools.count()
        maps: dict[tuple[int, int, tuple[int, int]], tuple[PixelMap, Any, Any]] = {}

        def remembered(source: Any, target: Any, shape: tuple[int, int]) -> PixelMap:
            key = (id(source), id(target), shape)
            if key not in maps:
                # The transforms are kept, too: an id is one of a living object only.
                maps[key] = (pixel_map(source, target, shape), source, target)
            return maps[key][0]

        def scratch(shape: tuple[int, ...], dtype: Any) -> Spill | SharedSpill:
            if shared is None:
                return Spill(shape, dtype, self._plan.output_dir)
            return SharedSpill(shared / f"{next(numbers):04d}", shape, dtype)

        return Tools(
            in_order(pool, threads),
            scratch,
            remembered,
            self._progress,
            query_stars=query_stars,
            star_list=lambda path: load_source_list(self._plan.members[0].path.parent / path),
            elsewhere=self._elsewhere,
        )

    # -- steps --------------------------------------------------------------------------------

    def _run(self, planned: PlannedSetStep, tools: Tools) -> None:
        """Run a step, or record why it is left out."""
        step, name = planned.step, planned.step.name
        reason, start = planned.reason, time.perf_counter()
        result: SetResult | None = None
        if not reason and step.takes and step.takes not in self._products:
            reason = f"there is no {step.takes}"
        if not reason:
            subject: Any = self._products[step.takes] if step.takes else self._images
            references = [self._load(planned, argument) for argument in step.references]
            try:
                result = step.run(subject, *references, planned.options.values, tools)
            except CannotCalibrate as error:
                reason = str(error)
                self._remarks.append(f"{name} skipped: {reason}")
        self._records.append(
            StepRecord(
                name,
                step.status,
                SKIPPED if result is None else COMPLETE,
                planned.options.values,
                reason,
                planned.options.skip,
                self._used(planned),
                figures={} if result is None else result.figures,
                seconds=time.perf_counter() - start,
                peak_mb=peak_mb(),
                usual=planned.usual,
            )
        )
        if result is not None:
            self._take(planned, result, tools)

    def _take(self, planned: PlannedSetStep, result: SetResult, tools: Tools) -> None:
        """Keep what a step has made; write what belongs to single exposures."""
        name = planned.step.name
        # A step that makes something else, like a mosaic, gives the exposures back as they came.
        changes = not planned.step.takes and result.images is not self._images
        if changes:
            self._images = result.images
        for position, reason in result.reasons.items():
            self._of_image[position][name] = reason
            self._remarks.append(f"{name}: {self._plan.members[position].path.name}: {reason}")
        self._remarks += result.remarks
        self._products |= result.products
        for suffix, products in result.of_images.items():
            self._write_of_images(products, suffix, tools)
        saved = changes and name in self._settings.save
        for suffix, wanted in ((name, saved), ("crf", name == FLAGGED)):
            if wanted:
                # Copies, which what is read of them dies with.
                copies = (image.with_changes() for image in self._images)
                self._write_of_images(copies, suffix, tools)

    def _load(self, planned: PlannedSetStep, argument: str) -> Reference | None:
        path = planned.references[argument].path
        if path is None:
            return None
        first = self._plan.images[0]
        rows, columns = first.shape_of("sci")[-2:]
        kind = planned.step.references[argument].kind
        return load_reference(path, kind, first.meta, (rows, columns))

    def _used(self, planned: PlannedSetStep) -> tuple[ReferenceRecord, ...]:
        return tuple(
            ReferenceRecord(
                planned.step.references[argument].kind.reftype,
                selection.path,
                selection.origin,
                None if selection.path is None else self._references.hash(selection.path),
            )
            for argument, selection in planned.references.items()
        )

    # -- products -----------------------------------------------------------------------------

    def _write(self, tools: Tools) -> None:
        """Write the products of the set, and tell them of each other."""
        paths = {
            suffix: product_path(
                self._plan.output_dir, self._plan.name, suffix, _extension(product)
            )
            for suffix, product in self._products.items()
        }
        known = {
            entry: paths[suffix].name
            for suffix, entry in NAMED_IN_MOSAIC.items()
            if suffix in paths
        }
        record = self._record(self._records)

        def write(suffix: str) -> str:
            values = known if suffix == MOSAIC else {}
            with self._clock.on(WRITING):
                write_product(self._recorded(self._products[suffix], record, values), paths[suffix])
            return suffix

        for number, suffix in enumerate(tools.parallel(write, self._products), 1):
            self._progress("writing", number, len(paths))
            self._outputs[suffix] = paths[suffix]

    def _write_of_images(
        self, products: Iterable[Product | None], suffix: str, tools: Tools
    ) -> None:
        """Write a product of each exposure, where there is one."""

        def write(position: int, product: Product | None) -> Path | None:
            return None if product is None else self._write_of_image(product, position, suffix)

        paths = self._of_members.setdefault(suffix, [])
        for path in tools.parallel(write, itertools.count(), products):
            if path is not None:
                paths.append(path)
                self._progress(f"writing {suffix}", len(paths), len(self._images))

    def _write_of_image(self, product: Product, position: int, suffix: str) -> Path:
        path = product_path(
            self._plan.output_dir, self._plan.root_of_image(position), suffix, _extension(product)
        )
        steps = [
            dataclasses.replace(step, status=FAILED, reason=self._of_image[position][step.name])
            if step.name in self._of_image[position]
            else step
            for step in self._records
        ]
        tree: Mapping[str, Any] = self._plan.images[position].extras.get("tree", {})
        record = dataclasses.replace(
            self._record(steps),
            members=(),
            remarks=(),
            input=self._plan.members[position].path,
            before=tree.get("webbcal", {}),
        )
        with self._clock.on(WRITING):
            write_product(self._recorded(product, record, {}), path)
        return path

    def _record(self, steps: Iterable[StepRecord]) -> RunRecord:
        plan = self._plan
        return RunRecord(
            plan.path,
            plan.recipe.name,
            tuple(steps),
            context=plan.context,
            crds_version=plan.crds_version,
            ignored=plan.ignored,
            values={"asn.table_name": plan.table, "asn.pool_name": "singleton"},
            members=tuple(member.path.name for member in plan.members),
            remarks=tuple(self._remarks),
            times={WRITING: self._clock[WRITING], "elapsed": self._clock.elapsed},
        )

    def _recorded(self, product: Product, record: RunRecord, values: Mapping[str, Any]) -> Product:
        names = [step.name for step in record.steps]
        tree = {**product.extras.get("tree", {}), "webbcal": record.tree(names)}
        return product.with_changes(
            meta=product.meta.replace({**record.keywords(names), **values}),
            extras={**product.extras, "tree": tree},
        )


MOSAIC = "i2d"
FLAGGED = "outlier_detection"
"""The step after which exposures are complete, and written as crf."""

NAMED_IN_MOSAIC = {"cat": "source_catalog", "segm": "segmentation_map"}
"""Products that the mosaic names, and the metadata that do."""


def in_order(pool: Executor, threads: int) -> Callable[..., Iterator[Any]]:
    """Return a function like `map` that works in several threads and keeps few results waiting."""

    def parallel(function: Callable[..., Any], *items: Iterable[Any]) -> Iterator[Any]:
        waiting: deque[Future[Any]] = deque()
        try:
            for arguments in zip(*items, strict=False):
                waiting.append(pool.submit(function, *arguments))
                if len(waiting) > AHEAD * threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()

    return parallel


def _extension(product: Product) -> str:
    return "ecsv" if product.storage == "ecsv" else "fits"
