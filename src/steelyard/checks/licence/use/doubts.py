# SPDX-License-Identifier: Apache-2.0
"""What a person has to look at before relying on the answers: names, bases, texts that pull two ways."""

from collections.abc import Iterator

from steelyard.checks.licence.meaning import ambiguous, licences
from steelyard.checks.licence.use import kinds
from steelyard.checks.licence.use.actions import meant
from steelyard.checks.licence.use.chain import Parent
from steelyard.checks.licence.use.clashes import begins
from steelyard.checks.licence.use.found import Reason
from steelyard.checks.licence.use.ruling import Rulings
from steelyard.core.claim import Finding


def doubts(found: Rulings) -> Iterator[Finding]:
    """Yield them, those of the model itself first."""
    if not found.declared:
        yield kinds.MISSING.at("", "no licence is declared for the model itself")
    yield from _hidden(found)
    yield from _names(found)
    yield from _clashes(found)
    for parent in found.chain:
        yield from _of_parent(parent)
        if parent.bond == "derivative" and found.declared:
            yield from _label(parent, found)
    for teacher in found.teachers:
        edge = teacher.path[-1]
        way = " <- ".join(("this model", *(step.parent for step in teacher.path)))
        message = f"trained on outputs of {teacher.node.id!r}, of whose terms nothing is known"
        yield kinds.TEACHER_UNKNOWN.at(edge.where, message, trail=(way,))
    for terms in found.licences:
        for conflict in terms.conflicts:
            sections = " against ".join(conflict.sections)
            message = f"{terms.id}, section {sections}: {conflict.say}"
            yield kinds.TEXT_CONFLICT.at("", message)


def _hidden(found: Rulings) -> Iterator[Finding]:
    for one in found.declared:
        for name in ambiguous(one.meant):
            policies = [terms for terms in name.candidates if terms.aup is not None]
            if policies and len(policies) < len(name.candidates):
                texts = ", ".join(terms.id for terms in policies)
                message = f"{name.text!r} may mean {texts}, which takes in a use policy besides"
                yield kinds.HIDDEN_TERMS.at(one.where, message)


def _names(found: Rulings) -> Iterator[Finding]:
    name = found.situation.use.name
    if name is None:
        return
    wanted = {
        (owed.licence, owed.text, owed.section): owed
        for owed in found.duties
        if owed.duty == "name_prefix"
    }
    for owed in wanted.values():
        if not begins(name, owed.text):
            message = (
                f"the name {name!r} does not begin with {owed.text!r},"
                f" as {owed.licence} wants (section {owed.section})"
            )
            yield kinds.NAME_PREFIX.at("", message)


def _clashes(found: Rulings) -> Iterator[Finding]:
    seen: set[Reason] = set()
    for action, answer in found.answers.items():
        for reason in answer.reasons:
            if reason.topic in ("name", "same_terms") and meant(action, found.situation.use):
                seen.add(reason)
    for reason in sorted(seen, key=lambda one: (one.topic, one.why)):
        kind = kinds.NO_NAME if reason.topic == "name" else kinds.SAME_TERMS
        yield kind.at("", f"{reason.why} (section {reason.section} of {reason.licence})")


def _label(parent: Parent, found: Rulings) -> Iterator[Finding]:
    """Yield that a base wants its own licence kept, and another one is declared."""
    own = {terms.id for one in found.declared for terms in licences(one.meant)}
    edge = parent.ancestor.path[-1]
    for terms in parent.licences:
        kept = [d for d in terms.obligations if d.do == "share_alike" and "derivative" in d.when]
        if kept and own and terms.id not in own:
            message = (
                f"declared {' and '.join(sorted(own))}, where {terms.id} of the base"
                f" {parent.ancestor.node.id!r} wants changed copies under itself"
                f" (section {kept[0].section})"
            )
            yield kinds.LABEL.at(edge.where, message)


def _of_parent(parent: Parent) -> Iterator[Finding]:
    node, edge = parent.ancestor.node, parent.ancestor.path[-1]
    if parent.bond == "data":
        limiting = [
            terms.id
            for terms in parent.licences
            if terms.kind not in ("permissive", "public-domain")
        ]
        if limiting or node.terms is None:
            what = f"under {', '.join(limiting)}" if limiting else "of whose terms nothing is known"
            yield kinds.DATASET_RISK.at(edge.where, f"trained on {node.id!r}, {what}")
        return
    if not node.resolved or node.terms is None:
        message = f"made from {node.id!r}, of which nothing is known"
        yield kinds.BASE_UNRESOLVED.at(edge.where, message)
    elif node.basis == "presumed":
        ids = ", ".join(terms.id for terms in parent.licences)
        yield kinds.BASE_PRESUMED.at(edge.where, f"{ids}, presumed from the base id {node.id!r}")
    if edge.how == "adapter":
        yield kinds.ADAPTER.at(edge.where, f"an adapter of {node.id!r}, which does not come along")
