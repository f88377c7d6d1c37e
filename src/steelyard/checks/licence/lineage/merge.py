# SPDX-License-Identifier: Apache-2.0
"""Descent by the configurations of mergekit, as files and in the prose of cards.

Source: arcee-ai/mergekit, README ("Merge Configuration", "Mixture of Experts merging"), and
`ModelReference` in `mergekit/common.py` for the spellings of a model.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from steelyard.checks.licence.declared import file_name
from steelyard.checks.licence.lineage.documents import readmes, yaml_blocks, yaml_documents
from steelyard.checks.licence.lineage.said import MOST, UNREAD, Said, Saying
from steelyard.core.claim import Gap
from steelyard.core.probe import place
from steelyard.core.subject import Model
from steelyard.formats.yaml import YamlDocument

_NAMES = frozenset({"mergekit_config.yml", "mergekit_config.yaml"})
_MODEL_KEYS = ("model", "source_model", "base_model", "base")
_INSIDE = ("models", "slices", "sources", "experts", "modules", "genome", "shared_experts")
_STEPS = 20_000  # values of one configuration that are looked at


def merge(model: Model) -> Saying:
    """Yield every model that a merge takes in, LoRA adapters applied before it included."""
    for part, document in model.contents(YamlDocument):
        named = file_name(part.where) in _NAMES
        documents = yaml_documents(document)
        if named and document.text:
            reason = "the configuration of a merge is no sound YAML; what it takes in is not known"
            yield Gap(name=UNREAD, reason=reason, where=part.where)
        merges = [one for one in documents if named or is_merge(one)]
        yield from _said(merges, place(part.where, line=1))
    for part, text in readmes(model):
        for line, documents in yaml_blocks(text, "merge_method", "source_model"):
            merges = [one for one in documents if is_merge(one)]
            yield from _said(merges, place(part.where, line=line))


def is_merge(document: object) -> bool:
    """Tell whether a document is the configuration of a merge, by what it holds."""
    return isinstance(document, dict) and (
        "merge_method" in document
        or (isinstance(document.get("experts"), list) and "base_model" in document)
    )


def _said(documents: Sequence[object], where: str) -> Iterator[Said]:
    """Yield each model once; one document may name another, whose models count then."""
    steps = {
        one["name"]
        for one in documents
        if isinstance(one, dict) and isinstance(one.get("name"), str)
    }
    seen: set[str] = set(steps)
    for document in documents:
        for reference in references(document):
            base, _, lora = reference.partition("+")
            for raw, kind in ((base.strip(), "model"), (lora.strip(), "adapter")):
                if raw and raw not in seen and len(seen) < MOST + len(steps):
                    seen.add(raw)
                    yield Said(
                        by="mergekit",
                        raw=raw,
                        where=where,
                        process="merge",
                        kind="adapter" if kind == "adapter" else "model",
                    )


def references(document: object) -> Iterator[str]:
    """Yield every model of a merge in the order of its configuration, as `model` or `model+lora`.

    Args:
        document: Of any shape; only so much of it is looked at.
    """
    rest: list[object] = [document]
    steps = 0
    while rest and steps < _STEPS:
        steps += 1
        value = rest.pop()
        if isinstance(value, list):
            rest += reversed(value[:_STEPS])
        elif isinstance(value, dict):
            for key in _MODEL_KEYS:
                if reference := _reference(value.get(key)):
                    yield reference
            rest += reversed(list(_inner(value)))


def _inner(value: Mapping[str, Any]) -> Iterator[object]:
    """Yield what may hold models: known lists, and the modules of a merge by their names."""
    for key in _INSIDE:
        inner = value.get(key)
        if key in ("modules",) and isinstance(inner, dict):
            yield from list(inner.values())[:_STEPS]
        elif isinstance(inner, list):
            yield [{"model": item} if isinstance(item, str) else item for item in inner[:_STEPS]]
        elif isinstance(inner, dict):
            yield inner


def _reference(value: object) -> str:
    """Return a reference to a model as a text; mergekit writes it as a text or as a mapping."""
    if isinstance(value, dict):
        inner = value.get("model", value.get("path"))
        name, lora = _path(inner), _path(value.get("lora"))
        return f"{name}+{lora}" if name and lora else name
    return value.strip() if isinstance(value, str) else ""


def _path(value: object) -> str:
    if isinstance(value, dict):
        value = value.get("path")
    return value.strip() if isinstance(value, str) else ""
