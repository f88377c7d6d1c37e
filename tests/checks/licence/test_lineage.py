# SPDX-License-Identifier: Apache-2.0
"""The probe `lineage`: which sources name which models, and what is made of them together."""

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.checks.licence import descent
from steelyard.core.claim import Claim, Fact, Finding, Gap
from tests.samples.licences import APACHE, card
from tests.samples.weights import STRING, U32, claims, gguf, safetensors

CONFIG_OF_A_MERGE = """
models:
  - model: anna/alpha-7b
    parameters: {weight: 0.5}
  - model: ben/beta-7b+cleo/gamma-lora
merge_method: ties
base_model: dora/base-7b
dtype: bfloat16
"""


def look_at(**files: bytes | str) -> list[Claim]:
    """Return the claims on some files; `__` in a name stands for a dot, `___` for a slash."""
    named = {
        name.replace("___", "/").replace("__", "."): (
            data.encode() if isinstance(data, str) else data
        )
        for name, data in files.items()
    }
    return claims(descent, named)


def facts(found: list[Claim], name: str) -> list:
    return [claim.value for claim in found if isinstance(claim, Fact) and claim.name == name]


def bases(found: list[Claim]) -> list[tuple[str, str, str]]:
    return [(b["by"], b["id"], b["relation"]) for b in facts(found, "lineage.base")]


def graph(found: list[Claim]) -> dict:
    (value,) = facts(found, "lineage.graph")
    return value


def edges(found: list[Claim]) -> list[tuple[str, str, str]]:
    return [(edge["child"], edge["relation"], edge["parent"]) for edge in graph(found)["edges"]]


def nodes(found: list[Claim]) -> dict[str, dict]:
    return {node["id"]: node for node in graph(found)["nodes"]}


def gaps(found: list[Claim]) -> dict[str, str]:
    return {claim.name: claim.reason for claim in found if isinstance(claim, Gap)}


def findings(found: list[Claim]) -> dict[str, str]:
    return {claim.rule: claim.message for claim in found if isinstance(claim, Finding)}


def test_where_nothing_names_a_base_there_is_a_gap_and_no_claim_that_there_is_none() -> None:
    found = look_at(README__md=card(license="mit"))
    assert gaps(found) == {
        "lineage.none": "no base is declared; that does not mean that there is none"
    }
    assert facts(found, "lineage.graph") == []


def test_a_card_names_its_base_with_relation_and_place() -> None:
    found = look_at(README__md=card(base_model="Qwen/Qwen2.5-7B", base_model_relation="finetune"))
    (edge,) = graph(found)["edges"]
    assert edge == {
        "by": "card",
        "child": "",
        "how": "finetune",
        "parent": "Qwen/Qwen2.5-7B",
        "relation": "derived_from",
        "strength": 3,
        "where": "README.md line:2",
    }
    assert nodes(found)["Qwen/Qwen2.5-7B"] == {
        "basis": "presumed",
        "id": "Qwen/Qwen2.5-7B",
        "kind": "model",
        "licences": ["Apache-2.0"],
        "resolved": True,
    }
    assert gaps(found) == {}


def test_bases_are_read_from_every_source_strongest_first() -> None:
    weights = gguf().key("general.base_model.count", U32, 1)
    weights.key("general.base_model.0.repo_url", STRING, "https://huggingface.co/Qwen/Qwen2.5-7B")
    found = look_at(
        README__md=card(
            "A model fine-tuned from [X](https://huggingface.co/org/prose).",
            base_model="[Qwen/Qwen3-8B]",
            base_model_relation="quantized",
            tags="['base_model:finetune:Qwen/Qwen3-4B']",
        ),
        adapter_config__json='{"base_model_name_or_path": "Qwen/Qwen2.5-3B"}',
        mergekit_config__yml="merge_method: linear\nmodels: [{model: anna/alpha}]",
        axolotl__yaml="base_model: ben/beta\nadapter: qlora",
        model__gguf=weights.finish(),
        config__json='{"_name_or_path": "google/gemma-2-2b"}',
    )
    assert bases(found) == [
        ("adapter_config", "Qwen/Qwen2.5-3B", "adapter"),
        ("mergekit", "anna/alpha", "merge"),
        ("card", "Qwen/Qwen3-8B", "quantized"),
        ("recipe", "ben/beta", "adapter"),
        ("gguf", "Qwen/Qwen2.5-7B", ""),
        ("config", "google/gemma-2-2b", ""),
        ("tag", "Qwen/Qwen3-4B", "finetune"),
        ("prose", "org/prose", "finetune"),
    ]


