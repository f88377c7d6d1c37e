# SPDX-License-Identifier: Apache-2.0
"""Probe `lineage`: what the model was made from, as far as anything says so."""

from collections.abc import Iterator
from typing import Any

import msgspec

from steelyard.checks.licence.declared import cards
from steelyard.checks.licence.graph import ROOT, Graph, Node
from steelyard.checks.licence.lineage.base import Base
from steelyard.checks.licence.lineage.build import Lineage, lineage
from steelyard.checks.licence.lineage.doubts import cycles, disagreements
from steelyard.checks.licence.lineage.kinds import KINDS
from steelyard.checks.licence.meaning import licences
from steelyard.core.claim import Claim, Fact, Gap
from steelyard.core.probe import Context, probe
from steelyard.core.subject import Model

_NO_BASE = "no base is declared; that does not mean that there is none"


@probe("lineage", version="1", descriptors=KINDS)
def descent(model: Model, context: Context) -> Iterator[Claim]:
    """Say what a model was made from: bases, merged models, parts, data, outputs of others.

    ## What it looks at
    Whatever names another model or a data set, strongest first:

    1. `adapter_config.json`: the base without which an adapter does not load
    2. configurations of mergekit, as files and in cards: every model and every LoRA adapter
    3. the card's `base_model`, `base_model_relation` and `datasets`
    4. GGUF's `general.source.*`, `general.base_model.*`, `general.dataset*`; what trainers write into
       safetensors files (`ss_sd_model_name`, `modelspec.*`); settings of axolotl, LLaMA-Factory, TRL
    5. `config.json`: `_name_or_path`, the models inside it, towers; `model_index.json` of pipelines
    6. tags such as `base_model:quantized:...`
    7. hints: sentences such as *fine-tuned from*, *distilled from*; what is known of synthetic data sets

    ## Why it matters
    Terms travel along descent. Who fine-tunes, merges or quantises a model cannot hand on more rights
    than its licence gave; some licences bind what was trained on outputs as well.

    ## How to read it
    `lineage.graph` is the whole graph: nodes with what is known of their terms (`declared` by
    themselves, `presumed` from the name, `unknown`), and edges with the relation, who says so, how
    strong that source is (1 to 7) and where it stands. The node with the empty id is the model
    itself. `lineage.base` repeats each model that this one is made from or contains, by source.

    Sources that disagree are a finding, and all models they name count as ancestors. A gap
    `lineage.none` means that nothing names a base. It does not mean that there is none. A path on the
    maker's machine stands for a base that is there but not known: a gap `lineage.unresolved`.

    ## What it cannot see
    What nobody wrote down. Whether what is written is true. Descent further up than the files at hand
    say. Prose in other languages than English.

    ## Sources
    huggingface/hub-docs (model cards), PEFT, mergekit, ggml's `docs/gguf.md`, transformers, diffusers,
    kohya-ss/sd-scripts, ModelSpec, axolotl, LLaMA-Factory: the documented formats of each.
    """
    del context
    found = cards(model)
    known = lineage(model, found)
    for base in known.bases:
        yield _base(base)
    if known.statements:
        yield Fact(name="lineage.graph", value=written(known.graph))
    yield from disagreements(known.statements)
    yield from cycles(known.graph, found)
    yield from known.gaps
    yield from _unresolved(known)


def written(graph: Graph) -> dict[str, Any]:
    """Return a graph as the value of a fact: what reports draw it from."""
    return {
        "edges": [msgspec.structs.asdict(edge) for edge in graph.edges],
        "nodes": [_node(node) for node in graph.nodes],
    }


def _node(node: Node) -> dict[str, Any]:
    known = licences(node.terms) if node.terms is not None else ()
    return {
        "basis": node.basis,
        "id": node.id,
        "kind": node.kind,
        "licences": [licence.id for licence in known],
        "resolved": node.resolved,
    }


def _base(base: Base) -> Fact:
    value = {
        "by": base.by,
        "id": base.id,
        "relation": base.relation,
        "resolved": base.resolved,
    }
    return Fact(name="lineage.base", value=value, where=base.where)


def _unresolved(known: Lineage) -> Iterator[Gap]:
    """Yield what is missing: any base at all, or the model behind a path."""
    own = [edge for edge in known.graph.edges if edge.child == ROOT]
    if not any(edge.relation == "derived_from" for edge in own):
        quantized = known.graph.nodes[0].kind == "quantized"
        reason = "a quantised copy, and nothing says of which model" if quantized else _NO_BASE
        yield Gap(name="lineage.none", reason=reason)
    unknown = {node.id for node in known.graph.nodes if not node.resolved}
    for edge in known.graph.edges:
        if edge.parent in unknown and edge.relation != "trained_on" and edge.by != "config":
            unknown.discard(edge.parent)
            reason = f"{edge.parent!r} is no id of a model but a path or a placeholder; which model it is, is not known"
            yield Gap(name="lineage.unresolved", reason=reason, where=edge.where)
