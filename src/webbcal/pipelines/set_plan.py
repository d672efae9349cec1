"""Decide everything about a set of exposures before a pixel is read."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from webbcal.core.errors import InvalidInput
from webbcal.io.names import root_of
from webbcal.io.read import open_product
from webbcal.modes import mode_of
from webbcal.pipelines.jobs import Member, SetJob
from webbcal.pipelines.plan import named_by
from webbcal.pipelines.recipes import RECIPES, Recipe
from webbcal.pipelines.recipes.defaults import presets
from webbcal.pipelines.settings import ResolvedOptions, Settings, resolve
from webbcal.refs.parameters import load_parameters
from webbcal.refs.select import ReferenceSource, Selection
from webbcal.spec.meta import Meta
from webbcal.spec.products import Cal
from webbcal.steps._set import SetStep
from webbcal.steps.of_sets import SET_STEPS


@dataclass(frozen=True)
class PlannedSetStep:
    """A step on the set, with options and references; `reason` says why it will not run.

    It is `usual` where nobody expects the step to run.
    """

    step: SetStep
    options: ResolvedOptions
    references: Mapping[str, Selection]
    reason: str = ""
    usual: bool = False


@dataclass(frozen=True)
class SetPlan:
    """What will be done to a set of exposures.

    Attributes
    ----------
    name : str
        Root of the names of its products.
    members : tuple of Member
        The exposures.
    images : tuple of Cal
        Their content, on disk.
    recipe : Recipe
        Its steps on sets are done.
    steps : tuple of PlannedSetStep
        In order.
    output_dir : Path
        Where products go.
    identifier : str
        Of the association, part of the names of the exposures' own products; may be empty.
    table : str
        Name of the association file.
    context, crds_version : str or None
        Of the selection of references.
    ignored : tuple of str
        Entries of parameter references that mean nothing here.
    """

    name: str
    members: tuple[Member, ...]
    images: tuple[Cal, ...]
    recipe: Recipe
    steps: tuple[PlannedSetStep, ...]
    output_dir: Path
    identifier: str = ""
    table: str = "singleton"
    context: str | None = None
    crds_version: str | None = None
    ignored: tuple[str, ...] = ()

    @property
    def path(self) -> Path:
        """The set as an input: a file of this name need not exist."""
        return self.output_dir / self.name

    def root_of_image(self, position: int) -> str:
        """Return the root of the names of products of one exposure of the set."""
        root = root_of(self.members[position].path)
        return f"{root}_{self.identifier}" if self.identifier else root


def make_set_plan(job: SetJob, settings: Settings, source: ReferenceSource) -> SetPlan:
    """Open the exposures of a set and resolve options and references.

    References and parameters are those of the first exposure.

    Raises
    ------
    InvalidInput
        If a file cannot be read, or the exposures do not go together.
    InvalidOptions, MissingReference, InvalidReference
        See `resolve` and `ReferenceSource.select`.
    """
    recipe, members = RECIPES[job.recipe], job.members
    images = tuple(_opened(member) for member in members)
    _check_alike(images, members)
    meta, shape = images[0].meta, images[0].shape_of("sci")
    steps = [SET_STEPS[step] for step in recipe.sets]
    known = {step.name: [f.name for f in fields(step.options)] for step in steps}
    parameters = load_parameters(meta, recipe.parameters, known, source)
    mode = mode_of(meta.lookup("exposure.type"), where=members[0].path)
    own = presets(recipe, mode, meta)
    options = resolve(recipe, settings, parameters.values, parameters.origin, own, steps)
    return SetPlan(
        job.name,
        members,
        images,
        recipe,
        _planned(recipe, steps, options, meta, shape, source),
        job.output_dir,
        job.identifier,
        job.table,
        source.context,
        source.crds_version,
        parameters.ignored,
    )


def _planned(
    recipe: Recipe,
    steps: Sequence[SetStep],
    options: Mapping[str, ResolvedOptions],
    meta: Meta,
    shape: tuple[int, ...],
    source: ReferenceSource,
) -> tuple[PlannedSetStep, ...]:
    reasons = {}
    for step in steps:
        resolved = options[step.name]
        unless = recipe.unless.get(step.name)
        skipped = f"skipped by {resolved.origins['skip']}" if resolved.skip else ""
        reasons[step.name] = skipped or (unless(meta, shape) if unless else "")
    needed = sorted(
        {
            need.kind.reftype
            for step in steps
            for need in step.references.values()
            if not reasons[step.name] and not need.option
        }
    )
    # What one of these steps lacks rules that step out, not the others.
    chosen = source.select(meta, needed, needed) if needed else {}
    planned = []
    for step in steps:
        reason = reasons[step.name]
        references = (
            {}
            if reason
            else {
                arg: named_by(options[step.name], need)
                if need.option
                else chosen[need.kind.reftype]
                for arg, need in step.references.items()
            }
        )
        absent = [
            need.kind.reftype
            for arg, need in step.references.items()
            if not reason and need.required and references[arg].path is None
        ]
        if absent:
            reason = f"no {' and no '.join(absent)} reference applies"
        unasked = step.name in recipe.unless and not options[step.name].skip and not absent
        planned.append(PlannedSetStep(step, options[step.name], references, reason, unasked))
    return tuple(planned)


def _opened(member: Member) -> Cal:
    product = open_product(member.path)
    if not isinstance(product, Cal):
        raise InvalidInput(
            "not a calibrated image",
            where=member.path,
            expected="a cal product",
            found=type(product).__name__,
        )
    if product.meta.lookup("wcs") is None:
        raise InvalidInput(
            "an image without world coordinates",
            where=member.path,
            advice="Calibrate it with assign_wcs.",
        )
    values: dict[str, Any] = {}
    if member.group:
        values["group_id"] = member.group
    if member.catalog is not None:
        values["tweakreg_catalog"] = str(member.catalog)
    return product.with_changes(meta=product.meta.replace(values)) if values else product


MAX_SCALES = 1.2
"""Ratio of the widths of pixels in a set: detectors of one filter differ by some percent."""

ALIKE = {
    "instrument.name": "instruments",
    "instrument.filter": "filters",
    "instrument.pupil": "pupils",
    "bunit_data": "units",
}
"""What all exposures of a set must share, by metadata path."""


def _check_alike(images: Sequence[Cal], members: Sequence[Member]) -> None:
    """Refuse exposures that no common image can show."""
    for path, what in ALIKE.items():
        first = images[0].meta.lookup(path)
        for image, member in zip(images, members, strict=True):
            found = image.meta.lookup(path)
            if found != first:
                raise InvalidInput(
                    f"exposures of different {what} in one set",
                    where=member.path,
                    expected=f"{first!r} as {members[0].path.name} has",
                    found=repr(found),
                    advice="Combine them in sets of their own.",
                )
    _check_scales(images, members)
    names = [member.path.name for member in members]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InvalidInput(f"{twice} is in the set twice", advice="Take one out.")


def _check_scales(images: Sequence[Cal], members: Sequence[Member]) -> None:
    """Refuse exposures whose pixels differ in width, as those of two channels do."""
    widths = [
        math.sqrt(area) if isinstance(area, int | float) and area > 0 else None
        for area in (image.meta.lookup("photometry.pixelarea_arcsecsq") for image in images)
    ]
    for width, member in zip(widths, members, strict=True):
        if width is None or widths[0] is None:
            continue
        if max(width, widths[0]) > MAX_SCALES * min(width, widths[0]):
            raise InvalidInput(
                "exposures of different pixel scales in one set",
                where=member.path,
                expected=f"pixels of {widths[0]:.4f} arcsec as {members[0].path.name} has",
                found=f"{width:.4f} arcsec (PIXAR_A2)",
                advice="Combine them in sets of their own.",
            )