@pytest.mark.parametrize("path", ["/data/models/llama", "./out/checkpoint-500", "C:\\models\\x"])
def test_a_path_as_base_is_unresolved_and_not_absent(path: str) -> None:
    adapter = json.dumps({"base_model_name_or_path": path})
    found = look_at(README__md=card(license="mit"), adapter_config__json=adapter)
    (base,) = facts(found, "lineage.base")
    assert base == {"by": "adapter_config", "id": path, "relation": "adapter", "resolved": False}
    assert list(gaps(found)) == ["lineage.unresolved"]


@pytest.mark.parametrize("value", ["null", '""', "7", '{"a": 1}', "[]"])
def test_an_adapter_that_names_no_base_leaves_a_gap(value: str) -> None:
    found = look_at(adapter_config__json=f'{{"base_model_name_or_path": {value}}}')
    assert sorted(gaps(found)) == ["lineage.none", "lineage.unread"]


@pytest.mark.parametrize(
    "spelling",
    [
        "https://huggingface.co/anna/alpha-7b",
        "https://huggingface.co/anna/alpha-7b/tree/main",
        "hf:anna/alpha-7b@0123abc",
        "/root/.cache/huggingface/hub/models--anna--alpha-7b/snapshots/0123abc",
        "D:\\\\hub\\\\models--anna--alpha-7b\\\\snapshots\\\\0123abc",
    ],
)
def test_one_model_has_one_id_however_it_is_spelled(spelling: str) -> None:
    found = look_at(adapter_config__json=f'{{"base_model_name_or_path": "{spelling}"}}')
    assert bases(found) == [("adapter_config", "anna/alpha-7b", "adapter")]


def test_every_model_of_a_merge_counts_and_so_does_a_lora_applied_before_it() -> None:
    found = look_at(mergekit_config__yml=CONFIG_OF_A_MERGE)
    assert {id: node["kind"] for id, node in nodes(found).items()} == {
        "": "merge",
        "dora/base-7b": "model",
        "anna/alpha-7b": "model",
        "ben/beta-7b": "model",
        "cleo/gamma-lora": "adapter",
    }


@pytest.mark.parametrize(
    "config",
    [
        "merge_method: passthrough\nslices:\n- sources:\n  - {model: a/x, layer_range: [0, 8]}\n"
        "- sources:\n  - {model: b/y, layer_range: [8, 16]}",
        "merge_method: slerp\nmodules:\n  text_decoder:\n    slices:\n    - sources:\n"
        "      - model: {model: {path: a/x, revision: main}}\n      - model: b/y",
        "base_model: a/x\ngate_mode: hidden\nexperts:\n- source_model: b/y\n  positive_prompts: [hi]",
        "merge_method: task_arithmetic\ngenome: {models: [a/x, b/y]}",
        "name: step\nmerge_method: linear\nmodels: [{model: a/x}]\n---\nmerge_method: linear\n"
        "models: [{model: step}, {model: b/y}]",
    ],
    ids=["slices", "modules", "experts", "genome", "steps"],
)
@pytest.mark.parametrize("inside", ["file", "card"])
def test_merges_are_read_in_every_shape_as_a_file_and_in_a_card(config: str, inside: str) -> None:
    if inside == "file":
        found = look_at(mergekit_config__yml=config)
    else:
        found = look_at(README__md=f"# A merge\n\n```yaml\n{config}\n```\n")
    assert {id for by, id, _ in bases(found) if by == "mergekit"} == {"a/x", "b/y"}


