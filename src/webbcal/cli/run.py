"""``webbcal run`` and ``webbcal explain``."""

import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.logging import RichHandler
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from webbcal.cli.main import exit_code
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

console = Console(highlight=False)
errors = Console(stderr=True, highlight=False)


def run_all(inputs: Sequence[Path], settings: Settings, through: int | None, verbose: int) -> int:
    """Calibrate, with a progress bar on a terminal, and say what became of each exposure."""
    _set_up_logging(verbose)
    load_numba_alone()
    bar = Progress(
        TextColumn("{task.fields[name]}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        console=errors,
        transient=True,
        disable=not errors.is_terminal,
    )
    with bar:
        task = bar.add_task("", total=None, name="")

        def progress(what: str, done: int, total: int) -> None:
            bar.update(task, description=what, completed=done, total=total)

        def starting(plan: Plan) -> None:
            bar.update(task, name=plan.root)
            _announce_compilation(plan)

        def done(outcome: Outcome) -> None:
            _say(outcome, reasons=len(inputs) == 1 and not inputs[0].is_dir())

        def left(path: Path, reason: str) -> None:
            console.print(f"{path.name}: {reason}", markup=False, soft_wrap=True)

        outcomes = run_everything(
            inputs,
            settings,
            through=through,
            progress=progress,
            starting=starting,
            done=done,
            left=left,
        )
    failures = [outcome.error for outcome in outcomes if outcome.error is not None]
    if len(outcomes) > 1:
        seconds = sum(outcome.seconds for outcome in outcomes)
        console.print(f"{len(outcomes) - len(failures)} of {len(outcomes)} done, {seconds:.1f} s")
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
            console.print(as_toml({p.step.name: p.options for p in plan.steps}), markup=False)
        else:
            _explain(plan)
    return 0


def _announce_compilation(plan: Plan) -> None:
    """Say why the first run of all takes longer."""
    from webbcal.kernels._jit import is_compiled

    if not is_compiled():
        console.print(
            f"{plan.path.name}: first run, compiling the kernels for this machine "
            "(a minute or less, once) ...",
            markup=False,
            soft_wrap=True,
        )


def _say(outcome: Outcome, *, reasons: bool) -> None:
    name = outcome.input.name
    if outcome.error is not None:
        where = "" if name in str(outcome.error) else f"{name}: "
        errors.print(f"webbcal: {where}{outcome.error}", markup=False, soft_wrap=True)
        return
    made = [path.name for path in outcome.outputs.values()]
    made += [f"{len(paths)} {suffix}" for suffix, paths in outcome.of_members.items()]
    how = "made already" if outcome.reused else f"{outcome.seconds:.2f} s"
    console.print(f"{name} -> {', '.join(made)}  ({how})", markup=False, soft_wrap=True)
    for remark in outcome.remarks:
        console.print(f"  note: {remark}", style="bold", markup=False, soft_wrap=True)
    told = [s for s in outcome.steps if s.reason and not s.left_out and not s.usual]
    skipped = [f"{s.name} ({s.reason})" for s in told]
    if skipped and reasons:
        console.print(f"  skipped: {'; '.join(skipped)}", markup=False, soft_wrap=True)


def _explain(plan: Plan) -> None:
    shape = plan.exposure.shape_of("sci")
    meta = plan.exposure.meta
    console.print(f"{plan.path}", style="bold", markup=False, soft_wrap=True)
    size = f"{shape[-1]} x {shape[-2]} pixels"
    if len(shape) == RAMP_AXES:
        size = f"{shape[0]} integrations x {shape[1]} groups, {size}"
    console.print(
        f"  {meta.instrument.name} {meta.instrument.detector} {plan.mode.exposure_type} "
        f"({plan.mode.kind.value}), {size}",
        markup=False,
    )
    console.print(f"  recipe {plan.recipe.name}, context {plan.context or 'none'}", markup=False)
    _explain_steps(plan.steps)
    if plan.ignored:
        names = ", ".join(plan.ignored)
        console.print(f"  passed over in parameter references: {names}", markup=False)


def _explain_set(plan: "SetPlan", *, toml: bool) -> None:
    if toml:
        options = {p.step.name: p.options for p in plan.steps}
        console.print(as_toml(options), markup=False)
        return
    console.print(plan.name, style="bold", markup=False, soft_wrap=True)
    for member in plan.members:
        console.print(f"  {member.path.name}", markup=False, soft_wrap=True)
    console.print(f"  recipe {plan.recipe.name}, context {plan.context or 'none'}", markup=False)
    _explain_steps(plan.steps)


def _explain_steps(steps: "Sequence[PlannedStep] | Sequence[PlannedSetStep]") -> None:
    """Print options and references of steps, and which will not run."""
    width = max((len(planned.step.name) for planned in steps), default=0)
    for planned in steps:
        state = f"skip: {planned.reason}" if planned.reason else "run"
        console.print(f"  {planned.step.name:<{width}} {state}", markup=False, soft_wrap=True)
        if planned.reason:
            continue
        for name, value in planned.options.values.as_dict().items():
            origin = planned.options.origins[name]
            style = "dim" if origin == DEFAULT else ""
            console.print(
                f"    {name} = {value}  [{origin}]", markup=False, style=style, soft_wrap=True
            )
        for argument, selection in planned.references.items():
            kind = planned.step.references[argument].kind.reftype
            file = "N/A" if selection.path is None else selection.path.name
            console.print(
                f"    reference {kind}: {file}  [{selection.origin}]", markup=False, soft_wrap=True
            )


def _set_up_logging(verbose: int) -> None:
    level = {0: logging.ERROR, 1: logging.INFO}.get(verbose, logging.DEBUG)
    if verbose == 0:
        logging.getLogger("webbcal").addHandler(logging.NullHandler())
        return
    handler = RichHandler(console=errors, show_path=False, markup=False)
    logging.getLogger("webbcal").addHandler(handler)
    logging.getLogger("webbcal").setLevel(level)
