# SPDX-License-Identifier: Apache-2.0
"""Pickles are recognised by content, and everything in and behind them is read."""

import contextlib
import io
import pickle
import random
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.core.errors import MalformedError
from steelyard.core.limits import Limits
from steelyard.core.subject import Part
from steelyard.formats.nesting import identify, parts
from steelyard.formats.pickle import Pickle, pickle_members, read
from steelyard.formats.port import Budget
from steelyard.formats.source import BytesSource
from tests.samples import pickles as p


def layers(data: bytes, name: str = "file") -> dict[str, Part]:
    return {part.where: part for part in parts(name, BytesSource(data), Budget(Limits()))}


def identified(data: bytes, name: str = "file") -> str:
    return identify(name, BytesSource(data)).id


def imports(part: Part) -> list[str]:
    assert isinstance(part.content, Pickle)
    return [name.dotted for stream in part.content.streams for name in stream.imports]


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize(
    "value", [None, 1, "a", [], {"a": [1.5] * 40}, list(range(50_000)), pickle.loads]
)
def test_a_pickle_is_recognised_whatever_it_holds(protocol: int, value) -> None:
    data = pickle.dumps(value, protocol)
    assert identified(data, "weights.safetensors") == "pickle"
    (part,) = layers(data).values()
    assert part.unread == ""


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"just text with os.system in it\n" * 50,
        b"(c) 2024 The Authors\nAll rights reserved\nor so\n",
        b"(i) first\nsecond\n",
        b"cat\ndog\nRat\nbird\n",
        b"import os\nos.system('id')\n",
        b"class A:\n    pass\n",
        b"from os import system\n",
        b"NVIDIA\nVocabulary\nV2\n",
        b"version 1\n",
        b"0.1.2.3\n",
        b"3\n",
        b"{}",
        b"[]",
        b"]}",
        b"I am a text\nthat begins like an opcode.\n",
        b"cos\nsystem\nis how a text about pickles may begin\n",
    ],
)
def test_text_that_begins_like_a_pickle_is_no_pickle(text: bytes) -> None:
    assert identified(text, "notes.txt") != "pickle"


def test_noise_behind_a_magic_number_is_no_pickle() -> None:
    noise = random.Random(3).randbytes(1 << 18)
    assert identified(b"\x80\x02" + noise, "like.bin") != "pickle"
    assert identified(b"\x80\x04\x95" + noise, "like.bin") != "pickle"


CUT_OFF_CALL = b"(S''\ni0\nA\x00"
"""Noise that acts: `pickle._Unpickler`, on which dill and joblib stand, takes the last line without
its last byte where the file ends, and calls `A` of the module `0`. The one in C gives up before."""


def test_noise_is_no_alarm() -> None:
    rng = random.Random(3)  # bytes by chance: a search finds those that do act, as the one below
    for noise in (b"N." + bytes(range(1, 100)), *map(rng.randbytes, range(3, 400))):
        for part in layers(noise).values():
            if isinstance(part.content, Pickle):
                assert all(stream.inert for stream in part.content.streams)


def test_a_call_whose_name_the_end_cuts_off_is_told() -> None:
    (part,) = layers(CUT_OFF_CALL).values()
    assert (part.format, imports(part)) == ("pickle", ["0.A"])
    assert _Recorder(CUT_OFF_CALL).acts()


class _Recorder(pickle._Unpickler):  # type: ignore[name-defined,misc]
    """Python's own unpickler, which finds nothing and notes what it was to find."""

    def __init__(self, data: bytes) -> None:
        super().__init__(io.BytesIO(data))
        self.wanted: list[str] = []

    def find_class(self, module: str, name: str) -> Callable[..., None]:
        self.wanted.append(f"{module}.{name}")
        return lambda *_: None

    def get_extension(self, code: int) -> None:
        self.wanted.append(f"extension {code}")

    def persistent_load(self, pid: object) -> None:
        self.wanted.append(f"persistent {pid!r}")

    def acts(self) -> bool:
        with contextlib.suppress(Exception):  # noise may break it in any way
            self.load()
        return bool(self.wanted)


@pytest.mark.parametrize("name", ["m.pkl", "m.pt", "m.bin", "m.joblib"])
def test_an_import_alone_counts_where_the_name_says_that_it_is_unpickled(name: str) -> None:
    assert identified(b"cevil\nx\n(broken", name) == "pickle"


def test_a_pickle_without_a_magic_number_is_recognised_by_what_it_calls() -> None:
    assert identified(b"cposix\nsystem\n(S'id'\ntR\xff\xff\xff", "notes.txt") == "pickle"
    assert identified(b"(S'id'\nios\nsystem\n", "notes.txt") == "pickle"


def test_a_cut_off_pickle_is_one_that_could_not_be_read() -> None:
    (part,) = layers(pickle.dumps({"a": list(range(1000))}, 4)[:900]).values()
    assert part.format == "pickle"
    assert "cannot be followed" in part.unread


def test_several_pickles_in_a_row_are_all_followed() -> None:
    data = pickle.dumps({"w": 1}) + bytes(100) + p.SYSTEM + bytes(5000)
    (part,) = layers(data).values()
    assert imports(part) == ["os.system"]
    assert (part.unread, part.content.tail) == ("", -1)


def test_what_lies_behind_the_last_pickle_is_read_like_any_other_bytes() -> None:
    data = pickle.dumps([1]) + b"\0\0" + zlib.compress(p.SYSTEM)
    found = layers(data)
    at = len(pickle.dumps([1])) + 2
    assert found[f"file!gap@{at}"].format == "zlib"
    assert imports(found[f"file!gap@{at}!content"]) == ["os.system"]


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
@pytest.mark.parametrize("size", [10, 3000])
def test_a_pickle_inside_a_constant_is_a_layer_of_its_own(protocol: int, size: int) -> None:
    class Nested:
        def __reduce__(self):
            return pickle.loads, (p.SYSTEM + bytes(size),)

    found = layers(pickle.dumps([Nested(), Nested()], protocol))
    nested = [part for where, part in found.items() if "!bytes@" in where]
    assert [imports(part) for part in nested] == [["os.system"], ["os.system"]]


def test_text_that_does_not_stand_for_bytes_is_malformed() -> None:
    encoded = p.call(p.name("_codecs", "encode"), "\u20ac", "latin1")
    data = p.whole(p.call(p.name("pickle", "loads"), encoded))
    source, budget = BytesSource(data), Budget(Limits())
    with pytest.raises(MalformedError):
        list(pickle_members(read(source, budget), source, budget))


@settings(max_examples=100)
@given(st.data())
def test_mutated_pickles_end_in_content(data) -> None:
    whole = bytearray(pickle.dumps([{"a": 1.5}, (1, 2), "x" * 300, b"y" * 300], 2) + p.SYSTEM)
    for _ in range(data.draw(st.integers(1, 6))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    assert isinstance(read(BytesSource(bytes(whole)), Budget(Limits())), Pickle)
