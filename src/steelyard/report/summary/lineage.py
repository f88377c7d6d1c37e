# SPDX-License-Identifier: Apache-2.0
"""What a dossier says a model was made from: the graph, in words and as a tree."""

from collections.abc import Iterator, Mapping

import msgspec

from steelyard.core.claim import Fact
from steelyard.core.dossier import Dossier
from steelyard.report.summary.groups import claims
from steelyard.report.summary.text import as_shape, brief, counted

GRAPH = "lineage.graph"
"""Name of the fact that holds the graph."""

HINT = 6
"""From this strength on a statement is no more than a hint; 1 is the strongest."""

_OWN = ""
_RELATIONS = {
    "derived_from": "made from",
    "trained_on": "trained on",
    "trained_on_outputs_of": "trained on outputs of",
    "contains": "contains",
}
_PROCESSES = {
    "adapter": "adapter of",
    "finetune": "fine-tuned from",
    "merge": "merged from",
    "quantized": "quantised from",
}
_SPEAKERS = {
    "adapter_config": "adapter config",
    "card": "card",
    "config": "model config",
    "data": "known data set",
    "gguf": "GGUF metadata",
    "mergekit": "merge config",
    "pipeline": "pipeline",
    "prose": "prose",
    "recipe": "training settings",
    "safetensors": "safetensors metadata",
    "tag": "tag",
}
_KINDS = {"quantized": "quantised copy", "dataset": "data set"}


class Kin(msgspec.Struct, frozen=True, kw_only=True):
    """A node: the model itself, or something it was made from.

    Attributes:
        id: As in the graph; empty for the model itself.
        kind: What it is.
        licences: Ids of the licences known or presumed of it.
        basis: `declared` | `presumed` | `unknown`.
        resolved: Whether the id names something.
    """

    id: str
    kind: str = "model"
    licences: tuple[str, ...] = ()
    basis: str = "unknown"
    resolved: bool = True

    @property
    def name(self) -> str:
        """Return its name for people."""
        return brief(self.id) if self.id else "this model"

    @property
    def what(self) -> str:
        """Return in words what it is."""
        return _KINDS.get(self.kind, brief(self.kind))

    @property
    def terms(self) -> str:
        """Return in words what is known of its terms; a word, never a colour, tells how sure that is."""
        if not self.resolved:
            return "a path, model not known"
        known = " and ".join(map(brief, self.licences))
        if self.basis == "presumed" and known:
            return f"{known}, presumed"
        if self.basis == "declared":
            return f"{known}, declared" if known else "as declared for this model"
        return "licence not known"


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """An edge: that one was made from another, with everybody who says so.

    Attributes:
        child: Id of the node that was made.
        parent: Id of the node it was made from.
        relation: `derived_from` | `trained_on` | `trained_on_outputs_of` | `contains`.
        words: The relation and the process in words.
        strength: Of the strongest who says so, 1 to 7.
        speakers: Who says so, in words, the strongest first.
    """

    child: str
    parent: str
    relation: str
    words: str
    strength: int
    speakers: tuple[str, ...]

    @property
    def source(self) -> str:
        """Return who says so; a hint is called one."""
        said = ", ".join(self.speakers)
        return f"hint: {said}" if self.strength >= HINT else said


class Descent(msgspec.Struct, frozen=True, kw_only=True):
    """What a model was made from.

    Attributes:
        kin: By id, the model itself first.
        links: By child, strongest first.
    """

    kin: Mapping[str, Kin]
    links: Mapping[str, tuple[Link, ...]]

    @property
    def ancestors(self) -> int:
        """Return how many ancestors there are."""
        return len(self.kin) - 1

    @property
    def sentence(self) -> str:
        """Return in a sentence how many there are of which kind, and how many are not known."""
        others = [kin for id, kin in self.kin.items() if id != _OWN]
        unknown = sum(kin.basis == "unknown" for kin in others)
        kinds: dict[str, int] = {}
        for kin in others:
            kinds[kin.what] = kinds.get(kin.what, 0) + 1
        parts = ", ".join(
            counted(number, what, "quantised copies" if what == "quantised copy" else "")
            for what, number in kinds.items()
        )
        of = f"; of {unknown:,} the licence is not known" if unknown else ""
        return f"{counted(len(others), 'ancestor')}: {parts}{of}"


