# SPDX-License-Identifier: Apache-2.0
"""Work in threads that is given up when nobody waits for its results any more.

Whoever takes the results may stop early: an error, an interrupt, or no more need. What has not begun
then never begins, and what has begun ends at its next `check_wanted`.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")

_GLANCE = 0.1  # seconds; a wait without an end misses signals that another thread was handed
_FAREWELL = 1.0  # seconds; how long an early end waits for threads that are still at work


class Abandoned(BaseException):
    """Raised in a worker whose result nobody waits for any more.

    It is a signal as KeyboardInterrupt is, and no error: no `except Exception` holds it up.
    """


def check_wanted() -> None:
    """End the work of this thread if it works in a pool and nobody waits for its result any more.

    Long work calls it between steps; it costs less than a microsecond.

    Raises:
        Abandoned: Nobody waits any more.
    """
    worker = threading.current_thread()
    if isinstance(worker, Worker) and worker.job.abandoned:
        raise Abandoned


def apart(do: Callable[[], R]) -> R:
    """Do something in a thread of its own and return its result; an interrupt need not wait for it."""
    job = Job(lambda work: work(), (do,))
    try:
        Worker(job).start()
        return job.result(0)
    finally:
        job.abandoned = True


class Job(Generic[T, R]):
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
            except Abandoned:
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
                self._changed.wait(_GLANCE)
            value, error = self._done.pop(index)
        if error is not None:
            raise error
        return value  # type: ignore[return-value]  # there is a value where there is no error

    def next_done(self) -> int:
        """Wait for any result that was not taken yet and return its position."""
        with self._changed:
            while not self._done:
                self._changed.wait(_GLANCE)
            return next(iter(self._done))


class Worker(threading.Thread):
    """A thread of a pool; a daemon, so that no reader in a long loop keeps the process alive."""

    def __init__(self, job: Job[Any, Any]) -> None:
        super().__init__(daemon=True)
        self.job = job

    def run(self) -> None:
        """Work until there is nothing left to do."""
        self.job.work()


def take_leave(workers: Sequence[Worker]) -> None:
    """Wait a moment for threads to end; a second interrupt does not cut the moment short."""
    end = time.monotonic() + _FAREWELL
    for worker in workers:
        while worker.is_alive() and (left := end - time.monotonic()) > 0:
            with contextlib.suppress(KeyboardInterrupt):
                worker.join(left)
