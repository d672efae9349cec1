"""Do the jobs of a stage on a Dask cluster: one on this machine, or one that exists.

Exposures are independent: each job reads files and writes its own. A set of exposures is combined
by this process, which gives away the bands of its mosaics; they go to shared files. So a worker
that dies costs the time of its tasks only: the scheduler gives them to another one, and nothing
half-written is in the way. All machines must see the same files under the same names.
"""

import os
import pickle
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import sha256
from typing import Any

from webbcal.core.errors import InvalidOptions, WebbcalError
from webbcal.pipelines.exposure import Progress
from webbcal.pipelines.jobs import Job, SetJob
from webbcal.pipelines.record import Outcome
from webbcal.pipelines.runner import Session
from webbcal.pipelines.settings import Settings
from webbcal.pipelines.stages import Runner
from webbcal.steps._step import Parallel

AHEAD = 4
"""How many tasks per worker are given out at a time."""

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
    from distributed import Client, LocalCluster

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
        session = Session(
            settings.with_(workers=0, scheduler=""), environment, _spread(joined, settings)
        )

        def run(jobs: Sequence[Job]) -> list[Outcome]:
            sets = [job for job in jobs if isinstance(job, SetJob)]
            single = [job for job in jobs if not isinstance(job, SetJob)]
            outcomes = _exposures(joined, single, inner, environment, progress, done)
            for job in sets:
                outcomes.append(session.do(job, progress))
                if done is not None:
                    done(outcomes[-1])
            return outcomes

        yield run


def _exposures(
    client: Any,
    jobs: Sequence[Job],
    settings: Settings,
    environ: Mapping[str, str],
    progress: Progress,
    done: Callable[[Outcome], None] | None,
) -> list[Outcome]:
    """Give each exposure to a worker; return what became of them, in order."""
    from distributed import KilledWorker, as_completed

    futures = [
        client.submit(do_job, job, settings, environ, pure=False, retries=RETRIES) for job in jobs
    ]
    place = {future.key: number for number, future in enumerate(futures)}
    outcomes: dict[int, Outcome] = {}
    for future in as_completed(futures):
        number = place[future.key]
        try:
            outcome = future.result()
        except KilledWorker:
            outcome = Outcome(jobs[number].input, error=_all_died(jobs[number].input))
        outcomes[number] = outcome
        progress("calibrating", len(outcomes), len(jobs))
        if done is not None:
            done(outcome)
    return [outcomes[number] for number in range(len(jobs))]


def _all_died(where: object) -> WebbcalError:
    return WebbcalError(
        "the workers that tried this all died",
        where=where,
        advice="Give them more memory, or use fewer workers.",
    )


def _spread(client: Any, settings: Settings) -> Parallel:
    """Return a function like `map` that works in the processes of a cluster.

    Few tasks are given out before the first result is taken, since results take memory here.
    """

    def elsewhere(function: Callable[..., Any], *items: Iterable[Any]) -> Iterator[Any]:
        import cloudpickle
        from distributed import KilledWorker

        code = cloudpickle.dumps(function)
        name = sha256(code).hexdigest()
        # Once to every worker, not with every task.
        (there,) = client.scatter([code], broadcast=True, hash=False)
        workers = sum(client.nthreads().values()) or settings.workers or 1
        waiting: deque[Any] = deque()
        try:
            for arguments in zip(*items, strict=False):
                waiting.append(
                    client.submit(do_task, name, there, arguments, pure=False, retries=RETRIES)
                )
                if len(waiting) > AHEAD * workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except KilledWorker:
            raise _all_died(settings.scheduler or "local cluster") from None
        finally:
            for future in waiting:
                future.cancel()

    return elsewhere


_SESSIONS: dict[str, Session] = {}
"""The session of a worker: references stay loaded from one job to the next."""

_FUNCTIONS: dict[str, Callable[..., Any]] = {}
"""The function whose tasks a worker does, by the hash of its code and what it knows."""


def do_job(job: Job, settings: Settings, environ: Mapping[str, str]) -> Outcome:
    """Do one job in a worker."""
    key = repr((settings, sorted(environ.items())))
    if key not in _SESSIONS:
        _SESSIONS.clear()
        _SESSIONS[key] = Session(settings, environ)
    return _SESSIONS[key].do(job)


def do_task(name: str, code: bytes, arguments: tuple[Any, ...]) -> Any:
    """Call a function, unpacked once for all its tasks, in a worker."""
    if name not in _FUNCTIONS:
        _FUNCTIONS.clear()
        _FUNCTIONS[name] = pickle.loads(code)
    return _FUNCTIONS[name](*arguments)
