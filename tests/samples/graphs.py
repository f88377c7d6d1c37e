# SPDX-License-Identifier: Apache-2.0
"""Builders of protobuf messages and of the ONNX and TensorFlow models made of them."""

import struct
from collections.abc import Iterable


def varint(number: int) -> bytes:
    number %= 1 << 64
    made = bytearray()
    while number > 127:
        made.append(number & 127 | 128)
        number >>= 7
    return bytes([*made, number])


def field(number: int, data: bytes | str | int) -> bytes:
    """Return a field: a number as a varint, all else with its length."""
    if isinstance(data, int):
        return varint(number << 3) + varint(data)
    data = data.encode() if isinstance(data, str) else data
    return varint(number << 3 | 2) + varint(len(data)) + data


def onnx_tensor(
    name: str = "w",
    dims: Iterable[int] = (4,),
    raw: bytes | None = None,
    dtype: int = 1,
    more: bytes = b"",
) -> bytes:
    """Return a TensorProto."""
    head = b"".join(field(1, extent) for extent in dims) + field(2, dtype) + field(8, name)
    return head + (field(9, raw) if raw is not None else b"") + more


def external(name: str = "w", dims: Iterable[int] = (4,), **entries: str) -> bytes:
    """Return a TensorProto whose bytes lie in another file."""
    pairs = b"".join(field(13, field(1, key) + field(2, text)) for key, text in entries.items())
    return onnx_tensor(name, dims, more=pairs + field(14, 1))


def onnx_node(op: str, domain: str = "", attributes: bytes = b"", name: str = "n") -> bytes:
    """Return a NodeProto."""
    ports = field(1, "x") + field(1, "w") + field(2, "y")
    return ports + field(3, name) + field(4, op) + attributes + field(7, domain)


def text_attribute(name: str, text: str | bytes) -> bytes:
    """Return an attribute of a node that holds a text."""
    return field(5, field(1, name) + field(4, text) + field(20, 3))


def graph_attribute(name: str, *nodes: bytes) -> bytes:
    """Return an attribute of a node that holds a graph, as those of If and Loop do."""
    return field(5, field(1, name) + field(6, onnx_graph(nodes)) + field(20, 5))


def onnx_graph(nodes: Iterable[bytes], tensors: Iterable[bytes] = ()) -> bytes:
    """Return a GraphProto."""
    made = b"".join(field(1, node) for node in nodes) + field(2, "g")
    made += b"".join(field(5, tensor) for tensor in tensors)
    return made + field(11, field(1, "x")) + field(12, field(1, "y"))


def onnx_function(domain: str, name: str, *nodes: bytes) -> bytes:
    """Return a FunctionProto, as a field of the model."""
    body = b"".join(field(7, node) for node in nodes)
    return field(25, field(1, name) + field(4, "x") + field(5, "y") + body + field(10, domain))


def onnx(nodes: Iterable[bytes] = (), tensors: Iterable[bytes] = (), more: bytes = b"") -> bytes:
    """Return a ModelProto."""
    nodes = list(nodes) or [onnx_node("Add")]
    head = field(1, 8) + field(2, "tests") + field(8, field(1, "") + field(2, 17))
    return head + field(7, onnx_graph(nodes, tensors)) + more


FLOATS = struct.pack("<4f", 1, 2, 3, 4)


def tf_constant(name: str, text: str) -> bytes:
    """Return a NodeDef of a constant that is a text."""
    tensor = field(1, 7) + field(2, b"") + field(8, text)
    value = field(5, field(1, "value") + field(2, field(8, tensor)))
    return field(1, name) + field(2, "Const") + value


def tf_numbers(name: str, raw: bytes, shape: Iterable[int] = (4,), dtype: int = 1) -> bytes:
    """Return a NodeDef of a constant that is a tensor."""
    extents = b"".join(field(2, field(1, extent)) for extent in shape)
    tensor = field(1, dtype) + field(2, extents) + field(4, raw)
    return (
        field(1, name)
        + field(2, "Const")
        + field(5, field(1, "value") + field(2, field(8, tensor)))
    )


def tf_node(op: str, name: str = "n", inputs: Iterable[str] = (), **texts: str) -> bytes:
    """Return a NodeDef with text attributes."""
    made = field(1, name) + field(2, op) + b"".join(field(3, each) for each in inputs)
    for key, text in texts.items():
        made += field(5, field(1, key) + field(2, field(2, text)))
    return made


def tf_function(name: str, *nodes: bytes) -> bytes:
    """Return a FunctionDef."""
    return field(1, field(1, name)) + b"".join(field(3, node) for node in nodes)


def tf_graph(nodes: Iterable[bytes], functions: Iterable[bytes] = ()) -> bytes:
    """Return a GraphDef."""
    library = b"".join(field(1, function) for function in functions)
    made = b"".join(field(1, node) for node in nodes)
    return made + (field(2, library) if library else b"") + field(4, field(1, 1882))


def meta_graph(graph: bytes, assets: Iterable[str] = ()) -> bytes:
    """Return a MetaGraphDef."""
    info = field(4, "serve") + field(5, "2.20.0")
    return field(1, info) + field(2, graph) + b"".join(field(6, field(2, name)) for name in assets)


def saved_model(graph: bytes, assets: Iterable[str] = ()) -> bytes:
    """Return a SavedModel."""
    return field(1, 1) + field(2, meta_graph(graph, assets))


def bundle_entry(shape: Iterable[int], offset: int, size: int, dtype: int = 1) -> bytes:
    """Return a BundleEntryProto."""
    extents = b"".join(field(2, field(1, extent)) for extent in shape)
    return field(1, dtype) + field(2, extents) + field(4, offset) + field(5, size)


def tensor_bundle(entries: dict[str, bytes], shards: int = 1) -> bytes:
    """Return the index of a checkpoint: a table of one block."""

    def block(pairs: Iterable[tuple[bytes, bytes]]) -> bytes:
        made = b"".join(
            varint(0) + varint(len(key)) + varint(len(value)) + key + value for key, value in pairs
        )
        return made + struct.pack("<II", 0, 1)

    pairs = [(b"", field(1, shards))] + [(k.encode(), v) for k, v in sorted(entries.items())]
    data = block(pairs)
    index = block([(b"~", varint(0) + varint(len(data)))])
    handles = varint(0) + varint(0) + varint(len(data) + 5) + varint(len(index))
    footer = handles.ljust(40, b"\0") + struct.pack("<Q", 0xDB4775248B80FB57)
    return data + bytes(5) + index + bytes(5) + footer


def coreml(kind: bytes) -> bytes:
    """Return a Core ML model of some type, which is given as a field."""
    return field(1, 8) + field(2, field(1, field(1, "image"))) + kind