class Branch(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the tree.

    Attributes:
        depth: 1 for what the model itself was made from.
        last: For each level down to this one, whether nothing more follows there.
        link: The edge that leads there; None where ancestors were left out.
        kin: The ancestor; None likewise.
        again: Whether it stands in the tree already, and is not followed a second time.
        left_out: How many were left out here.
    """

    depth: int
    last: tuple[bool, ...]
    link: Link | None = None
    kin: Kin | None = None
    again: bool = False
    left_out: int = 0

    @property
    def text(self) -> str:
        """Return the line in words, without the strokes before it."""
        return f"{self.head}: {self.about}" if self.about else self.head

    @property
    def head(self) -> str:
        """Return what it is to the model it stands below."""
        if self.link is None or self.kin is None:
            return f"and {self.left_out:,} more"
        return f"{self.link.words} {self.kin.name}"

    @property
    def about(self) -> str:
        """Return what is known of its terms, and who says that it belongs there."""
        if self.link is None or self.kin is None:
            return ""
        said = "see above" if self.again else self.kin.terms
        return f"{said} ({self.link.source})"

    @property
    def strokes(self) -> str:
        """Return the strokes that lead to it: three characters a level."""
        return self._levels[:-3] + ("└─ " if self.last[-1] else "├─ ")

    @property
    def strokes_beside(self) -> str:
        """Return the strokes before a second line of it."""
        return self._levels

    @property
    def _levels(self) -> str:
        return "".join("   " if last else "│  " for last in self.last)


class _Node(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    kind: str = "model"
    licences: tuple[str, ...] = ()
    basis: str = "unknown"
    resolved: bool = True


class _Edge(msgspec.Struct, frozen=True, kw_only=True):
    child: str
    parent: str
    relation: str
    by: str
    how: str = ""
    strength: int = 7


class _Graph(msgspec.Struct, frozen=True, kw_only=True):
    nodes: tuple[_Node, ...]
    edges: tuple[_Edge, ...]


def descent(dossier: Dossier) -> Descent | None:
    """Return what a dossier says its subject was made from; None where nothing says."""
    for _, fact in claims(dossier, Fact):
        if fact.name == GRAPH and (graph := as_shape(fact.value, _Graph)):
            return _descent(graph)
    return None


def branches(found: Descent, *, most: int, each: int) -> Iterator[Branch]:
    """Yield the tree of ancestors, each followed once, in the order of the links.

    Args:
        found: What the model was made from.
        most: Lines, at most about.
        each: Lines for the ancestors of one model, at least 1.
    """
    seen = {_OWN}
    rest: list[tuple[Branch, str]] = _below(found, _OWN, (), each)
    count = 0
    while rest and count < most:
        branch, id = rest.pop()
        count += 1
        if branch.kin is None or id not in seen:
            yield branch
        else:
            yield msgspec.structs.replace(branch, again=True)
            continue
        if branch.kin is not None:
            seen.add(id)
            rest += _below(found, id, branch.last, each)
    if rest:
        yield Branch(depth=1, last=(True,), left_out=len(rest))


def _below(found: Descent, id: str, above: tuple[bool, ...], each: int) -> list[tuple[Branch, str]]:
    """Return the branches below a node, the first at the end; those beyond `each` as one."""
    links = found.links.get(id, ())
    kept = links if len(links) <= each else links[: each - 1]
    made = [
        (
            Branch(
                depth=len(above) + 1,
                last=(*above, number == len(links)),
                link=link,
                kin=found.kin[link.parent],
            ),
            link.parent,
        )
        for number, link in enumerate(kept, start=1)
    ]
    if len(kept) < len(links):
        left = len(links) - len(kept)
        made.append((Branch(depth=len(above) + 1, last=(*above, True), left_out=left), ""))
    return made[::-1]


def _descent(graph: _Graph) -> Descent:
    kin = {_OWN: Kin(id=_OWN)}
    for node in graph.nodes:
        kin[node.id] = Kin(**msgspec.structs.asdict(node))
    said: dict[tuple[str, str, str], list[_Edge]] = {}
    for edge in graph.edges:
        for id in (edge.child, edge.parent):
            kin.setdefault(id, Kin(id=id))
        said.setdefault((edge.child, edge.parent, edge.relation), []).append(edge)
    links: dict[str, list[Link]] = {}
    for (child, parent, relation), edges in said.items():
        how = next((edge.how for edge in edges if edge.how), "")
        links.setdefault(child, []).append(
            Link(
                child=child,
                parent=parent,
                relation=relation,
                words=_words(relation, how),
                strength=min(edge.strength for edge in edges),
                speakers=tuple(dict.fromkeys(_speaker(edge.by) for edge in edges)),
            )
        )
    return Descent(kin=kin, links={child: tuple(found) for child, found in links.items()})


def _words(relation: str, how: str) -> str:
    if relation == "derived_from" and how in _PROCESSES:
        return _PROCESSES[how]
    return _RELATIONS.get(relation) or brief(relation)


def _speaker(by: str) -> str:
    return _SPEAKERS.get(by) or brief(by)
