"""Decide everything about a run before a pixel is read: recipe, options, references."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from webbcal.core.errors import InvalidInput, InvalidOptions, UnsupportedMode
from webbcal.core.options import Options
from webbcal.io.names import root_of
from webbcal.io.read import open_product
from webbcal.modes import Mode, mode_of
from webbcal.pipelines.inputs import check_exposure
from webbcal.pipelines.recipes import RECIPES, Recipe
from webbcal.pipelines.recipes.defaults import presets
from webbcal.pipelines.settings import ResolvedOptions, Settings, resolve
from webbcal.pipelines.stripes import stacked
from webbcal.refs.parameters import load_parameters
from webbcal.refs.select import ReferenceSource, Selection
from webbcal.spec.fields import Product
from webbcal.spec.meta import Meta
from webbcal.steps import STEPS
from webbcal.steps._step import Needs, Step


@dataclass(frozen=True)
class PlannedStep:
    """A step with its options and the references chosen for it, by argument name.

    `reason` says why it will not run; empty if it will.
    """

    step: Step
    options: ResolvedOptions
    references: Mapping[str, Selection]
    reason: str = ""


@dataclass(frozen=True)
class Plan:
    """What will be done to one exposure.

    `ignored` names entries of parameter references that mean nothing here, as ``step.option``.
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

    @property
    def root(self) -> str:
        """Name of the exposure, without suffix."""
        return root_of(self.path)

    @property
    def makes_integrations(self) -> bool:
        """Whether a product per integration is written."""
        return self.exposure.shape_of("sci")[0] > 1

    @property
    def integral_field(self) -> bool:
        """Whether the count rates are those of an integral-field unit."""
        if self.mode.integral_field is None:
            return bool(self.exposure.meta.lookup("instrument.lamp_mode") == "IFU")
        return self.mode.integral_field

    @property
    def makes(self) -> tuple[str, ...]:
        """Suffixes of the products of a complete run."""
        return tuple(
            suffix
            for suffix in self.recipe.makes
            if self.makes_integrations or not suffix.endswith("ints")
        )


def make_plan(path: Path, settings: Settings, source: ReferenceSource) -> Plan:
    """Open an exposure and resolve recipe, options and references.

    Raises
    ------
    InvalidInput
        If the file cannot be read or contradicts itself.
    UnsupportedMode
        If no recipe exists for it.
    InvalidOptions, MissingReference, InvalidReference
        See `resolve` and `ReferenceSource.select`; and if a step is skipped, or told to leave the
        frames as they were read, without which later ones cannot run.
    """
    product = open_product(path)
    if not any(isinstance(product, recipe.reads) for recipe in RECIPES.values()):
        raise UnsupportedMode(
            "not a raw exposure",
            where=path,
            expected="an uncal product",
            found=type(product).__name__,
            advice="This version of webbcal calibrates uncal files to rate products.",
        )
    mode = mode_of(product.meta.lookup("exposure.type"), where=path)
    if mode.stage1 is None or mode.stage1 not in RECIPES:
        raise UnsupportedMode(
            "no stage-1 recipe for this exposure type",
            where=path,
            found=f"EXP_TYPE = {mode.exposure_type}",
        )
    recipe = RECIPES[mode.stage1]
    if not isinstance(product, recipe.reads):
        raise UnsupportedMode(
            f"not a raw exposure of {mode.exposure_type}",
            where=path,
            expected=f"DATAMODL = {recipe.reads.model}",
            found=f"{type(product).model}",
        )
    product = stacked(check_exposure(product, path), path)
    known = {name: [f.name for f in fields(STEPS[name].options)] for name in recipe.steps}
    parameters = load_parameters(product.meta, recipe.parameters, known, source)
    own = presets(recipe, mode, product.meta)
    options = resolve(recipe, settings, parameters.values, parameters.origin, own)
    steps = _with_references(recipe, options, product, source)
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
    )


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
        references = {
            arg: _named_by(resolved, need) if need.option else chosen[need.kind.reftype]
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


def _named_by(options: ResolvedOptions, need: Needs) -> Selection:
    """Return the file that an option of the step names, if it names one."""
    name = getattr(options.values, need.option)
    if name is None:
        return Selection(need.kind.reftype, None, "not given")
    path = Path(name)
    if not path.is_file():
        raise InvalidInput(f"no such file, named by the option {need.option}", where=path)
    return Selection(need.kind.reftype, path, f"option {need.option}")
