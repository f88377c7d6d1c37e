# SPDX-License-Identifier: Apache-2.0
"""How a run came out against another, and after how much, in words."""

from collections.abc import Iterator

from steelyard.core.policy import Outcome
from steelyard.evals.comparison import Comparison
from steelyard.evals.record import Run, Settled
from steelyard.report.evaluation.words import margin_points, sentence, verdict
from steelyard.report.summary.text import shown


def stop_lines(run: Run) -> Iterator[str]:
    """Yield how a run came out against the one it was held against, as far as it was asked."""
    if run.stopping is None:
        return
    for row in run.stopping.rows:
        yield standing(row, run.stopping.margin)
    for task, why in sorted(run.stopping.entire.items()):
        yield f"{shown(task)}: asked whole, for {shown(why)}"


def standing(row: Settled, margin: float | None) -> str:
    """Return how a metric stands against another run."""
    name = f"{shown(row.name)} {row.metric}"
    ends = f"{100 * row.low:+.1f} to {100 * row.high:+.1f} points"
    if row.says == "open":
        asked = f"all {row.of:,}" if row.asked == row.of else f"{row.asked:,} of {row.of:,}"
        return f"{name}: not settled after {asked} questions ({ends})"
    after = f"settled after {row.asked:,} of {row.of:,} questions"
    if margin is None:
        return f"{name}: {after}: {row.says} ({ends})"
    by = "than" if row.says == "not worse" else "by more than"
    return f"{name}: {after}: {row.says} {by} {margin_points(margin)} ({ends})"


def verdict_lines(found: Comparison) -> Iterator[str]:
    """Yield what a margin makes of a comparison: what does not pass, then the outcome."""
    if found.margin is None or found.outcome is None:
        return
    for row in found.rows:
        if row.outcome not in (None, Outcome.PASS):
            yield f"{row.outcome} {shown(row.task)} {row.metric}: {sentence(row)}"
    yield verdict(found.outcome, found.margin)
