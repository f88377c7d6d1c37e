# SPDX-License-Identifier: Apache-2.0
"""Numbers of runs and comparisons in words."""

from collections.abc import Iterator

from steelyard.core.policy import Outcome
from steelyard.evals.comparison import ALPHA, Comparison, Row
from steelyard.evals.energy import ELSEWHERE
from steelyard.evals.record import Run, Settled, Spent
from steelyard.report.summary.text import counted, shown


def points(value: float) -> str:
    """Return a difference with its sign.

    Example:
        >>> points(-0.0125)
        '-0.0125'
    """
    return f"{value:+.4f}" if abs(value) < 10 else f"{value:+,.2f}"


def spent_lines(run: Run) -> Iterator[str]:
    """Yield what a run took: tokens, time, energy; then what was left out of it."""
    yield from _token_lines(run)
    yield from _cost_lines(run.spent)
    cut = sum(task.cut for task in run.tasks if not task.members)
    if cut:
        yield f"cut      {counted(cut, 'question')} longer than the model's context"
    for task in run.tasks:
        for why, number in sorted(task.skipped.items()):
            yield f"skipped  {counted(number, 'sample')} of {shown(task.id)}: {shown(why)}"


def _token_lines(run: Run) -> Iterator[str]:
    spent = run.spent
    label, unit = ("sent", "characters") if _elsewhere(spent) else ("tokens", "computed")
    if spent.naive and not spent.computed:
        yield f"{label:9}none {unit}: all scores were known"
    elif spent.naive:
        saved = f", {spent.naive / spent.minimum:.1f} times fewer than one by one"
        yield (
            f"{label:9}{spent.computed:,} {unit} of at least {spent.minimum:,}"
            f"{saved if spent.naive > spent.minimum else ''}"
        )
    if spent.written:
        prompts = f"prompts of {spent.prompts:,}{' characters' if _elsewhere(spent) else ''}"
        yield f"written  {spent.written:,} tokens, to {prompts}"
    if spent.known:
        yield f"known    {counted(spent.known, 'answer')} from earlier runs"


def _cost_lines(spent: Spent) -> Iterator[str]:
    cost, done = spent.cost, spent.tokens
    if _elsewhere(spent):
        yield f"time     {cost.wall_s:,.1f} s"
        yield "energy   not known: the model ran on a server"
        return
    rate = f", {done / cost.wall_s:,.0f} tokens/s" if done and cost.wall_s else ""
    yield f"time     {cost.cpu_s:,.1f} s of processor, {cost.wall_s:,.1f} s{rate}"
    how = (
        "the package's counters" if cost.method == "rapl" else "processor time, no counters to read"
    )
    yield f"energy   {cost.low:,.0f} to {cost.high:,.0f} J ({how})"
    if done:
        cpu, low, high = (1000 * one / done for one in (cost.cpu_s, cost.low, cost.high))
        yield f"cost     {cpu:,.1f} s of processor, {low:,.0f} to {high:,.0f} J per 1,000 tokens"


def _elsewhere(spent: Spent) -> bool:
    return spent.cost.method == ELSEWHERE


def conclusion(found: Comparison) -> Iterator[str]:
    """Yield what a comparison comes to, sentence by sentence."""
    for one in found.differs:
        yield f"note: {one.what} differs: {shown(one.old)[:60]} → {shown(one.new)[:60]}"
    if found.missing:
        yield f"note: only one run has {', '.join(map(shown, found.missing[:5]))}"
    for row in found.rows:
        yield f"{shown(row.task)} {row.metric}: {sentence(row)}"
    yield from _outcome_line(found)


def stop_lines(run: Run) -> Iterator[str]:
    """Yield how a run came out against the one it was held against, as far as it was asked."""
    if run.stopping is None:
        return
    for row in run.stopping.rows:
        yield standing(row, run.stopping.margin)
    for task, why in sorted(run.stopping.entire.items()):
        yield f"{shown(task)}: asked whole, for {why}"


def standing(row: Settled, margin: float | None) -> str:
    """Return how a metric stands against another run."""
    name = f"{shown(row.name)} {row.metric}"
    ends = f"{100 * row.low:+.1f} to {100 * row.high:+.1f} points"
    if row.says == "open":
        asked = f"all {row.of:,}" if row.asked == row.of else f"{row.asked:,} of {row.of:,}"
        return f"{name}: not settled after {asked} questions ({ends})"
    by = "" if margin is None else f" {'than' if row.says == 'not worse' else 'by more than'} "
    size = "" if margin is None else _points(margin)
    after = f"settled after {row.asked:,} of {row.of:,} questions"
    return f"{name}: {after}: {row.says}{by}{size} ({ends})"


def verdict_lines(found: Comparison) -> Iterator[str]:
    """Yield what a margin makes of a comparison: what does not pass, then the outcome."""
    for row in found.rows:
        if row.outcome not in (None, Outcome.PASS):
            yield f"{row.outcome} {shown(row.task)} {row.metric}: {sentence(row)}"
    yield from _outcome_line(found)


def _outcome_line(found: Comparison) -> Iterator[str]:
    if found.margin is not None and found.outcome is not None:
        size = _points(found.margin)
        yield f"{found.outcome.upper()}: no score may be worse by more than {size}"


def _points(margin: float) -> str:
    return f"{100 * margin:g} point{'' if margin == 0.01 else 's'}"


def sentence(row: Row) -> str:
    """Return what may be said of one metric."""
    flips = f"{row.difference.better:,} better and {row.difference.worse:,} worse"
    changed = f"{flips} of {counted(row.difference.n, 'sample')}"
    if row.of is not None:
        ends = [100 * end for end in (row.difference.low, row.difference.high)]
        says = "no difference shown" if row.says == "same" else row.says
        return f"{says}, {changed} of {row.of:,}: {ends[0]:+.1f} to {ends[1]:+.1f} points"
    if row.says == "same":
        size = row.difference.detectable
        return f"no difference shown, {changed}; {100 * size:.1f} points would have been"
    settled = f", settled after {row.settled:,}" if row.settled else ""
    return f"{row.says} (p < {ALPHA:g} over all rows), {changed}{settled}"
