# SPDX-License-Identifier: Apache-2.0
"""Regular expressions of task files, matched as Python's `re` does and stopped when they take too long.

A pattern such as `(a+)+$` takes twice as long for each letter more, so that a task file, by malice or
by accident, could keep a run from ever ending. Which patterns do that cannot be told by their looks
without refusing good ones too, so time is what is bounded: CPU time of this process, by a timer
whose signal (SIGVTALRM) `re` looks for while it matches.
"""

import contextlib
import re
import signal
import threading
import time
from collections.abc import Iterator
from typing import Any, NoReturn

from steelyard.core.errors import LimitError, MalformedError

_SECONDS = 5.0
_SECONDS_IN_ALL = 300.0


class Matcher:
    """Matches patterns of one owner, such as a filter of a task, within a budget of CPU time.

    Python delivers signals to its main thread alone; matching in another thread is counted, and stopped
    between two texts.

    Args:
        seconds: CPU time for one text.
        in_all: CPU time for all texts together.
    """

    def __init__(self, *, seconds: float = _SECONDS, in_all: float = _SECONDS_IN_ALL) -> None:
        self._seconds = seconds
        self._left = in_all

    def check(self, pattern: str) -> None:
        """Refuse a pattern that is none.

        Raises:
            MalformedError: The pattern is wrong.
        """
        with self._bounded(pattern, ""):
            re.compile(pattern)

    def findall(self, pattern: str, text: str) -> list[Any]:
        """Return what `re.findall` does.

        Raises:
            MalformedError: The pattern is wrong.
            LimitError: It takes too long.
        """
        with self._bounded(pattern, text):
            return re.findall(pattern, text)

    def sub(self, pattern: str, by: str, text: str, count: int = 0) -> str:
        """Return what `re.sub` does.

        Raises:
            MalformedError: The pattern, or what is put for it, is wrong.
            LimitError: It takes too long.
        """
        with self._bounded(pattern, text):
            return re.sub(pattern, by, text, count=count)

    @contextlib.contextmanager
    def _bounded(self, pattern: str, text: str) -> Iterator[None]:
        begun = time.process_time()
        try:
            with _stopped_after(min(self._seconds, max(self._left, 1e-3))):
                yield
        except TimeoutError:
            raise _too_slow(pattern, text) from None
        except (re.error, IndexError, OverflowError, RecursionError) as error:
            raise MalformedError(f"the pattern {_shown(pattern)} is wrong: {error}") from error
        finally:
            self._left -= time.process_time() - begun
        if self._left < 0:
            raise _too_slow(pattern, text)


def _time_up(*_: object) -> NoReturn:
    raise TimeoutError


@contextlib.contextmanager
def _stopped_after(seconds: float) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGVTALRM, _time_up)
    try:
        signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def _too_slow(pattern: str, text: str) -> LimitError:
    error = LimitError(
        f"the pattern {_shown(pattern)} takes too long on a text of {len(text):,} characters"
    )
    error.hint = (
        "Write it without a repeat inside a repeat, or repeats side by side that match the same;"
        " answers are kept, so running again is quick"
    )
    return error


def _shown(pattern: str) -> str:
    return repr(pattern if len(pattern) <= 80 else f"{pattern[:77]}...")
