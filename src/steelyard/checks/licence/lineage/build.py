# SPDX-License-Identifier: Apache-2.0
"""The graph of a model's descent, built from what all sources say."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet

import msgspec

from steelyard.checks.licence.declared import CardAt
from steelyard.checks.licence.graph import ROOT, Edge, Graph, Kind, Node
from steelyard.checks.licence.lineage.adapter import adapter, trained_weights
from steelyard.checks.licence.lineage.at_hand import terms_in
from steelyard.checks.licence.lineage.base import Base
from steelyard.checks.licence.lineage.card import card, tags
from steelyard.checks.licence.lineage.config import config, is_quantized, pipeline
from steelyard.checks.licence.lineage.gguf import gguf
from steelyard.checks.licence.lineage.gguf import is_quantized as is_quantized_gguf
from steelyard.checks.licence.lineage.merge import merge
from steelyard.checks.licence.lineage.names import Name, meant
from steelyard.checks.licence.lineage.outputs import outputs
from steelyard.checks.licence.lineage.prose import prose
from steelyard.checks.licence.lineage.recipe import recipe
from steelyard.checks.licence.lineage.said import HOW, MOST, Said, Saying
from steelyard.checks.licence.meaning import Named
from steelyard.core.claim import Gap
from steelyard.core.subject import Model
from steelyard.formats.gguf import Gguf
from steelyard.formats.json import JsonDocument
from steelyard.knowledge.licence import presumed
from steelyard.knowledge.terms import Licence

TOO_MANY = "lineage.too-many"
"""Name of the gap that is left where a source says more than is taken in."""

_SOURCES: tuple[Callable[[Model], Saying], ...] = (
    adapter,
    merge,
    gguf,
    trained_weights,
    recipe,
    config,
    pipeline,
    prose,
)


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """What was said, of whom, and which model it names.

    Attributes:
        said: What was said.
        child: Id of the node that it is said of.
        name: What the other is.
    """

    said: Said
    child: str
    name: Name


class Lineage(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a model's descent.

    Attributes:
        statements: Strongest source first.
        graph: The same as nodes and edges.
        gaps: What could not be made out.
    """

    statements: tuple[Statement, ...]
    graph: Graph
    gaps: tuple[Gap, ...]

    @property
    def bases(self) -> tuple[Base, ...]:
        """Return the models that this one was made from or contains, an entry for each source."""
        return tuple(
            Base(
                id=one.name.id,
                by=one.said.by,
                where=one.said.where,
                relation=one.said.process,
                resolved=one.name.resolved,
                licence=_presumed(one.name),
            )
            for one in self.statements
            if one.said.relation in ("derived_from", "contains") and one.said.by != "pipeline"
        )


def lineage(model: Model, cards: tuple[CardAt, ...]) -> Lineage:
    """Return what a model was made from, as far as anything says so.

    A statement in a folder that is itself said to be a base or a part is one about that folder; one in
    a folder that names the whole as its base, as an adapter beside its model does, is about the folder
    alone. The same files give the same graph, in whatever order they lie.

    Args:
        model: The model.
        cards: Its cards, see `declared.cards`.
    """
    said, gaps = _gathered(model, cards)
    folders = {folder for file in model.artifacts() for folder in _above(file.path)}
    named = [
        (one, name)
        for one in said
        if (name := meant(one.raw, one.where, folders)).id != ROOT or not _folder(one.where)
    ]
    inside = {name.id.removeprefix("./") for _, name in named if name.inside}
    statements = [
        Statement(said=one, child=_child(one.where, name, inside), name=name) for one, name in named
    ]
    statements += [
        Statement(said=one, child=at.child, name=meant(one.raw, one.where, frozenset()))
        for at in statements
        for one in outputs(at.said, at.name.id)
    ]
    statements.sort(key=lambda at: (at.said.strength, at.said.where.partition(" ")[0]))
    unique = _once(statements)
    return Lineage(
        statements=unique,
        graph=Graph(
            nodes=tuple(_nodes(model, cards, unique)), edges=tuple(_edge(at) for at in unique)
        ),
        gaps=tuple(gaps),
    )


