# SPDX-License-Identifier: Apache-2.0
"""Pools on this machine: one after the other, threads, processes."""

import os
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

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
        """Yield the results in the order of the items."""
        todo = list(items)
        if self._workers == 1 or len(todo) < 2:
            yield from map(do, todo)
            return
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(self._workers) as executor:
            yield from executor.map(do, todo)


class Processes:
    """Processes of their own, for work in pure Python; what goes in and out must pickle.

    Args:
        workers: How many at once, at least 1.
    """

    def __init__(self, workers: int) -> None:
        self._workers = workers

    def map(self, do: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """Yield the results in the order of the items."""
        todo = list(items)
        if self._workers == 1 or len(todo) < 2:
            yield from map(do, todo)
            return
        from concurrent.futures import ProcessPoolExecutor

        with ProcessPoolExecutor(self._workers) as executor:
            yield from executor.map(do, todo)
