# SPDX-License-Identifier: Apache-2.0
"""Pictures and the like are known by content, and what hides behind them is read."""

import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.samples.archives import PAYLOAD, layers, named, unread, zipped


def chunk(kind: bytes, data: bytes = b"") -> bytes:
    return struct.pack(">L", len(data)) + kind + data + struct.pack(">L", zlib.crc32(kind + data))


PNG = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", bytes(13)) + chunk(b"IDAT", b"xyz") + chunk(b"IEND")
GIF = b"GIF89a\x01\0\x01\0\x80\0\0" + bytes(6) + b",\0\0\0\0\1\0\1\0\0\x02\x02D\x01\0;"
JPEG = b"\xff\xd8\xff\xe0\0\x10JFIF" + bytes(10) + b"\xff\xda\0\x04\0\0scan\xff\0data\xff\xd9"
WAV = b"RIFF" + struct.pack("<L", 12) + b"WAVEdata" + bytes(4)
PDF = b"%PDF-1.7\n...\n%%EOF\n"
WITH_AN_END = {"png": PNG, "gif": GIF, "jpeg": JPEG, "wav": WAV}


@pytest.mark.parametrize("kind", [*WITH_AN_END, "pdf"])
def test_a_picture_is_known_and_read(kind: str) -> None:
    data = {**WITH_AN_END, "pdf": PDF}[kind]
    (part,) = layers(data, "weights.bin")
    assert (part.format, part.content.kind, part.unread) == ("media", kind, "")


@pytest.mark.parametrize("kind", WITH_AN_END)
def test_what_follows_the_end_of_a_picture_is_read(kind: str) -> None:
    data = WITH_AN_END[kind]
    assert named(data + PAYLOAD)[f"tail@{len(data)}"].format == "pickle"


@pytest.mark.parametrize("kind", WITH_AN_END)
def test_zeros_behind_a_picture_are_padding(kind: str) -> None:
    assert len(layers(WITH_AN_END[kind] + bytes(100))) == 1


@pytest.mark.parametrize("data", [*WITH_AN_END.values(), PDF])
def test_an_archive_behind_a_picture_is_read(data: bytes) -> None:
    assert named(data + zipped([("a.pkl", PAYLOAD)]))["zip!a.pkl"].format == "pickle"


def test_a_picture_that_is_also_a_pickle_is_read_as_both() -> None:
    data = b"GIF89a" + bytes(3) + b"cos\nsystem\n(S'id'\ntR." + bytes(40)
    assert named(data)["pickle@0"].format == "pickle"


def test_numbers_that_begin_like_a_font_or_an_icon_are_not_one() -> None:
    for head in (b"\0\1\0\0", b"\0\0\1\0"):
        assert layers(head + bytes(range(200)))[0].format == "data"
    font = b"\0\1\0\0" + struct.pack(">HHHH", 10, 128, 3, 32) + bytes(160)
    assert layers(font)[0].format == "media"


def test_a_picture_that_was_cut_off_is_still_known() -> None:
    assert [part.format for part in layers(PNG[:30])] == ["media"]
    assert unread(PNG[:30]) == []


@given(
    data=st.sampled_from([*WITH_AN_END.values(), PDF]),
    at=st.integers(0, 100),
    byte=st.integers(0, 255),
    cut=st.integers(0, 100),
)
@settings(max_examples=100)
def test_any_mutation_and_any_cut_ends_in_layers(data, at, byte, cut) -> None:
    changed = bytearray(data)
    changed[at % len(changed)] = byte
    assert layers(bytes(changed))
    assert layers(bytes(changed[: cut % len(changed)]) + PAYLOAD)
