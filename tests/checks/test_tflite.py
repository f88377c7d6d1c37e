# SPDX-License-Identifier: Apache-2.0
"""TensorFlow Lite models and compiled ones: built-in operators are fine, what comes from elsewhere is told."""

import contextlib
import struct
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.checks.coverage import look as look_for_gaps
from steelyard.checks.tensorrt import look as look_at_engines
from steelyard.checks.tflite import look
from steelyard.core.errors import MalformedError
from steelyard.core.limits import Limits
from steelyard.formats.nesting import parts
from steelyard.formats.port import Budget
from steelyard.formats.source import BytesSource
from steelyard.formats.tflite import TFLITE
from tests.samples.flat import tflite
from tests.samples.weights import claims, facts, findings, gaps

PICKLE = b"\x80\x02cposix\nsystem\nX\x02\x00\x00\x00id\x85R."


def test_built_in_operators_give_a_summary_and_no_finding() -> None:
    model = tflite(["", "TFLite_Detection_PostProcess", "FlexAdd"], bytes(range(16)))
    assert findings(look, {"m.bin": model}) == {}
    found = facts(claims(look, {"m.tflite": model}))["tflite.model"]
    assert (found["operators"], found["custom"]) == (3, 2)


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("MyOp", "custom-operator"),
        ("FlexReadFile", "reaches-out"),
        ("FlexWriteFile", "reaches-out"),
        ("FlexPyFunc", "reaches-out"),
        ("edgetpu-custom-op", "compiled-operator"),
    ],
)
def test_an_operator_from_elsewhere_is_a_finding(name: str, rule: str) -> None:
    assert list(findings(look, {"m.tflite": tflite(["", name])})) == [f"tflite.{rule}"]


def test_elements_are_opaque_and_other_bytes_are_searched() -> None:
    def formats(data: bytes) -> list[str]:
        return [part.format for part in parts("m", BytesSource(data), Budget(Limits()))]

    assert formats(tflite([""], PICKLE, elements=len(PICKLE))) == ["tflite"]
    assert "pickle" in formats(tflite([""], PICKLE, elements=3))


def test_a_model_that_was_cut_off_is_malformed() -> None:
    assert list(findings(look, {"m.tflite": tflite(["", "x"])[:30]})) == ["tflite.malformed"]


def test_an_engine_is_a_gap_and_its_plug_ins_are_critical() -> None:
    plain = b"ptrt" + struct.pack("<I", 0) + bytes(range(256)) * 8
    assert findings(look_at_engines, {"m.plan": plain}) == {}
    assert "TensorRT" in gaps(claims(look_for_gaps, {"m.plan": plain}))["coverage.unread"]
    bad = {"m.engine": plain + b"/tmp/libevil_plugin.so\0" + bytes(50)}
    assert list(findings(look_at_engines, bad)) == ["tensorrt.plugin-library"]


@pytest.mark.parametrize("data", [b"tjgg\1\0\0\0" + bytes(99), b"\0\0\0\0ORTM" + bytes(99)])
def test_a_format_that_is_not_read_is_a_gap(data: bytes) -> None:
    assert list(gaps(claims(look_for_gaps, {"m.bin": data}))) == ["coverage.unread"]


SAMPLE = tflite(["", "MyOp", "FlexAdd"], bytes(16))


@settings(max_examples=200)
@given(
    cut=st.integers(8, 2 * len(SAMPLE)),
    changes=st.lists(st.tuples(st.integers(8, len(SAMPLE) - 1), st.integers(0, 255)), max_size=6),
)
def test_any_change_of_a_model_ends_in_content_or_a_refusal(cut, changes) -> None:
    data = bytearray(SAMPLE)
    for at, byte in changes:
        data[at] = byte
    begin = time.thread_time()
    with contextlib.suppress(MalformedError):
        TFLITE.read(BytesSource(bytes(data[:cut])), Budget(Limits()))
    assert time.thread_time() - begin < 2
