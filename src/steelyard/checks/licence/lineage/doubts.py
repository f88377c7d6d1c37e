# SPDX-License-Identifier: Apache-2.0
"""What is doubtful about a model's descent: sources that disagree, and lines that lead in a circle."""

from collections.abc import Iterator, Sequence

from steelyard.checks.licence.declared import CardAt
from steelyard.checks.licence.graph import ROOT, Edge, Graph
from steelyard.checks.licence.lineage import kinds
from steelyard.checks.licence.lineage.build import Statement
from steelyard.core.claim import Finding

_SURE = 6  # strength; what is weaker is a hint and contradicts nothing
_PARTIAL = frozenset({"config", "gguf", "tag"})
"""Sources that name one model of a merge, or the base of the base, as a rule."""

_MOST_NAMES = 5


def disagreements(statements: Sequence[Statement]) -> Iterator[Finding]:
    """Yield a finding for each source that does not name what the strongest names.

    A source may name more, as a card does that names the model before the base as well. Some name
    less as a rule: `_name_or_path` of a merge is its first model.
    """
    said: dict[str, dict[str, Statement]] = {}
    for at in statements:
        base = at.said.relation == "derived_from" and at.said.kind != "adapter"
        if base and at.child == ROOT and at.name.resolved and at.said.strength <= _SURE:
            said.setdefault(at.said.by, {}).setdefault(at.name.id.lower(), at)
    if len(said) < 2:
        return
    strongest, *others = said.items()
    for by, named in others:
        missing = [at for id, at in strongest[1].items() if id not in named]
        partly = by in _PARTIAL and len(missing) < len(strongest[1])
        if missing and not partly:
            here, there = _names(list(named.values())), _names(missing)
            message = f"{by} names {here}, where {strongest[0]} names {there}"
            where = next(iter(named.values())).said.where
            trail = [f"{at.said.where}: {at.name.id}" for at in missing]
            yield kinds.DISAGREEMENT.at(where, message, trail=_cut(trail))


def cycles(graph: Graph, cards: Sequence[CardAt]) -> Iterator[Finding]:
    """Yield each edge that leads back to a model on the way to it."""
    own = {name.lower() for at in cards for name in _own_names(at)}
    for edge in graph.edges:
        itself = edge.child == edge.parent or (edge.child == ROOT and edge.parent.lower() in own)
        if itself and edge.relation == "derived_from":
            message = f"{edge.parent or 'the model'!r} is named as its own base"
            yield kinds.CYCLE.at(edge.where, message)
    for circle in _circles(graph.edges):
        steps = [
            f"{edge.child or 'this model'} from {edge.parent} ({edge.where})" for edge in circle
        ]
        message = f"{circle[0].child!r} is an ancestor of itself, by {len(circle)} steps"
        yield kinds.CYCLE.at(circle[-1].where, message, trail=_cut(steps))


def _circles(edges: Sequence[Edge]) -> Iterator[list[Edge]]:
    """Yield the first circle that is met from each model, each model looked at once."""
    leaving: dict[str, list[Edge]] = {}
    for edge in edges:
        leaving.setdefault(edge.child, []).append(edge)
    done: set[str] = set()
    for start in leaving:
        way: list[Edge] = []
        rest = [(start, iter(leaving[start]))]
        while rest:
            at, left = rest[-1]
            step = next(left, None)
            if step is None:
                done.add(at)
                rest.pop()
                del way[len(rest) - 1 :]
                continue
            open_ids = [id for id, _ in rest]
            if step.parent in open_ids and step.parent != at:
                yield [*way[open_ids.index(step.parent) :], step]
            elif step.parent not in done and step.parent in leaving and step.parent != at:
                way.append(step)
                rest.append((step.parent, iter(leaving[step.parent])))


def _own_names(at: CardAt) -> Iterator[str]:
    """Yield the ids that a card at the top of the subject gives the model itself."""
    if "/" in at.part.where:
        return
    for key in ("model_id", "model_name", "repo_id"):
        value = at.card.fields.get(key)
        if isinstance(value, str) and "/" in value:
            yield value.strip()


def _names(statements: Sequence[Statement]) -> str:
    names = [repr(at.name.id) for at in statements[:_MOST_NAMES]]
    rest = len(statements) - len(names)
    return ", ".join(names) + (f" and {rest:,} more" if rest else "")


def _cut(lines: list[str]) -> tuple[str, ...]:
    rest = len(lines) - 12
    return (*lines[:12], *([f"and {rest:,} more"] if rest > 0 else []))