def _gathered(model: Model, cards: tuple[CardAt, ...]) -> tuple[list[Said], list[Gap]]:
    said: list[Said] = []
    gaps: list[Gap] = []
    sources = [card(cards), tags(cards), *(source(model) for source in _SOURCES)]
    for found in sources:
        for one in itertools.islice(found, MOST):
            (gaps if isinstance(one, Gap) else said).append(one)  # type: ignore[arg-type]
        if more := next(found, None):
            reason = f"more than {MOST:,} statements of one kind; the others were not taken in"
            gaps.append(Gap(name=TOO_MANY, reason=reason, where=more.where))
    return said, gaps


def _folder(where: str) -> str:
    """Return the folder of the file that a place lies in; empty at the top."""
    return where.partition("!")[0].partition(" ")[0].rpartition("/")[0]


def _above(path: str) -> Iterator[str]:
    """Yield the folders that a file lies in."""
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path


def _child(where: str, name: Name, inside: AbstractSet[str]) -> str:
    """Return the node a statement is about: the innermost folder that is one, else the model itself."""
    for folder in _above(f"{_folder(where)}/"):
        if folder in inside and f"./{folder}" != name.id:
            return f"./{folder}"
    return ROOT


def _once(statements: Sequence[Statement]) -> tuple[Statement, ...]:
    """Return each statement of one speaker once, although every shard of a model may repeat it."""
    found: dict[tuple[str, ...], Statement] = {}
    for at in statements:
        key = (at.said.by, at.child, at.name.id, at.said.relation)
        found.setdefault(key, at)
    return tuple(found.values())


def _edge(at: Statement) -> Edge:
    return Edge(
        child=at.child,
        parent=at.name.id,
        relation=at.said.relation,
        how=HOW.get(at.said.process, ""),
        by=at.said.by,
        strength=at.said.strength,
        where=at.said.where,
    )


def _nodes(
    model: Model, cards: tuple[CardAt, ...], statements: Sequence[Statement]
) -> Iterator[Node]:
    yield Node(id=ROOT, kind=_own_kind(model, statements), basis="declared")
    first: dict[str, Statement] = {}
    for at in statements:
        first.setdefault(at.name.id, at)
    first.pop(ROOT, None)
    for id, at in first.items():
        contained = (
            all(one.said.relation == "contains" for one in statements if one.name.id == id)
            if at.name.inside
            else False
        )
        yield _node(model, cards, at, contained=contained)


def _node(model: Model, cards: tuple[CardAt, ...], at: Statement, *, contained: bool) -> Node:
    kind: Kind = at.said.kind
    node = Node(id=at.name.id, kind=kind, resolved=at.name.resolved)
    if at.name.inside:
        terms = terms_in(model, cards, at.name.id.removeprefix("./"))
        basis = "declared" if terms is not None or contained else "unknown"
        return msgspec.structs.replace(node, terms=terms, basis=basis)
    licence = _presumed(at.name) if kind != "dataset" else None
    if licence is None:
        return node
    terms = Named(licence.name, (licence,))
    return msgspec.structs.replace(node, terms=terms, basis="presumed")


def _presumed(name: Name) -> Licence | None:
    return presumed(name.id) if name.resolved and not name.inside else None


def _own_kind(model: Model, statements: Sequence[Statement]) -> Kind:
    """Return what the model itself is, by the strongest statement that tells, else by its weights."""
    kinds: dict[str, Kind] = {"adapter": "adapter", "merge": "merge", "quantized": "quantized"}
    own = [at for at in statements if at.child == ROOT and at.said.strength < 7]
    said = [kinds[at.said.process] for at in own if at.said.process in kinds]
    if said and said[0] != "merge":
        return said[0]
    if any(is_quantized_gguf(content) for _, content in model.contents(Gguf)) or any(
        is_quantized(document.value)
        for part, document in model.contents(JsonDocument)
        if part.where == "config.json" and isinstance(document.value, dict)
    ):
        return "quantized"
    return said[0] if said else "model"
