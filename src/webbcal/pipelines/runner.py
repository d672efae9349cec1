"""Do jobs: single exposures and sets of them, one after the other or on a cluster."""

import logging
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from webbcal.core.cache import cache_folder
from webbcal.core.errors import InvalidOptions, WebbcalError
from webbcal.pipelines.binding import References
from webbcal.pipelines.exposure import ExposureRun, Progress
from webbcal.pipelines.jobs import ExposureJob, Job, Member, SetJob
from webbcal.pipelines.plan import Plan, make_plan
from webbcal.pipelines.record import Outcome
from webbcal.pipelines.resume import finished
from webbcal.pipelines.settings import Settings, check_settings
from webbcal.pipelines.stages import calibrate
from webbcal.refs.select import ReferenceSource
from webbcal.steps._step import Parallel

if TYPE_CHECKING:
    from webbcal.pipelines.set_plan import SetPlan

log = logging.getLogger(__name__)


def _silent(what: str, done: int, total: int) -> None:
    """Show no progress."""


class Session:
    """What the jobs of a process share: the source of references, and those that are loaded.

    Parameters
    ----------
    settings : Settings
        How to calibrate.
    environ : mapping or None
        Environment variables; those of the process by default.
    elsewhere : Parallel or None
        Other processes that do parts of the work on sets of exposures.
    """

    def __init__(
        self,
        settings: Settings,
        environ: Mapping[str, str] | None = None,
        elsewhere: Parallel | None = None,
    ) -> None:
        environ = os.environ if environ is None else environ
        self.settings = settings
        self.source = open_source(settings, environ)
        self.references = References(cache_folder(environ))
        self._elsewhere = elsewhere

    def do(
        self,
        job: Job,
        progress: Progress = _silent,
        starting: Callable[[Plan], None] | None = None,
    ) -> Outcome:
        """Do one job; an error other than a wrong setup becomes part of its outcome.

        Raises
        ------
        InvalidOptions
            An option, step or result that the user named does not exist, or a value is bad.
        """
        try:
            if isinstance(job, SetJob):
                outcome = self._combine(job, progress)
            else:
                outcome = self._calibrate(job, progress, starting)
        except InvalidOptions:
            raise  # a wrong setup is wrong for every exposure
        except WebbcalError as error:
            outcome = Outcome(job.input, error=error)
        _log(outcome)
        return outcome

    def plan(self, job: ExposureJob) -> Plan:
        """Return what calibrating an exposure would do."""
        return make_plan(job.path, self.settings, self.source, members=job.members, table=job.table)

    def plan_set(self, job: SetJob) -> "SetPlan":
        """Return what combining exposures would do."""
        # Not at the top: steps on sets bring libraries that single exposures do without.
        from webbcal.pipelines.set_plan import make_set_plan

        return make_set_plan(job, self.settings, self.source)

    def _calibrate(
        self, job: ExposureJob, progress: Progress, starting: Callable[[Plan], None] | None
    ) -> Outcome:
        settings = self.settings
        plan = self.plan(job)
        outputs = finished(plan, self.references, settings.save) if settings.resume else {}
        if outputs:
            outcome = Outcome(job.path, outputs, reused=True)
        else:
            if starting is not None:
                starting(plan)
            outcome = ExposureRun(plan, settings, self.references, progress).calibrate()
        if not plan.recipe.sets or "cal" not in outcome.outputs:
            return outcome
        image = SetJob(
            plan.root,
            (Member(outcome.outputs["cal"]),),
            plan.recipe.name,
            plan.output_dir,
            table=job.table,
        )
        return outcome.followed_by(self._combine(image, progress))

    def _combine(self, job: SetJob, progress: Progress) -> Outcome:
        from webbcal.pipelines.set_resume import finished_set
        from webbcal.pipelines.set_run import SetRun

        plan = self.plan_set(job)
        if self.settings.resume:
            outcome = finished_set(plan, self.references, self.settings.save)
            if outcome is not None:
                return outcome
        run = SetRun(plan, self.settings, self.references, progress, self._elsewhere)
        return run.calibrate()


def open_source(settings: Settings, environ: Mapping[str, str]) -> ReferenceSource:
    """Return where references come from, as the user and the environment say."""
    return ReferenceSource.from_environment(
        environ,
        folder=settings.reference_folder,
        overrides=settings.references,
        memory=cache_folder(environ),
    )


def run_everything(
    inputs: Iterable[Path],
    settings: Settings,
    *,
    through: int | None = None,
    environ: Mapping[str, str] | None = None,
    progress: Progress = _silent,
    starting: Callable[[Plan], None] | None = None,
    done: Callable[[Outcome], None] | None = None,
    left: Callable[[Path, str], None] | None = None,
) -> list[Outcome]:
    """Calibrate what files, folders and associations name, stage after stage.

    With workers in the settings the jobs of a stage are done on a Dask cluster; the results are
    the same.

    Parameters
    ----------
    inputs : iterable of Path
        See `stages.calibrate`.
    settings : Settings
        How to calibrate them.
    through : int or None
        Last stage; None: as far as the inputs ask for.
    environ : mapping or None
        Environment variables; those of the process by default.
    progress, starting, done, left : callable
        Called while a job is done, before one that calibrates an exposure, after each, and for
        each exposure that goes no further.

    Returns
    -------
    list of Outcome
        One per job; `error` is set where it failed.

    Raises
    ------
    InvalidInput, InvalidOptions
        What was given cannot be used.
    """
    check_settings(settings)

    def serially(jobs: Sequence[Job]) -> list[Outcome]:
        outcomes = []
        for job in jobs:
            outcomes.append(session.do(job, progress, starting))
            if done is not None:
                done(outcomes[-1])
        return outcomes

    if settings.workers or settings.scheduler:
        from webbcal.pipelines.cluster import cluster

        with cluster(settings, environ, progress, done) as run:
            return calibrate(inputs, settings, run, through=through, left=left)
    session = Session(settings, environ)
    return calibrate(inputs, settings, serially, through=through, left=left)


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
