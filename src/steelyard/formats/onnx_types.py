# SPDX-License-Identifier: Apache-2.0
"""What an ONNX file says: operations, tensors, and the files they lie in."""

import msgspec

from steelyard.formats.port import Content
from steelyard.formats.ranges import Range
from steelyard.formats.tensor import TensorInfo

BITS: dict[int, tuple[str, int]] = {
    1: ("f32", 32),
    2: ("u8", 8),
    3: ("i8", 8),
    4: ("u16", 16),
    5: ("i16", 16),
    6: ("i32", 32),
    7: ("i64", 64),
    9: ("bool", 8),
    10: ("f16", 16),
    11: ("f64", 64),
    12: ("u32", 32),
    13: ("u64", 64),
    14: ("c64", 64),
    15: ("c128", 128),
    16: ("bf16", 16),
    17: ("f8_e4m3", 8),
    18: ("f8_e4m3fnuz", 8),
    19: ("f8_e5m2", 8),
    20: ("f8_e5m2fnuz", 8),
    21: ("u4", 4),
    22: ("i4", 4),
    23: ("f4_e2m1", 4),
    24: ("f8_e8m0", 8),
    25: ("u2", 2),
    26: ("i2", 2),
}
"""Name and bits of an element by `TensorProto.DataType`.

Source:
    onnx 1.22, onnx/onnx.proto, TensorProto.DataType.
"""
TEXTS = 8  # the data type whose elements are texts


class Operation(msgspec.Struct, frozen=True):
    """All nodes of one operation.

    Attributes:
        domain: Who defines it; empty for ONNX itself.
        name: Its name there.
        count: How many nodes there are.
        at: Offset of the first.
        texts: What attributes say, by name, where they are short texts; of ONNX's own operations those
            of the first node alone.
    """

    domain: str
    name: str
    count: int
    at: int
    texts: tuple[tuple[str, str], ...] = ()


class External(msgspec.Struct, frozen=True):
    """A tensor whose bytes lie in another file.

    Attributes:
        tensor: Its name.
        location: Path of that file, as the model has it.
        offset: Where its bytes begin there, as text; empty when it does not say.
        length: How many they are, as text; empty when it does not say.
        nbytes: How many its type and shape need; -1 when that is not known.
        at: Offset of the entry.
    """

    tensor: str
    location: str
    offset: str
    length: str
    nbytes: int
    at: int


class Onnx(Content, frozen=True, kw_only=True):
    """An ONNX model.

    Attributes:
        ir_version: Version of the format.
        producer: What wrote it.
        opsets: Version of each operator set, by domain.
        operations: In the order in which they first occur, wherever they are nested.
        functions: Domain and name of each function that the model defines itself.
        tensors: Constants of the model, those in other files included.
        external: Tensors that lie in other files.
        hidden: Ranges that nothing of the format accounts for.
    """

    ir_version: int
    producer: str
    opsets: tuple[tuple[str, int], ...]
    operations: tuple[Operation, ...]
    functions: frozenset[tuple[str, str]]
    tensors: tuple[TensorInfo, ...]
    external: tuple[External, ...]
    hidden: tuple[Range, ...] = ()
