"""What a calibration step is."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from webbcal.core.options import Options
from webbcal.spec.meta import Meta
from webbcal.spec.references import Reference
from webbcal.spec.window import Window


class Scope(Enum):
    """What one output value depends on."""

    PIXEL = "pixel"  # the same pixel, all groups and integrations
    NEIGHBOURS = "neighbours"  # the pixels within `reach`
    FRAME = "frame"  # whole integrations
    EXPOSURE = "exposure"  # all integrations, whole frames
    SET = "set"  # several exposures


@dataclass(frozen=True)
class Needs:
    """A reference a step takes; one that is not required is passed as None where none applies."""

    kind: type[Reference]
    required: bool = True


@dataclass(frozen=True)
class Measurement:
    """How a step of frame scope learns what it must know of the whole frame.

    Parameters
    ----------
    windows : callable
        ``windows(meta, shape, options)``: the parts of the frame (rows, columns) to look at.
    measure : callable
        ``measure(parts, *references, options)``: what those parts, given as products that all
        earlier steps have corrected, tell about each integration. The result, a dataclass whose
        arrays have the integration as their first axis, is passed to the step as its argument
        ``measured``. The runner may ask for some integrations at a time and join the results.
    """

    windows: Callable[[Meta, tuple[int, int], Any], Sequence[Window]]
    measure: Callable[..., Any]


@dataclass(frozen=True)
class Derivation:
    """How a large reference is reduced to what one kind of exposure needs of it.

    The runner reduces once, window by window, and keeps the result on disk for the next
    exposure of the same kind.

    Parameters
    ----------
    key : callable
        ``key(reference, meta)``: what the result depends on beside the content of the file and
        the subarray, as a word for a file name; None if the reference is used as it is.
    derive : callable
        ``derive(reference, meta)``: the reduced reference; works on any window.
    """

    key: Callable[[Any, Meta], str | None]
    derive: Callable[[Any, Meta], Any]


def _no_reach(options: Any, references: Sequence[Reference | None]) -> int:
    return 0


@dataclass(frozen=True)
class Step:
    """A pure function together with what a runner must know to call it.

    Parameters
    ----------
    name : str
        Name in recipes, options and file names.
    run : callable
        ``run(product, *references, options)``, and ``measured=...`` for a step that has a
        `measurement`. On a window of the exposure it returns that window of the result.
    options : type
        The step's `Options`.
    references : mapping
        Argument name to what it needs, in the order of the arguments.
    status : str
        Name below ``meta.cal_step`` that records the step.
    scope : Scope
        What one output value depends on.
    reach : callable
        ``reach(options, references)``: how many pixels away a neighbour can change a value;
        the references as `run` takes them.
    measurement : Measurement or None
        For frame scope.
    derivations : mapping
        Argument name of a reference to how it may be reduced.
    counts : tuple of str
        Arrays of the result, one number per pixel, that are summed over the exposure.
    conclude : callable or None
        ``conclude(sums, meta)``: metadata paths and values, from those sums by name.
    optional : bool
        Whether the step is off unless the user asks for it.
    """

    name: str
    run: Callable[..., Any]
    options: type[Options]
    references: Mapping[str, Needs] = field(default_factory=dict)
    status: str = ""
    scope: Scope = Scope.PIXEL
    reach: Callable[[Any, Sequence[Reference | None]], int] = _no_reach
    measurement: Measurement | None = None
    derivations: Mapping[str, Derivation] = field(default_factory=dict)
    counts: tuple[str, ...] = ()
    conclude: Callable[[Mapping[str, int], Meta], Mapping[str, Any]] | None = None
    optional: bool = False
