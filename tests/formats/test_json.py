# SPDX-License-Identifier: Apache-2.0
"""JSON documents are read whole while small and in part when large, whatever is done to them."""

import json
import math
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from steelyard.core.errors import LimitError, MalformedError
from steelyard.core.limits import Limits
from steelyard.formats import json_sparse
from steelyard.formats.json import JSON, JsonDocument, Omitted, members_of, objects_of, read
from steelyard.formats.json_sparse import DEPTH
from steelyard.formats.nesting import identify
from steelyard.formats.port import Budget
from steelyard.formats.source import BytesSource

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=15,
)


def document(data: bytes) -> JsonDocument:
    return read(BytesSource(data), Budget(Limits()))


def large(**members: object) -> bytes:
    vocabulary = {f"token {index}": index for index in range(60_000)}
    return json.dumps({"model": {"vocab": vocabulary}, **members}).encode()


@given(VALUES)
def test_what_was_written_is_read(value: object) -> None:
    assert document(json.dumps(value).encode()).value == value


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32-be"])
def test_every_encoding_of_json_is_read(encoding: str) -> None:
    text = '{"a": "\u00e9\U0001f600"}'
    data = text.encode(encoding)
    assert document(data).value == {"a": "\u00e9\U0001f600"}
    assert identify("x", BytesSource(data)).id == "json"


def test_what_python_accepts_beyond_the_standard_is_read() -> None:
    value = document(b'{"a": NaN, "b": [Infinity, -Infinity], "c": "\t"}').value
    assert math.isnan(value["a"])
    assert value["b"] == [math.inf, -math.inf]
    assert value["c"] == "\t"


def test_a_member_hidden_by_a_later_one_is_kept() -> None:
    found = document(b'{"a": {"b": 1, "b": 2}, "a": 3}')
    assert found.value == {"a": 3}
    assert found.shadowed == (("b", 1), ("a", {"b": 2}))
    assert [flaw.code for flaw in found.flaws] == ["duplicate-key", "duplicate-key"]


def test_each_line_may_be_a_document() -> None:
    found = document(b'{"a": 1}\n\n{"b": 2}\n')
    assert found.lines
    assert found.value == [{"a": 1}, {"b": 2}]


def test_of_many_lines_those_that_matter_are_kept() -> None:
    lines = [b'{"text": "%s"}' % (b"x" * 100)] * 50_000
    lines[30_000] = b'{"chat_template": "y"}'
    found = document(b"\n".join(lines))
    assert found.lines
    assert found.value == [{"chat_template": "y"}]
    assert found.flaws == ()


def test_a_large_document_that_is_broken_is_incomplete_if_anything_in_it_matters() -> None:
    filler = large()[:-1] * 4
    assert document(filler).incomplete == ""
    assert document(filler + b', "auto_map": {}').incomplete.startswith("JSON of 5,")


@pytest.mark.parametrize(
    "data",
    [b"[" * 100_000, b'{"a":' * 300 + b"1" + b"}" * 300, b"[" * 300 + b"]" * 300, b"[{" * 150],
)
def test_depth_is_checked_before_anything_recurses(data: bytes) -> None:
    with pytest.raises(LimitError, match="levels deep"):
        document(data)


def test_brackets_inside_texts_are_no_depth() -> None:
    text = "[" * 1_000 + '\\"' + "{" * 1_000 + "\\"
    assert document(json.dumps({"a": text}).encode()).value == {"a": text}


def depth(value: object) -> int:
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=0)
    return 1 + max(map(depth, value), default=0) if isinstance(value, list) else 0


@settings(max_examples=100)
@given(VALUES, st.integers(1, 40), st.integers(0, 6))
def test_depth_is_counted_whatever_texts_hold_and_wherever_blocks_end(
    value: object, block: int, limit: int
) -> None:
    data = json.dumps({'[\\"{': value, "\\": '\\\\"]'}).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_sparse, "_BLOCK", block)
        patch.setattr(json_sparse, "DEPTH", limit)
        if 1 + depth(value) <= limit:
            json_sparse.check_depth(data)
        else:
            with pytest.raises(LimitError):
                json_sparse.check_depth(data)


def test_the_deepest_document_is_read() -> None:
    data = b"[" * DEPTH + b"]" * DEPTH
    assert document(data).value is not None


