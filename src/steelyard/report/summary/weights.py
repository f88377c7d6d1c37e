# SPDX-License-Identifier: Apache-2.0
"""What a dossier says of whose weights these are, a line for each model they were held against."""

from collections.abc import Iterator, Mapping
from typing import Annotated

import msgspec

from steelyard.core.claim import Fact
from steelyard.core.dossier import Dossier
from steelyard.report.summary.groups import claims
from steelyard.report.summary.text import as_shape, counted

_RELATION, _COMPARED = "weights.relation", "weights.compared"
_WORDS: Mapping[str, str] = {
    "identical": "the same as",
    "copied": "copied from",
    "quantised": "quantised from",
    "fine_tuned": "fine-tuned from",
    "lora_merged": "an adapter merged into",
    "merged": "merged from",
    "pruned": "pruned from",
    "permuted": "reordered from",
    "unrelated": "unrelated to",
    "undecided": "perhaps related to",
}


class Relation(msgspec.Struct, frozen=True, kw_only=True):
    """How weights relate to those of another model.

    Attributes:
        relation: Kind of the relation.
        to: Name of the other model.
        why: What that rests on.
        sigmas: By how many standard deviations the likeness exceeds chance.
    """

    relation: str
    to: str
    why: str = ""
    sigmas: float = 0.0

    @property
    def words(self) -> str:
        """Return the relation in words, which the other model's name follows."""
        return _WORDS.get(self.relation, self.relation)


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """With how many models weights were compared, and what came of it."""

    related: Annotated[int, msgspec.Meta(ge=0)] = 0
    unrelated: Annotated[int, msgspec.Meta(ge=0)] = 0
    undecided: Annotated[int, msgspec.Meta(ge=0)] = 0

    @property
    def words(self) -> str:
        """Return that it is related to none of them; empty where it is, or was held against none."""
        others = self.unrelated + self.undecided
        if self.related or not others:
            return ""
        return f"held against {counted(others, 'model')}, related to none"


def relations(dossier: Dossier) -> Iterator[tuple[str, Relation]]:
    """Yield each form of the weights with a relation of it, in the order they were found."""
    for _, fact in claims(dossier, Fact):
        found = as_shape(fact.value, Relation) if fact.name == _RELATION else None
        if found is not None:
            yield fact.where, found


def compared(dossier: Dossier) -> Iterator[tuple[str, Compared]]:
    """Yield each form of the weights with how many models it was compared with."""
    for _, fact in claims(dossier, Fact):
        found = as_shape(fact.value, Compared) if fact.name == _COMPARED else None
        if found is not None:
            yield fact.where, found
