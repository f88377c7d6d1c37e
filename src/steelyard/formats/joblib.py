# SPDX-License-Identifier: Apache-2.0
"""The arrays that joblib puts into its pickles: raw bytes right behind a BUILD.

Source: joblib's numpy_pickle.py, `NumpyArrayWrapper.read_array`, 0.10 to 1.6; the padding is there
since 1.2.
"""

import math

import msgspec

from steelyard.formats.dtypes import ElementType, element_type
from steelyard.formats.pickle_values import Container, Value


class Layout(msgspec.Struct, frozen=True):
    """Where the bytes of an array lie.

    Attributes:
        size: Their number; 0 where `objects`.
        objects: Whether a pickle of its elements follows instead.
        padded: Whether a byte that counts padding, and the padding, come before them.
    """

    size: int
    objects: bool
    padded: bool


def array_layout(state: Value) -> Layout | str:
    """Return where the bytes of an array lie, given the wrapper's state; or why that is not known."""
    if not isinstance(state, Container) or state.kind != "dict":
        return "its wrapper has no plain state"
    shape = state.get("shape")
    if not isinstance(shape, tuple) or not all(type(n) is int and n >= 0 for n in shape):
        return "its shape is not a tuple of lengths"
    element = element_type(state.get("dtype"))
    if not isinstance(element, ElementType):
        return element
    padded = state.get("numpy_array_alignment_bytes") is not None
    if element.objects:
        return Layout(0, objects=True, padded=False)
    return Layout(math.prod(shape) * element.size, objects=False, padded=padded)
