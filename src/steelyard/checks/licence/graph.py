# SPDX-License-Identifier: Apache-2.0
"""What a model was made from: a graph of models, adapters, data sets and outputs, with who says so."""

from collections.abc import Iterator
from typing import Literal

import msgspec

from steelyard.checks.licence.meaning import Meaning

Kind = Literal["model", "adapter", "merge", "quantized", "dataset", "outputs", "code"]
Relation = Literal["derived_from", "trained_on", "trained_on_outputs_of", "contains"]
How = Literal["", "adapter", "merge", "quantized", "finetune"]

ROOT = ""
"""Id of the node that is the model itself."""


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """Something a model was made from, or the model itself.

    Attributes:
        id: Its id, `organisation/name` where it has one; `./folder` where it lies in the subject; the
            path or name as written where it is neither; `ROOT` for the model itself.
        kind: What it is.
        resolved: Whether the id names something; a path on the maker's machine does not.
        terms: What is known of its terms; None where nothing is.
        basis: `declared` by itself | `presumed` from its id | `unknown`. Declared, and yet without
            terms, are the model itself and those parts of it that have no licence of their own:
            what the subject declares is about them.
    """

    id: str
    kind: Kind
    resolved: bool = True
    terms: Meaning | None = None
    basis: Literal["declared", "presumed", "unknown"] = "unknown"


class Edge(msgspec.Struct, frozen=True, kw_only=True):
    """That one was made from another, and who says so.

    Attributes:
        child: Id of the node that was made.
        parent: Id of the node it was made from.
        relation: In which way.
        how: By which process a derivative was made; empty when nothing says.
        by: Who says so: `adapter_config`, `mergekit`, `card`, `gguf`, `safetensors`, `recipe` (settings
            of a training run), `config`, `pipeline` (its parts), `tag`, `data` (what is known of a
            synthetic data set), `prose`.
        strength: 1 for the strongest kind of source; 7 is a hint, in prose or by `data`.
        where: Place in the subject.
    """

    child: str
    parent: str
    relation: Relation
    how: How = ""
    by: str
    strength: int
    where: str


class Ancestor(msgspec.Struct, frozen=True, kw_only=True):
    """A node that the model was made from, and the way there.

    Attributes:
        node: The ancestor.
        path: The edges from the model to it, at least one.
    """

    node: Node
    path: tuple[Edge, ...]


class Graph(msgspec.Struct, frozen=True, kw_only=True):
    """Nodes and edges; may hold cycles, for cards may say anything.

    Attributes:
        nodes: By id, the model itself first.
        edges: Strongest source first.
    """

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]

    def ancestors(self) -> Iterator[Ancestor]:
        """Yield each node that the model was made from once, nearest first, by a shortest way.

        Among ways of one length it is that of the strongest source. A model that is an ancestor in
        several ways, as base and by its outputs, is yielded once: who asks about one relation looks
        at all edges that lead to it.
        """
        known = {node.id: node for node in self.nodes}
        leaving: dict[str, list[Edge]] = {}
        for edge in self.edges:
            leaving.setdefault(edge.child, []).append(edge)
        seen = {ROOT}
        ways: list[tuple[Edge, ...]] = [()]
        for way in ways:
            for edge in leaving.get(way[-1].parent if way else ROOT, ()):
                if edge.parent not in seen and edge.parent in known:
                    seen.add(edge.parent)
                    ways.append((*way, edge))
                    yield Ancestor(node=known[edge.parent], path=(*way, edge))
