# SPDX-License-Identifier: Apache-2.0
"""Progress on a terminal: a bar on stderr, for work long enough to be worth one."""

import sys
from typing import TYPE_CHECKING

from steelyard.core.ports import Progress, Silent

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import ProgressColumn, TaskID

_WORTH_A_BAR = 256 << 20  # bytes; less is read in well under a second


class Bar:
    """A bar for bytes, with rate and remaining time."""

    worth = _WORTH_A_BAR

    def __init__(self) -> None:
        self._bars: Bars | None = None
        self._task: TaskID | None = None

    def _columns(self) -> "tuple[ProgressColumn, ...]":
        from rich.progress import DownloadColumn, TransferSpeedColumn

        return DownloadColumn(), TransferSpeedColumn()

    def begin(self, what: str, total: int) -> None:
        """Show the bar, if the work is long."""
        if total < self.worth:
            return
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            *self._columns(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._bars.add_task(what, total=total)
        self._bars.start()

    def advance(self, units: int) -> None:
        """Move the bar."""
        if self._bars is not None and self._task is not None:
            self._bars.advance(self._task, units)

    def end(self) -> None:
        """Take the bar away."""
        if self._bars is not None:
            self._bars.stop()
            self._bars = None


class Counter(Bar):
    """A bar for things that are counted: how many are done of how many, how many a second."""

    worth = 2

    def _columns(self) -> "tuple[ProgressColumn, ...]":
        from rich.progress import MofNCompleteColumn, ProgressColumn, Task
        from rich.text import Text

        class Rate(ProgressColumn):
            def render(self, task: Task) -> Text:
                return Text(
                    f"{task.speed:,.0f}/s" if task.speed else "", style="progress.data.speed"
                )

        return MofNCompleteColumn(), Rate()


def progress() -> Progress:
    """Return a bar for bytes where stderr is a terminal, else progress that nobody watches."""
    return Bar() if sys.stderr.isatty() else Silent()


def counter() -> Progress:
    """Return a bar for models where stderr is a terminal, else progress that nobody watches."""
    return Counter() if sys.stderr.isatty() else Silent()
