# SPDX-License-Identifier: Apache-2.0
"""Pools on this machine: one after the other, threads, processes."""

import os
import signal
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

from steelyard.core.errors import SteelyardError
from steelyard.flow.jobs import Job, Worker, take_leave

if TYPE_CHECKING:
    from concurrent.futures import ProcessPoolExecutor

T = TypeVar("T")
R = TypeVar("R")


def free_cores() -> int:
    """Return how many processor cores this process may use, at least 1."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


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
        job = Job(do, todo)
        workers = [Worker(job) for _ in range(min(self._workers, len(todo)))]
        try:
            for worker in workers:
                worker.start()
            for index in range(len(todo)):
                yield job.result(index)
        finally:
            job.abandoned = True
            take_leave(workers)


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
