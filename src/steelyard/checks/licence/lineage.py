# SPDX-License-Identifier: Apache-2.0
"""From which models this one was made, as far as anything says so."""

import re
from collections.abc import Iterator, Mapping
from typing import Literal

import msgspec

from steelyard.checks.licence.declared import CardAt, file_name
from steelyard.checks.licence.graph import ROOT, Edge, Graph, How, Node
from steelyard.checks.licence.meaning import Basis, Named, of_licence
from steelyard.core.probe import place
from steelyard.core.subject import Model
from steelyard.formats.gguf import Gguf
from steelyard.formats.json import JsonDocument
from steelyard.knowledge.licence import presumed
from steelyard.knowledge.terms import Licence, Question

Source = Literal["adapter_config", "card", "gguf", "config"]

_HUB = re.compile(r"(?:https?://)?(?:www\.)?(?:huggingface\.co|hf\.co)/", re.IGNORECASE)
_ID = re.compile(r"[\w.-]{1,96}(?:/[\w.-]{1,96})?")
_LOCAL_FOLDER = re.compile(
    r"(?:\.{1,2}|checkpoints?|ckpts?|data|home|mnt|models?|outputs?|out|results?|root|runs?|tmp|workspace)/"
    r"|.*/checkpoint-\d+$",
    re.IGNORECASE,
)
_HOW: Mapping[str, How] = {
    "adapter": "adapter",
    "finetune": "finetune",
    "merge": "merge",
    "quantized": "quantized",
}
_STRENGTH: Mapping[Source, int] = {"adapter_config": 1, "card": 3, "gguf": 4, "config": 5}
_MOST_BASES = 1000  # of a GGUF file; merges of hundreds of models exist


class Base(msgspec.Struct, frozen=True, kw_only=True):
    """A model that this one is said to be made from.

    Attributes:
        id: Its id, or the path that stands in place of one.
        by: Who says so.
        where: Place in the subject.
        relation: `adapter` | `merge` | `quantized` | `finetune`; empty when nothing says.
        resolved: Whether it is an id and no path on the maker's machine.
        licence: The licence presumed from the id, or None.
    """

    id: str
    by: Source
    where: str
    relation: str = ""
    resolved: bool
    licence: Licence | None

    @property
    def binding(self) -> bool:
        """Tell whether it counts although nothing is known of it; `_name_or_path` is often stale."""
        return self.by != "config"

    def basis(self, question: Question) -> Basis:
        """Return what is presumed of it."""
        if self.licence is None:
            what = "the licence of the base" if self.resolved else "which model stands behind"
            return Basis(may="unknown", why=f"nothing is known of {what} {self.id!r}")
        found = of_licence(self.licence, question)
        why = f"presumed from the base id {self.id!r}" + (f"; {found.why}" if found.why else "")
        return msgspec.structs.replace(found, why=why)


def bases(model: Model, found: tuple[CardAt, ...]) -> Iterator[Base]:
    """Yield the models this one is said to be made from, strongest source first."""
    documents = list(model.contents(JsonDocument))
    for part, document in documents:
        if file_name(part.where) == "adapter_config.json":
            where = place(part.where, pointer="/base_model_name_or_path")
            yield from _base(
                "adapter_config", _member(document, "base_model_name_or_path"), where, "adapter"
            )
    for at in found:
        relation = ", ".join(at.card.base_model_relation)
        for value in at.card.base_model:
            yield from _base("card", value, at.at("base_model"), relation)
    for part, gguf in model.contents(Gguf):
        yield from _of_gguf(part.where, gguf)
    for part, document in documents:
        if file_name(part.where) == "config.json":
            where = place(part.where, pointer="/_name_or_path")
            yield from _base("config", _member(document, "_name_or_path"), where)


def graph(model: Model, found: tuple[CardAt, ...]) -> Graph:
    """Return what the model was made from, as far as anything says so."""
    nodes = {ROOT: Node(id=ROOT, kind="model", basis="declared")}
    edges = []
    for base in bases(model, found):
        terms = base.licence
        nodes.setdefault(
            base.id,
            Node(
                id=base.id,
                kind="model",
                resolved=base.resolved,
                terms=Named(terms.name, (terms,)) if terms else None,
                basis="presumed" if terms else "unknown",
            ),
        )
        how = _HOW.get(base.relation, "")
        edges.append(
            Edge(
                child=ROOT,
                parent=base.id,
                relation="derived_from",
                how=how,
                by=base.by,
                strength=_STRENGTH[base.by],
                where=base.where,
            )
        )
    return Graph(nodes=tuple(nodes.values()), edges=tuple(edges))


def _of_gguf(where: str, gguf: Gguf) -> Iterator[Base]:
    count = gguf.metadata.get("general.base_model.count", 0)
    count = count if isinstance(count, int) else 0
    for number in range(min(max(count, 0), _MOST_BASES)):
        key = f"general.base_model.{number}"
        address = gguf.metadata.get(f"{key}.repo_url")
        owner = gguf.metadata.get(f"{key}.organization")
        name = gguf.metadata.get(f"{key}.name")
        if isinstance(address, str) and address.strip():
            yield from _base("gguf", address, place(where, pointer=f"/{key}.repo_url"))
        elif isinstance(name, str):
            id = "-".join(name.split())
            if isinstance(owner, str) and owner.strip():
                id = f"{'-'.join(owner.split())}/{id}"
            yield from _base("gguf", id, place(where, pointer=f"/{key}.name"))


def _base(by: Source, value: object, where: str, relation: str = "") -> Iterator[Base]:
    if not isinstance(value, str) or not value.strip():
        return
    id = _HUB.sub("", value.strip()).rstrip("/")
    id = re.sub(r"/(?:tree|blob|resolve)/.*$", "", id).partition("@")[0]
    resolved = _ID.fullmatch(id) is not None and not _LOCAL_FOLDER.match(id)
    yield Base(
        id=id[:300],
        by=by,
        where=where,
        relation=relation,
        resolved=resolved,
        licence=presumed(id) if resolved else None,
    )


def _member(document: JsonDocument, key: str) -> object:
    return document.value.get(key) if isinstance(document.value, dict) else None
