"""Apply steps, one after the other, to one window of an exposure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from webbcal.core.options import Options
from webbcal.pipelines.blocks import begin_ramp
from webbcal.spec.products import Uncal
from webbcal.spec.references import Reference
from webbcal.spec.window import Window
from webbcal.steps._step import Step

ALL = slice(None)


@dataclass(frozen=True)
class BoundStep:
    """A step with everything it takes: options, references, what it measured of the frame."""

    step: Step
    options: Options
    references: tuple[Reference | None, ...] = ()
    measured: Any = None

    @property
    def reach(self) -> int:
        """How many pixels away a neighbour can change a value."""
        return self.step.reach(self.options, self.references)

    def __call__(self, product: Any, references: Sequence[Reference | None]) -> Any:
        """Run the step on a product."""
        if self.step.measurement is None:
            return self.step.run(product, *references, self.options)
        return self.step.run(product, *references, self.options, measured=self.measured)


def apply(
    exposure: Uncal,
    steps: Sequence[BoundStep],
    window: Window,
    *,
    integrations: slice = ALL,
    after: Callable[[BoundStep, Any], None] | None = None,
) -> Any:
    """Return the result of `steps` on a window of an exposure.

    The window is read with the margin that the steps need from its neighbours. The margin goes
    through all the steps, which costs less than copying the ramps to cut it off on the way.

    Parameters
    ----------
    exposure : Uncal
        The whole exposure; only the window is read.
    steps : sequence of BoundStep
        In order.
    window : Window
        The pixels wanted.
    integrations : slice
        The integrations wanted.
    after : callable or None
        ``after(step, product)`` is called with each step's result on the window and its margin.
    """
    around = window.grow(sum(bound.reach for bound in steps))
    product: Any = begin_ramp(exposure.cut(around, integrations))
    cuts: dict[int, Reference] = {}
    for bound in steps:
        references = [
            None if reference is None else _cut_once(cuts, reference, around)
            for reference in bound.references
        ]
        product = bound(product, references)
        if after is not None:
            after(bound, product)
    return product if around == window else product.cut(window)


def _cut_once(cuts: dict[int, Reference], reference: Reference, window: Window) -> Reference:
    """Cut a reference to a window once, though several steps use it."""
    if id(reference) not in cuts:
        cuts[id(reference)] = reference.cut(window)
    return cuts[id(reference)]
