"""``webbcal run`` and ``webbcal explain``."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from webbcal.cli.main import exit_code
from webbcal.cli.terminal import Bar, progress_bar, show_log
from webbcal.kernels._load import load_numba_alone
from webbcal.pipelines.jobs import SetJob
from webbcal.pipelines.plan import Plan, PlannedStep
from webbcal.pipelines.record import Outcome
from webbcal.pipelines.runner import Session, run_everything
from webbcal.pipelines.settings import DEFAULT, Settings, as_toml
from webbcal.pipelines.stages import jobs_of

if TYPE_CHECKING:
    from webbcal.pipelines.set_plan import PlannedSetStep, SetPlan

RAMP_AXES = 4


def run_all(inputs: Sequence[Path], settings: Settings, through: int | None, verbose: int) -> int:
    """Calibrate, with a progress bar on a terminal, and say what became of each exposure."""
    show_log(verbose)
    load_numba_alone()
    with progress_bar() as bar:

        def starting(plan: Plan) -> None:
            bar.name(plan.root)
            _announce_compilation(plan, bar)

        def done(outcome: Outcome) -> None:
            _say(outcome, bar, reasons=len(inputs) == 1 and not inputs[0].is_dir())

        def left(path: Path, reason: str) -> None:
            bar.say(f"{path.name}: {reason}")

        outcomes = run_everything(
            inputs,
            settings,
            through=through,
            progress=bar.update,
            starting=starting,
            done=done,
            left=left,
        )
    failures = [outcome.error for outcome in outcomes if outcome.error is not None]
    if len(outcomes) > 1:
        seconds = sum(outcome.seconds for outcome in outcomes)
        click.echo(f"{len(outcomes) - len(failures)} of {len(outcomes)} done, {seconds:.1f} s")
    return max(map(exit_code, failures), default=0)


def explain_all(inputs: Sequence[Path], settings: Settings, *, toml: bool = False) -> int:
    """Print what would be done to each exposure, or set of them, in the first stage it goes to."""
    session = Session(settings, os.environ)
    for job in jobs_of(inputs, settings):
        if isinstance(job, SetJob):
            _explain_set(session.plan_set(job), toml=toml)
            continue
        plan = session.plan(job)
        if toml:
            click.echo(as_toml({p.step.name: p.options for p in plan.steps}))
        else:
            _explain(plan)
    return 0


def _announce_compilation(plan: Plan, bar: Bar) -> None:
    """Say why the first run of all takes longer."""
    from webbcal.kernels._jit import is_compiled

    if not is_compiled():
        bar.say(
            f"{plan.path.name}: first run, compiling the kernels for this machine "
            "(a minute or less, once) ..."
        )


def _say(outcome: Outcome, bar: Bar, *, reasons: bool) -> None:
    name = outcome.input.name
    if outcome.error is not None:
        where = "" if name in str(outcome.error) else f"{name}: "
        bar.say(f"webbcal: {where}{outcome.error}", err=True)
        return
    made = [path.name for path in outcome.outputs.values()]
    made += [f"{len(paths)} {suffix}" for suffix, paths in outcome.of_members.items()]
    how = "made already" if outcome.reused else f"{outcome.seconds:.2f} s"
    bar.say(f"{name} -> {', '.join(made)}  ({how})")
    for remark in outcome.remarks:
        bar.say(f"  note: {remark}", bold=True)
    noted = " ".join(outcome.remarks)
    told = [s for s in outcome.steps if s.reason and not s.left_out and not s.usual]
    told = [s for s in told if s.reason not in noted]
    skipped = [f"{s.name} ({s.reason})" for s in told]
    if skipped and reasons:
        bar.say(f"  skipped: {'; '.join(skipped)}")


def _explain(plan: Plan) -> None:
    shape = plan.exposure.shape_of("sci")
    meta = plan.exposure.meta
    click.secho(str(plan.path), bold=True)
    size = f"{shape[-1]} x {shape[-2]} pixels"
    if len(shape) == RAMP_AXES:
        size = f"{shape[0]} integrations x {shape[1]} groups, {size}"
    click.echo(
        f"  {meta.instrument.name} {meta.instrument.detector} {plan.mode.exposure_type} "
        f"({plan.mode.kind.value}), {size}"
    )
    click.echo(f"  recipe {plan.recipe.name}, context {plan.context or 'none'}")
    _explain_steps(plan.steps)
    if plan.ignored:
        names = ", ".join(plan.ignored)
        click.echo(f"  passed over in parameter references: {names}")


def _explain_set(plan: "SetPlan", *, toml: bool) -> None:
    if toml:
        options = {p.step.name: p.options for p in plan.steps}
        click.echo(as_toml(options))
        return
    click.secho(plan.name, bold=True)
    for member in plan.members:
        click.echo(f"  {member.path.name}")
    click.echo(f"  recipe {plan.recipe.name}, context {plan.context or 'none'}")
    _explain_steps(plan.steps)


def _explain_steps(steps: "Sequence[PlannedStep] | Sequence[PlannedSetStep]") -> None:
    """Print options and references of steps, and which will not run."""
    width = max((len(planned.step.name) for planned in steps), default=0)
    for planned in steps:
        state = f"skip: {planned.reason}" if planned.reason else "run"
        click.echo(f"  {planned.step.name:<{width}} {state}")
        if planned.reason:
            continue
        for name, value in planned.options.values.as_dict().items():
            origin = planned.options.origins[name]
            click.secho(f"    {name} = {value}  [{origin}]", dim=origin == DEFAULT)
        for argument, selection in planned.references.items():
            kind = planned.step.references[argument].kind.reftype
            file = "N/A" if selection.path is None else selection.path.name
            click.echo(f"    reference {kind}: {file}  [{selection.origin}]")
