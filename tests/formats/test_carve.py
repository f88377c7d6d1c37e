# SPDX-License-Identifier: Apache-2.0
"""Bytes of no known format: what could run in them is found, and noise stays silent."""

import array
import random
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.core.limits import Limits
from steelyard.formats.carve import hits
from steelyard.formats.data import Data
from steelyard.formats.port import Budget
from steelyard.formats.source import BytesSource
from tests.samples.archives import HARMLESS, PAYLOAD, layers, named, unread, zipped

ELF = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HHL", 3, 62, 1) + bytes(40)
PE = b"MZ".ljust(60, b"\0") + struct.pack("<L", 64) + b"PE\0\0" + struct.pack("<H16xH", 0x8664, 2)
NOISE = random.Random(1).randbytes(300_000)
OLD = b"cos\nsystem\n(S'id'\ntR."
INST = b"(S'id'\nios\nsystem\n."
OBJ = b"(cos\nsystem\nS'id'\no."


def found(data: bytes) -> list[tuple[str, int]]:
    return [(hit.kind, hit.start) for hit in hits(BytesSource(data), Budget(Limits()))]


@pytest.mark.parametrize(
    "payload", [PAYLOAD, b"\x80\x02" + OLD, OLD, INST, OBJ, b"\x80\x03(" + OLD]
)
@pytest.mark.parametrize(
    "before", [NOISE[:1000], bytes(4000), NOISE, b"\xff\x01" * ((2 << 20) - 4)]
)
def test_a_pickle_in_unknown_bytes_is_found_where_it_begins(payload: bytes, before: bytes) -> None:
    parts = named(b"\xff\x01" + before + payload + NOISE[:500])
    formats = [part.format for name, part in parts.items() if name.startswith("pickle@")]
    assert formats == ["pickle"]


def test_each_of_several_pickles_is_found() -> None:
    data = b"\xff\xff" + PAYLOAD + NOISE[:100] + PAYLOAD + NOISE[100:200]
    assert found(data) == [("pickle", 2), ("pickle", 102 + len(PAYLOAD))]


def test_a_pickle_that_breaks_off_behind_its_call_is_found() -> None:
    assert found(b"\xff" + PAYLOAD[:-1] + b"\xff\xff")[0] == ("pickle", 1)


def test_an_archive_in_unknown_bytes_is_found() -> None:
    data = NOISE[:99] + zipped([("a.pkl", PAYLOAD)]) + NOISE[:50]
    assert found(data) == [("zip", 99)]
    assert named(data)["zip@99!a.pkl"].format == "pickle"


@pytest.mark.parametrize("program", [ELF, PE])
def test_a_program_in_unknown_bytes_is_found(program: bytes) -> None:
    parts = named(b"\xff" * 10 + program + NOISE[:100])
    assert parts["program@10"].format == "program"


@pytest.mark.parametrize(
    "data",
    [
        NOISE,
        b"\x80\x02" + NOISE,
        bytes(10_000) + b"\1",
        array.array("f", [random.Random(2).gauss(0, 0.02) for _ in range(50_000)]).tobytes(),
        array.array("h", range(-30_000, 30_000)).tobytes(),
        array.array("B", list(range(256)) * 300).tobytes(),
        b"\0" + b"import os\nos.system\nsubprocess\nPopen\ncos\nsin\ncat\ndog\nend.\n" * 300,
        b"\0" + b"".join(b"%d\ncos\nsin\ntan\ntR.\n" % number for number in range(300)),
        b"\xff\0" + HARMLESS * 50,
        b"\xff" + b"MZ PK \x7fELF PK\x03\x04" * 100,
        b"\xff" + b"PK\x05\x06" * 5000,
    ],
)
def test_nothing_is_found_in_noise_numbers_and_words(data: bytes) -> None:
    assert found(data) == []
    assert unread(data) == []


def test_harmless_bytes_are_read_and_of_no_format() -> None:
    part = layers(b"\x80\x02" + NOISE, "like_pickle.bin")[0]
    assert (part.format, part.unread) == ("data", "")
    assert part.content == Data(empty=False)


def test_zeros_are_empty() -> None:
    assert layers(bytes(3_000_000))[0].content == Data(empty=True)
    assert layers(b"")[0].content == Data(empty=True)


def test_more_things_than_the_limit_are_unread() -> None:
    assert "more than 256 things" in unread(b"\xff" + (PAYLOAD + b"\xff") * 400)[0]


def test_bytes_made_to_look_like_pickles_are_unread_within_seconds() -> None:
    chains = b"\xff" + b"\x80\x02(" * 400_000
    assert all(
        "looks like a pickle" in reason or "look like" in reason for reason in unread(chains)
    )


@given(st.binary(max_size=400))
@settings(max_examples=150)
def test_any_bytes_end_in_layers(data: bytes) -> None:
    assert layers(data)
    assert layers(b"\xff" + data + PAYLOAD + data)