def test_a_merge_whose_configuration_is_broken_leaves_a_gap() -> None:
    found = look_at(mergekit_config__yml="models: [{model: a/x}\nmerge_method: ]")
    assert "no sound YAML" in gaps(found)["lineage.unread"]


def test_a_merge_of_two_hundred_is_taken_in_whole() -> None:
    models = "\n".join(f"- model: org/model-{number}" for number in range(200))
    found = look_at(mergekit_config__yml=f"merge_method: ties\nmodels:\n{models}")
    assert len(bases(found)) == 200


def test_more_models_than_anyone_merges_are_counted_off_with_a_gap() -> None:
    listed = "\n".join(f"- org/model-{number}" for number in range(5_000))
    started = time.process_time()
    found = look_at(README__md=f"---\nbase_model:\n{listed}\n---\n")
    assert time.process_time() - started < 5
    assert len(bases(found)) == 1_000
    assert "lineage.too-many" in gaps(found)


def test_a_name_of_hostile_length_is_cut() -> None:
    found = look_at(adapter_config__json=json.dumps({"base_model_name_or_path": "a/" * 100_000}))
    (base,) = facts(found, "lineage.base")
    assert len(base["id"]) <= 300


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("{name: a/x, revision: main}", ["a/x"]),
        ("[[a/x], {id: b/y}]", ["a/x", "b/y"]),
        ("12", ["12"]),
    ],
)
def test_a_base_is_found_in_odd_shapes_of_the_field(value: str, expected: list[str]) -> None:
    assert [id for _, id, _ in bases(look_at(README__md=card(base_model=value)))] == expected


def test_a_base_model_field_without_a_name_leaves_a_gap() -> None:
    found = look_at(README__md=card(base_model="{weight: {x: 1}}"))
    assert "holds no name" in gaps(found)["lineage.unread"]


def test_gguf_says_what_it_was_converted_from_and_what_that_was_trained_on() -> None:
    weights = (
        gguf()
        .key("general.file_type", U32, 15)
        .key("general.source.repo_url", STRING, "https://huggingface.co/anna/alpha")
        .key("general.dataset.count", U32, 1)
        .key("general.dataset.0.name", STRING, "Good Data")
        .key("general.dataset.0.organization", STRING, "ben")
    )
    found = look_at(model__gguf=weights.finish())
    assert bases(found) == [("gguf", "anna/alpha", "quantized")]
    assert ("", "trained_on", "ben/Good-Data") in edges(found)
    assert nodes(found)[""]["kind"] == "quantized"


def test_a_quantised_copy_of_nothing_known_says_so() -> None:
    found = look_at(model__gguf=gguf().key("general.file_type", U32, 15).finish())
    assert gaps(found)["lineage.none"] == "a quantised copy, and nothing says of which model"


def test_a_count_of_bases_that_cannot_be_does_not_hang() -> None:
    weights = gguf().key("general.base_model.count", U32, 4_000_000_000).finish()
    started = time.process_time()
    look_at(model__gguf=weights)
    assert time.process_time() - started < 1


def test_models_inside_a_configuration_are_contained() -> None:
    config = {
        "_name_or_path": "anna/vision-chat",
        "mm_vision_tower": "openai/clip-vit-large-patch14-336",
        "text_config": {"_name_or_path": "ben/words-7b"},
        "quantization_config": {"_name_or_path": "no/model", "bits": 4},
    }
    found = look_at(config__json=json.dumps(config))
    assert edges(found) == [
        ("", "derived_from", "anna/vision-chat"),
        ("", "contains", "openai/clip-vit-large-patch14-336"),
        ("", "contains", "ben/words-7b"),
    ]
    assert nodes(found)[""]["kind"] == "quantized"


