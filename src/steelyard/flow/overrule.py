# SPDX-License-Identifier: Apache-2.0
"""Let a person decide in place of the texts' answer: recorded with reason and date, and shown as such."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Annotated, Literal

import msgspec

from steelyard.core.claim import Claim, Fact
from steelyard.core.digest import Digest
from steelyard.core.evidence import Evidence, Source, witness
from steelyard.knowledge.answers import rank
from steelyard.knowledge.terms import May

OVERRULED = "use.overruled"
"""Name of the fact that a person decided; its value names the evidence that is set aside."""

PROBE = "override"
"""Who says so in the evidence: no probe, but the settings in force."""

Decided = Literal[
    "run", "fine_tune", "redistribute", "host", "train_on_outputs", "publish", "commercial", "eu"
]
"""What can be decided: the answers of the probe `use`."""

_Text = Annotated[str, msgspec.Meta(min_length=1)]


class Override(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a person decided about one action.

    Attributes:
        action: Which answer; `commercial` and `eu` are the ones that policies of that name ask for.
        answer: What holds instead; `yes` where nothing is said, such as after a licence was bought.
        licence: Id of the licence whose answer alone is decided; the others go on counting. Without
            it the answer over all of them is decided.
        subject: Digest of the only model it is about; empty for every model of these settings.
        reason: Why.
        date: Day of the decision.
        by: Who decided.
    """

    action: Decided
    reason: _Text
    date: date
    by: _Text
    answer: May = "yes"
    licence: str = ""
    subject: str = ""


def overrule(
    subject: Digest,
    evidence: Sequence[Evidence],
    overrides: Sequence[Override],
    settings: Digest,
    at: str,
) -> tuple[Evidence, ...]:
    """Return the evidence of what a person decided; an action that nobody asked about stays unasked.

    Args:
        subject: Digest of who was examined.
        evidence: What was found.
        overrides: The decisions; of two on one action the later entry goes on from the earlier.
        settings: Digest of the settings they stand in.
        at: Time to write on the evidence.
    """
    source = Source(probe=PROBE, version="1", inputs=(settings,))
    made: list[Evidence] = []
    for one in overrides:
        if one.subject in ("", subject):
            now = [item for item in (*evidence, *made) if item.id not in aside(made)]
            made.extend(witness(subject, claim, source, at) for claim in _claims(one, now))
    return tuple(made)


def aside(evidence: Sequence[Evidence]) -> set[Digest]:
    """Return the ids of the evidence that decisions set aside."""
    return {
        item.claim.value["evidence"]
        for item in evidence
        if item.source.probe == PROBE
        and isinstance(item.claim, Fact)
        and item.claim.name == OVERRULED
    }


def _claims(override: Override, evidence: Sequence[Evidence]) -> Iterator[Claim]:
    name = f"use.{override.action}"
    facts = [(item, item.claim) for item in evidence if isinstance(item.claim, Fact)]
    standing = next(((item, fact) for item, fact in facts if fact.name == name), None)
    if standing is None:
        return
    item, fact = standing
    reasons = f"use.because.{override.action}"
    by_licence: Mapping[str, May] = next(
        (one.value["answers"] for _, one in facts if one.name == reasons), {}
    )
    if override.licence and override.licence not in by_licence:
        return  # it is about a text that has no say here
    answer = _answer(override, by_licence)
    value = {
        "action": override.action,
        "answer": answer,
        "by": override.by,
        "date": override.date.isoformat(),
        "evidence": item.id,
        "licence": override.licence,
        "reason": override.reason,
        "was": fact.value,
    }
    yield Fact(name=OVERRULED, value=value)
    yield Fact(name=name, value=answer)


def _answer(override: Override, by_licence: Mapping[str, May]) -> May:
    """Return what holds after a decision: of one licence, the worst of it and of all others."""
    if not override.licence:
        return override.answer
    others = [may for licence, may in by_licence.items() if licence != override.licence]
    return min((*others, override.answer), key=rank)
