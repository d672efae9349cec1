"""Decide everything about a run before a pixel is read: recipe, options, references."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from webbcal.core.errors import InvalidInput, InvalidOptions, UnsupportedMode
from webbcal.core.options import Options
from webbcal.io.names import root_of
from webbcal.io.read import open_product
from webbcal.modes import Mode, mode_of
from webbcal.modes.associating import grouping_of
from webbcal.pipelines.inputs import check_exposure, check_rates
from webbcal.pipelines.members import on_pixels_of
from webbcal.pipelines.portions import as_calibrated
from webbcal.pipelines.recipes import RECIPES, Recipe, stage2_of
from webbcal.pipelines.recipes.defaults import presets
from webbcal.pipelines.settings import ResolvedOptions, Settings, resolve
from webbcal.pipelines.stripes import stacked
from webbcal.refs.parameters import load_parameters
from webbcal.refs.select import ReferenceSource, Selection
from webbcal.spec.fields import Product
from webbcal.spec.meta import Meta
from webbcal.spec.products import Cal, CalInts, Rate, RateInts
from webbcal.steps import STEPS
from webbcal.steps._step import Needs, Step


@dataclass(frozen=True)
class PlannedStep:
    """A step with its options and the references chosen for it, by argument name.

    `reason` says why it will not run; empty if it will. It is `usual` where nobody expects the
    step to run.
    """

    step: Step
    options: ResolvedOptions
    references: Mapping[str, Selection]
    reason: str = ""
    usual: bool = False


@dataclass(frozen=True)
class Plan:
    """What will be done to one exposure.

    `ignored` names entries of parameter references that mean nothing here, as ``step.option``.
    `members` are other exposures that a step takes, on the same pixels; `table` is the name of
    the association file that says so.
    """

    path: Path
    exposure: Product
    mode: Mode
    recipe: Recipe
    steps: tuple[PlannedStep, ...]
    output_dir: Path
    context: str | None
    crds_version: str | None
    ignored: tuple[str, ...] = ()
    members: tuple[Product, ...] = ()
    member_names: tuple[str, ...] = ()
    table: str = "singleton"

    @property
    def association(self) -> dict[str, Any]:
        """Metadata that name the association, in stages that know associations."""
        if self.recipe.stage == 1:
            return {}
        return {"asn.table_name": self.table, "asn.pool_name": "singleton"}

    @property
    def before(self) -> Mapping[str, Any]:
        """What the input remembers of its own making."""
        tree: Mapping[str, Any] = self.exposure.extras.get("tree", {})
        before: Mapping[str, Any] = tree.get("webbcal", {})
        return before if self.recipe.stage > 1 else {}

    @property
    def root(self) -> str:
        """Name of the exposure, without suffix."""
        return root_of(self.path)

    @property
    def makes_integrations(self) -> bool:
        """Whether a product per integration is written."""
        if self.recipe.stage == 1:
            return self.exposure.shape_of("sci")[0] > 1
        return isinstance(self.exposure, CalInts)

    @property
    def integral_field(self) -> bool:
        """Whether the count rates are those of an integral-field unit."""
        if self.mode.integral_field is None:
            return bool(self.exposure.meta.lookup("instrument.lamp_mode") == "IFU")
        return self.mode.integral_field

    @property
    def makes(self) -> tuple[str, ...]:
        """Suffixes of the products of a complete run."""
        if self.recipe.stage > 1:
            return (type(self.exposure).suffixes[0],)
        return tuple(
            suffix
            for suffix in self.recipe.makes
            if self.makes_integrations or not suffix.endswith("ints")
        )

    def results(self, save: Sequence[str]) -> tuple[str, ...]:
        """Return the results on the way that are saved: those asked for, and what members give."""
        own = [
            result
            for result, step in self.recipe.saves.items()
            if any(p.step.members and not p.reason for p in self.steps if p.step.name == step)
        ]
        return tuple(dict.fromkeys([*save, *own]))

    def file_suffix(self, result: str) -> str:
        """Return how the file of a result on the way ends."""
        separate = self.recipe.stage > 1 and self.makes_integrations and result in self.recipe.saves
        return f"{result}ints" if separate else result


def make_plan(
    path: Path,
    settings: Settings,
    source: ReferenceSource,
    *,
    members: Sequence[Path] = (),
    table: str = "singleton",
) -> Plan:
    """Open an exposure and resolve recipe, options and references.

    Parameters
    ----------
    path : Path
        Raw exposure or count rates.
    settings : Settings
        How to calibrate it.
    source : ReferenceSource
        Chooses the references.
    members : sequence of Path
        Exposures of the background.
    table : str
        Name of the association that says so.

    Raises
    ------
    InvalidInput
        If a file cannot be read or contradicts itself, or shows its own background.
    UnsupportedMode
        If no recipe exists for it.
    InvalidOptions, MissingReference, InvalidReference
        See `resolve` and `ReferenceSource.select`; and if a step is skipped, or told to leave the
        frames as they were read, without which later ones cannot run.
    """
    product = open_product(path)
    mode, recipe = _recipe_of(product, path)
    if recipe.stage == 1:
        product = stacked(check_exposure(product, path), path)
    else:
        product = _calibrated(product, path)
    known = {name: [f.name for f in fields(STEPS[name].options)] for name in recipe.steps}
    parameters = load_parameters(product.meta, recipe.parameters, known, source)
    own = presets(recipe, mode, product.meta)
    options = resolve(recipe, settings, parameters.values, parameters.origin, own)
    members = _members_named(options) or members
    others = tuple(_member(member, product, path) for member in members)
    steps = _with_references(recipe, options, product, source, bool(others))
    _check_frames(steps, product.meta, path)
    return Plan(
        path=path,
        exposure=product,
        mode=mode,
        recipe=recipe,
        steps=steps,
        output_dir=settings.output_dir or path.parent,
        context=source.context,
        crds_version=source.crds_version,
        ignored=parameters.ignored,
        members=others,
        member_names=tuple(member.name for member in members),
        table=table,
    )


def _members_named(options: Mapping[str, ResolvedOptions]) -> tuple[Path, ...]:
    """Return the exposures that options of steps name, those of steps that are to run."""
    paths = []
    for name, resolved in options.items():
        step = STEPS[name]
        if not step.members_option or resolved.skip:
            continue
        for text in getattr(resolved.values, step.members_option) or ():
            path = Path(text)
            if not path.is_file():
                raise InvalidInput(
                    f"no such file, named by the option {step.members_option}", where=path
                )
            paths.append(path)
    return tuple(paths)


def _member(path: Path, exposure: Product, own: Path) -> Cal | CalInts:
    """Return another exposure on the pixels of the one that it is for."""
    if path.resolve() == own.resolve():
        raise InvalidInput(
            "an exposure cannot be its own background",
            where=own,
            advice="Name other exposures, or leave this one out of the run.",
        )
    return on_pixels_of(exposure, _calibrated(open_product(path), path), path)


def _recipe_of(product: Product, path: Path) -> tuple[Mode, Recipe]:
    """Return mode and recipe of an exposure."""
    if not any(isinstance(product, r.reads) for r in RECIPES.values() if r.steps):
        raise UnsupportedMode(
            "nothing that webbcal can calibrate further",
            where=path,
            expected="raw exposures (uncal) or count rates (rate, rateints)",
            found=type(product).__name__,
        )
    mode = mode_of(product.meta.lookup("exposure.type"), where=path)
    recipe: Recipe | None
    if isinstance(product, Rate | RateInts):
        stage, recipe = 2, stage2_of(grouping_of(mode, **_purpose(product.meta)), mode.instrument)
    else:
        stage, recipe = 1, RECIPES.get(mode.stage1 or "")
    if recipe is None:
        raise UnsupportedMode(
            f"no stage-{stage} recipe for this exposure type",
            where=path,
            found=f"EXP_TYPE = {mode.exposure_type}",
        )
    if not isinstance(product, recipe.reads):
        raise UnsupportedMode(
            f"not a raw exposure of {mode.exposure_type}",
            where=path,
            expected=f"DATAMODL = {recipe.reads[0].model}",
            found=f"{type(product).model}",
        )
    return mode, recipe


def _purpose(meta: Meta) -> dict[str, bool]:
    """Return what the visit was for, where it decides what becomes of its exposures."""
    visit = str(meta.lookup("visit.type") or "").upper()
    return {
        "time_series": meta.lookup("visit.tsovisit") is True,
        "wavefront": visit.startswith("PRIME_WFSC"),
    }


def _calibrated(product: Product, path: Path) -> Cal | CalInts:
    """Return count rates as what stage 2 makes of them."""
    if not isinstance(product, Rate | RateInts):
        raise InvalidInput(
            "not a count rate",
            where=path,
            expected="a rate or rateints product",
            found=type(product).__name__,
        )
    return as_calibrated(check_rates(product, path))


def steps_without_images(
    planned: PlannedStep, rest: Sequence[PlannedStep], meta: Meta
) -> tuple[str, list[str]]:
    """Return what a step leaves in the frames, and which later steps are to run all the same.

    Parameters
    ----------
    planned : PlannedStep
        The step.
    rest : sequence of PlannedStep
        Those that follow.
    meta : Meta
        Of the exposure.
    """
    frames = planned.step.frames
    left = "" if frames is None else frames.leaves(_used(planned), meta)
    return left, [later.step.name for later in rest if left and not later.reason]


def _used(planned: PlannedStep) -> Options | None:
    return None if planned.reason else planned.options.values


def _check_frames(steps: Sequence[PlannedStep], meta: Meta, path: Path) -> None:
    for number, planned in enumerate(steps):
        left, later = steps_without_images(planned, steps[number + 1 :], meta)
        if later:
            name = planned.step.name
            raise InvalidOptions(
                f"{later[0]} cannot run: {left} stay in the frames without {name}",
                where=path,
                found=planned.reason or f"options of {name} that keep them",
                advice=f"Let {name} remove them, or skip what follows: {', '.join(later)}.",
            )


def _with_references(
    recipe: Recipe,
    options: Mapping[str, ResolvedOptions],
    exposure: Product,
    source: ReferenceSource,
    has_members: bool = False,
) -> tuple[PlannedStep, ...]:
    running = [name for name in recipe.steps if not options[name].skip]
    needed: dict[str, bool] = {}  # type to whether a step cannot do without it
    for need in (need for name in running for need in STEPS[name].references.values()):
        if not need.option:
            reftype = need.kind.reftype
            needed[reftype] = needed.get(reftype, False) or need.required
    optional = [reftype for reftype, required in needed.items() if not required]
    chosen = source.select(exposure.meta, sorted(needed), optional) if needed else {}
    planned = []
    for name in recipe.steps:
        step, resolved = STEPS[name], options[name]
        if resolved.skip:
            planned.append(
                PlannedStep(step, resolved, {}, f"skipped by {resolved.origins['skip']}")
            )
            continue
        if step.members and not has_members:
            planned.append(PlannedStep(step, resolved, {}, f"no {step.members} exposures", True))
            continue
        references = {
            arg: named_by(resolved, need) if need.option else chosen[need.kind.reftype]
            for arg, need in step.references.items()
        }
        absent = [
            need.kind.reftype
            for arg, need in step.references.items()
            if need.required and references[arg].path is None
        ]
        reason = f"no {absent[0]} reference applies" if absent else ""
        planned.append(PlannedStep(step, resolved, references, reason))
    return tuple(planned)


def named_by(options: ResolvedOptions, need: Needs) -> Selection:
    """Return the file that an option of the step names, if it names one."""
    name = getattr(options.values, need.option)
    if not name:
        return Selection(need.kind.reftype, None, "not given")
    if str(name).upper() in need.services:
        return Selection(need.kind.reftype, None, f"service {name}")
    path = Path(name)
    if not path.is_file():
        raise InvalidInput(
            f"no such file, named by the option {need.option}",
            where=path,
            expected=f"a file, or one of {', '.join(need.services)}" if need.services else None,
        )
    return Selection(need.kind.reftype, path, f"option {need.option}")
