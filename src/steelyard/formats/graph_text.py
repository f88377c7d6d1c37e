# SPDX-License-Identifier: Apache-2.0
"""Graphs of TensorFlow and ONNX written as text: `saved_model.pbtxt`, `graph.pbtxt`, `.onnxtxt`.

Loaders take the text for the message it spells, so it is spelled out and read as that message.

Source: TensorFlow 2.20, core/protobuf and core/framework; ONNX 1.19, onnx/onnx.proto3.
"""

from collections.abc import Iterator
from typing import Any

from steelyard.core.errors import LimitError, MalformedError
from steelyard.formats.onnx import ONNX
from steelyard.formats.port import Budget, Content, Format, Glimpse, Member
from steelyard.formats.protobuf_text import NUMBER, TEXT, Schema, Tokens, encoded
from steelyard.formats.source import BytesSource, Source
from steelyard.formats.tensorflow import TENSORFLOW, read_as

_WHOLE = 64 << 20  # bytes; longer texts are not read
_LOOKED_AT = 64 << 10  # bytes in which the first message has to begin
_TOKENS = 2000  # of them that are looked at

_TYPES = {
    "DT_FLOAT": 1, "DT_DOUBLE": 2, "DT_INT32": 3, "DT_UINT8": 4, "DT_INT16": 5, "DT_INT8": 6,
    "DT_STRING": 7, "DT_COMPLEX64": 8, "DT_INT64": 9, "DT_BOOL": 10, "DT_QINT8": 11,
    "DT_QUINT8": 12, "DT_QINT32": 13, "DT_BFLOAT16": 14, "DT_QINT16": 15, "DT_QUINT16": 16,
    "DT_UINT16": 17, "DT_COMPLEX128": 18, "DT_HALF": 19, "DT_RESOURCE": 20, "DT_VARIANT": 21,
    "DT_UINT32": 22, "DT_UINT64": 23, "DT_FLOAT8_E5M2": 24, "DT_FLOAT8_E4M3FN": 25,
}  # fmt: skip
_VERSIONS: Schema = {
    "producer": (1, NUMBER), "min_consumer": (2, NUMBER), "bad_consumers": (3, NUMBER),
}  # fmt: skip
_SHAPE: Schema = {
    "dim": (2, {"size": (1, NUMBER), "name": (2, TEXT)}),
    "unknown_rank": (3, NUMBER),
}
_TENSOR: Schema = {
    "dtype": (1, _TYPES), "tensor_shape": (2, _SHAPE), "version_number": (3, None),
    "tensor_content": (4, TEXT), "float_val": (5, None), "double_val": (6, None),
    "int_val": (7, None), "string_val": (8, TEXT), "scomplex_val": (9, None),
    "int64_val": (10, None), "bool_val": (11, None), "dcomplex_val": (12, None),
    "half_val": (13, None), "resource_handle_val": (14, None), "variant_val": (15, None),
    "uint32_val": (16, None), "uint64_val": (17, None), "float8_val": (18, None),
}  # fmt: skip
_VALUES: Schema = {
    "s": (2, TEXT), "i": (3, None), "f": (4, None), "b": (5, None), "type": (6, None),
    "shape": (7, None), "tensor": (8, _TENSOR), "func": (9, None),
}  # fmt: skip
_ATTRIBUTES: Schema = {
    "key": (1, TEXT),
    "value": (2, {**_VALUES, "list": (1, _VALUES), "placeholder": (9, TEXT), "func": (10, None)}),
}
_NODE: Schema = {
    "name": (1, TEXT), "op": (2, TEXT), "input": (3, TEXT), "device": (4, TEXT),
    "attr": (5, _ATTRIBUTES), "experimental_debug_info": (6, None), "experimental_type": (7, None),
}  # fmt: skip
_SIGNATURE: Schema = {
    "name": (1, TEXT), "input_arg": (2, None), "output_arg": (3, None), "attr": (4, None),
    "summary": (5, None), "description": (6, None), "deprecation": (8, None),
    "is_aggregate": (16, None), "is_stateful": (17, None), "is_commutative": (18, None),
    "allows_uninitialized_input": (19, None), "control_output": (20, None),
    "is_distributed_communication": (21, None),
}  # fmt: skip
_FUNCTION: Schema = {
    "signature": (1, _SIGNATURE), "node_def": (3, _NODE), "ret": (4, None), "attr": (5, None),
    "control_ret": (6, None), "arg_attr": (7, None), "resource_arg_unique_id": (8, None),
}  # fmt: skip
_LIBRARY: Schema = {
    "function": (1, _FUNCTION), "gradient": (2, None), "registered_gradients": (3, None),
}  # fmt: skip
_GRAPH: Schema = {
    "node": (1, _NODE), "library": (2, _LIBRARY), "version": (3, NUMBER),
    "versions": (4, _VERSIONS), "debug_info": (5, None),
}  # fmt: skip
_INFO: Schema = {
    "meta_graph_version": (1, TEXT), "stripped_op_list": (2, None), "any_info": (3, None),
    "tags": (4, TEXT), "tensorflow_version": (5, TEXT), "tensorflow_git_version": (6, TEXT),
    "stripped_default_attrs": (7, NUMBER), "function_aliases": (8, None),
}  # fmt: skip
_USER_OBJECT: Schema = {"identifier": (1, TEXT), "version": (2, None), "metadata": (3, TEXT)}
_OBJECT: Schema = {
    "children": (1, None), "slot_variables": (3, None), "user_object": (4, _USER_OBJECT),
    "asset": (5, None), "function": (6, None), "variable": (7, None),
    "bare_concrete_function": (8, None), "constant": (9, None), "resource": (10, None),
    "saveable_objects": (11, None), "captured_tensor": (12, None), "registered_name": (13, None),
    "serialized_user_proto": (14, None), "dependencies": (15, None),
    "registered_saver": (16, None),
}  # fmt: skip
_META_GRAPH: Schema = {
    "meta_info_def": (1, _INFO), "graph_def": (2, _GRAPH), "saver_def": (3, None),
    "collection_def": (4, None), "signature_def": (5, None),
    "asset_file_def": (6, {"tensor_info": (1, None), "filename": (2, TEXT)}),
    "object_graph_def": (7, {"nodes": (1, _OBJECT), "concrete_functions": (2, None)}),
}  # fmt: skip
_SAVED_MODEL: Schema = {
    "saved_model_schema_version": (1, NUMBER),
    "meta_graphs": (2, _META_GRAPH),
}

