# SPDX-License-Identifier: Apache-2.0
"""Numbers of runs and comparisons in words."""

import math
from collections.abc import Iterator

from steelyard.core.policy import Outcome
from steelyard.evals.comparison import ALPHA, Comparison, Row
from steelyard.evals.energy import ELSEWHERE
from steelyard.evals.record import Run, Spent
from steelyard.report.summary.text import counted, shown

_EACH = 8  # rows without a difference that are told one by one


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
        yield f"cut      {counted(cut, 'request')} cut to the model's context"
    for task in run.tasks:
        if task.strays:
            what = "the right answer is none of the options, so all are wrong"
            yield f"stray    {counted(task.strays, 'sample')} of {shown(task.id)}: {what}"
        for why, number in sorted(task.skipped.items()):
            yield f"skipped  {counted(number, 'sample')} of {shown(task.id)}: {shown(why)}"


def _token_lines(run: Run) -> Iterator[str]:
    spent = run.spent
    label, unit = ("sent", "characters") if _elsewhere(spent) else ("tokens", "computed")
    if spent.naive and not spent.computed:
        yield f"{label:9}none {unit}: all scores were known"
    elif spent.naive:
        saved = f", one by one {spent.naive / spent.minimum:.1f} times"
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
    if found.same:
        yield "note: both runs are of the same model, on the same engine"
    for one in found.differs:
        yield f"note: {one.what} differs: {shown(one.old)[:60]} → {shown(one.new)[:60]}"
    if found.missing:
        yield f"note: only one run has {', '.join(map(shown, found.missing[:5]))}"
    told = [row for row in found.rows if row.says != "same"]
    rest = [row for row in found.rows if row.says == "same"]
    if len(rest) <= _EACH:
        told, rest = list(found.rows), []
    for row in told:
        yield f"{shown(row.task)} {row.metric}: {sentence(row)}"
    if rest:
        sizes = sorted(row.difference.detectable for row in rest if row.difference.detectable)
        seen = f"; {_span(sizes[0], sizes[-1])} would have been" if sizes else ""
        yield f"no difference shown in {len(rest):,}{' more' if told else ''} rows{seen}"
    if found.margin is not None and found.outcome is not None:
        yield verdict(found.outcome, found.margin)


def _span(low: float, high: float) -> str:
    one, other = f"{100 * low:.1f}", f"{100 * high:.1f}"
    return f"{one} points" if one == other else f"{one} to {other} points"


def margin_points(margin: float) -> str:
    """Return a margin in words.

    Example:
        >>> margin_points(0.01), margin_points(0.005)
        ('1 point', '0.5 points')
    """
    return f"{100 * margin:g} point{'' if math.isclose(margin, 0.01) else 's'}"


def verdict(outcome: Outcome, margin: float) -> str:
    """Return what a margin makes of a comparison."""
    most = margin_points(margin)
    said = {
        Outcome.PASS: f"no score is worse by more than {most}",
        Outcome.FAIL: f"a score is worse by more than {most}",
    }
    unknown = f"too few samples to tell whether a score is worse by more than {most}"
    return f"{outcome.upper()}: {said.get(outcome, unknown)}"


def sentence(row: Row) -> str:
    """Return what may be said of one metric."""
    gap = row.difference
    flips = f"{gap.better:,} better and {gap.worse:,} worse" if gap.better or gap.worse else "none"
    changed = (
        f"{flips} of {counted(gap.n, 'sample')}{'' if gap.better or gap.worse else ' changed'}"
    )
    if row.of is not None:
        ends = [100 * end for end in (gap.low, gap.high)]
        says = "no difference shown" if row.says == "same" else row.says
        return (
            f"{says}, {changed}, of {row.of:,} there are: {ends[0]:+.1f} to {ends[1]:+.1f} points"
        )
    if row.says == "same":
        size = (
            f"; {_span(gap.detectable, gap.detectable)} would have been" if gap.detectable else ""
        )
        return f"no difference shown, {changed}{size}"
    way = "" if row.higher_is_better else ", less is better"
    settled = f", settled after {row.settled:,}" if row.settled else ""
    return f"{row.says} (p < {ALPHA:g} over all rows{way}), {changed}{settled}"
