# SPDX-License-Identifier: Apache-2.0
"""Runs that end as soon as a comparison is settled: what is asked for, and what is said meanwhile."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import click
from click.core import ParameterSource

from steelyard.cli import comparing, output
from steelyard.core.errors import UsageError
from steelyard.core.policy import Outcome
from steelyard.evals.contests import Rule
from steelyard.evals.record import Settled
from steelyard.flow.runs import RUN, find, runs_folder
from steelyard.flow.until_settled import Against
from steelyard.report.evaluation.settled import standing


def against(
    reference: str | None, margin: str | None, despite: str, seed: int, out: Path | None
) -> Against | None:
    """Return what a model is held against; None where nobody asked for it.

    Raises:
        UsageError: There is nothing to hold a margin against, a word means nothing, or the run that
            it is held against would be overwritten.
        UnreadableError: There is no such run.
    """
    if reference is None:
        for name in ("margin", "despite"):  # the environment may mean them for `compare`
            if _typed(name):
                raise UsageError(f"--{name} needs a run to compare with", hint="add --against RUN")
        return None
    rule = Rule(margin=comparing.share(margin), seed=seed)
    allowed = comparing.aspects(despite)
    old = find(reference, runs_folder())
    held = Path(reference).resolve()
    if out is not None and out.resolve() == (held.parent if held.name == RUN else held):
        raise UsageError(
            f"--out would overwrite the run {reference!r} that it is held against",
            hint="name another folder",
        )
    return Against(old=old, rule=rule, despite=allowed)


class Teller:
    """Says on stderr what was settled, once each, as a run goes on."""

    def __init__(self, margin: float | None) -> None:
        self._margin = margin
        self._said: set[tuple[str, str]] = set()

    def __call__(self, asked: int, rows: Sequence[Settled]) -> None:
        """Say what is settled now and was not before, and how much is still open."""
        for row in rows:
            if row.says != "open" and (row.name, row.metric) not in self._said:
                self._said.add((row.name, row.metric))
                output.aside(standing(row, self._margin))
        left = sum(row.says == "open" for row in rows)
        if left:
            of = f"{left:,} of {len(rows):,} scores" if len(rows) > 1 else "the comparison"
            output.aside(f"{asked:,} questions asked, {of} still open")


def worst(outcomes: Iterable[Outcome | None]) -> Outcome:
    """Return the worst of what was judged; pass where nothing was."""
    found = [outcome for outcome in outcomes if outcome is not None]
    return max(found, key=lambda outcome: outcome.rank, default=Outcome.PASS)


def _typed(name: str) -> bool:
    source = click.get_current_context().get_parameter_source(name)
    return source is ParameterSource.COMMANDLINE