_PAIR: Schema = {"key": (1, TEXT), "value": (2, TEXT)}
_ONNX_TYPES = {
    "FLOAT": 1, "UINT8": 2, "INT8": 3, "UINT16": 4, "INT16": 5, "INT32": 6, "INT64": 7,
    "STRING": 8, "BOOL": 9, "FLOAT16": 10, "DOUBLE": 11, "UINT32": 12, "UINT64": 13,
    "COMPLEX64": 14, "COMPLEX128": 15, "BFLOAT16": 16, "FLOAT8E4M3FN": 17, "FLOAT8E4M3FNUZ": 18,
    "FLOAT8E5M2": 19, "FLOAT8E5M2FNUZ": 20, "UINT4": 21, "INT4": 22, "FLOAT4E2M1": 23,
}  # fmt: skip
_ONNX_TENSOR: Schema = {
    "dims": (1, NUMBER), "data_type": (2, {**_ONNX_TYPES, "": 0}), "segment": (3, None),
    "float_data": (4, None), "int32_data": (5, None), "string_data": (6, TEXT),
    "int64_data": (7, None), "name": (8, TEXT), "raw_data": (9, TEXT), "double_data": (10, None),
    "uint64_data": (11, None), "doc_string": (12, TEXT), "external_data": (13, _PAIR),
    "data_location": (14, {"DEFAULT": 0, "EXTERNAL": 1}), "metadata_props": (16, _PAIR),
}  # fmt: skip
_ONNX_SPARSE: Schema = {
    "values": (1, _ONNX_TENSOR), "indices": (2, _ONNX_TENSOR), "dims": (3, NUMBER),
}  # fmt: skip
_ONNX_ATTRIBUTE: dict[str, tuple[int, Any]] = {
    "name": (1, TEXT), "f": (2, None), "i": (3, NUMBER), "s": (4, TEXT), "t": (5, _ONNX_TENSOR),
    "floats": (7, None), "ints": (8, None), "strings": (9, TEXT), "tensors": (10, _ONNX_TENSOR),
    "doc_string": (13, TEXT), "tp": (14, None), "type_protos": (15, None), "type": (20, None),
    "ref_attr_name": (21, TEXT), "sparse_tensor": (22, _ONNX_SPARSE),
    "sparse_tensors": (23, _ONNX_SPARSE),
}  # fmt: skip
_ONNX_NODE: Schema = {
    "input": (1, TEXT), "output": (2, TEXT), "name": (3, TEXT), "op_type": (4, TEXT),
    "attribute": (5, _ONNX_ATTRIBUTE), "doc_string": (6, TEXT), "domain": (7, TEXT),
    "overload": (8, TEXT), "metadata_props": (9, _PAIR), "device_configurations": (10, None),
}  # fmt: skip
_VALUE: Schema = {
    "name": (1, TEXT), "type": (2, None), "doc_string": (3, TEXT), "metadata_props": (4, _PAIR),
}  # fmt: skip
_ONNX_GRAPH: Schema = {
    "node": (1, _ONNX_NODE), "name": (2, TEXT), "initializer": (5, _ONNX_TENSOR),
    "doc_string": (10, TEXT), "input": (11, _VALUE), "output": (12, _VALUE),
    "value_info": (13, _VALUE), "quantization_annotation": (14, None),
    "sparse_initializer": (15, _ONNX_SPARSE), "metadata_props": (16, _PAIR),
}  # fmt: skip
_ONNX_ATTRIBUTE |= {"g": (6, _ONNX_GRAPH), "graphs": (11, _ONNX_GRAPH)}  # graphs hold graphs
_OPSET: Schema = {"domain": (1, TEXT), "version": (2, NUMBER)}
_ONNX: Schema = {
    "ir_version": (1, NUMBER), "producer_name": (2, TEXT), "producer_version": (3, TEXT),
    "domain": (4, TEXT), "model_version": (5, NUMBER), "doc_string": (6, TEXT),
    "graph": (7, _ONNX_GRAPH), "opset_import": (8, _OPSET), "metadata_props": (14, _PAIR),
    "training_info": (20, {
        "initialization": (1, _ONNX_GRAPH), "algorithm": (2, _ONNX_GRAPH),
        "initialization_binding": (3, _PAIR), "update_binding": (4, _PAIR),
    }),
    "functions": (25, {
        "name": (1, TEXT), "input": (4, TEXT), "output": (5, TEXT), "attribute": (6, TEXT),
        "node": (7, _ONNX_NODE), "doc_string": (8, TEXT), "opset_import": (9, _OPSET),
        "domain": (10, TEXT), "attribute_proto": (11, _ONNX_ATTRIBUTE),
        "value_info": (12, _VALUE), "overload": (13, TEXT), "metadata_props": (14, _PAIR),
    }),
    "configuration": (26, None),
}  # fmt: skip

