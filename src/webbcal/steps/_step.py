"""What a calibration step is."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from webbcal.core.options import Options
from webbcal.spec.fields import Product
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


Parallel = Callable[..., Iterable[Any]]
"""Like `map`: ``parallel(function, *items)`` yields the results in order, from several threads."""


@dataclass(frozen=True)
class Needs:
    """A reference a step takes; one that is not required is passed as None where none applies.

    With `option`, the user names the file in that option of the step; nothing is selected. Names
    in `services` are no files: the step asks for them itself.
    """

    kind: type[Reference]
    required: bool = True
    option: str = ""
    services: tuple[str, ...] = ()


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
    finish : callable or None
        ``finish(joined, meta, *references, options)``: what the step is given instead, where the
        integrations must be seen together.
    shares : bool
        Whether `measure` is given a `Parallel` as its argument ``parallel``, to share out work
        on large parts.
    """

    windows: Callable[[Meta, tuple[int, int], Any], Sequence[Window]]
    measure: Callable[..., Any]
    finish: Callable[..., Any] | None = None
    shares: bool = False


def _always(options: Any, meta: Meta) -> bool:
    return True


def _one(meta: Meta) -> int:
    return 1


def _nothing(options: Any, meta: Meta) -> str:
    return ""


@dataclass(frozen=True)
class Survey:
    """How a step learns what it must know of the whole exposure: from a draft image, say.

    Parameters
    ----------
    look : callable
        ``look(product, *references, options)``: a mapping of names to arrays with last axes
        (y, x), from a window with all integrations that the earlier steps have corrected.
    conclude : callable
        ``conclude(planes, meta, *references, options)``: what these arrays, put together to whole
        frames, tell. The step is given the result as its argument ``measured``.
    wanted : callable
        ``wanted(options, meta)``: whether it is needed at all; `measured` is None otherwise.
    """

    look: Callable[..., Mapping[str, Any]]
    conclude: Callable[..., Any]
    wanted: Callable[[Any, Meta], bool] = _always


@dataclass(frozen=True)
class Frames:
    """The part of a step that needs whole frames of one integration after the other.

    The runner stores the ramp as the earlier steps leave it, hands over one integration at a
    time, in order, and stores the arrays that come back changed; arrays that are not touched are
    never read. Metadata of such a part say which integrations it holds (``integration_start``).

    Parameters
    ----------
    run : callable
        ``run(ramp, *references, options, carried=..., measured=..., parallel=...)`` returns the
        ramp and what the next call gets as `carried`, which is None at first. Its arrays may be
        `Stored`: they are then read frame by frame, in several threads, and need not be in memory
        together; a frame may only depend on the same frame of the ramp. `measured` comes
        from the `Survey`. `parallel` is a `Parallel`: the work on groups may be shared out.
        May raise CannotCalibrate, but only for a reason that holds for every integration.
    wanted : callable
        ``wanted(options, meta)``: whether it has anything to do; the rest of the step runs anyway.
    after_run : bool
        Whether `Step.run` comes before it, on windows; else `run` here is all of the step.
    together : callable
        ``together(meta)``: how many integrations are handed over at a time.
    finish : callable or None
        ``finish(ramp, carried, options)``: the whole ramp, its arrays on disk, with metadata and
        tables changed.
    leaves : callable
        ``leaves(options, meta)``: what keeps the frames from being images of the detector after
        the step, or where it is skipped (`options` is None); empty where they are. Steps that
        follow cannot run then.
    """

    run: Callable[..., tuple[Any, Any]]
    wanted: Callable[[Any, Meta], bool] = _always
    after_run: bool = False
    together: Callable[[Meta], int] = _one
    finish: Callable[..., Any] | None = None
    leaves: Callable[[Any, Meta], str] = _nothing


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
    members : str
        Role of other exposures (``background``) that the step takes, after the references, as
        its argument ``members``: a tuple of products of the same kind and pixels. The step is
        skipped where there are none.
    members_option : str
        Option that names the files of such exposures instead of an association.
    prepare : callable or None
        ``prepare(meta, shape, *references, options)``: what holds for the whole exposure and
        follows from its metadata, shape and references alone, found once and given to every
        call of `run` as its argument ``measured``. May raise CannotCalibrate.
    status : str
        Name below ``meta.cal_step`` that records the step.
    scope : Scope
        What one output value depends on.
    reach : callable
        ``reach(options, references)``: how many pixels away a neighbour can change a value;
        the references as `run` takes them.
    measurement : Measurement or None
        For frame scope, where a few parts of the frame tell enough.
    survey : Survey or None
        For what must be known of the whole exposure.
    frames : Frames or None
        For what needs whole frames.
    derivations : mapping
        Argument name of a reference to how it may be reduced.
    counts : tuple of str
        Arrays of the result, one number per pixel, that are summed over the exposure.
    conclude : callable or None
        ``conclude(sums, meta)``: metadata paths and values, from those sums by name.
    products : mapping
        Suffix to ``make(result)``: a further product to write, on the same window, or None where
        the options do not ask for it.
    optional : bool
        Whether the step is off unless the user asks for it.
    """

    name: str
    run: Callable[..., Any]
    options: type[Options]
    references: Mapping[str, Needs] = field(default_factory=dict)
    members: str = ""
    members_option: str = ""
    prepare: Callable[..., Any] | None = None
    status: str = ""
    scope: Scope = Scope.PIXEL
    reach: Callable[[Any, Sequence[Reference | None]], int] = _no_reach
    measurement: Measurement | None = None
    survey: Survey | None = None
    frames: Frames | None = None
    derivations: Mapping[str, Derivation] = field(default_factory=dict)
    counts: tuple[str, ...] = ()
    conclude: Callable[[Mapping[str, int], Meta], Mapping[str, Any]] | None = None
    products: Mapping[str, Callable[[Any], Product | None]] = field(default_factory=dict)
    optional: bool = False
