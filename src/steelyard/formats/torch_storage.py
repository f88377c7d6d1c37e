# SPDX-License-Identifier: Apache-2.0
"""What torch pickles say of the storages that hold the elements of tensors.

Source: torch/serialization.py (`persistent_id`), torch/storage.py, torch/_utils.py, 1.0 to 2.13.
"""

import msgspec

from steelyard.formats.pickle_values import Global, Persistent, Value
from steelyard.formats.tensor import ITEM_BYTES

_STORAGES = {
    "BFloat16": "bf16",
    "Bool": "bool",
    "Byte": "u8",
    "Char": "i8",
    "ComplexDouble": "c128",
    "ComplexFloat": "c64",
    "Double": "f64",
    "Float": "f32",
    "Half": "f16",
    "Int": "i32",
    "Long": "i64",
    "QInt32": "i32",
    "QInt8": "i8",
    "QUInt2x4": "u8",
    "QUInt4x2": "u8",
    "QUInt8": "u8",
    "Short": "i16",
    "Untyped": "u8",
}

_DTYPES = {
    "bfloat16": "bf16",
    "bool": "bool",
    "complex128": "c128",
    "complex32": "c32",
    "complex64": "c64",
    "float16": "f16",
    "float32": "f32",
    "float64": "f64",
    "float8_e4m3fn": "f8_e4m3",
    "float8_e4m3fnuz": "f8_e4m3fnuz",
    "float8_e5m2": "f8_e5m2",
    "float8_e5m2fnuz": "f8_e5m2fnuz",
    "float8_e8m0fnu": "f8_e8m0",
    "int16": "i16",
    "int32": "i32",
    "int64": "i64",
    "int8": "i8",
    "uint16": "u16",
    "uint32": "u32",
    "uint64": "u64",
    "uint8": "u8",
}


class Storage(msgspec.Struct, frozen=True):
    """A storage that a pickle refers to.

    Attributes:
        key: Its name.
        dtype: Canonical name of its element type, see `formats.tensor`.
        elements: How many there are.
        at: Byte offset in the pickle of the reference.
    """

    key: str
    dtype: str
    elements: int
    at: int

    @property
    def item_bytes(self) -> int:
        """Return the bytes of an element."""
        return ITEM_BYTES[self.dtype]

    @property
    def nbytes(self) -> int:
        """Return its length in bytes."""
        return self.elements * self.item_bytes


def storage_of(reference: Value) -> Storage | None:
    """Return the storage that a persistent id names, or None where it names none.

    The id is ('storage', storage type, key, location, elements), in legacy files followed by a view.
    """
    fields = reference.id if isinstance(reference, Persistent) else None
    if not isinstance(fields, tuple) or len(fields) not in (5, 6) or fields[0] != "storage":
        return None
    kind, key, elements = fields[1], fields[2], fields[4]
    if not isinstance(kind, Global) or type(key) is not str or type(elements) is not int:
        return None
    dtype = _STORAGES.get(kind.name.removesuffix("Storage"))
    if dtype is None or elements < 0 or not kind.name.endswith("Storage"):
        return None
    return Storage(key, dtype, elements, reference.at)


def dtype_of(value: Value) -> str | None:
    """Return the canonical name of a `torch.float16` or the like, or None."""
    if isinstance(value, Global) and value.module == "torch":
        return _DTYPES.get(value.name)
    return None
