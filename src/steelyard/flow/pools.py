# SPDX-License-Identifier: Apache-2.0
"""Pools on this machine: one after the other, threads, processes.

Whoever takes the results may stop early: an error, an interrupt, or no more need. Work that nobody
waits for any more is then not begun, and what has begun ends at its next `check_wanted`.
"""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from steelyard.core.errors import SteelyardError

if TYPE_CHECKING:
    from concurrent.futures import ProcessPoolExecutor

T = TypeVar("T")
R = TypeVar("R")

_FAREWELL = 1.0  # seconds; how long an early end waits for threads that are still at work


def free_cores() -> int:
    """Return how many processor cores this process may use, at least 1."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class AbandonedError(BaseException):
    """Raised in a worker whose result nobody waits for any more; no `except Exception` holds it up."""


def check_wanted() -> None:
    """End the work of this thread if it works in a pool and nobody waits for its result any more.

    Long work calls it between steps; it costs less than a microsecond.

    Raises:
        AbandonedError: Nobody waits any more.
    """
    worker = threading.current_thread()
    if isinstance(worker, _Worker) and worker.job.abandoned:
        raise AbandonedError


class Serial:
    """One after the other, in this thread."""

    def map(self, do: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """Yield the results in the order of the items."""
        return map(do, items)


class Threads:
    """Threads of this process, for work that waits or hashes.

    Args:
        workers: How many at once, at least 1.
    """

    def __init__(self, workers: int) -> None:
        self._workers = workers

    def map(self, do: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """Yield the results in the order of the items, which are begun in that order."""
        todo = list(items)
        if self._workers == 1 or len(todo) < 2:
            yield from map(do, todo)
            return
        job = _Job(do, todo)
        workers = [_Worker(job) for _ in range(min(self._workers, len(todo)))]
        try:
            for worker in workers:
                worker.start()
            for index in range(len(todo)):
                yield job.result(index)
        finally:
            job.abandoned = True
            _take_leave(workers)


def apart(do: Callable[[], R]) -> R:
    """Do something in a thread of its own and return its result; an interrupt need not wait for it."""
    job = _Job(lambda work: work(), (do,))
    try:
        _Worker(job).start()
        return job.result(0)
    finally:
        job.abandoned = True


class _Job(Generic[T, R]):
    """What the threads of one `map` share."""

    def __init__(self, do: Callable[[T], R], todo: Sequence[T]) -> None:
        self.abandoned = False
        self._do = do
        self._todo = todo
        self._begun = 0
        self._done: dict[int, tuple[R, None] | tuple[None, BaseException]] = {}
        self._changed = threading.Condition()

    def work(self) -> None:
        """Do what is still to be done, item by item."""
        while (index := self._next()) is not None:
            outcome: tuple[R, None] | tuple[None, BaseException]
            try:
                outcome = (self._do(self._todo[index]), None)
            except AbandonedError:
                return
            except BaseException as error:  # noqa: BLE001 - it is raised again where the result is taken
                outcome = (None, error)
            with self._changed:
                self._done[index] = outcome
                self._changed.notify()

    def _next(self) -> int | None:
        with self._changed:
            if self.abandoned or self._begun == len(self._todo):
                return None
            self._begun += 1
            return self._begun - 1

    def result(self, index: int) -> R:
        """Wait for a result and return it, or raise what kept it from coming about."""
        with self._changed:
            while index not in self._done:
                self._changed.wait()
            value, error = self._done.pop(index)
        if error is not None:
            raise error
        return value  # type: ignore[return-value]  # there is a value where there is no error


class _Worker(threading.Thread):
    """A thread of a pool; a daemon, so that no reader in a long loop keeps the process alive."""

    def __init__(self, job: _Job[Any, Any]) -> None:
        super().__init__(daemon=True)
        self.job = job

    def run(self) -> None:
        """Work until there is nothing left to do."""
        self.job.work()


def _take_leave(workers: Sequence[_Worker]) -> None:
    """Wait a moment for threads to end; a second interrupt does not cut the moment short."""
    end = time.monotonic() + _FAREWELL
    for worker in workers:
        while worker.is_alive() and (left := end - time.monotonic()) > 0:
            with contextlib.suppress(KeyboardInterrupt):
                worker.join(left)


class Processes:
    """Processes of their own, for work in pure Python; what goes in and out must pickle.

    Args:
        workers: How many at once, at least 1.
    """

    def __init__(self, workers: int) -> None:
        self._workers = workers

    def map(self, do: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """Yield the results in the order of the items, which are begun in that order.

        Raises:
            SteelyardError: A process died, as when memory runs out.
        """
        todo = list(items)
        if self._workers == 1 or len(todo) < 2:
            yield from map(do, todo)
            return
        from concurrent.futures import ProcessPoolExecutor
        from concurrent.futures.process import BrokenProcessPool
        from multiprocessing import get_context

        executor = ProcessPoolExecutor(
            min(self._workers, len(todo)),
            mp_context=get_context("spawn"),  # a fork would copy locks that other threads hold
            initializer=_leave_interrupts_to_the_parent,
        )
        finished = False
        try:
            yield from executor.map(do, todo)
            finished = True
        except BrokenProcessPool as error:
            raise SteelyardError(
                "a worker process died, perhaps because memory ran out",
                hint="examine fewer at once: --jobs 1",
            ) from error
        finally:
            if not finished:
                _stop(executor)
            executor.shutdown()


def _leave_interrupts_to_the_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _stop(executor: "ProcessPoolExecutor") -> None:
    """Stop processes that are at work; before Python 3.14 nothing public reaches them."""
    processes = list((executor._processes or {}).values())
    executor.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        process.terminate()
