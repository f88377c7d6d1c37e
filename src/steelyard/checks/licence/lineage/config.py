# SPDX-License-Identifier: Apache-2.0
"""Descent by `config.json` of transformers and `model_index.json` of diffusers.

Source: transformers, `PretrainedConfig.name_or_path`; LLaVA, `mm_vision_tower`; diffusers,
`DiffusionPipeline.save_pretrained` (`model_index.json`).
"""

import itertools
import re
from collections.abc import Iterator

from steelyard.checks.licence.declared import file_name
from steelyard.checks.licence.lineage.said import MOST, Said, Saying
from steelyard.core.patterns import late
from steelyard.core.probe import place
from steelyard.core.subject import Model
from steelyard.formats.json import JsonDocument, objects_of

_NAME = "_name_or_path"
_COMPONENT = late(
    r"(?:mm_)?(?:audio|image|language|llm|speech|text|video|vision)_(?:backbone|decoder|encoder|model|tower)"
    r"(?:_(?:id|name|name_or_path|path))?"
)
_NESTED = 4  # configurations within each other


def config(model: Model) -> Saying:
    """Yield what configurations name: the model they were loaded from, and models they contain."""
    for part, document in model.contents(JsonDocument):
        if file_name(part.where) != "config.json" or not isinstance(document.value, dict):
            continue
        process = "quantized" if is_quantized(document.value) else ""
        for pointer, inner in _configurations(document.value):
            for key, value in inner.items():
                own = key == _NAME
                if not (own or _COMPONENT.fullmatch(key)):
                    continue
                if not isinstance(value, str) or not value.strip():
                    continue
                contained = not own or bool(pointer)
                yield Said(
                    by="config",
                    raw=value.strip(),
                    where=place(part.where, pointer=f"{pointer}/{key}"),
                    relation="contains" if contained else "derived_from",
                    process="" if contained else process,
                )


def pipeline(model: Model) -> Saying:
    """Yield the components that a pipeline of diffusers puts together from folders of the subject."""
    folders = {artifact.path.rpartition("/")[0] for artifact in model.artifacts()}
    for part, document in model.contents(JsonDocument):
        if file_name(part.where) != "model_index.json" or not isinstance(document.value, dict):
            continue
        beside = part.where.rpartition("/")[0]
        for name, value in list(document.value.items())[:MOST]:
            if _is_model(value) and (f"{beside}/{name}" if beside else name) in folders:
                where = place(part.where, pointer=f"/{name}")
                yield Said(by="pipeline", raw=name, where=where, relation="contains")


def is_quantized(value: dict[str, object]) -> bool:
    """Tell whether a configuration is that of a quantised copy."""
    return isinstance(value.get("quantization_config"), dict)


def _configurations(value: dict[str, object]) -> Iterator[tuple[str, dict[str, object]]]:
    """Yield the configuration and those of the models inside it; other objects hold no models."""
    for pointer, inner in itertools.islice(objects_of(value), MOST):
        named = pointer.rpartition("/")[2]
        nested = "config" in named or named in ("decoder", "encoder") or not pointer
        if nested and pointer.count("/") <= _NESTED and named != "quantization_config":
            yield pointer, inner


def _is_model(value: object) -> bool:
    """Tell models from schedulers, tokenizers and settings: a pair of library and class."""
    if not (isinstance(value, list) and len(value) == 2 and all(isinstance(x, str) for x in value)):
        return False
    return not re.search(r"Scheduler|Tokenizer|Processor|FeatureExtractor", value[1])
