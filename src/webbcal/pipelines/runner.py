"""Calibrate any number of exposures, one after the other."""

import logging
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from webbcal.core.cache import cache_folder
from webbcal.core.errors import InvalidInput, InvalidOptions, UnsupportedMode, WebbcalError
from webbcal.pipelines.binding import References
from webbcal.pipelines.exposure import ExposureRun, Progress
from webbcal.pipelines.plan import Plan, make_plan
from webbcal.pipelines.record import Outcome
from webbcal.pipelines.resume import finished
from webbcal.pipelines.settings import Settings
from webbcal.refs.select import ReferenceSource

log = logging.getLogger(__name__)


def _silent(what: str, done: int, total: int) -> None:
    """Show no progress."""


def find_exposures(inputs: Iterable[Path]) -> list[Path]:
    """Return the raw exposures that files and folders name, each once, in order.

    A folder stands for the ``*_uncal.fits`` files in it.

    Raises
    ------
    InvalidInput
        If a name does not exist or a folder has no raw exposure.
    """
    found: dict[Path, None] = {}
    for path in inputs:
        if path.is_dir():
            exposures = sorted(path.glob("*_uncal.fits"))
            if not exposures:
                raise InvalidInput(
                    "no raw exposure in this folder", where=path, expected="*_uncal.fits"
                )
            found |= dict.fromkeys(exposures)
        elif path.suffix == ".json":
            raise UnsupportedMode(
                "associations are for stages 2 and 3",
                where=path,
                advice="This version of webbcal calibrates uncal files to rate products.",
            )
        elif not path.exists():
            raise InvalidInput("no such file", where=path)
        else:
            found[path] = None
    return list(found)


def open_source(settings: Settings, environ: Mapping[str, str]) -> ReferenceSource:
    """Return where references come from, as the user and the environment say."""
    return ReferenceSource.from_environment(
        environ,
        folder=settings.reference_folder,
        overrides=settings.references,
        memory=cache_folder(environ),
    )


def plan_of(path: Path, settings: Settings, environ: Mapping[str, str] | None = None) -> Plan:
    """Return what a run would do to one exposure."""
    return make_plan(path, settings, open_source(settings, environ or os.environ))


def run_exposures(
    paths: Sequence[Path],
    settings: Settings,
    *,
    environ: Mapping[str, str] | None = None,
    progress: Progress = _silent,
    starting: Callable[[Plan], None] | None = None,
    done: Callable[[Outcome], None] | None = None,
) -> list[Outcome]:
    """Calibrate exposures; one that fails does not keep the others from being calibrated.

    Parameters
    ----------
    paths : sequence of Path
        Raw exposures.
    settings : Settings
        How to calibrate them.
    environ : mapping or None
        Environment variables; those of the process by default.
    progress, starting, done : callable
        Called while an exposure is calibrated, before the work on it begins (the plan is made
        then), and after each.

    Returns
    -------
    list of Outcome
        One per path; `error` is set where it failed.

    Raises
    ------
    InvalidOptions
        An option, step or result that the user named does not exist, or a value is bad.
    """
    environ = os.environ if environ is None else environ
    source = open_source(settings, environ)
    references = References(cache_folder(environ))
    outcomes = []
    for path in paths:
        try:
            outcome = _run_one(path, settings, source, references, progress, starting)
        except InvalidOptions:
            raise  # a wrong setup is wrong for every exposure
        except WebbcalError as error:
            outcome = Outcome(path, error=error)
        outcomes.append(outcome)
        _log(outcome)
        if done is not None:
            done(outcome)
    return outcomes


def _run_one(
    path: Path,
    settings: Settings,
    source: ReferenceSource,
    references: References,
    progress: Progress,
    starting: Callable[[Plan], None] | None,
) -> Outcome:
    plan = make_plan(path, settings, source)
    if settings.resume:
        outputs = finished(plan, references, settings.save)
        if outputs:
            return Outcome(path, outputs, reused=True)
    if starting is not None:
        starting(plan)
    return ExposureRun(plan, settings, references, progress).calibrate()


def _log(outcome: Outcome) -> None:
    name = outcome.input.name
    if outcome.error is not None:
        log.error("%s: failed: %s", name, outcome.error)
        return
    for step in outcome.steps:
        files = ", ".join(f"{r.kind} {r.name}" for r in step.references) or "no references"
        log.info("%s: %s: %s%s; %s", name, step.name, step.status,
                 f" ({step.reason})" if step.reason else "", files)  # fmt: skip
    log.info("%s: %s in %.2f s", name, ", ".join(outcome.outputs), outcome.seconds)