def test_a_pipeline_contains_its_parts_and_they_their_own_bases() -> None:
    index = {
        "_class_name": "StableDiffusionPipeline",
        "text_encoder": ["transformers", "CLIPTextModel"],
        "unet": ["diffusers", "UNet2DConditionModel"],
        "scheduler": ["diffusers", "PNDMScheduler"],
        "safety_checker": [None, None],
        "vae": ["diffusers", "AutoencoderKL"],
    }
    found = look_at(
        model_index__json=json.dumps(index),
        text_encoder___config__json='{"_name_or_path": "openai/clip-vit-large-patch14"}',
        unet___config__json="{}",
        scheduler___config__json="{}",
        vae___config__json="{}",
        vae___LICENSE=APACHE,
    )
    assert edges(found) == [
        ("", "contains", "./text_encoder"),
        ("", "contains", "./unet"),
        ("", "contains", "./vae"),
        ("./text_encoder", "derived_from", "openai/clip-vit-large-patch14"),
    ]
    assert nodes(found)["./vae"]["licences"] == ["Apache-2.0"]
    assert nodes(found)["./unet"]["basis"] == "declared"


def test_a_base_inside_the_snapshot_brings_its_own_licence_and_its_own_base() -> None:
    found = look_at(
        adapter_config__json='{"base_model_name_or_path": "./base"}',
        README__md=card(license="mit"),
        base___README__md=card(license="llama3.1", base_model="meta-llama/Llama-3.1-8B"),
    )
    assert edges(found) == [
        ("", "derived_from", "./base"),
        ("./base", "derived_from", "meta-llama/Llama-3.1-8B"),
    ]
    assert nodes(found)["./base"] == {
        "basis": "declared",
        "id": "./base",
        "kind": "model",
        "licences": ["llama-3.1"],
        "resolved": True,
    }


def test_trainers_of_lora_files_write_their_base_into_the_weights() -> None:
    metadata = {
        "ss_sd_model_name": "stabilityai/stable-diffusion-xl-base-1.0",
        "ss_network_module": "networks.lora",
    }
    found = look_at(lora__safetensors=safetensors({"__metadata__": metadata}))
    base = "stabilityai/stable-diffusion-xl-base-1.0"
    assert bases(found) == [("safetensors", base, "adapter")]
    assert nodes(found)[""]["kind"] == "adapter"


def test_a_lora_file_that_names_no_base_leaves_a_gap() -> None:
    metadata = {"modelspec.architecture": "flux-1-dev/lora"}
    found = look_at(lora__safetensors=safetensors({"__metadata__": metadata}))
    assert gaps(found)["lineage.unread"] == "an adapter of 'flux-1-dev' that names no base"


@pytest.mark.parametrize(
    ("name", "text", "data"),
    [
        ("axolotl__yml", "base_model: a/x\ndatasets:\n- path: b/data\n  type: alpaca", "b/data"),
        ("train_args__json", '{"model_name_or_path": "a/x", "dataset": "b/data,c/more"}', "c/more"),
        ("sft__yaml", "model_name_or_path: a/x\ndataset_mixer: {b/data: 1.0}", "b/data"),
    ],
)
def test_what_training_was_started_with_names_base_and_data(name, text, data) -> None:
    found = look_at(**{name: text})
    assert bases(found)[0][:2] == ("recipe", "a/x")
    assert ("", "trained_on", data) in edges(found)


def test_settings_of_training_are_read_in_the_prose_of_a_card_too() -> None:
    body = "<details>\n\n```yaml\nbase_model: a/x\nadapter: lora\n```\n</details>"
    assert bases(look_at(README__md=card(body))) == [("recipe", "a/x", "adapter")]


def test_a_teacher_is_a_model_whose_outputs_it_was_trained_on() -> None:
    found = look_at(distil_config__json='{"base_model": "a/x", "teacher_model": "b/teacher"}')
    assert ("", "trained_on_outputs_of", "b/teacher") in edges(found)


