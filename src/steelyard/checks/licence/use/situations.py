# SPDX-License-Identifier: Apache-2.0
"""What the files tell of a model besides its licences: what it takes, its family, what comes along."""

import re
from collections.abc import Iterator

from steelyard.checks.licence.declared import CardAt, file_name
from steelyard.checks.licence.use.chain import Parent
from steelyard.checks.licence.use.found import Situation
from steelyard.core.patterns import late
from steelyard.core.subject import Model
from steelyard.core.use import Use
from steelyard.formats.gguf import Gguf
from steelyard.formats.json import JsonDocument

_MORE_THAN_TEXT = late(
    r"vision|visual|image|video|audio|speech|multimodal|any-to-any"
    r"|(?<![a-z])(?:clip|mmproj|vl|mllama|llama4|llava|paligemma|pixtral|idefics\d?)(?![a-z])",
    re.IGNORECASE,
)
"""Names of parts and architectures that take pictures or sound; Llama 4 has no model without them."""

_NAMES = ("architectures", "model_type", "_class_name")


def situation(
    model: Model, cards: tuple[CardAt, ...], chain: tuple[Parent, ...], use: Use
) -> Situation:
    """Return who asks, and what is known of the model besides its licences."""
    return Situation(
        use=use,
        multimodal=_multimodal(model, cards, chain),
        families=tuple(_families(model, cards, chain)),
        files=frozenset(file_name(part.where).lower() for part in model.parts()),
    )


def _multimodal(model: Model, cards: tuple[CardAt, ...], chain: tuple[Parent, ...]) -> bool | None:
    """Tell whether a model takes more than text; None where nothing tells."""
    named = [parent.ancestor.node.id for parent in chain]
    named += [task for at in cards for task in at.card.pipeline_tag]
    told = list(_architectures(model))
    if any(_MORE_THAN_TEXT.search(word) for word in (*named, *told)):
        return True
    return False if told else None


def _architectures(model: Model) -> Iterator[str]:
    """Yield the names of architectures and of parts that configurations speak of."""
    for part, document in model.contents(JsonDocument):
        name = file_name(part.where)
        if name not in ("config.json", "model_index.json") or not isinstance(document.value, dict):
            continue
        for key, value in document.value.items():
            if key in _NAMES:
                yield from _words(value)
            elif key.endswith("_config") and isinstance(value, dict):
                yield key
    for _, gguf in model.contents(Gguf):
        yield from _words(gguf.metadata.get("general.architecture"))


def _families(model: Model, cards: tuple[CardAt, ...], chain: tuple[Parent, ...]) -> Iterator[str]:
    """Yield words that may name the family, lower case."""
    for parent in chain:
        yield parent.ancestor.node.id.lower()
    for word in _architectures(model):
        yield word.lower()
    for _, gguf in model.contents(Gguf):
        for key in ("general.name", "general.basename"):
            for word in _words(gguf.metadata.get(key)):
                yield word.lower()
    for at in cards:
        for value in (*at.card.license_name, *at.card.base_model):
            yield value.lower()


def _words(value: object) -> Iterator[str]:
    for word in value if isinstance(value, list | tuple) else (value,):
        if isinstance(word, str):
            yield word
