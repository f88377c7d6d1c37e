# SPDX-License-Identifier: Apache-2.0
"""Descent by what training was started with: the settings of axolotl, LLaMA-Factory, TRL, ms-swift.

Source: the settings these programs document: axolotl `base_model`, `datasets[].path`; LLaMA-Factory and TRL
`model_name_or_path`, `dataset`; alignment-handbook `dataset_mixer`; ms-swift `model`, `dataset`.
"""

import re
from collections.abc import Iterator, Mapping

from steelyard.checks.licence.declared import file_name
from steelyard.checks.licence.lineage.documents import readmes, yaml_blocks, yaml_documents
from steelyard.checks.licence.lineage.merge import is_merge
from steelyard.checks.licence.lineage.said import MOST, Said, Saying, texts
from steelyard.core.patterns import late
from steelyard.core.probe import place
from steelyard.core.subject import Model
from steelyard.formats.json import JsonDocument
from steelyard.formats.yaml import YamlDocument

_BASES = ("base_model", "model_name_or_path", "pretrained_model_name_or_path")
_TEACHERS = ("teacher_model", "teacher_model_name_or_path", "teacher_name_or_path")
_DATA = ("datasets", "dataset", "dataset_name", "dataset_mixer")
_ADAPTER = ("adapter", "lora_r", "lora_rank", "use_peft", "lora_target", "peft_type")
_FILES = late(r"arg|axolotl|config|dpo|hparam|param|recipe|sft|swift|train|tune", re.IGNORECASE)
_OTHERS = frozenset({"adapter_config.json", "config.json", "generation_config.json"})


def recipe(model: Model) -> Saying:
    """Yield the base, the teacher and the data sets that settings of a training run name."""
    for part, document in model.contents(JsonDocument):
        name = file_name(part.where)
        if name not in _OTHERS and _FILES.search(name) and isinstance(document.value, dict):
            yield from _said(document.value, part.where)
    for part, yaml in model.contents(YamlDocument):
        for value in yaml_documents(yaml):
            if isinstance(value, dict) and not is_merge(value):
                yield from _said(value, part.where)
    for part, text in readmes(model):
        for line, documents in yaml_blocks(text, *_BASES):
            for value in documents:
                if isinstance(value, dict) and not is_merge(value):
                    yield from _said(value, place(part.where, line=line))


def _said(value: Mapping[str, object], where: str) -> Iterator[Said]:
    if not any(isinstance(value.get(key), str) for key in _BASES):
        return
    tuned = "adapter" if any(value.get(key) for key in _ADAPTER) else "finetune"
    if value.get("finetuning_type") in ("lora", "qlora", "oft"):
        tuned = "adapter"
    for key, at in _present(value, where, _BASES):
        yield from (
            Said(by="recipe", raw=name, where=at, process=tuned) for name in texts(value[key])
        )
    for key, at in _present(value, where, _TEACHERS):
        for name in texts(value[key]):
            yield Said(by="recipe", raw=name, where=at, relation="trained_on_outputs_of")
    for key, at in _present(value, where, _DATA):
        for name in _data(value[key]):
            yield Said(by="recipe", raw=name, where=at, relation="trained_on", kind="dataset")


def _present(
    value: Mapping[str, object], where: str, keys: tuple[str, ...]
) -> Iterator[tuple[str, str]]:
    """Yield each key that is there, and its place; a line of a card is place enough."""
    for key in keys:
        if key in value:
            yield key, where if " line:" in where else place(where, pointer=f"/{key}")


def _data(value: object) -> list[str]:
    """Return the names of data sets: of a list of paths, a text with commas, or a mixture's keys."""
    if isinstance(value, dict):
        return [key for key in list(value)[:MOST] if isinstance(key, str) and key.strip()]
    found = texts(value, "path", "name", "dataset_name")
    return [name.strip() for text in found for name in text.split(",")[:MOST] if name.strip()]
