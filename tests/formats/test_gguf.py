# SPDX-License-Identifier: Apache-2.0
"""GGUF files are read whole; what is wrong with them is told, never believed."""

import struct

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from steelyard.core.errors import LimitError, MalformedError
from steelyard.core.limits import Limits
from steelyard.formats.gguf import Gguf, read
from steelyard.formats.gguf_metadata import ArrayInfo
from steelyard.formats.nesting import parts
from steelyard.formats.port import Budget
from steelyard.formats.source import BytesSource
from steelyard.formats.tensor import TensorInfo
from tests.samples.weights import ARRAY, BOOL, F32, I32, STRING, U32, U64, GgufWriter, gguf


def of(data: bytes, **limits) -> Gguf:
    return read(BytesSource(data), Budget(Limits(**limits)))


def codes(data: bytes) -> list[str]:
    return [flaw.code for flaw in of(data).flaws]


@pytest.mark.parametrize("version", [1, 2, 3])
@pytest.mark.parametrize(("order", "endian"), [("<", "little"), (">", "big")])
def test_every_version_and_byte_order_is_read(version: int, order: str, endian: str) -> None:
    content = of(gguf(version, order).finish())
    assert (content.version, content.endian, content.flaws) == (version, endian, ())
    assert content.metadata == {
        "general.architecture": "llama",
        "a.bool": True,
        "a.i8": -3,
        "a.u64": 1 << 60,
        "a.f32": 0.5,
        "a.numbers": ArrayInfo("i16", 3, (1, -2, 3)),
        "tokenizer.ggml.tokens": ArrayInfo("str", 3, ("<0x0A>", "a", "ß")),
    }
    assert content.tensors == (TensorInfo("w", "f32", (2, 8), 64, at=content.data_offset),)
    assert content.data_offset % 32 == 0
    assert not content.hidden


def test_a_template_of_any_name_is_kept_in_full() -> None:
    template = "{% for message in messages %}" * 4000
    keys = ("tokenizer.chat_template", "tokenizer.chat_template.tool_use")
    writer = gguf()
    for key in keys:
        writer.key(key, STRING, template)
    metadata = of(writer.finish()).metadata
    assert [metadata[key] for key in keys] == [template, template]


def test_of_a_long_array_only_the_first_elements_are_kept() -> None:
    writer = gguf().array("n", U32, list(range(5000)))
    writer.array("s", STRING, [str(number) for number in range(70_000)])
    metadata = of(writer.finish()).metadata
    assert metadata["n"] == ArrayInfo("u32", 5000, tuple(range(8)))
    assert metadata["s"].count == 70_000
    assert not metadata["s"].whole


