# SPDX-License-Identifier: Apache-2.0
"""Work in processes that end with whoever waits for them.

The standard library's pools either hang when a process dies, or cannot be left while one is at work.
Here a death is an error in place of the one result, and leaving ends all that are still at work.
"""

import contextlib
import signal
import traceback
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from steelyard.core.errors import SteelyardError

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

T = TypeVar("T")
R = TypeVar("R")

Outcome = tuple[Any, BaseException | None]
"""A result, or what kept it from coming about."""


class _Worker(msgspec.Struct, frozen=True, eq=False):
    process: "BaseProcess"
    pipe: "Connection[Any, Any]"


class Crew:
    """Processes that do the same to many things.

    Args:
        do: What they do; it must pickle, and so must what it takes and gives.
        size: How many at once, at least 1.
    """

    def __init__(self, do: Callable[[T], R], size: int) -> None:
        self._do: Callable[[Any], Any] = do
        self._size = size
        self._idle: list[_Worker] = []
        self._busy: dict[_Worker, int] = {}

    def map(self, todo: Sequence[Any]) -> Iterator[Any]:
        """Yield the results in the order of the items, which are begun in that order."""
        done: dict[int, Outcome] = {}
        outcomes = self.outcomes(todo)
        try:
            for index in range(len(todo)):
                while index not in done:
                    done.update((next(outcomes),))
                value, error = done.pop(index)
                if error is not None:
                    raise error
                yield value
        finally:
            outcomes.close()

    def outcomes(self, todo: Sequence[Any]) -> Generator[tuple[int, Outcome]]:
        """Yield what came of each item, with its position, as it is done."""
        begun = 0
        try:
            while begun < len(todo) or self._busy:
                while begun < len(todo) and len(self._busy) < self._size:
                    self._begin(begun, todo[begun])
                    begun += 1
                yield from self._finished(todo)
        finally:
            self._dismiss()

    def _begin(self, index: int, item: object) -> None:
        worker = self._idle.pop() if self._idle else _hire(self._do)
        self._busy[worker] = index
        with contextlib.suppress(BrokenPipeError):  # it has died; `_finished` finds that out
            worker.pipe.send(item)

    def _finished(self, todo: Sequence[object]) -> Iterator[tuple[int, Outcome]]:
        """Wait for one worker or more to be done, and yield which item of theirs came to what."""
        from multiprocessing.connection import wait

        ready = wait([worker.pipe for worker in self._busy])
        for worker in [worker for worker in self._busy if worker.pipe in ready]:
            index = self._busy.pop(worker)
            try:
                outcome = worker.pipe.recv()
            except (EOFError, ConnectionError):
                yield index, (None, _died(todo[index]))
                _end(worker)
            else:
                yield index, outcome
                self._idle.append(worker)

    def _dismiss(self) -> None:
        workers = [*self._idle, *self._busy]
        for worker in workers:
            worker.process.terminate()
        for worker in workers:
            _end(worker)


def _hire(do: Callable[[Any], Any]) -> _Worker:
    from multiprocessing import get_context

    context = get_context("spawn")  # a fork would copy locks that other threads hold
    here, there = context.Pipe()
    process = context.Process(target=_work, args=(do, there), daemon=True)
    # An interrupt is the parent's to hear; a process inherits which signals are held back.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    there.close()
    return _Worker(process, here)


def _work(do: Callable[[Any], Any], pipe: "Connection[Any, Any]") -> None:
    """Do what comes through the pipe, until nothing more can come."""
    while True:
        try:
            item = pipe.recv()
        except EOFError:
            return
        try:
            outcome: Outcome = (do(item), None)
        except Exception as error:  # noqa: BLE001 - it is raised again where the result is taken
            if not isinstance(error, SteelyardError):
                error.add_note(traceback.format_exc())
            outcome = (None, error)
        pipe.send(outcome)


def _end(worker: _Worker) -> None:
    worker.pipe.close()
    worker.process.join()
    worker.process.close()


def _died(item: object) -> SteelyardError:
    return SteelyardError(
        f"the process that worked on {item!r} died, perhaps because memory ran out",
        hint="examine it alone, or fewer at once: --jobs 1",
    )
