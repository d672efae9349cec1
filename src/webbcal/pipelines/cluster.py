"""Do the jobs of a stage on a Dask cluster: one on this machine, or one that exists.

Jobs are independent: each reads files and writes its own. So a worker that dies costs the time
of its jobs only: the scheduler gives them to another one, and nothing half-written is in the
way. All machines must see the same files under the same names.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from webbcal.core.errors import InvalidOptions, WebbcalError
from webbcal.pipelines.exposure import Progress
from webbcal.pipelines.jobs import Job
from webbcal.pipelines.record import Outcome
from webbcal.pipelines.runner import Session
from webbcal.pipelines.settings import Settings
from webbcal.pipelines.stages import Runner

RETRIES = 3
"""How often a job is given to another worker after one has died over it."""

SECONDS_TO_CONNECT = 30


@contextmanager
def cluster(
    settings: Settings,
    environ: Mapping[str, str] | None,
    progress: Progress,
    done: Callable[[Outcome], None] | None,
) -> Iterator[Runner]:
    """Start or join a cluster; give a function that does jobs on it.

    Parameters
    ----------
    settings : Settings
        `workers` or `scheduler` say which cluster. `threads` is that of each worker.
    environ : mapping or None
        Environment variables that calibration reads; those of this process by default.
    progress, done : callable
        Told how many jobs are done, and of each.

    Raises
    ------
    InvalidOptions
        If no scheduler answers at the address.
    WebbcalError
        In the function: if a job has cost several workers their lives.
    """
    from distributed import Client, KilledWorker, LocalCluster, as_completed

    processors = os.cpu_count() or 1
    threads = settings.threads or max(1, processors // max(settings.workers, 1))
    inner = settings.with_(threads=threads, workers=0, scheduler="")
    environment = dict(os.environ if environ is None else environ)

    @contextmanager
    def client() -> Iterator[Client]:
        if settings.scheduler:
            try:
                with Client(settings.scheduler, timeout=SECONDS_TO_CONNECT) as joined:
                    yield joined
            except (OSError, TimeoutError, ValueError) as error:
                raise InvalidOptions(
                    "no Dask scheduler answers",
                    where=f"--scheduler {settings.scheduler}",
                    found=str(error),
                    advice="Start one with `dask scheduler`, and workers with `dask worker`.",
                ) from None
        else:
            with (
                LocalCluster(
                    n_workers=settings.workers,
                    threads_per_worker=1,
                    dashboard_address=None,
                    memory_limit=0,
                    silence_logs=50,
                ) as local,
                Client(local) as own,
            ):
                yield own

    with client() as joined:

        def run(jobs: Sequence[Job]) -> list[Outcome]:
            futures = [
                joined.submit(do_job, job, inner, environment, pure=False, retries=RETRIES)
                for job in jobs
            ]
            place = {future.key: number for number, future in enumerate(futures)}
            outcomes: dict[int, Outcome] = {}
            for future in as_completed(futures):
                number = place[future.key]
                try:
                    outcome = future.result()
                except KilledWorker:
                    outcome = Outcome(
                        jobs[number].input,
                        error=WebbcalError(
                            "the workers that tried this job all died",
                            where=jobs[number].input,
                            advice="Give them more memory, or use fewer workers.",
                        ),
                    )
                outcomes[number] = outcome
                progress("calibrating", len(outcomes), len(jobs))
                if done is not None:
                    done(outcome)
            return [outcomes[number] for number in range(len(jobs))]

        yield run


_SESSIONS: dict[str, Session] = {}
"""The session of a worker: references stay loaded from one job to the next."""


def do_job(job: Job, settings: Settings, environ: Mapping[str, str]) -> Outcome:
    """Do one job in a worker."""
    key = repr((settings, sorted(environ.items())))
    if key not in _SESSIONS:
        _SESSIONS.clear()
        _SESSIONS[key] = Session(settings, environ)
    return _SESSIONS[key].do(job)
