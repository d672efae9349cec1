"""How long the steps of an exposure work, though many of them share each sweep over it."""

import resource
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

from webbcal.steps._step import Parallel

READING = "reading"
WRITING = "writing"
"""What is timed besides steps. Reading is that of the exposure where a sweep begins; what a step
reads itself, of references or of frames that are stored, belongs to the step."""


class Clock:
    """Adds up the work on each step: the time that its calls take, of all threads together.

    It is what the step would take in one thread, as long as each thread has a processor. Waiting
    for other threads is not work; waiting for a disk is.
    """

    def __init__(self) -> None:
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._lock = Lock()
        self._start = time.perf_counter()

    @property
    def elapsed(self) -> float:
        """Time since the clock was started, s."""
        return time.perf_counter() - self._start

    def __getitem__(self, what: str) -> float:
        """Return the work on a step so far, s; 0 if there was none."""
        with self._lock:
            return self._seconds.get(what, 0.0)

    def known(self, what: str) -> float | None:
        """Return the work on a step so far, s; None if nothing was done."""
        with self._lock:
            return self._seconds.get(what)

    @contextmanager
    def on(self, what: str) -> Iterator[None]:
        """Add the time that the block takes in this thread."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self._add(what, time.perf_counter() - start)

    def in_tasks(self, what: str, parallel: Parallel) -> Parallel:
        """Return `parallel` for a thread that only waits meanwhile: with what its threads do."""

        def spread(function: Callable[..., Any], *items: Iterable[Any]) -> Iterable[Any]:
            def task(*arguments: Any) -> Any:
                with self.on(what):
                    return function(*arguments)

            return parallel(task, *items)

        return spread

    def shared(self, what: str, parallel: Parallel) -> Parallel:
        """Return `parallel` for a block that is timed: with what its threads do, without waiting.

        Notes
        -----
        Tasks that this thread does itself, as those of the built-in `map`, count once: what they
        add is taken away as waiting.
        """
        spread = self.in_tasks(what, parallel)

        def awaited(function: Callable[..., Any], *items: Iterable[Any]) -> Iterator[Any]:
            # The work begins now, not when the first result is asked for.
            return self._awaited(what, iter(spread(function, *items)))

        return awaited

    def _awaited(self, what: str, results: Iterator[Any]) -> Iterator[Any]:
        while True:
            start = time.perf_counter()
            try:
                value = next(results)
            except StopIteration:
                return
            finally:
                self._add(what, start - time.perf_counter())
            yield value

    def _add(self, what: str, seconds: float) -> None:
        with self._lock:
            self._seconds[what] += seconds


def peak_mb() -> float:
    """Return the most memory that this process has had in use since it began, in MB.

    Pages of files that are mapped count while they are in memory.
    """
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
