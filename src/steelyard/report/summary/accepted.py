# SPDX-License-Identifier: Apache-2.0
"""Findings that somebody accepted: they take no part in the verdict, and no report hides them."""

import msgspec

from steelyard.core.claim import Fact, Finding
from steelyard.core.dossier import Dossier
from steelyard.core.evidence import Evidence
from steelyard.flow.suppress import SUPPRESSED
from steelyard.report.summary.text import as_shape


class Acceptance(msgspec.Struct, frozen=True, kw_only=True):
    """That a finding was accepted.

    Attributes:
        evidence: Id of the finding's evidence.
        reason: Why, in the words of whoever accepted it.
        until: Last day on which it counts; empty for as long as the baseline is given.
    """

    evidence: str
    reason: str = ""
    until: str = ""

    @property
    def words(self) -> str:
        """Return why, and until when."""
        return f"{self.reason} (until {self.until})" if self.until else self.reason


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """A finding that was accepted."""

    item: Evidence
    finding: Finding
    acceptance: Acceptance


def acceptances(dossier: Dossier) -> dict[str, Acceptance]:
    """Return what was accepted, by the id of the evidence."""
    facts = (item.claim for item in dossier.evidence if item.source.probe == "suppression")
    shapes = (
        as_shape(fact.value, Acceptance)
        for fact in facts
        if isinstance(fact, Fact) and fact.name == SUPPRESSED
    )
    return {shape.evidence: shape for shape in shapes if shape is not None}


def accepted(dossier: Dossier) -> tuple[Accepted, ...]:
    """Return the findings that were accepted, in the order they were made."""
    known = acceptances(dossier)
    return tuple(
        Accepted(item=item, finding=item.claim, acceptance=known[item.id])
        for item in dossier.evidence
        if item.id in known and isinstance(item.claim, Finding)
    )
