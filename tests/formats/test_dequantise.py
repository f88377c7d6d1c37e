# SPDX-License-Identifier: Apache-2.0
"""Blocks of weight files stand for the numbers that their formats define."""

import math
import random
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.core.errors import MalformedError
from steelyard.formats.dequantise import block_of, dequantise
from steelyard.formats.ggml import GGML_TYPES
from steelyard.formats.tensor import ITEM_BYTES

KNOWN = sorted(
    name for name in {*ITEM_BYTES, *(kind.name for kind in GGML_TYPES.values())} if block_of(name)
)


def half(value: float) -> bytes:
    return struct.pack("<e", value)


@pytest.mark.parametrize(
    ("dtype", "data", "expected"),
    [
        ("f32", struct.pack("<2f", 1.5, -2.0), [1.5, -2.0]),
        ("f16", struct.pack("<2e", 1.5, -2.0), [1.5, -2.0]),
        ("bf16", b"\xc0\x3f\x00\xc0", [1.5, -2.0]),
        ("f8_e4m3", b"\x38\xb8\x7e\x01", [1.0, -1.0, 448.0, 2.0**-9]),
        ("f8_e5m2", b"\x3c\xbc\x7b\x7c", [1.0, -1.0, 57344.0, math.inf]),
        ("f8_e4m3fnuz", b"\x40\x7f", [1.0, 240.0]),
        ("q4_0", half(0.5) + b"\x80" * 16, [-4.0] * 16 + [0.0] * 16),
        ("q4_1", half(0.5) + half(1.0) + b"\x21" * 16, [1.5] * 16 + [2.0] * 16),
        ("q5_0", half(1.0) + b"\xff\xff\0\0" + b"\x10" * 16, [0.0] * 16 + [-15.0] * 16),
        ("q8_0", half(0.25) + bytes([4, 252] * 16), [1.0, -1.0] * 16),
        ("iq4_nl", half(1.0) + b"\xf0" * 16, [-127.0] * 16 + [113.0] * 16),
        ("mxfp4", b"\x80" + b"\xf7" * 16, [12.0] * 16 + [-12.0] * 16),
    ],
)
def test_a_block_stands_for_the_numbers_its_format_defines(
    dtype: str, data: bytes, expected: list[float]
) -> None:
    assert dequantise(dtype, data) == expected


@pytest.mark.parametrize("dtype", KNOWN)
def test_every_block_gives_as_many_numbers_as_it_holds(dtype: str) -> None:
    count, size = block_of(dtype) or (0, 0)
    assert len(dequantise(dtype, random.Random(1).randbytes(3 * size))) == 3 * count


@given(st.sampled_from(KNOWN), st.binary(max_size=300))
def test_any_bytes_give_numbers_or_are_refused(dtype: str, data: bytes) -> None:
    _, size = block_of(dtype) or (0, 1)
    if len(data) % size:
        with pytest.raises(MalformedError, match="no whole number"):
            dequantise(dtype, data)
    else:
        assert all(isinstance(value, float) for value in dequantise(dtype, data))


def test_a_type_that_is_not_known_is_refused() -> None:
    assert block_of("iq1_s") is None
    with pytest.raises(MalformedError, match="'iq1_s' cannot be read"):
        dequantise("iq1_s", bytes(50))


@pytest.mark.parametrize("dtype", KNOWN)
def test_ggmls_own_library_gives_the_same_numbers(dtype: str) -> None:
    package = pytest.importorskip("gguf", reason="the package gguf is not installed")
    import numpy

    kind = getattr(package.GGMLQuantizationType, dtype.upper(), None)
    count, size = block_of(dtype) or (0, 0)
    if kind is None or count == 1:
        pytest.skip(f"{dtype} is no block type of ggml")
    data = random.Random(2).randbytes(100 * size)
    blocks = numpy.frombuffer(data, numpy.uint8).reshape(100, size)
    try:
        with numpy.errstate(all="ignore"):
            theirs = package.quants.dequantize(blocks, kind).ravel().tolist()
    except NotImplementedError:
        pytest.skip(f"the package does not read {dtype}")
    pairs = zip(dequantise(dtype, data), theirs, strict=True)
    finite = [(a, b) for a, b in pairs if math.isfinite(a) and math.isfinite(b)]
    assert len(finite) > 50 * count
    assert all(math.isclose(a, b, rel_tol=1e-6, abs_tol=1e-30) for a, b in finite)
