# SPDX-License-Identifier: Apache-2.0
"""Several things at once, with the results in order, and an end as soon as somebody wants one."""

import pickle
import signal
import subprocess
import sys
import threading
import time

import pytest

from steelyard.core.errors import LimitError, SteelyardError, UsageError
from steelyard.flow import jobs
from steelyard.flow.jobs import apart, check_wanted
from steelyard.flow.pools import Processes, Serial, Threads, free_cores
from tests.samples.work import die_on_three, divide_by, fail_on_three


def double(number):
    return 2 * number


@pytest.fixture(
    params=[Serial(), Threads(1), Threads(3), Processes(1)],
    ids=["serial", "one thread", "three threads", "one process"],
)
def pool(request):
    return request.param


def test_results_come_in_the_order_of_the_items(pool):
    assert list(pool.map(double, range(20))) == list(range(0, 40, 2))


def test_of_nothing_comes_nothing(pool):
    assert list(pool.map(double, [])) == []


def test_an_error_is_raised_where_its_result_would_be(pool):
    results = pool.map(fail_on_three, range(9))
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(UsageError, match="three"):
        next(results)


def test_threads_work_at_the_same_time():
    together = threading.Barrier(3, timeout=10)
    assert sorted(Threads(3).map(lambda _: together.wait(), range(3))) == [0, 1, 2]


def test_results_stay_in_order_when_the_first_comes_last():
    second_is_done = threading.Event()

    def work(number):
        second_is_done.wait(10) if number == 0 else second_is_done.set()
        return number

    assert list(Threads(2).map(work, range(2))) == [0, 1]


def test_nothing_more_is_begun_once_nobody_takes_the_results():
    begun = []

    def work(number):
        begun.append(number)
        while number > 0:
            check_wanted()

    results = Threads(2).map(work, range(100))
    next(results)
    results.close()
    assert sorted(begun) in ([0], [0, 1], [0, 1, 2])
    assert not [thread for thread in threading.enumerate() if isinstance(thread, jobs.Worker)]


def test_work_that_never_asks_does_not_hold_up_the_end(monkeypatch):
    monkeypatch.setattr(jobs, "_FAREWELL", 0.05)
    release = threading.Event()
    results = Threads(2).map(lambda number: release.wait(20) if number else None, range(2))
    next(results)
    begun = time.monotonic()
    results.close()
    assert time.monotonic() - begun < 5
    release.set()


def test_outside_a_pool_all_work_is_wanted():
    check_wanted()


def test_an_interrupt_while_waiting_ends_the_waiting():
    def work(number):
        if number == 0:
            signal.raise_signal(signal.SIGINT)
        while True:
            check_wanted()

    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        list(Threads(2).map(work, range(100)))
    assert time.monotonic() - begun < 5
    assert not [thread for thread in threading.enumerate() if isinstance(thread, jobs.Worker)]


def test_work_set_apart_gives_its_result_or_its_error():
    assert apart(lambda: 5) == 5
    with pytest.raises(UsageError):
        apart(lambda: fail_on_three(3))


def test_an_interrupt_does_not_wait_for_work_set_apart():
    release = threading.Event()

    def work():
        signal.raise_signal(signal.SIGINT)
        release.wait(20)

    with pytest.raises(KeyboardInterrupt):
        apart(work)
    release.set()


def test_processes_give_results_in_order_and_errors_whole():
    results = Processes(2).map(fail_on_three, range(9))
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(UsageError, match="three") as caught:
        next(results)
    assert caught.value.hint == "not three"


def test_a_process_that_dies_is_an_error_in_place_of_what_it_worked_on():
    results = Processes(2).map(die_on_three, range(9))
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(SteelyardError, match="process that worked on 3 died") as caught:
        next(results)
    assert "--jobs 1" in caught.value.hint


def test_a_bug_in_another_process_keeps_its_traceback():
    with pytest.raises(ZeroDivisionError) as caught:
        list(Processes(2).map(divide_by, [1, 0]))
    assert "in divide_by" in caught.value.__notes__[0]


def test_more_goes_through_than_a_pipe_holds():
    blocks = [bytes([number]) * 3_000_000 for number in range(4)]
    assert list(Processes(2).map(bytes, blocks)) == blocks


_WAITS = """
import sys, time
from steelyard.flow.pools import Processes
if __name__ == "__main__":
    results = Processes(2).map(time.sleep, [0, 600, 600, 600])
    next(results)
    try:
        print("working", flush=True)
        next(results)
    except KeyboardInterrupt:
        print("interrupted", flush=True)
"""


def test_an_interrupt_ends_processes_that_are_at_work(tmp_path):
    script = tmp_path / "waits.py"
    script.write_text(_WAITS)
    with subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout.readline() == "working\n"
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=20)
    assert (out, err, running.returncode) == ("interrupted\n", "", 0)


@pytest.mark.parametrize("error", [UsageError("m", hint="h"), LimitError("m", at=7)])
def test_errors_cross_to_another_process_whole(error):
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), vars(copy)) == (type(error), vars(error))


def test_there_is_always_a_core():
    assert free_cores() >= 1


@pytest.fixture(
    params=[Serial(), Threads(1), Threads(3), Processes(1), Processes(2)],
    ids=["serial", "one thread", "three threads", "one process", "two processes"],
)
def any_pool(request):
    return request.param


def test_an_error_takes_the_place_of_one_result_and_the_others_come(any_pool):
    results = dict(any_pool.as_completed(fail_on_three, range(6)))
    error = results.pop(3)
    assert isinstance(error, UsageError)
    assert error.hint == "not three"
    assert results == {0: 0, 1: 1, 2: 2, 4: 4, 5: 5}


def test_as_completed_of_nothing_comes_nothing(any_pool):
    assert list(any_pool.as_completed(double, [])) == []


def test_a_bug_ends_all(any_pool):
    with pytest.raises(ZeroDivisionError):
        dict(any_pool.as_completed(divide_by, [1, 0, 2]))


def test_what_is_done_first_comes_first():
    second_is_taken = threading.Event()

    def work(number):
        if number == 0:
            second_is_taken.wait(10)
        return number

    results = Threads(2).as_completed(work, range(2))
    assert next(results) == (1, 1)
    second_is_taken.set()
    assert next(results) == (0, 0)


def test_the_death_of_a_process_is_the_error_of_what_it_worked_on():
    results = dict(Processes(2).as_completed(die_on_three, range(6)))
    assert "that worked on 3 died" in results.pop(3).message
    assert results == {0: 0, 1: 1, 2: 2, 4: 4, 5: 5}
