# SPDX-License-Identifier: Apache-2.0
"""Weights in MessagePack that are arrays alone have no finding."""

import contextlib

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.checks.msgpack import look
from steelyard.core.errors import MalformedError
from steelyard.core.limits import Limits
from steelyard.formats.msgpack import MSGPACK
from steelyard.formats.nesting import parts
from steelyard.formats.port import Budget
from steelyard.formats.source import BytesSource
from tests.samples.weights import claims, facts, findings

PICKLE = b"\x80\x02cposix\nsystem\nX\x02\x00\x00\x00id\x85R."


def array(shape: tuple[int, ...], kind: str, data: bytes) -> msgspec.msgpack.Ext:
    return msgspec.msgpack.Ext(1, msgspec.msgpack.encode((shape, kind, data)))


def weights(**more: object) -> bytes:
    kernel = array((300, 2), "float32", bytes(2400))
    return msgspec.msgpack.encode({"params": {"dense": {"kernel": kernel, **more}}, "step": 7})


def test_arrays_have_no_finding_and_are_not_searched() -> None:
    data = weights(bias=array((len(PICKLE),), "uint8", PICKLE), note="import os")
    assert findings(look, {"m.bin": data}) == {}
    assert facts(claims(look, {"m.msgpack": data}))["msgpack.arrays"] == 2
    assert [p.format for p in parts("m", BytesSource(data), Budget(Limits()))] == ["msgpack"]


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (weights(x=msgspec.msgpack.Ext(99, PICKLE)), "extension"),
        (weights(x=array((2,), "uint8", PICKLE)), "array"),
        (weights(x=array((2,), "object", PICKLE)), "array"),
        (weights() + PICKLE, "tail"),
    ],
)
def test_what_is_no_array_is_a_finding_and_is_read(data: bytes, rule: str) -> None:
    assert list(findings(look, {"m.msgpack": data})) == [f"msgpack.{rule}"]
    assert "pickle" in [p.format for p in parts("m", BytesSource(data), Budget(Limits()))]


def test_weights_that_were_cut_off_are_malformed() -> None:
    assert list(findings(look, {"m.msgpack": weights()[:99]})) == ["msgpack.malformed"]


SAMPLE = weights(x=array((2,), "uint8", b"ab"), y=msgspec.msgpack.Ext(9, b"abc"))


@settings(max_examples=150)
@given(
    cut=st.integers(0, len(SAMPLE)),
    at=st.integers(0, len(SAMPLE) - 1),
    byte=st.integers(0, 255),
)
def test_any_change_ends_in_content_or_a_refusal(cut: int, at: int, byte: int) -> None:
    data = bytearray(SAMPLE)
    data[at] = byte
    with contextlib.suppress(MalformedError):
        MSGPACK.read(BytesSource(bytes(data[:cut])), Budget(Limits()))
    list(parts("m.msgpack", BytesSource(bytes(data[:cut])), Budget(Limits())))
