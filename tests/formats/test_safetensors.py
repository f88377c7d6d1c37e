# SPDX-License-Identifier: Apache-2.0
"""safetensors files are held to the letter of their format, whatever their header says."""

import json
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.core.errors import LimitError, MalformedError
from steelyard.core.limits import Limits
from steelyard.formats.nesting import identify, parts
from steelyard.formats.port import Budget
from steelyard.formats.safetensors import Safetensors, read
from steelyard.formats.source import BytesSource
from steelyard.formats.tensor import TensorInfo
from tests.samples.weights import SOUND, entry, gguf, safetensors


def of(data: bytes, **limits) -> Safetensors:
    return read(BytesSource(data), Budget(Limits(**limits)))


def codes(data: bytes) -> list[str]:
    return [flaw.code for flaw in of(data).flaws]


def form(name: str, data: bytes) -> str:
    return identify(name, BytesSource(data)).id


def test_a_sound_file_is_read_without_a_flaw() -> None:
    content = of(SOUND)
    assert content.flaws == ()
    assert content.metadata == {"format": "pt"}
    assert content.tensors == (
        TensorInfo("a", "f32", (4,), 16, at=content.data_offset),
        TensorInfo("b", "f16", (3,), 6, at=content.data_offset + 16),
        TensorInfo("c", "f4", (2, 2), 2, at=content.data_offset + 22),
    )


@pytest.mark.parametrize("data", [safetensors({}), safetensors(b"{}      ")])
def test_a_file_without_tensors_is_sound(data: bytes) -> None:
    assert of(data).tensors == ()
    assert codes(data) == []


def test_scalars_and_empty_tensors_are_sound() -> None:
    header = {"s": entry(0, 4, ()), "e": entry(4, 4, (0, 7)), "x": entry(4, 8, (1,))}
    assert codes(safetensors(header, bytes(8))) == []


@pytest.mark.parametrize(
    ("dtype", "shape", "size"),
    [("BOOL", (3,), 3), ("F6_E2M3", (4,), 3), ("F6_E3M2", (8,), 6), ("F8_E8M0", (5,), 5),
     ("F8_E4M3FNUZ", (5,), 5), ("BF16", (2, 2), 8), ("C64", (2,), 16), ("U64", (2,), 16)],
)  # fmt: skip
def test_every_type_of_the_library_has_its_size(dtype: str, shape: tuple, size: int) -> None:
    assert codes(safetensors({"t": entry(0, size, shape, dtype)}, bytes(size))) == []
    assert codes(safetensors({"t": entry(0, size + 1, shape, dtype)}, bytes(size + 1))) == ["size"]


DOUBLE = b'{"a":%b,"a":%b}' % ((json.dumps(entry(0, 16)).encode(),) * 2)


