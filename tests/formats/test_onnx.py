# SPDX-License-Identifier: Apache-2.0
"""An ONNX model is known by its content, and walked without reading its weights."""

import contextlib
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.core.errors import LimitError, MalformedError
from steelyard.core.limits import Limits
from steelyard.formats.nesting import identify, parts
from steelyard.formats.onnx import ONNX, Onnx
from steelyard.formats.port import Budget, Content
from steelyard.formats.source import BytesSource
from tests.samples.graphs import (
    FLOATS,
    external,
    field,
    graph_attribute,
    onnx,
    onnx_function,
    onnx_graph,
    onnx_node,
    onnx_tensor,
    text_attribute,
)

WHOLE = onnx(
    [
        onnx_node("Add", name="eval(import os)"),
        onnx_node("If", attributes=graph_attribute("then_branch", onnx_node("Mul"))),
        onnx_node("Mine", "my.domain", text_attribute("doc", "import os")),
    ],
    [onnx_tensor(raw=FLOATS), external("e", (2,), location="w.data", offset="0", length="8")],
    onnx_function("my.domain", "Mine", onnx_node("Relu")),
)


def read(data: bytes) -> Onnx:
    return ONNX.read(BytesSource(data), Budget(Limits()))


def layers(data: bytes, name: str = "m.onnx") -> dict[str, str]:
    return {part.where: part.format for part in parts(name, BytesSource(data), Budget(Limits()))}


@pytest.mark.parametrize("name", ["m.onnx", "model.bin", "x"])
def test_a_model_is_known_by_its_content(name: str) -> None:
    assert identify(name, BytesSource(WHOLE)).id == "onnx"


def test_a_model_is_known_whatever_field_comes_first() -> None:
    strange = field(99, b"z" * 40) + field(14, field(1, "k") + field(2, "v")) + WHOLE
    assert identify("model.bin", BytesSource(strange)).id == "onnx"


@pytest.mark.parametrize("data", [b"", b"\x08\x01", b"\x08\x08" * 40, bytes(range(1, 255)) * 9])
def test_other_bytes_are_no_model(data: bytes) -> None:
    assert identify("m.bin", BytesSource(data)).id != "onnx"


def test_nodes_of_branches_and_functions_are_seen() -> None:
    content = read(WHOLE)
    names = [(operation.domain, operation.name) for operation in content.operations]
    assert names == [("", "Add"), ("", "Mul"), ("", "If"), ("my.domain", "Mine"), ("", "Relu")]
    assert content.functions == {("my.domain", "Mine")}
    assert [tensor.nbytes for tensor in content.tensors] == [16, 8]
    assert (content.external[0].location, content.external[0].nbytes) == ("w.data", 8)
    assert content.flaws == ()


def test_graphs_nested_without_end_are_refused() -> None:
    node = onnx_node("Add")
    for _ in range(80):
        node = onnx_node("If", attributes=graph_attribute("then_branch", node))
    with pytest.raises(LimitError):
        read(onnx([node]))


def test_elements_are_opaque_and_what_else_is_there_is_read() -> None:
    pickle = b"\x80\x02cposix\nsystem\nX\x02\x00\x00\x00id\x85R."
    right = onnx(tensors=[onnx_tensor(dims=(2, len(pickle)), dtype=2, raw=2 * pickle)])
    assert list(layers(right)) == ["m.onnx"]
    wrong = onnx(tensors=[onnx_tensor(dims=(1,), dtype=2, raw=pickle)])
    assert "pickle" in layers(wrong).values()
    unknown = onnx(more=field(77, pickle))
    assert "pickle" in layers(unknown).values()
    attribute = text_attribute("blob", pickle + bytes(600))
    assert "pickle" in layers(onnx([onnx_node("Add", attributes=attribute)])).values()


@pytest.mark.parametrize("more", [b"", b"0" * 600])
def test_tensors_that_nothing_takes_in_and_bytes_in_a_row_are_read(more: bytes) -> None:
    pickle = b"\x80\x02cposix\nsystem\nX\x02\x00\x00\x00id\x85R." + more
    pickle += bytes(-len(pickle) % 4)
    spare = onnx_tensor("spare", dims=(len(pickle) // 4,), raw=pickle)
    assert "pickle" in layers(onnx(tensors=[spare])).values()
    used = onnx_node("Add") + field(1, "spare")
    assert list(layers(onnx([used], [spare]))) == ["m.onnx"]
    row = onnx_tensor(dims=(1, len(pickle)), dtype=3, raw=pickle)
    assert "pickle" in layers(onnx(tensors=[row])).values()
    texts = onnx_tensor(dims=(2,), dtype=8, more=field(6, "ordinary") + field(6, pickle))
    assert "pickle" in layers(onnx(tensors=[texts])).values()
    constant = field(5, field(1, "value") + field(5, spare) + field(20, 4))
    node = field(2, "made") + field(4, "Constant") + constant
    assert "pickle" in layers(onnx([node])).values()
    taken = onnx_node("Add") + field(1, "made")
    assert list(layers(onnx([node, taken]))) == ["m.onnx"]


@pytest.mark.parametrize("name", ["model.bin", "model"])
@pytest.mark.parametrize(
    "model",
    [
        field(1, 8) + field(7, field(1, b"") * 30_000 + onnx_graph([onnx_node("Add")])),
        field(1, 8) + field(7, field(77, b"x") * 30_000 + onnx_graph([onnx_node("Add")])),
        field(1, 8) + field(8, field(2, 17)) * 30_000 + field(7, onnx_graph([onnx_node("Add")])),
        field(99, b"x") * 30_000 + WHOLE,
    ],
    ids=["nameless nodes", "fields of the graph", "operator sets", "fields of the model"],
)
def test_a_model_is_known_behind_fields_without_end(name: str, model: bytes) -> None:
    assert identify(name, BytesSource(model)).id == "onnx"


class Huge:
    """A model whose one tensor has two gibibytes, none of which may be read."""

    def __init__(self) -> None:
        length = 2 << 30
        head = field(8, "w") + field(1, length) + field(2, 2) + b"\x4a"
        tensor = head + _length(length)
        graph = field(1, onnx_node("Add")) + b"\x2a" + _length(len(tensor) + length) + tensor
        model = field(1, 8) + b"\x3a" + _length(len(graph) + length) + graph
        self._head = model
        self.size = len(model) + length
        self.taken = 0

    def read(self, offset: int, size: int) -> bytes:
        size = max(0, min(size, self.size - offset))
        self.taken += size
        return self._head[offset : offset + size].ljust(size, b"\0")


def _length(number: int) -> bytes:
    made = b""
    while number > 127:
        made += bytes([number & 127 | 128])
        number >>= 7
    return made + bytes([number])


def test_the_bytes_of_a_large_tensor_are_never_read() -> None:
    source = Huge()
    content = ONNX.read(source, Budget(Limits()))
    assert content.tensors[0].nbytes == 2 << 30
    assert content.flaws == ()
    assert source.taken < 1 << 20


@settings(max_examples=200)
@given(
    cut=st.integers(0, len(WHOLE)),
    changes=st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), max_size=6),
)
def test_any_change_of_a_model_ends_in_content_or_a_refusal(cut, changes) -> None:
    data = bytearray(WHOLE)
    for at, byte in changes:
        data[at] = byte
    begin = time.thread_time()
    with contextlib.suppress(MalformedError):
        assert isinstance(read(bytes(data[:cut])), Content)
    layers(bytes(data[:cut]))
    assert time.thread_time() - begin < 2
