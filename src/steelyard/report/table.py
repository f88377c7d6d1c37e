# SPDX-License-Identifier: Apache-2.0
"""Many models at a glance: a line for each that needs a look, and how many there are of each outcome."""

from collections.abc import Iterator, Sequence

import msgspec

from steelyard.core.dossier import Dossier
from steelyard.core.errors import SteelyardError
from steelyard.core.policy import Outcome
from steelyard.report.summary.lines import PageLine, wrapped
from steelyard.report.summary.text import clipped, shown

UNREAD = "unread"

_ORDER = ("fail", UNREAD, "unknown", "warn", "pass")
_STYLES = {"fail": "bold red", UNREAD: "bold magenta", "unknown": "bold magenta", "warn": "yellow"}
_NAME = 60  # characters; names that are longer push the reason to the right
_WHY = 300


class Row(msgspec.Struct, frozen=True):
    """What came of one model.

    Attributes:
        name: What tells it from the others.
        outcome: `fail`, `unknown`, `warn`, `pass`; `unread` where there was nothing to judge.
        why: The reasons, in a few words.
        hint: What to do about a model that could not be read.
    """

    name: str
    outcome: str
    why: str
    hint: str = ""


def judged(name: str, dossier: Dossier) -> Row:
    """Return the row of a model that was judged."""
    verdict = dossier.verdict
    reasons = [
        f"{ruling.rule}: {ruling.message}"
        for ruling in verdict.rulings
        if ruling.outcome is verdict.outcome is not Outcome.PASS
    ]
    return Row(name, str(verdict.outcome), "; ".join(reasons))


def unread(name: str, error: SteelyardError) -> Row:
    """Return the row of a model that could not be read."""
    return Row(name, UNREAD, error.message, error.hint)


def outcome(row: Row) -> Outcome:
    """Return the outcome that a row counts as: of what was not read nothing is known."""
    return Outcome.UNKNOWN if row.outcome == UNREAD else Outcome(row.outcome)


def lines(rows: Sequence[Row], policy: str, width: int) -> Iterator[PageLine]:
    """Yield a line for each row, the worst first; of those that pass, only how many there are.

    Args:
        rows: In the order of their names.
        policy: Who judged.
        width: In columns.
    """
    yield PageLine(summary(rows, policy))
    listed = [row for kind in _ORDER[:-1] for row in rows if row.outcome == kind]
    widest = min(_NAME, max((len(shown(row.name)) for row in listed), default=0))
    if listed:
        yield PageLine("")
    for row in listed:
        yield from _lines(row, widest, max(20, width - widest - 11))


def summary(rows: Sequence[Row], policy: str) -> str:
    """Return in one sentence how many models there are of each outcome."""
    counts = ((kind, sum(row.outcome == kind for row in rows)) for kind in _ORDER)
    parts = ", ".join(f"{number:,} {kind}" for kind, number in counts if number)
    return (
        f"{len(rows):,} model{'' if len(rows) == 1 else 's'} by the policy {shown(policy)}: {parts}"
    )


def _lines(row: Row, name_width: int, why_width: int) -> Iterator[PageLine]:
    why = list(wrapped(clipped(shown(row.why), _WHY), why_width))
    begins = f"{row.outcome:<7}  {shown(row.name):<{name_width}}  {why[0]}".rstrip()
    yield PageLine(begins, _STYLES[row.outcome], 0, len(row.outcome))
    for line in why[1:]:
        yield PageLine(f"{'':<{name_width + 11}}{line}")
