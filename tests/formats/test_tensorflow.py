# SPDX-License-Identifier: Apache-2.0
"""Graphs of TensorFlow are known by their content, and walked to the last node of every function."""

import contextlib
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.core.errors import MalformedError
from steelyard.core.limits import Limits
from steelyard.formats.nesting import identify, parts
from steelyard.formats.port import Budget, Content
from steelyard.formats.source import BytesSource
from steelyard.formats.tensor_bundle import TENSOR_BUNDLE
from steelyard.formats.tensorflow import TENSORFLOW
from tests.samples.graphs import (
    FLOATS,
    bundle_entry,
    field,
    meta_graph,
    saved_model,
    tensor_bundle,
    tf_constant,
    tf_function,
    tf_graph,
    tf_node,
    tf_numbers,
)

GRAPH = tf_graph(
    [
        tf_node("Placeholder", "x"),
        tf_constant("path", "/etc/passwd"),
        tf_numbers("w", FLOATS),
        tf_node("ReadFile", "r", ["path"]),
    ],
    [tf_function("f", tf_node("MatMul", "m"))],
)
INDEX = tensor_bundle({"w": bundle_entry((4,), 0, 16), "b": bundle_entry((), 16, 4)})


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (GRAPH, "GraphDef"),
        (meta_graph(GRAPH), "MetaGraphDef"),
        (saved_model(GRAPH), "SavedModel"),
        (field(99, b"z" * 30) + saved_model(GRAPH), "SavedModel"),
        (saved_model(field(4, field(1, 1882))), "SavedModel"),
    ],
)
def test_each_message_is_known_whatever_its_name(data: bytes, kind: str) -> None:
    assert identify("model.bin", BytesSource(data)).id == "tensorflow"
    content = TENSORFLOW.read(BytesSource(data), Budget(Limits()))
    assert content.kind == kind


@pytest.mark.parametrize(
    "data",
    [
        b"\n\nhello\n\nworld\n" * 20,
        field(1, field(1, "piece") + b"\x15\0\0\0\0") * 40,
        b"\x0a\x04name\x12\x04data" * 3,
        bytes(range(10, 200)) * 5,
    ],
)
def test_other_messages_and_texts_are_none(data: bytes) -> None:
    assert identify("x.bin", BytesSource(data)).id != "tensorflow"


def test_nodes_of_functions_and_constant_inputs_are_seen() -> None:
    content = TENSORFLOW.read(BytesSource(GRAPH), Budget(Limits()))
    seen = {(operation.name, operation.function): operation for operation in content.operations}
    assert ("MatMul", "f") in seen
    assert seen["ReadFile", ""].texts == (("input path", "/etc/passwd"),)
    assert content.flaws == () and content.hidden == ()


def test_what_keras_wrote_about_layers_becomes_layers_to_read() -> None:
    node = field(2, 1) + field(3, "root") + field(4, "_tf_keras_layer") + field(5, '{"a": 1}')
    file = field(1, field(1, field(1, 1)) + node)
    layers = list(parts("keras_metadata.pb", BytesSource(file), Budget(Limits())))
    assert [layer.format for layer in layers] == ["keras-metadata", "json"]


def test_the_index_of_a_checkpoint_tells_where_tensors_lie() -> None:
    assert identify("x", BytesSource(INDEX)).id == "tensor-bundle"
    content = TENSOR_BUNDLE.read(BytesSource(INDEX), Budget(Limits()))
    assert [(t.name, t.offset, t.size, t.nbytes) for t in content.tensors] == [
        ("b", 16, 4, 4),
        ("w", 0, 16, 16),
    ]


@settings(max_examples=150)
@given(
    data=st.sampled_from([saved_model(GRAPH), GRAPH, INDEX]),
    cut=st.integers(0, 1000),
    changes=st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 255)), max_size=6),
)
def test_any_change_of_a_file_ends_in_content_or_a_refusal(data, cut, changes) -> None:
    form = TENSOR_BUNDLE if data is INDEX else TENSORFLOW
    changed = bytearray(data)
    for at, byte in changes:
        changed[at % len(changed)] = byte
    if cut % 3:
        del changed[cut:]
    begin = time.thread_time()
    with contextlib.suppress(MalformedError):
        assert isinstance(form.read(BytesSource(bytes(changed)), Budget(Limits())), Content)
    list(parts("saved_model.pb", BytesSource(bytes(changed)), Budget(Limits())))
    assert time.thread_time() - begin < 2


def test_the_fingerprint_beside_a_model_is_known_for_what_it_is() -> None:
    hashes = b"".join(field(number, 1 << 63 | number) for number in range(1, 6))
    data = hashes + field(6, field(1, 1)) + field(7, "1978781106844093280667")
    (part,) = parts("fingerprint.pb", BytesSource(data), Budget(Limits()))
    assert (part.format, part.unread) == ("tensorflow-fingerprint", "")
    assert identify("fingerprint.pb", BytesSource(data + field(8, "x"))).id == "data"


def test_a_library_split_into_many_pieces_does_not_hide_the_graph() -> None:
    piece = field(2, field(1, tf_function("f", tf_node("MatMul", "m"))))
    data = piece * 500 + field(1, tf_node("ReadFile", "r"))
    content = TENSORFLOW.read(BytesSource(data), Budget(Limits()))
    assert "ReadFile" in {operation.name for operation in content.operations}
