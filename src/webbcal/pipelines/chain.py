"""Apply steps, one after the other, to one window of an exposure."""

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from webbcal.core.options import Options
from webbcal.pipelines.clock import READING, Clock
from webbcal.pipelines.portions import ALL, Source, begin
from webbcal.spec.fields import Product
from webbcal.spec.meta import Meta
from webbcal.spec.references import Reference
from webbcal.spec.window import Window
from webbcal.steps._step import Step


@dataclass(frozen=True)
class BoundStep:
    """A step with everything it takes: options, references, what it measured of the frame.

    `members` are other exposures, on the same pixels.
    """

    step: Step
    options: Options
    references: tuple[Reference | None, ...] = ()
    measured: Any = None
    members: tuple[Product, ...] = ()

    @property
    def reach(self) -> int:
        """How many pixels away a neighbour can change a value."""
        return self.step.reach(self.options, self.references)

    @property
    def learns(self) -> bool:
        """Whether the step is told what was measured."""
        step = self.step
        return any(part is not None for part in (step.measurement, step.survey, step.prepare))

    def on_frames(self, meta: Meta) -> bool:
        """Tell whether a part of the step, or all of it, needs whole frames."""
        frames = self.step.frames
        return frames is not None and frames.wanted(self.options, meta)

    def on_windows(self, meta: Meta) -> bool:
        """Tell whether a part of the step, or all of it, runs on windows."""
        frames = self.step.frames
        return frames is None or frames.after_run or not frames.wanted(self.options, meta)

    def __call__(
        self, product: Any, references: Sequence[Reference | None], integrations: slice = ALL
    ) -> Any:
        """Run the step on a window, of some integrations of the exposure."""
        known: dict[str, Any] = {}
        if self.learns:
            known["measured"] = self._measured_of(integrations)
        if self.step.members:
            known["members"] = tuple(member.cut(product.window) for member in self.members)
        return self.step.run(product, *references, self.options, **known)

    def _measured_of(self, integrations: slice) -> Any:
        """Return what was measured of some integrations, the first axis of every array.

        What a step has concluded of all of them stays as it is.
        """
        measurement = self.step.measurement
        if integrations == ALL or measurement is None or measurement.finish is not None:
            return self.measured
        arrays = {
            name: value[integrations]
            for name, value in vars(self.measured).items()
            if isinstance(value, np.ndarray)
        }
        return dataclasses.replace(self.measured, **arrays)


def apply(
    source: Source,
    steps: Sequence[BoundStep],
    window: Window,
    clock: Clock,
    *,
    integrations: slice = ALL,
    after: Callable[[BoundStep | None, Any], None] | None = None,
) -> Any:
    """Return the result of `steps` on a window of an exposure.

    The window is read with the margin that the steps need from its neighbours. The margin goes
    through all the steps, which costs less than copying the ramps to cut it off on the way.

    Parameters
    ----------
    source : Product
        The whole exposure; only the window is read.
    steps : sequence of BoundStep
        In order.
    window : Window
        The pixels wanted.
    clock : Clock
        Told of the work on each step, with its part of the references, and on reading.
    integrations : slice
        The integrations wanted.
    after : callable or None
        ``after(step, product)`` is called with each step's result on the window and its margin,
        and before the first one with None.
    """
    around = window.grow(sum(bound.reach for bound in steps))
    with clock.on(READING):
        product: Any = begin(source, around, integrations)
    cuts: dict[int, Reference] = {}
    if after is not None:
        after(None, product)
    for bound in steps:
        with clock.on(bound.step.name):
            references = [
                None if reference is None else _cut_once(cuts, reference, around)
                for reference in bound.references
            ]
            product = bound(product, references, integrations)
        if after is not None:
            after(bound, product)
    return product if around == window else product.cut(window)


def _cut_once(cuts: dict[int, Reference], reference: Reference, window: Window) -> Reference:
    """Cut a reference to a window once, though several steps use it."""
    if id(reference) not in cuts:
        cuts[id(reference)] = reference.cut(window)
    return cuts[id(reference)]
