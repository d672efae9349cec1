"""Work is counted in the thread that does it, and once; waiting is none."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from webbcal.pipelines.clock import Clock

NAP = 0.05


def nap(_=None):
    """Sleep, and return how long that was: a busy machine wakes nobody in time."""
    start = time.perf_counter()
    time.sleep(NAP)
    return time.perf_counter() - start


def is_about(seconds, naps):
    """Tell whether a time is that of some naps: what is counted twice is off by more."""
    return sum(naps) <= seconds < sum(naps) + len(naps) * NAP / 2


def test_what_several_threads_do_adds_up():
    clock = Clock()

    def work(_):
        with clock.on("jump"):
            return nap()

    with ThreadPoolExecutor(4) as pool:
        naps = list(pool.map(work, range(4)))
    assert is_about(clock["jump"], naps)


@pytest.mark.parametrize("threads", [0, 1, 2])
def test_tasks_count_once_whoever_does_them(threads):
    clock = Clock()
    with ThreadPoolExecutor(max(threads, 1)) as pool:
        parallel = clock.shared("refpix", pool.map if threads else map)
        with clock.on("refpix"):
            naps = [nap(), *parallel(nap, range(4))]
    assert is_about(clock["refpix"] + 1e-3, naps)


def test_waiting_for_other_threads_is_no_work():
    clock = Clock()
    with ThreadPoolExecutor(2) as pool:
        naps = list(clock.in_tasks("reading", pool.map)(nap, range(2)))
    assert is_about(clock["reading"], naps)


def test_results_come_in_order_and_errors_come_through():
    clock = Clock()
    with ThreadPoolExecutor(2) as pool:
        parallel = clock.shared("jump", pool.map)
        assert list(parallel(pow, [3, 2, 1], [2, 2, 2])) == [9, 4, 1]
        with pytest.raises(ZeroDivisionError):
            list(parallel(divmod, [1], [0]))


def test_what_was_never_done_has_no_time():
    clock = Clock()
    assert clock.known("ipc") is None
    assert clock["ipc"] == 0.0
