# SPDX-License-Identifier: Apache-2.0
"""Arrays of numpy: the header is read and not evaluated, and the bytes are held to it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.core.errors import MalformedError
from steelyard.core.limits import Limits
from steelyard.formats.nesting import parts
from steelyard.formats.npy_header import parse_literal
from steelyard.formats.numpy import Npy, read
from steelyard.formats.port import Budget
from steelyard.formats.source import BytesSource
from steelyard.formats.tensor import TensorInfo
from tests.samples import pickles as p


def npy(data: bytes) -> Npy:
    return read(BytesSource(data), Budget(Limits()))


@pytest.mark.parametrize("version", [1, 2, 3])
def test_an_array_gives_its_type_and_shape(version: int) -> None:
    content = npy(p.npy("'<f4'", "(2, 3)", bytes(24), version))
    assert content.tensors == (TensorInfo("", "f32", (2, 3), 24),)
    assert (content.objects, content.flaws, content.incomplete) == (False, (), "")


@pytest.mark.parametrize(
    ("descr", "dtype", "size"),
    [
        ("'|b1'", "bool", 1),
        ("'>i8'", "i64", 8),
        ("'<u2'", "u16", 2),
        ("'<c16'", "c128", 16),
        ("'<U5'", "<U5", 20),
        ("'|S7'", "|S7", 7),
        ("'<M8[ns]'", "<M8[ns]", 8),
        ("[('a', '<i4'), ('b', '<f8', (2,))]", "struct", 20),
        ("[('a', [('x', '|u1')]), (('title', 'b'), '<f8')]", "struct", 9),
        ("('<f4', (3,))", "array", 12),
    ],
)
def test_element_types_are_measured(descr: str, dtype: str, size: int) -> None:
    (tensor,) = npy(p.npy(descr, "(2,)", bytes(2 * size))).tensors
    assert (tensor.dtype, tensor.nbytes) == (dtype, 2 * size)


@pytest.mark.parametrize("descr", ["'|O'", "'|O8'", "[('a', '<i4'), ('b', '|O')]"])
def test_the_pickle_of_an_array_of_objects_is_a_layer_of_its_own(descr: str) -> None:
    data = p.npy(descr, "(1,)", p.SYSTEM)
    found = {part.where: part.format for part in parts("a", BytesSource(data), Budget(Limits()))}
    assert found == {"a": "npy", "a!objects": "pickle"}


def test_bytes_behind_the_array_are_read_like_any_others() -> None:
    data = p.npy("'<f4'", "(2,)", bytes(8) + p.SYSTEM)
    (flaw,) = npy(data).flaws
    assert flaw.code == "tail"
    formats = [part.format for part in parts("a", BytesSource(data), Budget(Limits()))]
    assert formats == ["npy", "pickle"]


def test_an_array_that_is_cut_off_is_not_wholly_read() -> None:
    assert "3 bytes of 8" in npy(p.npy("'<f4'", "(2,)", bytes(3))).incomplete


@pytest.mark.parametrize(
    ("descr", "shape"),
    [
        ("__import__('os').system('id')", "(1,)"),
        ("'<f4'", "open('x')"),
        ("'<q9'", "(1,)"),
        ("'object'", "(1,)"),
        ("'<f4'", "(-1,)"),
        ("'<f4'", "[1]"),
        ("'<f4'", "(1.5,)"),
        ("'<f4', 'more': 1, 'x'", "(1,)"),
        ("[" * 500 + "]" * 500, "(1,)"),
        ("'<f4'" + "-" * 400, "(1,)"),
    ],
)
def test_a_header_that_numpy_does_not_write_is_malformed(descr: str, shape: str) -> None:
    with pytest.raises(MalformedError):
        npy(p.npy(descr, shape, bytes(8)))


@pytest.mark.parametrize("data", [b"", b"\x93NUMPY", b"\x93NUMPY\x09\x00" + bytes(9)])
def test_a_head_that_is_cut_off_or_of_another_version_is_malformed(data: bytes) -> None:
    with pytest.raises(MalformedError):
        npy(data)


def test_a_header_longer_than_the_file_is_malformed_before_it_is_read() -> None:
    with pytest.raises(MalformedError):
        npy(b"\x93NUMPY\x02\x00\xff\xff\xff\xff" + bytes(50))


LITERALS = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**18), 10**18) | st.text("abc 12", max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text("xyz", max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=100)
@given(LITERALS)
def test_literals_are_read_as_python_reads_them(value) -> None:
    assert parse_literal(repr(value)) == value


@settings(max_examples=150)
@given(st.text("{}[]()',: ab1<f4OTrueNone\\", max_size=60))
def test_any_text_is_a_literal_or_malformed(text: str) -> None:
    try:
        parse_literal(text)
    except MalformedError as error:
        assert error.message