@pytest.mark.parametrize(
    "data",
    [b'{"a": 1} x', b"{'a': 1}", b'{"a": 1', b'{"a": ' + b"9" * 5_000 + b"}", b"[1] and text"],
)
def test_what_is_no_json_is_kept_as_text(data: bytes) -> None:
    found = document(data)
    assert found.text == data.decode()
    assert [flaw.code for flaw in found.flaws] == ["not-json"]
    assert found.incomplete == ""


def test_what_is_no_json_and_may_hold_a_template_is_incomplete() -> None:
    assert document(b'{"chat_template": "x", ').incomplete
    assert document(b'{"\\u0063hat_template": "x", ').incomplete


def test_a_byte_that_is_no_utf_8_is_a_flaw() -> None:
    found = document(b'{"a": "\xff"}')
    assert found.value == {"a": "\ufffd"}
    assert [(flaw.code, flaw.at) for flaw in found.flaws] == [("not-utf-8", 7)]


def test_of_a_large_document_what_matters_is_kept() -> None:
    weights = {f"layer.{index}": "model-1.safetensors" for index in range(30_000)}
    found = document(large(chat_template="x", deep={"list": [{"auto_map": 1}]}, weight_map=weights))
    assert isinstance(found.value["model"], Omitted)
    assert found.value["chat_template"] == "x"
    assert found.value["deep"] == {"list": [{"auto_map": 1}]}
    assert found.value["weight_map"] == weights


def test_a_key_hidden_in_a_large_document_is_found() -> None:
    data = large(a=1).removesuffix(b"}") + b', "chat_template": "x", "chat_template": "y"}'
    found = document(data)
    assert found.value["chat_template"] == "y"
    assert ("chat_template", "x") in found.shadowed


def test_a_key_inside_a_vocabulary_is_found() -> None:
    vocabulary = {f"token {index}": index for index in range(60_000)}
    data = json.dumps({"vocab": {**vocabulary, "x": {"chat_template": "y"}}}).encode()
    assert ("/vocab/x/chat_template", "chat_template", "y") in list(
        members_of(document(data).value)
    )


def test_members_come_in_the_order_of_the_document() -> None:
    value = {"b": [{"x/y": 1}, [2, {"~": None}]], "a": {"c": "d"}}
    assert [(pointer, key) for pointer, key, _ in members_of(value)] == [
        ("/b", "b"),
        ("/b/0/x~1y", "x/y"),
        ("/b/1/1/~0", "~"),
        ("/a", "a"),
        ("/a/c", "c"),
    ]
    assert [pointer for pointer, _ in objects_of(value)] == ["", "/b/0", "/b/1/1", "/a"]


@pytest.mark.parametrize(
    ("name", "data", "form"),
    [
        ("config", b'{"a": 1}', "json"),
        ("x.bin", b"[1, 2.5e3, true, null]", "json"),
        ("x.json", b"// comment\n{}", "json"),
        ("x", b"[INST] text", "text"),
        ("x", b"[1] see the appendix", "text"),
        ("x", b"{{ messages }}", "text"),
        ("x.jinja", b'{{ "a" }}', "text"),
        ("x", b"{'a': 1}", "text"),
        ("x.md", b"[link](address)", "text"),
    ],
)
def test_json_is_told_by_its_content(name: str, data: bytes, form: str) -> None:
    assert identify(name, BytesSource(data)).id == form


@settings(max_examples=150)
@given(
    st.binary(max_size=60) | VALUES.map(lambda value: json.dumps(value).encode()),
    st.integers(0, 60),
)
@example(b'{"a": "\\ud800"}', 60)
@example(b"\xff\xfe\x00", 3)
def test_any_bytes_end_in_a_document_or_are_refused(data: bytes, size: int) -> None:
    try:
        found = document(data[:size])
    except MalformedError:
        return
    assert isinstance(found, JsonDocument)
    assert JSON.matches is not None


def test_a_large_vocabulary_is_read_in_a_moment() -> None:
    merges = [[f"a{index}", f"b{index}"] for index in range(120_000)]
    data = large(merges=merges)
    begin = time.thread_time()
    document(data)
    assert time.thread_time() - begin < 1
