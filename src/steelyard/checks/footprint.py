# SPDX-License-Identifier: Apache-2.0
"""Probe `footprint`: how large are the weights, and how much memory do they take to run?"""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from steelyard import knowledge
from steelyard.core.claim import Claim, Fact, Gap, Measurement, exactly
from steelyard.core.probe import Context, probe
from steelyard.core.subject import Model
from steelyard.formats.architecture_config import config_architecture
from steelyard.formats.architecture_gguf import gguf_architecture
from steelyard.formats.architecture_table import ConfigTable, GgufTable
from steelyard.formats.gguf import Gguf
from steelyard.formats.json import JsonDocument
from steelyard.formats.memory import Architecture, contexts, kv_bytes, memory
from steelyard.formats.variants import Variant, holdings, variants

_KNOWLEDGE = "architectures"


@probe("footprint", version="1")
def look(model: Model, context: Context) -> Iterator[Claim]:
    """Weigh the weights, and compute what memory they take at each context length.

    ## What it looks at
    The tensors that GGUF, safetensors and torch files list, and the architecture that the metadata
    of the GGUF file or the `config.json` beside the weights describe. Shards count together; several
    forms of the same weights in one folder, such as quantised variants, are reported one by one.

    ## Why it matters
    Whether a model fits into a machine is the first question of its cost. Weights are only a part of
    the answer: the cache of keys and values grows with the context and can outweigh them.

    ## How to read it
    `footprint.weights`, `footprint.parameters`, `footprint.tensor-count` and
    `footprint.bits-per-weight` are exact: sums over the files' own tables. So is
    `footprint.kv-cache.N`, the cache for N tokens of one sequence as f16, where its interval is a
    point; the fact `footprint.memory` has it as q8_0 and q4_0 as well. `footprint.memory.N` is an
    interval: from what is resident while text is generated to what is resident at most, when the
    logits of a whole batch are kept. The formulae are llama.cpp's, with its defaults: one sequence,
    batches of 512 tokens, flash attention, weights mapped from the file.

    Where `footprint.architecture` names a doubt, such as latent attention or recurrent states, loaders
    differ or nothing was measured, and the interval spans them. What is not known is a gap, not a
    guess.

    ## What it cannot see
    What another program than llama.cpp adds: a Python process with torch takes 0.4 to 0.9 GB more.
    Memory of a graphics card, several sequences at once, vision and speech parts, speed.

    ## Sources
    llama.cpp b10605, src/llama-kv-cache.cpp, llama-kv-cache-iswa.cpp, llama-memory-recurrent.cpp and
    src/models; transformers 5.23. Cache sizes agree with llama.cpp's own to the byte for grouped-query
    and sliding-window attention; overheads were measured with SmolLM2-135M at 512 to 8,192 tokens.
    """
    del context
    found = variants(holdings(model.parts()))
    if not found:
        reason = "there are no weights in a format whose tensors are listed"
        yield Gap(name="footprint.weights", reason=reason)
    for variant in found:
        if variant.missing:
            shards = f"{variant.missing} of {variant.missing + len(variant.holdings)} shards"
            yield Gap(name="footprint.weights", reason=f"{shards} are missing", where=variant.name)
            continue
        yield from _weights(variant)
        yield from _memory(model, variant)


def _weights(variant: Variant) -> Iterator[Claim]:
    types: dict[str, dict[str, int]] = {}
    for holding in variant.holdings:
        for tensor, nbytes in holding.weighed():
            kind = types.setdefault(tensor.dtype, {"count": 0, "parameters": 0, "bytes": 0})
            kind["count"] += 1
            kind["parameters"] += tensor.elements if nbytes else 0
            kind["bytes"] += nbytes
    weights, parameters = _total(types, "bytes"), _total(types, "parameters")
    yield exactly("footprint.weights", weights, "B", variant.name)
    yield exactly("footprint.tensor-count", _total(types, "count"), "1", variant.name)
    if variant.packed or not parameters:
        reason = "several weights are packed into one element, so that they cannot be counted"
        yield Gap(name="footprint.parameters", reason=reason, where=variant.name)
    else:
        bits = round(8 * weights / parameters, 6)
        yield exactly("footprint.parameters", parameters, "1", variant.name)
        yield exactly("footprint.bits-per-weight", bits, "bit", variant.name)
    yield Fact(name="footprint.tensors", value=types, where=variant.name)


def _total(types: Mapping[str, Mapping[str, int]], what: str) -> int:
    return sum(kind[what] for kind in types.values())


def _memory(model: Model, variant: Variant) -> Iterator[Claim]:
    architecture = _architecture(model, variant)
    if isinstance(architecture, str):
        yield Gap(name="footprint.memory", reason=architecture, where=variant.name)
        return
    weights = sum(nbytes for holding in variant.holdings for _, nbytes in holding.weighed())
    rows = [memory(architecture, weights, tokens) for tokens in contexts(architecture.context)]
    yield Fact(name="footprint.architecture", value=_shown(architecture), where=variant.name)
    yield Fact(
        name="footprint.memory",
        value=[msgspec.to_builtins(row) for row in rows],
        where=variant.name,
    )
    for row in rows:
        most = kv_bytes(architecture.most, row.context)
        yield _between(f"footprint.kv-cache.{row.context}", row.kv, most or 0, variant.name)
        yield _between(f"footprint.memory.{row.context}", row.steady, row.worst, variant.name)


def _between(metric: str, low: int, high: int, where: str) -> Measurement:
    """Return a measurement somewhere in an interval; its value is the end one must plan for."""
    low, high = min(low, high), max(low, high)
    return Measurement(metric=metric, value=high, unit="B", low=low, high=high, where=where)


def _architecture(model: Model, variant: Variant) -> Architecture | str:
    paths = [holding.path for holding in variant.holdings]
    for part, content in model.contents(Gguf):
        if part.where == paths[0]:
            return _of_gguf(content)
    if paths[0].rpartition("/")[2].startswith("adapter_"):
        return "an adapter: it takes memory on top of the model it was made for"
    for part, document in model.contents(JsonDocument):
        if part.where == f"{variant.folder}config.json":
            if not isinstance(document.value, dict):
                return "the config.json beside the weights is no JSON object"
            return config_architecture(document.value, _table("transformers", ConfigTable))
    return "there is no config.json beside the weights"


def _of_gguf(content: Gguf) -> Architecture | str:
    kind = content.metadata.get("general.type", "model")
    if kind != "model":
        return f"a GGUF file of the type {str(kind)[:40]!r}, not a model"
    return gguf_architecture(content.metadata, _table("llama-cpp", GgufTable))


def _table(name: str, kind: type[Any]) -> Any:  # noqa: ANN401 - of the type that was asked for
    return msgspec.json.decode(knowledge.entry(_KNOWLEDGE, name) or b"{}", type=kind)


def _shown(architecture: Architecture) -> dict[str, object]:
    windowed = sum(1 for layer in architecture.layers if layer.window)
    return {
        "name": architecture.name,
        "context": architecture.context,
        "vocabulary": architecture.vocabulary,
        "embedding": architecture.embedding,
        "cached_layers": len(architecture.layers),
        "windowed_layers": windowed,
        "doubt": architecture.doubt,
    }
