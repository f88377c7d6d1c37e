# SPDX-License-Identifier: Apache-2.0
"""Pools on this machine: one after the other, threads, processes."""

import os
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from steelyard.flow.jobs import Job, Worker, take_leave
from steelyard.flow.processes import Crew

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
            SteelyardError: A process died, as when memory runs out; in place of the result of what
                it worked on.
        """
        todo = list(items)
        if self._workers == 1 or len(todo) < 2:
            yield from map(do, todo)
            return
        yield from Crew(do, min(self._workers, len(todo))).map(todo)
