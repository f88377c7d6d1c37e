# SPDX-License-Identifier: Apache-2.0
"""What the sources of a model's descent have in common: one statement each, and how far it is trusted."""

from collections.abc import Iterator, Mapping
from typing import Literal

import msgspec

from steelyard.checks.licence.graph import How, Kind, Relation
from steelyard.core.claim import Gap

By = Literal[
    "adapter_config",
    "mergekit",
    "card",
    "gguf",
    "safetensors",
    "recipe",
    "config",
    "pipeline",
    "tag",
    "data",
    "prose",
]
STRENGTH: Mapping[By, int] = {
    "adapter_config": 1,
    "mergekit": 2,
    "card": 3,
    "gguf": 4,
    "safetensors": 4,
    "recipe": 4,
    "config": 5,
    "pipeline": 5,
    "tag": 6,
    "data": 7,
    "prose": 7,
}
"""1 is what loading the model depends on, 7 a hint: prose, and what is known of a data set."""

HOW: Mapping[str, How] = {
    "adapter": "adapter",
    "finetune": "finetune",
    "merge": "merge",
    "quantized": "quantized",
}
MOST = 1_000
"""Statements that one place may make; merges of hundreds of models exist."""

UNREAD = "lineage.unread"
"""Name of the gap that a source leaves of which something could not be made out."""


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """One statement about what a model was made from.

    Attributes:
        by: Who says so.
        raw: The other model or data set, as written.
        where: Place in the subject.
        relation: In which way the one was made from the other.
        process: By which process, as written; empty when nothing says.
        kind: What the other is.
    """

    by: By
    raw: str
    where: str
    relation: Relation = "derived_from"
    process: str = ""
    kind: Kind = "model"

    @property
    def strength(self) -> int:
        """Return how far it is trusted, 1 to 7; 1 is the strongest."""
        return STRENGTH[self.by]


Saying = Iterator[Said | Gap]
"""What a source yields: statements, and gaps where it could not be read."""


def texts(value: object, *keys: str) -> list[str]:
    """Return the texts of a value: itself, those of a list, those of a mapping under some keys.

    Args:
        value: From a document; of any shape.
        keys: Members of a mapping that hold a name.

    Example:
        >>> texts(["a/b", {"name": "c/d", "weight": 1}, 7], "name")
        ['a/b', 'c/d']
    """
    found: list[str] = []
    rest = [value]
    while rest and len(found) < MOST:
        item = rest.pop()
        if isinstance(item, str):
            if item.strip():
                found.append(item.strip())
        elif isinstance(item, list):
            rest += reversed(item[:MOST])
        elif isinstance(item, dict):
            rest += [item[key] for key in reversed(keys) if key in item]
    return found