def test_known_synthetic_data_points_to_the_model_that_wrote_it() -> None:
    found = look_at(README__md=card(datasets="[tatsu-lab/alpaca]"))
    assert edges(found) == [
        ("", "trained_on", "tatsu-lab/alpaca"),
        ("", "trained_on_outputs_of", "openai/text-davinci-003"),
    ]
    assert [edge["strength"] for edge in graph(found)["edges"]] == [3, 7]


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        (
            "This model is a fine-tuned version of [bert](https://huggingface.co/google-bert/bert) on x.",
            ("derived_from", "google-bert/bert", "finetune"),
        ),
        (
            "**Finetuned from model :** unsloth/llama-3-8b-bnb-4bit",
            ("derived_from", "unsloth/llama-3-8b-bnb-4bit", "finetune"),
        ),
        (
            "Original model: https://huggingface.co/anna/alpha-7b",
            ("derived_from", "anna/alpha-7b", ""),
        ),
        (
            "This is a 4-bit quantized version of [a](https://huggingface.co/anna/alpha-7b).",
            ("derived_from", "anna/alpha-7b", "quantized"),
        ),
        (
            "LoRA adapter for `anna/alpha`, nothing more",
            ("derived_from", "anna/alpha", "adapter"),
        ),
        (
            "The following models were included in the merge:\n* [a](https://huggingface.co/a/x)\n",
            ("derived_from", "a/x", "merge"),
        ),
        (
            "This model is a fine-tuned version of [bert-base](https://huggingface.co/bert-base).",
            ("derived_from", "bert-base", "finetune"),
        ),
        (
            "Based on [XL](https://huggingface.co/a/xl-base-1.0/tree/main), and nothing else",
            ("derived_from", "a/xl-base-1.0", ""),
        ),
        (
            "It achieves these results on the anna/good-data dataset.",
            ("trained_on", "anna/good-data", ""),
        ),
        ("It is distilled from GPT-4o.", ("trained_on_outputs_of", "GPT-4o", "")),
        (
            "Trained on outputs of [R1](https://huggingface.co/deepseek-ai/DeepSeek-R1).",
            ("trained_on_outputs_of", "deepseek-ai/DeepSeek-R1", ""),
        ),
    ],
)
def test_a_sentence_of_a_card_is_a_hint(sentence: str, expected: tuple[str, str, str]) -> None:
    found = look_at(README__md=f"# A model\n\n{sentence}\n")
    (edge,) = graph(found)["edges"]
    assert (edge["relation"], edge["parent"], edge["how"]) == expected
    assert (edge["by"], edge["strength"], edge["where"].split()[0]) == ("prose", 7, "README.md")


@pytest.mark.parametrize(
    "sentence",
    [
        "It was fine-tuned on the `tatsu-lab/alpaca` data.",
        "Fine-tuned on [imdb](https://huggingface.co/datasets/stanfordnlp/imdb).",
        "Quantized versions: [GGUF](https://huggingface.co/other/copy-of-this).",
        "See the quantized version of it by [x](https://huggingface.co/other/this-model-GGUF).",
        "Fine-tuned version of [a/b/c](https://huggingface.co/local/checkpoints/standard).",
        "Quantized for CPU/GPU use and/or phones.",
        "Text generated by the model may be wrong. See [docs](https://huggingface.co/docs/hub).",
        "**Finetuned from model [optional]:** [More Information Needed]",
    ],
)
def test_other_sentences_are_none(sentence: str) -> None:
    assert facts(look_at(README__md=f"# A model\n\n{sentence}\n"), "lineage.graph") == []


def test_sources_that_name_different_bases_are_a_finding_and_all_are_ancestors() -> None:
    found = look_at(
        README__md=card(base_model="mistralai/Mistral-7B-v0.1"),
        adapter_config__json='{"base_model_name_or_path": "meta-llama/Llama-2-7b-hf"}',
    )
    assert findings(found) == {
        "lineage.disagreement": "card names 'mistralai/Mistral-7B-v0.1', where adapter_config names"
        " 'meta-llama/Llama-2-7b-hf'"
    }
    assert set(nodes(found)) == {"", "mistralai/Mistral-7B-v0.1", "meta-llama/Llama-2-7b-hf"}


def test_a_card_that_leaves_out_a_model_of_the_merge_is_a_finding() -> None:
    found = look_at(
        README__md=card(base_model="[anna/alpha-7b, dora/base-7b]"),
        mergekit_config__yml=CONFIG_OF_A_MERGE,
    )
    assert "where mergekit names 'ben/beta-7b'" in findings(found)["lineage.disagreement"]