@pytest.mark.parametrize(
    ("code", "data"),
    [
        ("dtype", safetensors({"a": entry(0, 16, dtype="F33")}, bytes(16))),
        ("duplicate-key", safetensors(DOUBLE, bytes(16))),
        ("duplicate-key", safetensors(
            b'{"a":{"dtype":"F32","shape":[4],"shape":[4],"data_offsets":[0,16]}}', bytes(16))),
        ("duplicate-key", safetensors(b'{"__metadata__":{"a":"1","a":"2"}}')),
        ("duplicate-key", safetensors(b'{"__metadata__":{},"__metadata__":{}}')),
        ("entry", safetensors({"a": 1})),
        ("entry", safetensors({"a": {"dtype": "F32", "shape": [4]}})),
        ("entry", safetensors({"a": entry(0, 16, (4.0,))}, bytes(16))),
        ("entry", safetensors({"a": entry(0, 16, (True, 4))}, bytes(16))),
        ("entry", safetensors({"a": entry(0, 16, (-4,))}, bytes(16))),
        ("entry", safetensors({"a": entry(0, 1 << 65)})),
        ("entry", safetensors({"a": {**entry(0, 4), "data_offsets": [0, 4, 8]}})),
        ("header-padding", safetensors(b"{}\0\0\0\0")),
        ("header-padding", safetensors(b'{}  {"b":1}')),
        ("hole", safetensors({"a": entry(0, 16), "b": entry(32, 48)}, bytes(48))),
        ("hole", safetensors({"a": entry(16, 32)}, bytes(32))),
        ("metadata", safetensors({"__metadata__": {"a": 1}})),
        ("metadata", safetensors({"__metadata__": "a"})),
        ("name", safetensors(b'{"\\ud800":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}', b"1")),
        ("offsets", safetensors({"a": entry(16, 0)}, bytes(16))),
        ("out-of-bounds", safetensors({"a": entry(0, 1600, [400])}, bytes(16))),
        ("overlap", safetensors({"a": entry(0, 16), "b": entry(8, 24)}, bytes(24))),
        ("size", safetensors({"a": entry(0, 16, [1 << 40])}, bytes(16))),
        ("size", safetensors({"a": entry(0, 16, [1 << 63, 1 << 63])}, bytes(16))),
        ("tail", safetensors({"a": entry(0, 16)}, bytes(20))),
        ("tail", safetensors({}, b"x")),
        ("unknown-field", safetensors({"a": {**entry(0, 16), "x": [1]}}, bytes(16))),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_a_contradiction_is_told(code: str, data: bytes) -> None:
    assert code in codes(data)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (safetensors(b"{}", length=1 << 62), "header of 4,611,686,018,427,387,904 bytes exceeds"),
        (SOUND[:5], "of the header's length 5 of 8 bytes"),
        (SOUND[:40], "exceeds the file (40 bytes)"),
        (safetensors(b"{"), "no JSON"),
        (safetensors(b'{"a":\xff}'), "no UTF-8"),
        (safetensors(b"[]"), "no JSON object"),
        (safetensors(b" {}"), "no JSON"),
        (safetensors(b'{"a":NaN}'), "no JSON"),
        (safetensors(b'{"a":' + b"9" * 5000 + b"}"), "no JSON"),
        (safetensors(b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"), "nested"),
        (safetensors(b'{"a":' * 100_000), "nested"),
    ],
)
def test_a_header_that_cannot_be_is_refused(data: bytes, told: str) -> None:
    with pytest.raises(MalformedError) as refused:
        of(data)
    assert told in refused.value.message


@pytest.mark.parametrize(
    "header", [b'{"a":[' + b"[]," * 900 + b"1]}", b'{"a":[' + b"{}," * 900 + b"1]}"]
)
def test_a_header_of_too_many_things_is_refused_before_it_is_decoded(header: bytes) -> None:
    with pytest.raises(LimitError):
        of(safetensors(header), members=400)


def test_a_header_longer_than_the_format_allows_is_refused() -> None:
    with pytest.raises(LimitError, match="at most"):
        of(SOUND, header_bytes=16)


def test_a_truncated_file_says_what_it_lacks() -> None:
    (flaw,) = of(SOUND[:-1]).flaws
    assert flaw.message == (
        f"truncated: tensor 'c' needs bytes up to {len(SOUND)}, the file has {len(SOUND) - 1}"
    )


def test_it_is_known_by_its_shape_whatever_its_name() -> None:
    assert form("weights.bin", SOUND) == "safetensors"
    assert form("", safetensors(b"{}", length=1 << 62)) == "safetensors"
    padded = SOUND[8:].ljust(1152)  # a header length whose bytes are pickle's protocol mark
    assert form("x", struct.pack("<Q", 1152) + padded) == "safetensors"
    assert form("notes.txt", b'1234567\n{"a": 1}') == "text"


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "empty"),
        (bytes(4096), "zeros in place of a header"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git lfs pull"),
        (b"<html>Not found</html>", "not what its name says"),
    ],
)
@pytest.mark.parametrize("name", ["model.safetensors", "Model.GGUF"])
def test_a_file_with_nothing_but_the_name_of_weights_says_what_it_is(
    name: str, data: bytes, told: str
) -> None:
    (layer,) = parts(name, BytesSource(data), Budget(Limits()))
    assert layer.format == "misnamed"
    assert told in layer.unread


def test_a_name_does_not_hide_another_format() -> None:
    assert form("model.safetensors", gguf().finish()) == "gguf"
    assert form("model.gguf", SOUND) == "safetensors"
    assert form("model.safetensors", b"PK\x05\x06" + bytes(18)) == "zip"


def test_a_payload_behind_the_tensors_is_read_as_a_layer() -> None:
    data = safetensors({"a": entry(0, 16)}, bytes(16) + bytes(8) + gguf().finish())
    layers = list(parts("m.safetensors", BytesSource(data), Budget(Limits())))
    assert [layer.format for layer in layers] == ["safetensors", "gguf"]
    assert layers[1].where == f"m.safetensors!gap@{len(data) - len(gguf().finish())}"


@settings(max_examples=150)
@given(st.data())
def test_any_truncation_or_mutation_ends_in_a_result(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(SOUND) - 1))
    noise = data.draw(st.binary(max_size=9))
    broken = SOUND[:at] + noise + SOUND[at + len(noise) :]
    broken = broken[: data.draw(st.integers(0, len(broken)))]
    try:
        content = of(broken)
    except MalformedError as error:
        assert -1 <= error.at <= len(broken) + 8
    else:
        assert content.flaws or broken == SOUND or len(broken) == len(SOUND)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=12,
)


@settings(max_examples=150)
@given(st.dictionaries(st.sampled_from(["a", "b", "__metadata__"]), JSON), st.binary(max_size=40))
def test_any_json_in_the_header_ends_in_a_result(header: dict, data: bytes) -> None:
    try:
        content = of(safetensors(header, data))
    except MalformedError:
        return
    assert content.flaws or not data


FIELD = st.integers(0, 40)


@settings(max_examples=200)
@given(
    st.lists(st.tuples(FIELD, FIELD, st.lists(FIELD, max_size=2)), max_size=5), st.integers(0, 60)
)
def test_without_a_flaw_the_tensors_cover_the_file_exactly(
    entries: list[tuple[int, int, list[int]]], size: int
) -> None:
    header = {str(i): entry(a, b, shape, "U8") for i, (a, b, shape) in enumerate(entries)}
    content = of(safetensors(header, bytes(size)))
    claimed = sorted((a, b) for a, b, _ in entries if b > a)
    covers = [byte for a, b in claimed for byte in range(a, b)] == list(range(size))
    if not content.flaws:
        assert covers
