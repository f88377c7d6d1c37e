# SPDX-License-Identifier: Apache-2.0
"""A graph that reads, writes, sends or runs is a finding; one that computes is none."""

import pytest

from steelyard.checks.tensorflow import look
from steelyard.core.claim import Finding
from tests.samples.graphs import (
    FLOATS,
    bundle_entry,
    saved_model,
    tensor_bundle,
    tf_constant,
    tf_function,
    tf_graph,
    tf_node,
    tf_numbers,
)
from tests.samples.weights import claims, facts, findings, gaps

USUAL = [
    tf_node("Placeholder", "x"),
    tf_constant("note", "import os; os.system('id')"),
    tf_numbers("w", FLOATS),
    tf_node("MatMul", "m", ["x", "w"]),
    tf_constant("part", "part"),
    tf_node("SaveV2", "s", ["x", "part"]),
    tf_node("RestoreV2", "r", ["x", "part"]),
    tf_node("PrintV2", "p", output_stream="stderr"),
]


def listed(data: bytes, name: str = "saved_model.pb") -> list[Finding]:
    return [claim for claim in claims(look, {name: data}) if isinstance(claim, Finding)]


@pytest.mark.parametrize("wrapped", [tf_graph(USUAL), saved_model(tf_graph(USUAL))])
def test_usual_operations_give_a_summary_and_no_finding(wrapped: bytes) -> None:
    assert listed(wrapped) == []
    assert facts(claims(look, {"m.pb": wrapped}))["tensorflow.graph"]["nodes"] == 8


@pytest.mark.parametrize(
    ("op", "rule"),
    [
        ("ReadFile", "reads-file"),
        ("MatchingFiles", "reads-file"),
        ("LoadAndRemapMatrix", "reads-file"),
        ("WriteFile", "writes-file"),
        ("PyFunc", "python-operation"),
        ("EagerPyFunc", "python-operation"),
        ("PyFuncStateless", "python-operation"),
        ("DebugIdentityV2", "connects"),
        ("TRTEngineOp", "compiled-operation"),
        ("InitializeTableFromTextFileV2", "table-file"),
    ],
)
def test_an_operation_that_reaches_out_is_a_finding_in_functions_too(op: str, rule: str) -> None:
    node = tf_node(op, "bad", ["path"])
    inner = tf_graph(USUAL, [tf_function("f", tf_constant("path", "/etc/x"), node)])
    (finding,) = listed(saved_model(inner))
    assert finding.rule == f"tensorflow.{rule}"
    assert "'f'" in finding.message and finding.trail == ("input path = '/etc/x'",)
    assert [each.rule for each in listed(tf_graph([*USUAL, node]), "x.bin")] == [finding.rule]


def test_a_table_from_an_asset_is_usual_and_an_asset_elsewhere_critical() -> None:
    graph = tf_graph([*USUAL, tf_node("InitializeTableFromTextFileV2", "t")])
    assert listed(saved_model(graph, ["vocab.txt"])) == []
    assert [f.rule for f in listed(saved_model(graph, ["../../x"]))] == ["tensorflow.asset-path"]


def test_saving_to_a_fixed_place_is_a_finding() -> None:
    nodes = [*USUAL, tf_constant("path", "/root/.bashrc"), tf_node("SaveV2", "z", ["path"])]
    (finding,) = listed(tf_graph(nodes))
    assert finding.rule == "tensorflow.checkpoint-path" and "/root/.bashrc" in finding.message


def test_printing_to_a_file_is_writing() -> None:
    (finding,) = listed(tf_graph([*USUAL, tf_node("PrintV2", "q", output_stream="file:///tmp/x")]))
    assert finding.rule == "tensorflow.writes-file"


def test_a_constant_of_the_wrong_size_is_a_finding() -> None:
    (finding,) = listed(tf_graph([*USUAL, tf_numbers("v", FLOATS + b"more")]))
    assert finding.rule == "tensorflow.tensor-size"


def test_a_graph_that_was_cut_off_is_malformed() -> None:
    (finding,) = listed(saved_model(tf_graph(USUAL))[:-30])
    assert finding.rule == "tensorflow.malformed"


def test_a_checkpoint_is_held_to_its_data() -> None:
    index = tensor_bundle({"b": bundle_entry((), 16, 4), "w": bundle_entry((4,), 0, 16)})
    files = {"v/variables.index": index, "v/variables.data-00000-of-00001": bytes(20)}
    assert not findings(look, files) and not gaps(claims(look, files))
    short = files | {"v/variables.data-00000-of-00001": bytes(19)}
    assert list(findings(look, short)) == ["tensorflow.checkpoint-bounds"]
    del files["v/variables.data-00000-of-00001"]
    assert list(gaps(claims(look, files))) == ["tensorflow.external-missing"]


@pytest.mark.parametrize(
    ("entries", "rule"),
    [
        ({"w": bundle_entry((4,), 0, 15)}, "tensor-size"),
        ({"a": bundle_entry((4,), 0, 16), "b": bundle_entry((4,), 8, 16)}, "checkpoint-bounds"),
        ({"a": bundle_entry((4,), -8, 16)}, "checkpoint-bounds"),
    ],
)
def test_an_index_that_contradicts_itself_is_a_finding(entries, rule: str) -> None:
    assert f"tensorflow.{rule}" in findings(look, {"v.index": tensor_bundle(entries)})


def test_a_bad_path_behind_a_thousand_good_ones_is_seen() -> None:
    many = [tf_node("SaveV2", f"s{n}", ["part", *map(str, range(9))]) for n in range(1000)]
    prints = [tf_node("PrintV2", f"p{n}", output_stream="stderr") for n in range(1000)]
    bad = [tf_constant("path", "/root/x"), tf_node("SaveV2", "z", ["path"])]
    bad.append(tf_node("PrintV2", "q", output_stream="file:///root/y"))
    rules = [finding.rule for finding in listed(tf_graph([*USUAL, *many, *prints, *bad]))]
    assert sorted(rules) == ["tensorflow.checkpoint-path", "tensorflow.writes-file"]
