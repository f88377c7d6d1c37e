# SPDX-License-Identifier: Apache-2.0
"""Pools on this machine: one after the other, threads, processes; see `core.ports.Pool`."""

import os
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from steelyard.core.errors import SteelyardError
from steelyard.flow.jobs import Job, Worker, take_leave

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

    def as_completed(
        self, do: Callable[[T], R], items: Iterable[T]
    ) -> Iterator[tuple[int, R | SteelyardError]]:
        """Yield positions with results or errors, in the order of the items."""
        for index, item in enumerate(items):
            try:
                result: R | SteelyardError = do(item)
            except SteelyardError as error:
                result = error
            yield index, result


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

    def as_completed(
        self, do: Callable[[T], R], items: Iterable[T]
    ) -> Iterator[tuple[int, R | SteelyardError]]:
        """Yield positions with results or errors, as they are done."""
        todo = list(items)
        job = Job(do, todo)
        workers = [Worker(job) for _ in range(min(self._workers, len(todo)))]
        try:
            for worker in workers:
                worker.start()
            for _ in todo:
                index = job.next_done()
                try:
                    result: R | SteelyardError = job.result(index)
                except SteelyardError as error:
                    result = error
                yield index, result
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
        from steelyard.flow.processes import Crew

        yield from Crew(do, min(self._workers, len(todo))).map(todo)

    def as_completed(
        self, do: Callable[[T], R], items: Iterable[T]
    ) -> Iterator[tuple[int, R | SteelyardError]]:
        """Yield positions with results or errors, as they are done.

        The death of a process is the error of what it worked on.
        """
        todo = list(items)
        if self._workers == 1 or len(todo) < 2:
            yield from Serial().as_completed(do, todo)
            return
        from steelyard.flow.processes import Crew

        outcomes = Crew(do, min(self._workers, len(todo))).outcomes(todo)
        try:
            for index, (value, error) in outcomes:
                if error is not None and not isinstance(error, SteelyardError):
                    raise error
                yield index, value if error is None else error
        finally:
            outcomes.close()
