# SPDX-License-Identifier: Apache-2.0
"""Runs and comparisons on a terminal: a table, then what it took."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from steelyard.evals.comparison import Comparison, Row
from steelyard.evals.record import Metric, Run, TaskRecord
from steelyard.report.evaluation.settled import stop_lines, verdict_lines
from steelyard.report.evaluation.words import conclusion, spent_lines
from steelyard.report.summary.amounts import score
from steelyard.report.summary.text import shown

if TYPE_CHECKING:
    from rich.console import Console

_STYLES = {"worse": "bold red", "better": "bold green", "fail": "bold red", "unknown": "magenta"}
_ALL = 76  # columns in which all of a comparison has room
_LEAST = 9  # columns of a name that has to give way


def draw_run(run: Run, console: "Console") -> None:
    """Draw the scores of a run, groups first, and what it took.

    Args:
        run: What to draw.
        console: Knows its width and whether it has colour.
    """
    from rich.text import Text

    console.print(Text(f"{shown(run.name)} on {run.card.engine} {run.card.version}", style="bold"))
    if run.card.numerics:
        console.print(Text(f"  {numerics(run)}"))
    console.print()
    _table(console, ("task", "metric", "score", "95 % interval", "n"), list(_scores(run)))
    for line in stop_lines(run):
        console.print(Text(line))
    if run.stopping is not None:
        console.print()
    for line in spent_lines(run):
        console.print(Text(line))


def draw_verdict(found: Comparison, console: "Console") -> None:
    """Draw what a margin makes of a comparison.

    Args:
        found: The comparison.
        console: Knows its width and whether it has colour.
    """
    from rich.text import Text

    console.print()
    for line in verdict_lines(found):
        console.print(Text(line))


def draw_comparison(found: Comparison, console: "Console") -> None:
    """Draw a comparison: each metric, the difference, and what may be said of it.

    Where there is little room, the two scores and p give way; the pages and `--json` have them.

    Args:
        found: What to draw.
        console: Knows its width and whether it has colour.
    """
    from rich.text import Text

    console.print(Text(f"{shown(found.old)} → {shown(found.new)}", style="bold"))
    console.print()
    heads = ("task", "metric", "old", "new", "difference", "p", "")
    shown_columns = range(len(heads)) if console.width >= _ALL else (0, 1, 4, 6)
    rows = [tuple(row[column] for column in shown_columns) for row in map(_compared, found.rows)]
    _table(console, [heads[column] for column in shown_columns], rows)
    for line in conclusion(found):
        console.print(Text(line))


def numerics(run: Run) -> str:
    """Return how the engine computes, in a line."""
    return ", ".join(f"{key} {value}" for key, value in sorted(run.card.numerics.items()))


def _scores(run: Run) -> Iterator[tuple[str, ...]]:
    groups = [task for task in run.tasks if task.members]
    for task in (*groups, *(task for task in run.tasks if not task.members)):
        for number, metric in enumerate(task.metrics):
            name = shown(task.id) if not number else ""
            yield (
                name,
                metric.name,
                score(metric.value),
                _interval(metric),
                _samples(task, metric),
            )


def _samples(task: TaskRecord, metric: Metric) -> str:
    skipped = sum(task.skipped.values())
    whole = f" of {task.whole.n:,}" if task.whole is not None else ""
    return f"{metric.n:,}{whole}" + (f" (-{skipped:,})" if skipped else "")


def _interval(metric: Metric) -> str:
    if metric.low == metric.high:
        return ""
    return f"{score(metric.low)} to {score(metric.high)}"


def _compared(row: Row) -> tuple[str, ...]:
    gap = row.difference
    return (
        shown(row.task),
        row.metric,
        f"{row.old:.3f}",
        f"{row.new:.3f}",
        f"{gap.value:+.3f} ({gap.low:+.3f}, {gap.high:+.3f})",
        f"{row.adjusted:.3f}",
        str(row.outcome) if row.outcome is not None else row.says,
    )


def _shortened(name: str, width: int) -> str:
    """Return a name in so many columns at most, cut near its beginning, which many have in common."""
    if len(name) <= width:
        return name
    head = width // 4
    return f"{name[:head]}…{name[len(name) - width + head + 1 :]}"


def _table(
    console: "Console", heads: Sequence[str], rows: Sequence[Sequence[str]], gap: int = 2
) -> None:
    """Print columns as wide as what they hold: two of names to the left, numbers to the right."""
    from rich.text import Text

    widths = [max(len(row[column]) for row in (heads, *rows)) for column in range(len(heads))]
    widths[:2] = _fitted(widths[0], widths[1], console.width - sum(widths[2:]) - gap * len(heads))
    for number, row in enumerate((heads, *rows)):
        named = [_shortened(cell, width) for cell, width in zip(row[:2], widths[:2], strict=True)]
        cells = [
            cell.ljust(width) if column < 2 or column == len(heads) - 1 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip([*named, *row[2:]], widths, strict=True))
        ]
        line = Text((" " * gap).join(cells).rstrip(), style="dim" if not number else "")
        line.stylize(_STYLES.get(row[-1], ""), max(0, len(line) - len(row[-1])))
        console.print(line, no_wrap=True, overflow="ignore", crop=False)
    console.print()


def _fitted(task: int, metric: int, room: int) -> tuple[int, int]:
    """Return the widths of two columns of names in a room: the wider gives way first."""
    half = max(_LEAST, room // 2)
    if task + metric <= room:
        return task, metric
    if metric <= half:
        return max(_LEAST, room - metric), metric
    return (task, max(_LEAST, room - task)) if task <= half else (max(half, room - half), half)
