"""Work is counted in the thread that does it, and once; waiting is none."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from webbcal.pipelines.clock import Clock

NAP = 0.05
SLACK = 0.02
"""How much longer than asked for a sleep may last on a busy machine, s."""


def nap(_):
    time.sleep(NAP)


def test_what_several_threads_do_adds_up():
    clock = Clock()

    def work(_):
        with clock.on("jump"):
            time.sleep(NAP)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert 4 * NAP <= clock["jump"] < 4 * (NAP + SLACK)
    assert clock.elapsed < 3 * NAP + SLACK  # they slept at the same time


@pytest.mark.parametrize("threads", [0, 1, 2])
def test_tasks_count_once_whoever_does_them(threads):
    clock = Clock()
    with ThreadPoolExecutor(max(threads, 1)) as pool:
        parallel = clock.shared("refpix", pool.map if threads else map)
        with clock.on("refpix"):
            time.sleep(NAP)
            assert len(list(parallel(nap, range(4)))) == 4
    assert clock["refpix"] + 1e-3 >= 5 * NAP
    assert clock["refpix"] < 5 * (NAP + SLACK)


def test_waiting_for_other_threads_is_no_work():
    clock = Clock()
    with ThreadPoolExecutor(2) as pool:
        list(clock.in_tasks("reading", pool.map)(nap, range(2)))
    assert 2 * NAP <= clock["reading"] < 2 * (NAP + SLACK)


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


def test_timing_a_call_costs_microseconds():
    clock = Clock()
    start = time.perf_counter()
    for _ in range(1000):
        with clock.on("jump"):
            pass
    # A sweep over an exposure calls its steps some thousand times in seconds.
    assert time.perf_counter() - start < 0.05
