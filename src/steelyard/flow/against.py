# SPDX-License-Identifier: Apache-2.0
"""Hold a model's weights against those of known models, and say what they have in common."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from steelyard.checks.weights import SKETCH, UNDECLARED_BASE
from steelyard.checks.weights.compare import Comparison, compare
from steelyard.checks.weights.kinds import RELATED
from steelyard.checks.weights.mixture import Parent, mixtures
from steelyard.checks.weights.said import facts_of
from steelyard.checks.weights.sketch import read
from steelyard.checks.weights.values import Values, values_of
from steelyard.core.claim import Claim, Fact, Gap
from steelyard.core.digest import Digest
from steelyard.core.dossier import Dossier, Identity
from steelyard.core.errors import MalformedError
from steelyard.core.evidence import Evidence, Source, witness
from steelyard.flow.kinship import Kin, kin_of

_PROBE, _VERSION = "weights", "1"


class Sketched(msgspec.Struct, frozen=True):
    """A sketch among some evidence.

    Attributes:
        evidence: Id of the evidence it is.
        where: Which form of the weights.
        text: The sketch as it was written.
    """

    evidence: Digest
    where: str
    text: str


class Known(msgspec.Struct, frozen=True):
    """A model to hold others against.

    Attributes:
        kin: Who it is, and what it says it comes from.
        sketches: Of each form of its weights.
        asked: Whether the user named it; of others only relations are told.
    """

    kin: Kin
    sketches: tuple[Sketched, ...]
    asked: bool = True


def known_of(dossier: Dossier, *, asked: bool) -> Known:
    """Return what is needed of a dossier to hold other models against it."""
    kin = kin_of(dossier.subject, dossier.evidence)
    return Known(kin, tuple(_sketches(dossier.evidence)), asked)


def hold_against(
    identity: Identity, evidence: Sequence[Evidence], against: Iterable[Known], at: str
) -> tuple[Evidence, ...]:
    """Return the evidence on how a model's weights relate to those of others.

    Args:
        identity: Who was examined.
        evidence: What was found.
        against: Models to hold it against; the same subject among them is passed over.
        at: Time to write on the evidence.
    """
    ours = kin_of(identity, evidence)
    others = [known for known in against if known.kin.digest != identity.digest]
    found: list[Evidence] = []
    for sketched in _sketches(evidence) if others else ():
        for claim, inputs in _claims(sketched, ours, others):
            source = Source(probe=_PROBE, version=_VERSION, inputs=inputs)
            found.append(witness(identity.digest, claim, source, at))
    return tuple(found)


def _sketches(evidence: Sequence[Evidence]) -> Iterator[Sketched]:
    for item in evidence:
        claim = item.claim
        if isinstance(claim, Fact) and claim.name == SKETCH and isinstance(claim.value, Mapping):
            text = claim.value.get("sample")
            if isinstance(text, str):
                yield Sketched(item.id, claim.where, text)


def _claims(
    sketched: Sketched, ours: Kin, others: Sequence[Known]
) -> Iterator[tuple[Claim, tuple[Digest, ...]]]:
    new = values_of(read(sketched.text))
    counts = {"related": 0, "unrelated": 0, "undecided": 0}
    related: list[tuple[Known, Sketched, Parent]] = []
    for known in others:
        made = _best(new, known)
        if isinstance(made, str):
            if known.asked:
                yield _gap(sketched, known, made), ()
            continue
        old, parent = made
        comparison = parent.comparison
        kind = "related" if comparison.relation in RELATED else comparison.relation
        counts[kind] += 1
        if kind == "related":
            related.append((known, old, parent))
        elif known.asked:
            yield from _said(sketched, ours, known, old, comparison)
    merged = mixtures([parent for _, _, parent in related])
    for number, (known, old, parent) in enumerate(related):
        comparison = merged.get(number, parent.comparison)
        yield from _said(sketched, ours, known, old, comparison)
    yield Fact(name="weights.compared", value=counts, where=sketched.where), ()


def _best(new: Values, known: Known) -> tuple[Sketched, Parent] | str:
    """Return the form of a known model's weights that is most like these, or why there is none."""
    best: tuple[Sketched, Parent] | None = None
    why = "no sketch of its weights was kept; steelyard check takes one"
    for sketched in known.sketches:
        try:
            old = values_of(read(sketched.text))
        except MalformedError as error:
            why = error.message
            continue
        comparison = compare(new, old)
        if best is None or comparison.rank > best[1].comparison.rank:
            best = sketched, Parent(old, comparison)
    return best or why


def _gap(sketched: Sketched, known: Known, why: str) -> Gap:
    reason = f"not held against {known.kin.name}: {why}"
    return Gap(name="weights.not-compared", reason=reason, where=sketched.where)


def _said(
    sketched: Sketched, ours: Kin, known: Known, old: Sketched, comparison: Comparison
) -> Iterator[tuple[Claim, tuple[Digest, ...]]]:
    inputs = (old.evidence,)
    for claim in facts_of(comparison, known.kin.name, known.kin.digest, sketched.where):
        yield claim, inputs
    if comparison.relation in RELATED and not ours.names(known.kin):
        words = _undeclared(ours, known.kin, comparison)
        yield UNDECLARED_BASE.at(sketched.where, words), inputs


def _undeclared(ours: Kin, theirs: Kin, comparison: Comparison) -> str:
    said = f"names {', '.join(ours.bases[:3])}" if ours.bases else "names no model it comes from"
    licence = f", whose declared licence is {', '.join(theirs.licences)}" if theirs.licences else ""
    kind = comparison.relation.replace("_", " ")
    return f"the weights are those of {theirs.name} ({kind}){licence}; the model {said}"
