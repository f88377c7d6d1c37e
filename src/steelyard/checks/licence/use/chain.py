# SPDX-License-Identifier: Apache-2.0
"""What follows over the whole chain: the model's own terms, and those of all it was made from."""

from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec

from steelyard.checks.licence.graph import ROOT, Ancestor, Graph, Relation
from steelyard.checks.licence.meaning import Meaning, licences
from steelyard.checks.licence.use.actions import Action, Asked, Standing, asked
from steelyard.checks.licence.use.clashes import clashes
from steelyard.checks.licence.use.found import Found, Reason, Situation, together, worse
from steelyard.checks.licence.use.meanings import of_meaning, unknown
from steelyard.knowledge.terms import Licence, Term, Trigger

Bond = Literal["derivative", "part", "outputs", "data"]
"""How an ancestor binds: as what the model was changed from, as a part of it that lies there
unchanged, by its outputs, or as data only."""

_WEAK = frozenset({"config", "data", "prose"})
"""Sources whose word for a model of which nothing is known does not count: hints, and often stale."""


class Parent(msgspec.Struct, frozen=True, kw_only=True):
    """An ancestor as it binds.

    Attributes:
        ancestor: The node, and the way to it.
        bond: How it binds.
    """

    ancestor: Ancestor
    bond: Bond

    @property
    def path(self) -> tuple[str, ...]:
        """Return the ids on the way from the model to it."""
        return tuple(edge.parent for edge in self.ancestor.path)

    @property
    def licences(self) -> tuple[Licence, ...]:
        """Return the licences that are known or presumed of it."""
        terms = self.ancestor.node.terms
        return licences(terms) if terms is not None else ()


def parents(graph: Graph) -> tuple[Parent, ...]:
    """Return the ancestors that count, nearest first."""
    changed = _reached(graph, frozenset({"derived_from", "contains"}))
    held = _reached(graph, frozenset({"contains"}))
    found = []
    for ancestor in graph.ancestors():
        node = ancestor.node
        speakers = {edge.by for edge in graph.edges if edge.parent == node.id}
        own_part = (
            node.terms is None and node.basis == "declared"
        )  # what is declared is about it too
        if node.terms is not None or (speakers - _WEAK and not own_part):
            bond: Bond = "part" if node.id in held else "derivative"
            if node.id not in changed:
                bond = _by_training(ancestor)
            found.append(Parent(ancestor=ancestor, bond=bond))
    return tuple(found)


def unknown_teachers(graph: Graph) -> tuple[Ancestor, ...]:
    """Return the models whose outputs this one is said to be trained on, and of which nothing is known.

    Those are left out that count as ancestors already; what remains are hints, such as the name of a
    closed service in a sentence.
    """
    counted = {parent.ancestor.node.id for parent in parents(graph)}
    return tuple(
        ancestor
        for ancestor in graph.ancestors()
        if ancestor.path[-1].relation == "trained_on_outputs_of"
        and ancestor.node.terms is None
        and ancestor.node.basis == "unknown"
        and ancestor.node.id not in counted
    )


def _reached(graph: Graph, relations: frozenset[Relation]) -> set[str]:
    """Return the ids of the nodes that the model leads to by edges of some relations alone."""
    seen, rest = {ROOT}, [ROOT]
    while rest:
        at = rest.pop()
        for edge in graph.edges:
            if edge.child == at and edge.relation in relations and edge.parent not in seen:
                seen.add(edge.parent)
                rest.append(edge.parent)
    return seen - {ROOT}


def _by_training(ancestor: Ancestor) -> Bond:
    """Return how an ancestor binds that only taught the model."""
    relations = [edge.relation for edge in ancestor.path]
    if ancestor.node.kind == "dataset":
        return "data"
    by_outputs = "trained_on_outputs_of" in relations or ancestor.node.kind == "outputs"
    return "outputs" if by_outputs else "data"


def over_chain(
    action: Action, own: Sequence[Meaning], chain: Sequence[Parent], situation: Situation
) -> Found:
    """Return what follows for one action: the worst over all, and the duties of all.

    Args:
        action: What is to be done.
        own: What is declared for the model itself; nothing declared is no permission.
        chain: What it was made from.
        situation: Who asks.
    """
    changed = any(parent.bond == "derivative" for parent in chain)
    mine = asked(action, situation.use, Standing(own=True, changed=changed))
    theirs = asked(action, situation.use, Standing(own=False, changed=changed))
    parts = [of_meaning(meant, mine, situation) for meant in own]
    if not own:
        parts.append(unknown("no licence is declared; that is no permission", "missing"))
    for parent in chain:
        bound = mine if parent.bond == "part" else theirs
        parts.extend(_of_parent(parent, action, bound, situation))
    whole = together(parts)
    return _with(whole, clashes(whole))


def _with(found: Found, reasons: Sequence[Reason]) -> Found:
    """Return what follows if some reasons are added."""
    if not reasons:
        return found
    may = found.may
    for reason in reasons:
        may = worse(may, reason.may)
    return together([msgspec.structs.replace(found, may=may, reasons=(*reasons, *found.reasons))])


def _of_parent(
    parent: Parent, action: Action, theirs: Asked, situation: Situation
) -> Iterator[Found]:
    node = parent.ancestor.node
    if parent.bond == "data" or node.kind == "code":
        return  # a data set's licence does not by itself bind weights: a risk, and told as one
    if node.terms is None:
        what = "the licence of the base" if node.resolved else "which model stands behind"
        found = unknown(f"nothing is known of {what} {node.id!r}", "base")
    elif parent.bond == "outputs":
        found = _by_outputs(node.terms, action, theirs, situation)
    else:
        found = of_meaning(node.terms, theirs, situation)
    yield _placed(found, parent.path, presumed=node.basis == "presumed")


def _placed(found: Found, path: tuple[str, ...], *, presumed: bool) -> Found:
    """Return what follows with the way to the ancestor that it comes from."""

    def place(item: Reason) -> Reason:
        return msgspec.structs.replace(item, path=path, presumed=presumed)

    return msgspec.structs.replace(
        found,
        reasons=tuple(map(place, found.reasons)),
        duties=tuple(
            msgspec.structs.replace(duty, path=path, presumed=presumed) for duty in found.duties
        ),
    )


def _by_outputs(meant: Meaning, action: Action, theirs: Asked, situation: Situation) -> Found:
    """Return what follows from a model whose outputs this one was trained on.

    Where the text counts such a model as a derivative, all of it binds. Elsewhere it binds whoever
    trained; what that means for those who come after him is not for a text to say.
    """
    if any(_is_yes(one.outputs.distil_is_derivative) for one in licences(meant)):
        return of_meaning(meant, theirs, situation)
    handing_on = theirs.triggers & {"derivative", "hosted"}
    triggers: frozenset[Trigger] = frozenset({"train_on_outputs"} if handing_on else ())
    found = of_meaning(meant, Asked(("train_other_models",), triggers), situation)
    if found.may != "no":
        return found
    why = "the text bars training other models on its outputs, and this model is said to be one"
    reasons = tuple(
        msgspec.structs.replace(one, may="unknown", why=why) if one.may == "no" else one
        for one in found.reasons
    )
    return msgspec.structs.replace(found, may="unknown", reasons=reasons)


def _is_yes(term: Term | None) -> bool:
    return term is not None and term.value == "yes"
