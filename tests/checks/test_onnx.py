# SPDX-License-Identifier: Apache-2.0
"""What an ONNX model opens or runs beyond itself is a finding; what exporters write is none."""

import pytest

from steelyard.checks.onnx import look
from steelyard.core.claim import Finding, Severity
from tests.samples.graphs import (
    FLOATS,
    external,
    field,
    graph_attribute,
    onnx,
    onnx_function,
    onnx_node,
    onnx_tensor,
    text_attribute,
)
from tests.samples.weights import claims, facts, findings, gaps

PLAIN = onnx(
    [
        onnx_node("Add", name="eval(import os)"),
        onnx_node("QLinearAdd", "com.microsoft", text_attribute("note", "import os")),
        onnx_node("BpeTokenizer", "ai.onnx.contrib"),
        onnx_node("Own", "my.domain"),
    ],
    [onnx_tensor(raw=FLOATS), onnx_tensor(dims=(3,), dtype=22, raw=b"ab")],
    onnx_function("my.domain", "Own", onnx_node("Relu")) + field(6, "import os; os.system('id')"),
)


def test_a_plain_model_has_a_summary_and_no_finding() -> None:
    found = claims(look, {"m.onnx": PLAIN})
    assert not [claim for claim in found if isinstance(claim, Finding)]
    assert facts(found)["onnx.model"]["nodes"] == 5
    assert facts(found)["onnx.model"]["producer"] == "tests"


@pytest.mark.parametrize(
    "path",
    ["../../../../etc/passwd", "/etc/passwd", "..\\..\\x", "C:\\x", "c:x", "a/../../b", "\\\\h\\s"],
)
def test_a_path_out_of_the_folder_is_critical(path: str) -> None:
    model = onnx(tensors=[external(location=path, offset="0", length="16")])
    (finding,) = [c for c in claims(look, {"m.onnx": model}) if isinstance(c, Finding)]
    assert (finding.rule, finding.severity) == ("onnx.external-path", Severity.CRITICAL)


def test_data_beside_the_model_is_fine_and_data_that_is_not_there_a_gap() -> None:
    model = onnx(tensors=[external(location="w.data", offset="0", length="16")])
    inside = {"a/m.onnx": model, "a/w.data": FLOATS}
    found = claims(look, inside)
    assert not gaps(found) and not findings(look, inside)
    assert "w.data" in gaps(claims(look, {"a/m.onnx": model}))["onnx.external-missing"]


@pytest.mark.parametrize(
    "entries",
    [
        {"offset": "8", "length": "16"},
        {"offset": "-1", "length": "16"},
        {"offset": "0", "length": "8"},
        {"offset": "9" * 19, "length": "16"},
    ],
)
def test_a_place_beyond_the_file_is_a_finding(entries: dict[str, str]) -> None:
    model = onnx(tensors=[external(location="w.data", **entries)])
    assert list(findings(look, {"m.onnx": model, "w.data": FLOATS})) == ["onnx.external-bounds"]


def test_an_address_in_memory_is_critical() -> None:
    model = onnx(tensors=[external(location="*/_ORT_MEM_ADDR_/*", offset="4096", length="16")])
    assert list(findings(look, {"m.onnx": model})) == ["onnx.memory-address"]


@pytest.mark.parametrize(
    "node",
    [
        onnx_node("PyOp", "ai.onnx.contrib", text_attribute("module", "os")),
        onnx_node("PythonOp", "com.microsoft", text_attribute("func_name", "os.system")),
        onnx_node("X", "pyopmulti_2", text_attribute("module", "os")),
        onnx_node("If", attributes=graph_attribute("then_branch", onnx_node("PyOp", "x"))),
    ],
)
def test_an_operation_that_calls_python_is_critical_wherever_it_is(node: bytes) -> None:
    model = onnx([onnx_node("Add"), node])
    (finding,) = [c for c in claims(look, {"m.bin": model}) if isinstance(c, Finding)]
    assert (finding.rule, finding.severity) == ("onnx.python-operator", Severity.CRITICAL)


def test_python_inside_a_function_of_the_model_is_seen_too() -> None:
    body = onnx_node("PyOp", "ai.onnx.contrib", text_attribute("module", "os"))
    model = onnx([onnx_node("F", "my")], more=onnx_function("my", "F", body))
    assert list(findings(look, {"m.onnx": model})) == ["onnx.python-operator"]


@pytest.mark.parametrize(
    ("domain", "op"), [("my.lib", "Magic"), ("", "Magic"), ("com.microsoft", "Magic")]
)
def test_an_unknown_operation_is_for_review(domain: str, op: str) -> None:
    model = onnx([onnx_node(op, domain)])
    (finding,) = [c for c in claims(look, {"m.onnx": model}) if isinstance(c, Finding)]
    assert (finding.rule, finding.severity) == ("onnx.custom-operator", Severity.MEDIUM)


@pytest.mark.parametrize(
    ("tensor", "rule"),
    [
        (onnx_tensor(raw=FLOATS[:-1]), "tensor-size"),
        (onnx_tensor(dims=(-4,), raw=FLOATS), "shape"),
        (onnx_tensor(dims=(1 << 62, 1 << 62)), "shape"),
        (onnx_tensor(dtype=77, raw=FLOATS), "dtype"),
        (onnx_tensor(raw=FLOATS, more=field(9, FLOATS)), "duplicate-field"),
        (onnx_tensor(raw=FLOATS, more=field(88, b"x" * 40)), "unknown-field"),
    ],
)
def test_a_tensor_that_contradicts_itself_is_a_finding(tensor: bytes, rule: str) -> None:
    found = findings(look, {"m.onnx": onnx(tensors=[tensor])})
    assert list(found) == [f"onnx.{rule}"]


def test_a_compiled_part_is_for_review_and_its_path_is_held_to_the_folder() -> None:
    node = onnx_node("EPContext", "com.microsoft", text_attribute("ep_cache_context", "../x.bin"))
    found = findings(look, {"m.onnx": onnx([node])})
    assert list(found) == ["onnx.compiled-node", "onnx.external-path"]


def test_a_model_that_was_cut_off_is_malformed() -> None:
    assert list(findings(look, {"m.onnx": PLAIN[:-20]})) == ["onnx.malformed"]


def test_a_hundred_bad_paths_are_told_in_a_few_findings() -> None:
    tensors = [external(f"t{n}", location=f"../{n}", length="16") for n in range(100)]
    found = [c for c in claims(look, {"m.onnx": onnx(tensors=tensors)}) if isinstance(c, Finding)]
    assert len(found) == 21
    assert "80 more" in found[-1].message


def test_a_bad_path_of_a_later_node_is_seen() -> None:
    good = onnx_node("EPContext", "com.microsoft", text_attribute("ep_cache_context", "x.bin"))
    bad = onnx_node("EPContext", "com.microsoft", text_attribute("ep_cache_context", "/x.bin"))
    assert "onnx.external-path" in findings(look, {"m.onnx": onnx([good, good, bad])})
