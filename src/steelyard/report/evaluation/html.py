# SPDX-License-Identifier: Apache-2.0
"""Runs and comparisons as one self-contained page: plots, tables, and a browser of samples."""

from collections.abc import Iterator, Sequence

import msgspec

from steelyard.core.digest import Digest
from steelyard.evals.comparison import Comparison, Row
from steelyard.evals.record import Metric, Run, SampleRecord, TaskRecord
from steelyard.evals.statistics.intervals import estimate
from steelyard.report.evaluation.browser import SampleView, chosen, label, side_by_side, view
from steelyard.report.evaluation.settled import stop_lines
from steelyard.report.evaluation.words import conclusion, points, sentence, spent_lines
from steelyard.report.summary.amounts import score
from steelyard.report.summary.forest import Forest, Point, forest
from steelyard.report.summary.text import shown
from steelyard.report.web import rendered

_SAMPLES = 200  # on a page
_SAME = "The same figures as a table"
_DIGEST = 12  # hexadecimal digits that are shown


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """A table: heads, and rows of as many cells."""

    columns: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A section of the page; `folded` is what its tables are folded under, empty where they are not."""

    title: str
    lead: str = ""
    folded: str = ""
    forests: tuple[Forest, ...] = ()
    tables: tuple[Table, ...] = ()
    samples: tuple[SampleView, ...] = ()
    left_out: int = 0


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """The page."""

    title: str
    headline: str
    outcome: str
    lines: tuple[str, ...]
    about: tuple[tuple[str, str], ...]
    parts: tuple[Part, ...]
    origin: str


def run_page(run: Run, samples: Sequence[SampleRecord]) -> str:
    """Return the page of a run: no script, no request, every text escaped."""
    card = run.card
    page = Page(
        title=f"{shown(run.name)}: scores",
        headline=f"What {shown(run.name)} scores",
        outcome="",
        lines=tuple(stop_lines(run))[:6],
        about=(
            ("Model", shown(run.name)),
            ("Engine", f"{card.engine} {card.version}"),
            ("Computed in", ", ".join(f"{k} {v}" for k, v in sorted(card.numerics.items()))),
            ("Asked", ", ".join(f"{k} {v}" for k, v in sorted(run.settings.items()))),
            ("Ended", run.at),
        ),
        parts=(
            *_scores(run),
            *_slices(run, samples),
            _spent(run),
            _stands_on(run),
            _browser(samples),
        ),
        origin=f"run {run.subject}",
    )
    return rendered("evaluation.html.jinja", ("page.css", "forest.css", "evaluation.css"), page)


def comparison_page(
    found: Comparison, old: Sequence[SampleRecord], new: Sequence[SampleRecord]
) -> str:
    """Return the page of a comparison: no script, no request, every text escaped."""
    page = Page(
        title=f"{shown(found.old)} against {shown(found.new)}",
        headline=f"What changed from {shown(found.old)} to {shown(found.new)}",
        outcome=str(found.outcome) if found.outcome is not None else "",
        lines=tuple(f"{shown(row.task)} {row.metric}: {sentence(row)}" for row in found.rows[:6]),
        about=(("Old", shown(found.old)), ("New", shown(found.new))),
        parts=(_differences(found), _flipped(found, old, new)),
        origin=f"{len(found.rows):,} paired scores",
    )
    return rendered("evaluation.html.jinja", ("page.css", "forest.css", "evaluation.css"), page)


def _scores(run: Run) -> Iterator[Part]:
    groups = [task for task in run.tasks if task.members]
    ordered = (*groups, *(task for task in run.tasks if not task.members))
    by_metric: dict[str, list[Point]] = {}
    for task in ordered:
        for metric in task.metrics:
            span = f" ({score(metric.low)} to {score(metric.high)})"
            by_metric.setdefault(metric.name, []).append(
                Point(
                    label=shown(task.id),
                    written=f"{score(metric.value)}{span if metric.low < metric.high else ''}",
                    value=metric.value,
                    low=metric.low,
                    high=metric.high,
                )
            )
    plots = tuple(
        forest(
            f"scores-{number}",
            f"{metric}, with 95 % intervals{_at_any_time(run)}",
            "; ".join(f"{point.label} {point.written}" for point in found[:10]),
            found,
        )
        for number, (metric, found) in enumerate(by_metric.items())
    )
    yield Part(
        title="Scores",
        forests=plots,
        folded=_SAME,
        tables=(_matrix(ordered, list(by_metric)),),
    )


def _at_any_time(run: Run) -> str:
    stopped = any(task.whole is not None for task in run.tasks)
    return ", such as hold at any time where a task was asked in part" if stopped else ""


def _matrix(tasks: Sequence[TaskRecord], names: Sequence[str]) -> Table:
    """Return scenarios by metrics, as HELM lays them out (Liang et al. 2022, arXiv 2211.09110)."""
    rows = []
    for task in tasks:
        known = {metric.name: metric for metric in task.metrics}
        cells = [_with_half(known[name]) if name in known else "" for name in names]
        of = f" of {task.whole.n:,}" if task.whole is not None else ""
        rows.append((shown(task.id), f"{task.n:,}{of}", *cells))
    return Table(columns=("Scenario", "n", *names), cells=tuple(rows))


def _with_half(metric: Metric) -> str:
    half = (metric.high - metric.low) / 2
    return f"{score(metric.value)} ± {score(half)}" if half else score(metric.value)


def _slices(run: Run, samples: Sequence[SampleRecord]) -> Iterator[Part]:
    """Yield the scores by kinds of samples, such as languages, where tasks tell them apart.

    Of tasks that were asked in part they have no interval: an ordinary one would be wrong.
    """
    stopped = {task.id for task in run.tasks if task.whole is not None}
    in_part: set[tuple[str, str, str]] = set()
    found: dict[tuple[str, str, str], list[float]] = {}
    for sample in samples:
        for kind, value in sample.slices.items():
            for metric, scored in sample.scores.items():
                found.setdefault((kind, metric, value), []).append(scored)
                if sample.task in stopped:
                    in_part.add((kind, metric, value))
    kinds = sorted({(kind, metric) for kind, metric, _ in found})
    for number, (kind, metric) in enumerate(kinds):
        rows = []
        for (one, other, value), scores in sorted(found.items()):
            if (one, other) == (kind, metric):
                made = estimate(scores)
                if (one, other, value) in in_part:
                    made = msgspec.structs.replace(made, low=made.value, high=made.value)
                rows.append(
                    Point(
                        label=shown(value),
                        written=f"{score(made.value)} of {made.n:,}",
                        value=made.value,
                        low=made.low,
                        high=made.high,
                    )
                )
        if len(rows) > 1:
            title = f"{metric} by {kind.replace('_', ' ')}"
            words = "; ".join(f"{point.label} {point.written}" for point in rows[:10])
            yield Part(
                title=f"By {kind.replace('_', ' ')}",
                forests=(forest(f"slices-{number}", title, words, rows),),
            )


def _spent(run: Run) -> Part:
    rows = [tuple(line.split(maxsplit=1)) for line in spent_lines(run)]
    return Part(title="What it took", tables=(Table(columns=("", ""), cells=tuple(rows)),))


def _stands_on(run: Run) -> Part:
    """Return the digests that two runs must share to be compared."""
    kinds = ("task", "data", "samples", "tokens")
    cells = tuple(
        (shown(task.id), *(_beginning(getattr(task, kind)) for kind in kinds))
        for task in run.tasks
        if not task.members
    )
    card = run.card
    return Part(
        title="What it stands on",
        lead=f"Weights {_beginning(card.weights)}, tokenizer {_beginning(card.tokenizer)}:"
        " beginnings of SHA-256 digests, which run.json has whole.",
        folded="Digests of each task",
        tables=(Table(columns=("", *kinds), cells=cells),),
    )


def _beginning(digest: Digest) -> str:
    return digest[7 : 7 + _DIGEST]


def _browser(samples: Sequence[SampleRecord]) -> Part:
    """Return the samples, of each task those that were answered wrong first."""
    kept = tuple(view(sample) for sample in chosen(samples, _SAMPLES))
    return Part(
        title="Samples",
        lead="Of each task the wrong ones first; unfold one to see what was asked and what came back.",
        samples=kept,
        left_out=len(samples) - len(kept),
    )


def _differences(found: Comparison) -> Part:
    rows = [
        Point(
            label=f"{shown(row.task)} {row.metric}",
            written=f"{points(row.difference.value)} ({row.says})",
            value=row.difference.value,
            low=row.difference.low,
            high=row.difference.high,
            kind=row.says,
        )
        for row in found.rows
    ]
    plot = forest(
        "differences",
        "Paired differences, new less old, with 95 % intervals",
        "; ".join(f"{point.label} {point.written}" for point in rows[:10]),
        rows,
        edge=None if found.margin is None else -found.margin,
        around_zero=True,
    )
    cells = tuple(_compared(row) for row in found.rows)
    heads = (
        "Task",
        "Metric",
        "Old",
        "New",
        "Difference",
        "95 % interval",
        "Detectable",
        "p",
        "Says",
    )
    return Part(
        title="Differences",
        lead=" ".join(
            [
                *(f"{line}." for line in conclusion(found) if line.startswith("note")),
                "Detectable: the smallest true difference that so many samples would have shown.",
            ]
        ),
        forests=(plot,),
        folded=_SAME,
        tables=(Table(columns=heads, cells=cells),),
    )


def _compared(row: Row) -> tuple[str, ...]:
    gap = row.difference
    return (
        shown(row.task),
        row.metric,
        score(row.old),
        score(row.new),
        points(gap.value),
        f"{points(gap.low)} to {points(gap.high)}",
        f"{gap.detectable:.4f}" if gap.detectable else "",
        f"{row.adjusted:.4f}",
        str(row.outcome) if row.outcome is not None else row.says,
    )


def _flipped(found: Comparison, old: Sequence[SampleRecord], new: Sequence[SampleRecord]) -> Part:
    before = {(sample.task, sample.sample): sample for sample in old}
    after = {(sample.task, sample.sample): sample for sample in new}
    flips = [
        ((flip.new < flip.old) == row.higher_is_better, row, flip)
        for row in found.rows
        for flip in row.flips
    ]
    flips.sort(key=lambda entry: not entry[0])
    views = []
    for worse, row, flip in flips[:_SAMPLES]:
        one, other = before[row.task, flip.sample], after[row.task, flip.sample]
        views.append(
            msgspec.structs.replace(
                view(other),
                kind="wrong" if worse else "right",
                verdict="worse" if worse else "better",
                label=f"{row.metric} {score(flip.old)} → {score(flip.new)}: {label(other)}",
                columns=("Answer", "Old", "New"),
                options=side_by_side(one, other),
            )
        )
    return Part(
        title="Samples that changed",
        lead="Those that got worse first.",
        samples=tuple(views),
        left_out=len(flips) - len(views),
    )
