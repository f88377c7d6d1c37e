# SPDX-License-Identifier: Apache-2.0
"""Rulings and evidence as the page shows them."""

from collections.abc import Container

import msgspec

from steelyard.core.claim import Claim, Fact, Finding, Gap, Measurement
from steelyard.core.dossier import Dossier
from steelyard.core.evidence import Evidence
from steelyard.core.policy import Outcome, Policy
from steelyard.flow.examine import COMPLETED, completions
from steelyard.report.html.findings import Span, Spot, anchor, clean, spans, spot
from steelyard.report.summary.amounts import measured
from steelyard.report.summary.groups import said
from steelyard.report.summary.text import counted, written
from steelyard.report.summary.verdict import Reason, reasons

_REFERENCES, _ROWS = 8, 60


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of evidence on one line; `elsewhere` where the page shows it as a finding or gap."""

    anchor: str
    elsewhere: bool
    name: str
    spot: Spot
    text: str


class Why(msgspec.Struct, frozen=True, kw_only=True):
    """A ruling and what it rests on."""

    outcome: str
    rule: str
    message: str
    asks: tuple[Span, ...]
    rests_on: tuple[Row, ...]
    left_out: int
    total: int


class Looked(msgspec.Struct, frozen=True, kw_only=True):
    """A probe and what it said."""

    probe: str
    version: str
    to_the_end: bool
    tally: str
    rows: tuple[Row, ...]
    left_out: int


def whys(dossier: Dossier, policy: Policy | None, paths: Container[str]) -> list[Why]:
    """Return the rulings, the worst first."""
    return [_why(reason, paths) for reason in reasons(dossier, policy)]


def _why(reason: Reason, paths: Container[str]) -> Why:
    ruling = reason.ruling
    # What a pass rests on is mostly that probes looked: a number says it.
    kept = () if ruling.outcome is Outcome.PASS else reason.evidence[:_REFERENCES]
    return Why(
        outcome=ruling.outcome,
        rule=clean(ruling.rule),
        message=clean(ruling.message),
        asks=spans(reason.asks),
        rests_on=tuple(_row(item, paths) for item in kept),
        left_out=len(reason.evidence) - len(kept),
        total=len(reason.evidence) + reason.missing,
    )


def looked(dossier: Dossier, paths: Container[str]) -> list[Looked]:
    """Return the evidence by probe, in the order of the probes."""
    by_probe: dict[tuple[str, str], list[Evidence]] = {}
    for item in dossier.evidence:
        by_probe.setdefault((item.source.probe, item.source.version), []).append(item)
    done = completions(dossier.evidence)
    return [
        _looked(probe, version, items, paths, to_the_end=probe in done)
        for (probe, version), items in by_probe.items()
    ]


def _looked(
    probe: str, version: str, items: list[Evidence], paths: Container[str], *, to_the_end: bool
) -> Looked:
    told = [item for item in items if said(item.claim) != COMPLETED]
    return Looked(
        probe=clean(probe),
        version=clean(version),
        to_the_end=to_the_end,
        tally=_tally(told),
        rows=tuple(_row(item, paths) for item in told[:_ROWS]),
        left_out=max(0, len(told) - _ROWS),
    )


_NOUNS = {Finding: "finding", Gap: "gap", Fact: "fact", Measurement: "measurement"}


def _tally(items: list[Evidence]) -> str:
    counts = dict.fromkeys(_NOUNS, 0)
    for item in items:
        counts[type(item.claim)] += 1
    parts = [counted(number, _NOUNS[kind]) for kind, number in counts.items() if number]
    return ", ".join(parts) or "nothing to report"


def _row(item: Evidence, paths: Container[str]) -> Row:
    return Row(
        anchor=anchor(item.id),
        elsewhere=isinstance(item.claim, Finding | Gap),
        name=clean(said(item.claim)),
        spot=spot(item.claim.where, paths),
        text=clean(_text(item.claim)),
    )


def _text(claim: Claim) -> str:
    match claim:
        case Finding():
            return claim.message
        case Gap():
            return f"not assessed: {claim.reason}"
        case Measurement():
            return measured(claim)
        case _:
            return written(claim.value)