_KINDS: dict[str, Schema] = {
    "SavedModel": _SAVED_MODEL,
    "MetaGraphDef": _META_GRAPH,
    "GraphDef": _GRAPH,
    "ModelProto": _ONNX,
}


class GraphText(Content, frozen=True, kw_only=True):
    """A graph written as text.

    Attributes:
        kind: `SavedModel`, `MetaGraphDef`, `GraphDef`, or `ModelProto` of ONNX.
    """

    kind: str


def read(source: Source, budget: Budget) -> GraphText:
    """Tell which message the text is.

    Raises:
        LimitError: It is longer than may be read.
        MalformedError: It is none.
    """
    budget.check_time()
    kind = _kind(source)
    if not kind:
        raise MalformedError("neither a graph of TensorFlow nor one of ONNX", at=0)
    if source.size > _WHOLE:
        raise LimitError(f"a graph of {source.size:,} bytes of text, more than {_WHOLE:,}")
    return GraphText(kind=kind)


def members(content: GraphText, source: Source, budget: Budget) -> Iterator[Member]:
    """Yield the message that the text spells, in its binary form, called by its kind.

    Raises:
        MalformedError: The text does not follow the grammar, or says what the message cannot.
        LimitError: Messages are nested too deep, or time is up.
    """
    data = encoded(source.read(0, source.size), _KINDS[content.kind], budget)
    spelled = BytesSource(data)
    if content.kind == "ModelProto":
        graph, form = ONNX.read(spelled, budget), ONNX.id
    else:
        graph, form = read_as([content.kind], spelled, budget), TENSORFLOW.id
    yield Member(name=content.kind, source=spelled, format=form, content=graph)


def _kind(source: Source) -> str:
    """Return the kind of message in which all names are fields up to the first message; or nothing."""
    data = source.read(0, _LOOKED_AT)
    kinds = dict(_KINDS)
    try:
        tokens = Tokens(data, None)
        for _ in range(_TOKENS):
            if tokens.ahead.kind != "name":
                return ""
            name = tokens.pop().value.decode()
            kinds = {kind: schema for kind, schema in kinds.items() if name in schema}
            colon = tokens.take(b":")
            if not kinds:
                return ""
            if tokens.take(b"{", b"<", b"["):
                tokens.take(b"{", b"<")
                return _holding(kinds, name, tokens)
            if not colon or tokens.pop().kind not in ("name", "number", "text"):
                return ""
            tokens.take(b";", b",")
    except MalformedError:  # or the text is cut in the middle of a token
        return ""
    return ""


def _holding(kinds: dict[str, Schema], name: str, tokens: Tokens) -> str:
    """Return the kind of which a message has the field ahead; others, such as `graph {a -- b}`, none."""
    inner = tokens.pop()
    if inner.kind == "name" and not tokens.take(b":", b"{", b"<"):
        return ""
    for kind, schema in kinds.items():
        message = schema[name][1]
        if not isinstance(message, dict | None):
            continue
        if inner.value in (b"}", b">") or message is None or inner.value.decode() in message:
            return kind
    return ""


def _is_graph(glimpse: Glimpse) -> bool:
    start = glimpse.head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    return (start == b"#" or start.isalpha()) and bool(_kind(glimpse.source))


GRAPH_TEXT = Format(
    id="graph-text",
    title="Graph written as text",
    rank=36,
    matches=_is_graph,
    read=read,
    members=members,
)