def test_a_card_that_names_more_than_the_base_does_not_disagree() -> None:
    found = look_at(
        README__md=card(base_model="[a/x, b/y]"),
        adapter_config__json='{"base_model_name_or_path": "A/x"}',
    )
    assert findings(found) == {}


def test_a_configuration_that_names_one_model_of_a_merge_does_not_disagree() -> None:
    found = look_at(
        mergekit_config__yml=CONFIG_OF_A_MERGE,
        config__json='{"_name_or_path": "dora/base-7b"}',
    )
    assert findings(found) == {}


def test_a_model_that_names_itself_as_base_is_a_finding() -> None:
    found = look_at(README__md=card(model_name="a/x", base_model="a/x"))
    assert findings(found) == {"lineage.cycle": "'a/x' is named as its own base"}


def test_a_model_that_names_its_own_folder_as_base_is_a_finding() -> None:
    found = look_at(README__md=card(base_model="."))
    assert findings(found) == {"lineage.cycle": "'the model' is named as its own base"}


def test_an_adapter_beside_its_model_is_no_ancestor_of_it() -> None:
    found = look_at(
        README__md=card(base_model="a/x"),
        adapter___adapter_config__json='{"base_model_name_or_path": ".."}',
    )
    assert edges(found) == [("", "derived_from", "a/x")]


def test_a_card_that_breaks_off_leaves_a_gap() -> None:
    found = look_at(README__md="---\nbase_model: a/x\ntags: [a: {b\n---\n")
    assert bases(found) == [("card", "a/x", "")]
    assert "breaks off" in gaps(found)["lineage.unread"]


def test_two_models_that_name_each_other_are_a_finding_and_end() -> None:
    found = look_at(
        README__md=card(base_model="./left"),
        left___README__md=card(base_model="../right"),
        right___README__md=card(base_model="../left"),
    )
    assert findings(found) == {"lineage.cycle": "'./left' is an ancestor of itself, by 2 steps"}
    assert set(edges(found)) == {
        ("", "derived_from", "./left"),
        ("./left", "derived_from", "./right"),
        ("./right", "derived_from", "./left"),
    }


def test_shards_that_repeat_a_statement_make_one_edge() -> None:
    weights = safetensors({"__metadata__": {"ss_sd_model_name": "a/x"}})
    found = look_at(a__safetensors=weights, b__safetensors=weights)
    assert len(edges(found)) == 1


WORDS = st.sampled_from(
    [
        "",
        "a/x",
        "./base",
        "base",
        "../..",
        "model",
        "models",
        "merge_method",
        "base_model",
        "slices",
    ]
) | st.text(max_size=12)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=5),
    max_leaves=20,
)
NAMES = st.sampled_from(
    [
        "README.md",
        "adapter_config.json",
        "axolotl.yaml",
        "base/README.md",
        "base/config.json",
        "config.json",
        "mergekit_config.yml",
        "model_index.json",
        "train_args.json",
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(NAMES, VALUES, max_size=5))
def test_any_values_in_any_of_these_files_end_in_the_same_bounded_claims(files: dict) -> None:
    made = {}
    for name, value in files.items():
        text = json.dumps(value)
        made[name] = (f"---\n{text}\n---\n{text}" if name.endswith(".md") else text).encode()
    found = claims(descent, made)
    assert found == claims(descent, dict(reversed(made.items())))
    assert len(found) < 200


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            ["fine-tuned from ", "`a/b`", "[x](https://huggingface.co/", "a/b)", "merge of "]
        )
        | st.text(max_size=20),
        max_size=30,
    ).map("".join)
)
def test_any_prose_ends_in_claims(text: str) -> None:
    assert claims(descent, {"README.md": text.encode()}) is not None


@pytest.mark.parametrize(
    "text", ["fine-tuned from " * 20_000, "[" * 300_000, "`a/" * 100_000, "distilled " * 40_000]
)
def test_hostile_prose_takes_no_time_beyond_its_length(text: str) -> None:
    started = time.process_time()
    claims(descent, {"README.md": text.encode()})
    assert time.process_time() - started < 3
