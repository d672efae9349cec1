"""The files of a run: opened while the exposure streams, filled window by window, completed."""

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from webbcal.io.draft import Draft
from webbcal.io.names import product_path
from webbcal.pipelines.plan import Plan
from webbcal.pipelines.record import RunRecord
from webbcal.pipelines.sinks import Sink
from webbcal.spec.fields import Product
from webbcal.spec.products import Bsub, Dark, Ramp, RateIfu, RateInts, Uncal
from webbcal.spec.products.detector1 import CountRates
from webbcal.spec.window import Window
from webbcal.steps._step import Parallel

Extract = Callable[[Any], Product | None]
"""What makes a product of the result of a step; None where there is none."""

Place = tuple[int, str]
"""Where a result turns up: the number of the sweep and the name of the step, empty for the ramp
that the sweep starts from."""


@dataclass(frozen=True)
class Output:
    """A product in the making; `upto` names the steps that lie behind it."""

    place: Place
    extract: Extract
    sink: Sink[Product]
    draft: Draft
    upto: tuple[str, ...]


class Outputs:
    """All products of one exposure, by suffix.

    Parameters
    ----------
    plan : Plan
        Says what they are called and where they go.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._by_suffix: dict[str, Output] = {}

    def __contains__(self, suffix: str) -> bool:
        return suffix in self._by_suffix

    def collect(
        self,
        place: Place,
        makers: Mapping[str, Extract],
        example: Any,
        upto: tuple[str, ...],
        record: RunRecord,
        shape: tuple[int, int],
    ) -> None:
        """Open files for a result, with all keywords they will have.

        Parameters
        ----------
        place : (int, str)
            Where the result turns up.
        makers : mapping
            Suffix to what makes that product of the result.
        example : Any
            The result on some window.
        upto : tuple of str
            The steps that lie behind it.
        record : RunRecord
            What is known so far.
        shape : (int, int)
            Rows and columns of the frame.
        """
        for suffix, extract in makers.items():
            product = extract(example)
            if product is None or suffix in self._by_suffix:
                continue
            path = product_path(self._plan.output_dir, self._plan.root, suffix)
            product = self._as_stored(product, suffix)
            product = product.with_changes(meta=product.meta.replace(record.keywords(upto)))
            draft = Draft(path)
            try:
                sink = Sink(product, shape, draft.place)
            except BaseException:
                draft.discard()
                raise
            self._by_suffix[suffix] = Output(place, extract, sink, draft, upto)

    def put(self, place: Place, result: Any, window: Window) -> None:
        """Store a window of a result in all products made of it."""
        for output in self._by_suffix.values():
            if output.place == place:
                part = output.extract(result)
                assert part is not None
                output.sink.put(part if part.window == window else part.cut(window))

    @contextmanager
    def tiled(
        self, sweep: int, tiles: list[Window], parallel: Parallel, folder: Path
    ) -> Iterator[None]:
        """Take the tiles of a band in all products that a sweep makes, as `Sink.tiled`."""
        making = [output for output in self._by_suffix.values() if output.place[0] == sweep]
        with ExitStack() as stack:
            for output in making:
                stack.enter_context(output.sink.tiled(tiles, parallel, folder))
            yield

    def complete(self, record: RunRecord) -> dict[str, Path]:
        """Fill in headers and tables, and give every file its name."""
        outputs = {}
        for suffix, output in self._by_suffix.items():
            product = output.sink.whole(record.keywords(output.upto), record.tree(output.upto))
            output.draft.complete(product)
            outputs[suffix] = product_path(self._plan.output_dir, self._plan.root, suffix)
        return outputs

    def discard(self) -> None:
        """Remove what is not complete."""
        for output in self._by_suffix.values():
            output.draft.discard()

    def _as_stored(self, product: Product, suffix: str) -> Product:
        """Return a product as the kind that a file of this exposure and suffix holds."""
        if suffix == "dark":
            product = _as_kind(product, Dark)
        elif suffix == "rate" and self._plan.integral_field:
            product = _as_kind(product, RateIfu)
        elif suffix in ("bsub", "bsubints"):
            product = _as_kind(product, RateInts if suffix.endswith("ints") else Bsub)
        raw = self._plan.exposure
        if isinstance(product, Ramp) and isinstance(raw, Uncal) and raw.has("refout"):
            product = product.with_changes(refout=raw.refout.astype(np.float32))
        return product


def final(result: Any, plan: Plan) -> dict[str, Extract]:
    """Return the products, by suffix, that the last result of a run is written as."""
    if isinstance(result, CountRates):
        rates: dict[str, Extract] = {"rate": lambda rates: rates.rate}
        if plan.makes_integrations:
            rates["rateints"] = lambda rates: rates.rateints
        return rates
    dark = isinstance(result, Ramp) and "dark" in plan.recipe.makes
    return {"dark" if dark else type(result).suffixes[0]: _same}


def named(result: Any, suffix: str, plan: Plan) -> dict[str, Extract]:
    """Return the products, by suffix, that a result on the way is saved as."""
    if not isinstance(result, CountRates):
        return {plan.file_suffix(suffix): _same}
    products: dict[str, Extract] = {suffix: lambda rates: rates.rate}
    if plan.makes_integrations:
        products[f"{suffix}ints"] = lambda rates: rates.rateints
    return products


def _same(result: Any) -> Product | None:
    product: Product = result
    return product


def _as_kind(product: Product, kind: type[Product]) -> Product:
    known = {f.name for f in dataclasses.fields(kind)}
    values = {
        f.name: getattr(product, f.name) for f in dataclasses.fields(product) if f.name in known
    }
    return kind(**values)
