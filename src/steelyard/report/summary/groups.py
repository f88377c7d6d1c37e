# SPDX-License-Identifier: Apache-2.0
"""The claims of a dossier, by kind, and findings and gaps in groups that belong together."""

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

import msgspec

from steelyard.core.claim import Claim, Fact, Finding, Gap, Measurement, Severity
from steelyard.core.dossier import Dossier
from steelyard.core.evidence import Evidence
from steelyard.core.probe import Descriptor, Probe
from steelyard.flow.examine import known_probes, probes_named
from steelyard.report.summary.accepted import acceptances

UNASKED = "use.profile"
"""Name of the gap of a question that nobody asked: told where the answer would stand, and not counted."""

DUTY = "licence.duty."
"""Beginning of the rules that tell of duties, which have a place of their own."""

C = TypeVar("C", Finding, Measurement, Fact, Gap)


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """Findings of one rule and one severity, in the order they were made.

    Attributes:
        rule: Id of the rule.
        severity: How much they matter.
        known: What a probe here says of the rule; None where none knows it.
        items: The evidence with its finding, at least one.
    """

    rule: str
    severity: Severity
    known: Descriptor | None
    items: tuple[tuple[Evidence, Finding], ...]

    @property
    def title(self) -> str:
        """Return what the rule finds, a few words; empty where no probe here knows it."""
        return self.known.title if self.known else ""

    @property
    def remedy(self) -> str:
        """Return what to do about them."""
        return self.items[0][1].remedy or (self.known.remedy if self.known else "")


class Holes(msgspec.Struct, frozen=True, kw_only=True):
    """Gaps of one name, in the order they were made.

    Attributes:
        name: Name of the gaps.
        items: The evidence with its gap, at least one.
    """

    name: str
    items: tuple[tuple[Evidence, Gap], ...]


def claims(dossier: Dossier, kind: type[C]) -> Iterator[tuple[Evidence, C]]:
    """Yield the evidence whose claim is of one kind, with that claim."""
    for item in dossier.evidence:
        if isinstance(item.claim, kind):
            yield item, item.claim


def counting(dossier: Dossier) -> Iterator[tuple[Evidence, Finding]]:
    """Yield the findings but those that somebody accepted, and duties, which are no finding to settle."""
    aside = acceptances(dossier)
    for item, finding in claims(dossier, Finding):
        if item.id not in aside and not finding.rule.startswith(DUTY):
            yield item, finding


def descriptors() -> dict[str, tuple[Probe, Descriptor]]:
    """Return the kinds of findings that the probes here can make, by id."""
    return _kinds(known_probes())


def descriptors_met(dossier: Dossier) -> dict[str, tuple[Probe, Descriptor]]:
    """Return those of the probes that found something in a dossier; others need not be imported."""
    made = {item.source.probe for item, _ in claims(dossier, Finding)}
    return _kinds(probes_named(made)) if made else {}


def _kinds(probes: Iterable[Probe]) -> dict[str, tuple[Probe, Descriptor]]:
    return {
        descriptor.id: (probe, descriptor) for probe in probes for descriptor in probe.descriptors
    }


def findings(dossier: Dossier, known: Mapping[str, tuple[Probe, Descriptor]]) -> tuple[Group, ...]:
    """Return the findings that count in groups, the most severe first, then by rule.

    Args:
        dossier: Whose findings.
        known: What `descriptors` or `descriptors_met` returns.
    """
    groups: dict[tuple[int, str], list[tuple[Evidence, Finding]]] = {}
    for item, finding in counting(dossier):
        groups.setdefault((-finding.severity.rank, finding.rule), []).append((item, finding))
    return tuple(_group(items, known) for _, items in sorted(groups.items(), key=lambda g: g[0]))


def _group(
    items: list[tuple[Evidence, Finding]], known: Mapping[str, tuple[Probe, Descriptor]]
) -> Group:
    first = items[0][1]
    return Group(
        rule=first.rule,
        severity=first.severity,
        known=known[first.rule][1] if first.rule in known else None,
        items=tuple(items),
    )


def gaps(dossier: Dossier) -> tuple[Holes, ...]:
    """Return the gaps in groups, by name, but that of a question nobody asked."""
    groups: dict[str, list[tuple[Evidence, Gap]]] = {}
    for item, gap in unassessed(dossier):
        groups.setdefault(gap.name, []).append((item, gap))
    return tuple(Holes(name=name, items=tuple(items)) for name, items in sorted(groups.items()))


def unassessed(dossier: Dossier) -> Iterator[tuple[Evidence, Gap]]:
    """Yield the gaps that count: something was not assessed that should have been."""
    for item, gap in claims(dossier, Gap):
        if gap.name != UNASKED:
            yield item, gap


def duties(dossier: Dossier) -> int:
    """Return how many duties are told."""
    return sum(finding.rule.startswith(DUTY) for _, finding in claims(dossier, Finding))


def said(claim: Claim) -> str:
    """Return the name under which a claim goes: its rule, metric or name."""
    match claim:
        case Finding():
            return claim.rule
        case Measurement():
            return claim.metric
        case _:
            return claim.name
