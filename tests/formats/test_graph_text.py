# SPDX-License-Identifier: Apache-2.0
"""A graph written as text is judged as the message it spells."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.checks import onnx, tensorflow
from steelyard.core.claim import Finding
from steelyard.core.errors import LimitError, MalformedError
from steelyard.core.limits import Limits
from steelyard.formats.graph_text import GRAPH_TEXT
from steelyard.formats.nesting import identify, parts
from steelyard.formats.port import Budget
from steelyard.formats.protobuf_text import unescaped
from steelyard.formats.source import BytesSource
from tests.samples.weights import claims

NODE = 'name: "r" op: "ReadFile" input: "p"'
CONSTANT = """node { name: "p" op: 'Const' attr { key: "value" value { tensor {
  dtype: DT_STRING tensor_shape { } string_val: "/etc/" "\\x70asswd" } } } }"""
ONNX = """ir_version: 8 producer_name: "x" graph { node { op_type: "Add" output: "y" } name: "g"
  initializer { dims: 4 data_type: 1 name: "w" data_location: EXTERNAL
    external_data { key: "location" value: "../../w" } } }"""

WAYS = {
    "GraphDef": f"node {{ {NODE} }}\n{CONSTANT}\nversions {{ producer: 1 }}",
    "comment first": f"# made by hand\nnode: < {NODE} >\n{CONSTANT}",
    "list of nodes": f"versions: {{}}; node: [ {{ {NODE} }}, <name: 'a' op: 'Add'> ], {CONSTANT}",
    "function": f'library {{ function {{ signature {{ name: "f" }} node_def {{ {NODE} }} }} }}',
    "MetaGraphDef": f'meta_info_def {{ tags: "serve" }} graph_def {{ node {{ {NODE} }} {CONSTANT} }}',
    "SavedModel": "saved_model_schema_version: 1 meta_graphs { collection_def { key: 'a' value {"
    f" bytes_list {{ value: 'b' }} }} }} graph_def {{ node {{ {NODE} }} }} }}",
}


def rules(text: str, name: str = "saved_model.pbtxt") -> list[str]:
    made = [*claims(tensorflow.look, {name: text.encode()})]
    made += claims(onnx.look, {name: text.encode()})
    return [claim.rule for claim in made if isinstance(claim, Finding)]


@pytest.mark.parametrize("text", WAYS.values(), ids=WAYS)
def test_an_operation_that_reads_files_is_found_however_the_text_is_written(text: str) -> None:
    assert rules(text) == ["tensorflow.reads-file"]


def test_a_finding_says_which_file_the_operation_reads() -> None:
    (found,) = (
        claim
        for claim in claims(tensorflow.look, {"g.pbtxt": WAYS["GraphDef"].encode()})
        if isinstance(claim, Finding)
    )
    assert found.trail == ("input p = '/etc/passwd'",)
    assert found.where.startswith("g.pbtxt!GraphDef byte:")


def test_a_graph_that_computes_is_no_finding() -> None:
    assert rules('node { name: "x" op: "Placeholder" } node { name: "m" op: "MatMul" }') == []


def test_onnx_as_text_is_held_to_its_folder_too() -> None:
    assert rules(ONNX, "model.onnxtxt") == ["onnx.external-path"]


@pytest.mark.parametrize(
    "text",
    [
        "graph { a -- b; node [shape=box]; }",
        "node:\n  name: x\nversion: 2\n",
        'name: "resnet" platform: "onnxruntime_onnx" input [ { name: "x" } ]',
        "versions of the graph { }",
        "library",
    ],
)
def test_other_texts_stay_texts(text: str) -> None:
    assert identify("config.pbtxt", BytesSource(text.encode())).id != GRAPH_TEXT.id


@pytest.mark.parametrize(
    "text",
    [
        'node { name: "x" op: "Add" ',
        'node { name: "x" } zzz: 1',
        'node { name: "x" !',
        "node { name",
    ],
)
def test_what_no_parser_takes_is_not_called_read(text: str) -> None:
    found = list(parts("g.pbtxt", BytesSource(text.encode()), Budget(Limits())))
    assert any(part.unread for part in found) or found[0].format == "text"


def test_messages_nested_beyond_the_limit_are_refused() -> None:
    text = "node { experimental_debug_info " + "{ a " * 200
    with pytest.raises((LimitError, MalformedError)):
        source = BytesSource(text.encode())
        content = GRAPH_TEXT.read(source, Budget(Limits()))
        list(GRAPH_TEXT.members(content, source, Budget(Limits())))


@given(st.binary())
def test_any_bytes_survive_being_written_as_text(data: bytes) -> None:
    literal = '"' + "".join(f"\\{byte:03o}" for byte in data) + '"'
    assert unescaped(literal.encode()) == data


@given(st.text(alphabet='node{}<>[]:"\\ \n#aop1,', max_size=80))
def test_no_text_breaks_the_reader(text: str) -> None:
    list(parts("g.pbtxt", BytesSource(f"node {{ {text}".encode()), Budget(Limits())))
