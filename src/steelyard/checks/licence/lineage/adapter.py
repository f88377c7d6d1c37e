# SPDX-License-Identifier: Apache-2.0
"""Descent by `adapter_config.json` of PEFT, and by the metadata that trainers write into LoRA files.

Source: peft, `PeftConfig.base_model_name_or_path`; kohya-ss/sd-scripts, `train_network.py` (`ss_*`);
Stability-AI/ModelSpec (`modelspec.*`).
"""

from steelyard.checks.licence.declared import file_name
from steelyard.checks.licence.lineage.said import UNREAD, Said, Saying
from steelyard.core.claim import Gap
from steelyard.core.probe import place
from steelyard.core.subject import Model
from steelyard.formats.json import JsonDocument
from steelyard.formats.safetensors import Safetensors

_BASE = "base_model_name_or_path"


def adapter(model: Model) -> Saying:
    """Yield the base that the configuration of an adapter names: loading depends on it."""
    for part, document in model.contents(JsonDocument):
        if file_name(part.where) != "adapter_config.json":
            continue
        where = place(part.where, pointer=f"/{_BASE}")
        value = document.value.get(_BASE) if isinstance(document.value, dict) else None
        if isinstance(value, str) and value.strip():
            yield Said(by="adapter_config", raw=value.strip(), where=where, process="adapter")
        else:
            reason = f"an adapter whose configuration names no base: {_BASE} is {_shape(value)}"
            yield Gap(name=UNREAD, reason=reason, where=where)


def trained_weights(model: Model) -> Saying:
    """Yield what the metadata of safetensors files says of the model they were trained on."""
    for part, weights in model.contents(Safetensors):
        said = weights.metadata
        architecture = said.get("modelspec.architecture", "")
        lora = "ss_network_module" in said or architecture.lower().endswith("/lora")
        process = "adapter" if lora else "finetune"
        name = said.get("ss_sd_model_name", "").strip()
        if name:
            where = place(part.where, pointer="/__metadata__/ss_sd_model_name")
            yield Said(by="safetensors", raw=name, where=where, process=process)
        where = place(part.where, pointer="/__metadata__/modelspec.merged_from")
        for source in said.get("modelspec.merged_from", "").split(","):
            if source.strip():
                yield Said(by="safetensors", raw=source.strip(), where=where, process="merge")
        if lora and not name:
            where = place(part.where, pointer="/__metadata__")
            kind = f" of {architecture.partition('/')[0]!r}" if architecture else ""
            yield Gap(name=UNREAD, reason=f"an adapter{kind} that names no base", where=where)


def _shape(value: object) -> str:
    return "missing or empty" if value is None or value == "" else "no text"
