"""What a step is that works on several exposures together."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from webbcal.core.options import Options
from webbcal.geometry.pixel_map import PixelMap
from webbcal.spec.fields import Index, Product, Stored
from webbcal.spec.meta import Meta
from webbcal.spec.products import Cal
from webbcal.spec.references.astrometry import AstrometricCatalog
from webbcal.steps._step import Needs, Parallel


class Scratch(Stored, Protocol):
    """An array on disk (in memory while small) that is filled part by part, and is gone after."""

    def write(self, index: Index, values: np.ndarray) -> None:
        """Store a part; `index` has one slice per axis, from the first."""


@dataclass(frozen=True)
class Tools:
    """What the runner lends to a step for a set of exposures.

    Attributes
    ----------
    parallel : Parallel
        ``parallel(function, *items)``: like `map`, in order, from several threads. Kernels leave
        the other threads running; results must not depend on how many there are.
    scratch : callable
        ``scratch(shape, dtype)``: room for an array that is too large to keep in memory.
    pixel_map : callable
        ``pixel_map(source_wcs, target_wcs, shape)``: `geometry.pixel_map.pixel_map`, made once per
        pair and kept for the steps that follow.
    progress : callable
        ``progress(what, done, total)``: tells the user how far the work is.
    query_stars : callable or None
        ``query_stars(service, ra, dec, radius)``: the stars of a service in a circle on the sky,
        degrees. May raise CannotCalibrate. None where nothing outside can be asked.
    star_list : callable or None
        ``star_list(path)``: the stars of a file that the metadata of an exposure name, as a
        structured array with x, y (pixel, from 0) and flux.
    elsewhere : Parallel or None
        Like `parallel`, but in other processes, where a cluster lends some.
    """

    parallel: Parallel
    scratch: Callable[[tuple[int, ...], Any], Scratch]
    pixel_map: Callable[[Any, Any, tuple[int, int]], PixelMap]
    progress: Callable[[str, int, int], None]
    query_stars: Callable[[str, float, float, float], AstrometricCatalog] | None = None
    star_list: Callable[[str], np.ndarray] | None = None
    elsewhere: Parallel | None = None

    def tasks(self, function: Callable[..., Any], *items: Iterable[Any]) -> Iterable[Any]:
        """Like `parallel`, perhaps on other machines.

        So `function` may read exposures and write to scratch, and what else it finds it returns:
        arrays of this process that it filled would stay empty.
        """
        return (self.elsewhere or self.parallel)(function, *items)


@dataclass(frozen=True)
class SetResult:
    """What a step made of a set of exposures.

    Attributes
    ----------
    images : tuple of Cal
        The exposures, in the same order; what did not change is the same object or still lies
        on disk.
    reasons : mapping
        Position of an exposure that the step could not treat, and why: the exposure is then
        recorded as not treated, and the user is told.
    remarks : tuple of str
        Sentences that the user should read.
    products : mapping
        Suffix to a product of the whole set: ``i2d``, ``cat``, ``segm``.
    of_images : mapping
        Suffix to a further product of each exposure (None where there is none).
    figures : mapping
        Numbers for the report and the record: residuals of the alignment, sky levels, counts of
        flags; plain Python values, by name.
    """

    images: tuple[Cal, ...]
    reasons: Mapping[int, str] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    products: Mapping[str, Product] = field(default_factory=dict)
    of_images: Mapping[str, tuple[Product | None, ...]] = field(default_factory=dict)
    figures: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class SetStep:
    """A step on a set of exposures, with what a runner must know to call it.

    Parameters
    ----------
    name : str
        Name in recipes, options and file names.
    run : callable
        ``run(images, *references, options, tools) -> SetResult``. The exposures are `Cal` products
        whose arrays lie on disk: a step reads them with ``image.cut(window)``, which keeps
        nothing, never as attributes, which would keep them in memory; and holds few at a time.
        With `takes`, that product of an earlier step comes instead of the exposures. May raise
        CannotCalibrate, for all exposures.
    options : type
        The step's `Options`.
    references : mapping
        Argument name to what it needs, chosen for the first exposure.
    status : str
        Name below ``meta.cal_step`` that records the step.
    takes : str
        Suffix of the product that it works on; empty for the exposures.
    optional : bool
        Whether the step is off unless the user asks for it.
    """

    name: str
    run: Callable[..., SetResult]
    options: type[Options]
    references: Mapping[str, Needs] = field(default_factory=dict)
    status: str = ""
    takes: str = ""
    optional: bool = False


def group_of(meta: Meta) -> str:
    """Return the name of the group of an exposure: what was taken at the same time.

    Detectors that observe together move together: they are aligned as one and share one sky.
    A group given by an association (``meta.group_id``) comes first.

    Source: JWST User Documentation, file naming conventions.
    """
    given = meta.lookup("group_id")
    if given:
        return str(given)
    observation = meta.observation
    names = (
        "program_number",
        "observation_number",
        "visit_number",
        "visit_group",
        "sequence_id",
        "activity_id",
        "exposure_number",
    )
    parts = [observation.lookup(name) for name in names]
    if any(part is None for part in parts):
        return str(meta.lookup("filename") or id(meta))
    program, number, visit, group, sequence, activity, exposure = map(str, parts)
    return f"jw{program}{number}{visit}_{group}{sequence}{activity}_{exposure}"


def groups_of(images: Sequence[Product]) -> dict[str, list[int]]:
    """Return the positions of the exposures of each group, in order of appearance."""
    groups: dict[str, list[int]] = {}
    for position, image in enumerate(images):
        groups.setdefault(group_of(image.meta), []).append(position)
    return groups


def read_plane(image: Product, name: str, rows: slice = slice(None)) -> np.ndarray:
    """Return rows of an array of an exposure, axes (y, x), keeping nothing in memory."""
    stored = image.stored(name)
    if stored is None:
        return np.asarray(getattr(image, name)[rows])
    return stored.read((rows,))
