# SPDX-License-Identifier: Apache-2.0
"""What every weight format says of a tensor."""

import math

import msgspec

ITEM_BYTES: dict[str, int] = {
    "bool": 1,
    "u8": 1,
    "i8": 1,
    "u16": 2,
    "i16": 2,
    "u32": 4,
    "i32": 4,
    "u64": 8,
    "i64": 8,
    "f8_e4m3": 1,
    "f8_e4m3fnuz": 1,
    "f8_e5m2": 1,
    "f8_e5m2fnuz": 1,
    "f8_e8m0": 1,
    "f16": 2,
    "bf16": 2,
    "f32": 4,
    "f64": 8,
    "c32": 4,
    "c64": 8,
    "c128": 16,
}
"""Bytes of one element, for the types whose elements are whole bytes; `c64` is two f32."""


class TensorInfo(msgspec.Struct, frozen=True):
    """One tensor of a weight file.

    Attributes:
        name: Its name in the file; empty where it has none.
        dtype: Canonical name, lower case: the keys of `ITEM_BYTES`, or a ggml type such as `q4_k`.
        shape: Extents, outermost first; empty for a scalar.
        nbytes: Bytes of its elements as they lie in the file.
        storage: Name of the bytes it lies in; tensors of one file that name the same storage share
            it, as tied weights do. Empty where each tensor has bytes of its own.
        at: Byte offset in the layer of its first element, where its elements lie one after the other
            as they are; -1 where they do not, or where that is not known.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    nbytes: int
    storage: str = ""
    at: int = -1

    @property
    def elements(self) -> int:
        """Return how many elements the shape holds."""
        return math.prod(self.shape)