@pytest.mark.parametrize("order", ["<", ">"])
def test_strings_longer_than_the_window_are_passed_over(order: str) -> None:
    strings = ["x" * size for size in (3, 1 << 20, 200, (1 << 20) + 5, 0, 70_000, 1)] * 12
    writer = GgufWriter(3, order).array("s", STRING, strings).key("after", U32, 7)
    content = of(writer.finish())
    assert content.metadata["s"].count == len(strings)
    assert content.metadata["after"] == 7
    assert content.flaws == ()


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (gguf().finish(keys=1 << 61), "metadata keys need"),
        (gguf().finish(tensors=1 << 61), "tensors need"),
        (
            GgufWriter().raw_pair(struct.pack("<Q1sIQ", 1, b"a", STRING, (1 << 64) - 1)).finish(),
            "value of 'a' of 18,446,744,073,709,551,615 bytes exceeds the file",
        ),
        (
            GgufWriter().raw_pair(struct.pack("<Q1sIIQ", 1, b"a", ARRAY, U32, 1 << 62)).finish(),
            "4,611,686,018,427,387,904 elements of 'a' need",
        ),
        (
            GgufWriter()
            .raw_pair(struct.pack("<Q1sIIQQ", 1, b"a", ARRAY, STRING, 1, 1 << 40))
            .finish(),
            "element of 'a' of 1,099,511,627,776 bytes exceeds the file",
        ),
        (
            GgufWriter()
            .raw_pair(struct.pack("<Q1sIIQ", 1, b"a", ARRAY, ARRAY, 1) + bytes(40))
            .finish(),
            "array of arrays",
        ),
        (GgufWriter().raw_pair(struct.pack("<Q1sIQ", 1, b"a", 13, 0)).finish(), "unknown type 13"),
        (GgufWriter().tensor("t", [1] * 5, 0, bytes(4)).finish(), "5 dimensions"),
        (b"GGUF" + struct.pack("<IQQ", 4, 0, 0), "version 4"),
        (b"GGUF" + struct.pack("<I", 3), "number of tensors needs bytes up to 16, the file has 8"),
        (b"GGUF", "GGUF header of 8 bytes"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_header_that_cannot_be_is_refused(data: bytes, told: str) -> None:
    with pytest.raises(MalformedError) as refused:
        of(data)
    assert told in refused.value.message


def test_a_string_inside_a_vocabulary_that_exceeds_the_file_is_refused() -> None:
    strings = b"".join(struct.pack("<Q", 1) + b"x" for _ in range(99)) + struct.pack("<Q", 1 << 50)
    pair = struct.pack("<Q1sIIQ", 1, b"a", ARRAY, STRING, 100) + strings
    with pytest.raises(MalformedError, match="exceeds the file"):
        of(GgufWriter().raw_pair(pair + bytes(64)).finish())


@pytest.mark.parametrize(
    "limits", [{"members": 3}, {"text_bytes": 100}, {"header_bytes": 64}], ids=str
)
def test_what_exceeds_a_limit_is_refused(limits: dict[str, int]) -> None:
    writer = gguf().array("s", STRING, ["x" * 100] * 100)
    with pytest.raises(LimitError):
        of(writer.finish(), **limits)


def one(extents: list[int], kind: int = 0, data: bytes = bytes(64), **more) -> bytes:
    return GgufWriter().tensor("t", extents, kind, data, **more).finish()


TWO = GgufWriter().tensor("a", [16], 0, bytes(64)).tensor("b", [16], 0, bytes(64))
TOKENS = ["a", "b", "c"]


@pytest.mark.parametrize(
    ("code", "data"),
    [
        ("alignment", gguf().key("general.alignment", U32, 0).finish()),
        ("alignment", gguf().key("general.alignment", U32, 48).finish()),
        ("alignment", gguf().key("general.alignment", U32, 1 << 21).finish()),
        ("alignment", gguf().key("general.alignment", U64, 32).finish()),
        ("bool", gguf().key("b", BOOL, 2).finish()),
        ("byte-token", gguf().array("t", STRING, ["<0x-1>"]).finish()),
        ("byte-token", gguf().array("t", STRING, [*"abc"] * 40 + ["<0x+1>"]).finish()),
        ("duplicate-key", gguf().key("a.i8", U32, 1).finish()),
        (
            "duplicate-tensor",
            GgufWriter().tensor("a", [8], 0, bytes(32)).tensor("a", [8], 0, bytes(32)).finish(),
        ),
        ("empty-tensor", one([4, 0])),
        ("hidden-bytes", gguf().finish(tail=b"hello")),
        ("hidden-bytes", gguf().finish(tail=bytes(70) + b"x")),
        ("key", gguf().key("", U32, 1).finish()),
        ("key", gguf().key("a\0b", U32, 1).finish()),
        ("long-name", GgufWriter().tensor("n" * 65, [16], 0, bytes(64)).finish()),
        ("misaligned", GgufWriter().tensor("t", [8], 0, bytes(64), offset=8).finish()),
        ("name", GgufWriter().tensor("a\0b", [16], 0, bytes(64)).finish()),
        ("name", GgufWriter().tensor("вес", [16], 0, bytes(64)).finish()),
        ("not-utf-8", gguf().key("s", STRING, b"\xff\xfe").finish()),
        ("order", GgufWriter().tensor("t", [8], 0, bytes(64), offset=32).finish()),
        ("out-of-bounds", one([17])),
        ("out-of-bounds", one([16], offset=1 << 50)),
        ("overlap", GgufWriter().tensor("a", [16], 0, bytes(64)).tensor("b", [8], 0, offset=32)
         .finish()),
        ("removed-type", one([32], 31)),
        ("row", one([33, 2], 2)),
        ("shape-overflow", one([1 << 32, 1 << 32])),
        ("unknown-type", one([16], 137)),
        ("vocabulary-length", GgufWriter().array("tokenizer.ggml.tokens", STRING, TOKENS)
         .array("tokenizer.ggml.scores", F32, [0.0]).finish()),
        ("vocabulary-length", GgufWriter().array("tokenizer.ggml.tokens", STRING, TOKENS)
         .array("tokenizer.ggml.token_type", I32, [1, 1]).finish()),
        ("vocabulary-not-utf-8", gguf().array("t", STRING, [b"\xff"]).finish()),
        ("vocabulary-not-utf-8", gguf().array("t", STRING, ["ok"] * 99 + [b"\xc3"]).finish()),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_a_contradiction_is_told(code: str, data: bytes) -> None:
    assert code in codes(data)


def test_zeros_that_no_tensor_claims_are_no_flaw() -> None:
    assert codes(gguf().finish(tail=bytes(5000))) == []


def test_tokens_of_many_bytes_and_scripts_are_no_flaw() -> None:
    tokens = [" " * 128, "ß" * 100, "Ġ", "", "日本語" * 50, "<0x0A>", "<0xfF>", "<0xzz", "x<0x-1>"]
    assert codes(gguf().array("t", STRING, tokens * 300).finish()) == []


def test_the_first_of_two_values_is_taken_and_the_other_kept_beside() -> None:
    content = of(gguf().key("k", STRING, "one").key("k", STRING, "two").finish())
    assert content.metadata["k"] == "one"
    assert content.shadowed == (("k", "two"),)


def test_tensors_of_an_unknown_type_leave_the_file_partly_unread() -> None:
    content = of(one([16], 137))
    assert content.incomplete == "tensors of the unknown type ggml-137"
    assert content.tensors == (TensorInfo("t", "ggml-137", (16,), 64, at=content.data_offset),)


def test_a_truncated_file_says_what_it_lacks() -> None:
    whole = gguf().finish()
    (flaw,) = of(whole[:-40]).flaws
    assert flaw.message == (
        f"truncated: tensor 'w' needs bytes up to {len(whole)}, the file has {len(whole) - 40}"
    )


def test_a_thousand_flaws_of_a_kind_are_counted_not_listed() -> None:
    writer = GgufWriter()
    for index in range(1000):
        writer.key(f"b{index}", BOOL, 3)
    flaws = of(writer.finish()).flaws
    assert len(flaws) == 21
    assert flaws[-1].message == "and 980 more of this kind"


def test_what_lies_between_and_behind_the_tensors_is_read_as_a_layer() -> None:
    payload = b"cposix\nsystem\n(S'true'\ntR."
    layers = list(parts("m.gguf", BytesSource(gguf().finish(tail=payload)), Budget(Limits())))
    assert [layer.where.partition("!")[2] for layer in layers][:2] == [
        "",
        f"gap@{len(gguf().finish())}",
    ]


def test_a_quantised_tensor_is_as_large_as_its_blocks() -> None:
    content = of(one([256, 3], 12, bytes(144 * 3)))
    assert content.tensors == (TensorInfo("t", "q4_k", (3, 256), 432, at=content.data_offset),)


@settings(max_examples=150)
@given(st.data())
def test_any_truncation_or_mutation_ends_in_a_result(data: st.DataObject) -> None:
    order = data.draw(st.sampled_from("<>"))
    whole = gguf(data.draw(st.integers(1, 3)), order).finish()
    end = data.draw(st.integers(0, len(whole)))
    at = data.draw(st.integers(0, len(whole) - 1))
    noise = data.draw(st.binary(max_size=9))
    broken = (whole[:at] + noise + whole[at + len(noise) :])[:end]
    try:
        content = of(broken)
    except MalformedError as error:
        assert -1 <= error.at <= len(broken) + 8
    else:
        assert content.version in (1, 2, 3)
        assert all(0 <= hole.start < hole.end <= len(broken) for hole in content.hidden)


@settings(max_examples=60)
@given(st.lists(st.text(max_size=40), max_size=200), st.sampled_from("<>"), st.integers(1, 3))
@example(["\0" * 128], "<", 3)
def test_arrays_of_any_strings_are_walked_to_their_end(
    strings: list[str], order: str, version: int
) -> None:
    texts = [text.encode("utf-8", "replace").decode() for text in strings]
    writer = GgufWriter(version, order).array("s", STRING, texts).key("end", U32, 1)
    content = of(writer.finish())
    assert content.metadata["s"].count == len(texts)
    assert content.metadata["end"] == 1
    assert set(codes(writer.finish())) <= {"byte-token"}


@pytest.mark.model
def test_the_real_model_is_read_to_the_last_byte_without_a_flaw(real_model) -> None:
    data = real_model.read_bytes()
    content = of(data)
    assert (content.flaws, content.hidden, content.incomplete) == ((), (), "")
    assert len(content.tensors) == 272
    assert sum(tensor.elements for tensor in content.tensors) == 134_515_008
    assert sum(tensor.nbytes for tensor in content.tensors) == 96_576_768
    assert content.metadata["tokenizer.chat_template"].startswith("{% for message in messages %}")
