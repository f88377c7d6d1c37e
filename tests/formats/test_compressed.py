# SPDX-License-Identifier: Apache-2.0
"""Compressed streams: unpacked within bounds, and nothing behind them is lost."""

import bz2
import gzip
import lzma
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.core.limits import Limits
from steelyard.formats.nesting import identify
from steelyard.formats.source import BytesSource
from tests.samples.archives import HARMLESS, PAYLOAD, gzip_bomb, layers, named, tarred, unread


def zfile(data: bytes) -> bytes:
    return b"ZF" + hex(len(data)).encode().ljust(18) + zlib.compress(data)


def alone(data: bytes) -> bytes:
    return lzma.compress(data, lzma.FORMAT_ALONE)


CODECS = {
    "gzip": lambda data: gzip.compress(data, mtime=0),
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "lzma": alone,
    "zlib": zlib.compress,
    "zfile": zfile,
}
WITHOUT_A_SECOND = ("lzma", "zlib", "zfile")


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("size", [1, 55, 100_000])
def test_a_stream_is_known_and_unpacked_whatever_its_name(codec: str, size: int) -> None:
    data = bytes(range(1, 256)) * (size // 255 + 1)
    parts = named(CODECS[codec](data[:size]), "weights.safetensors")
    assert parts[""].format == codec
    assert parts["content"].size == size


@pytest.mark.parametrize("level", range(10))
def test_zlib_is_known_at_every_level(level: int) -> None:
    assert named(zlib.compress(PAYLOAD * 9, level))[""].format == "zlib"


@pytest.mark.parametrize("codec", CODECS)
def test_a_pickle_in_a_stream_is_found(codec: str) -> None:
    assert named(CODECS[codec](PAYLOAD))["content"].format == "pickle"


@pytest.mark.parametrize("codec", [codec for codec in CODECS if codec not in WITHOUT_A_SECOND])
def test_streams_that_follow_each_other_are_one(codec: str) -> None:
    pack = CODECS[codec]
    assert named(pack(PAYLOAD[:9]) + pack(PAYLOAD[9:]))["content"].size == len(PAYLOAD)


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("padding", [0, 1, 700])
def test_what_follows_a_stream_is_read(codec: str, padding: int) -> None:
    packed = CODECS[codec](HARMLESS)
    parts = named(packed + bytes(padding) + PAYLOAD)
    assert parts[f"gap@{len(packed) + padding}"].format == "pickle"


@pytest.mark.parametrize("codec", CODECS)
def test_zeros_behind_a_stream_are_padding(codec: str) -> None:
    assert list(named(CODECS[codec](HARMLESS) + bytes(512))) == ["content", ""]


@pytest.mark.parametrize("codec", ["gzip", "bzip2", "xz"])
def test_a_stream_that_was_cut_off_gives_what_it_has_and_is_unread(codec: str) -> None:
    data = CODECS[codec](bytes(range(256)) * 4000)
    assert unread(data[: len(data) // 2]) == ["its compressed stream ends early"]


def test_a_stream_with_a_wrong_checksum_is_unread_and_read_all_the_same() -> None:
    data = bytearray(CODECS["gzip"](PAYLOAD))
    data[-6] ^= 1
    assert "broken" in unread(bytes(data))[0]


def test_a_compressed_tar_archive_is_read() -> None:
    assert named(tarred([("m/data.pkl", PAYLOAD)], "w:gz"))["content!m/data.pkl"].format == "pickle"


@pytest.mark.parametrize("magic", [b"\x04\x22\x4d\x18", b"\x28\xb5\x2f\xfd"])
def test_a_stream_of_a_missing_package_is_unread_and_says_which(magic: bytes) -> None:
    try:
        __import__("lz4.frame" if magic[0] == 4 else "zstandard")
    except ImportError:
        assert "not installed" in unread(magic + bytes(40))[0]
    else:
        assert unread(magic + bytes(40))


@pytest.mark.parametrize(
    "head", [b"\x78\x9c", b"\x78\x01", b"\x5d\0\0\x80\0", b"BZh9", b"\x1f\x8b"]
)
def test_noise_behind_a_short_magic_number_is_no_stream(head: bytes) -> None:
    noise = bytes((number * number * 31 + number * 7) % 251 for number in range(5000))
    assert identify("x", BytesSource(head + noise)).id == "data"


def test_a_bomb_is_unread() -> None:
    assert "over 256 times" in unread(gzip_bomb(300))[0]
    assert "over 1,100 times" in unread(bz2.compress(bytes(30 << 20)))[0]


def test_streams_in_streams_end_at_the_depth_limit() -> None:
    data = PAYLOAD
    for _ in range(30):
        data = gzip.compress(data, mtime=0)
    assert unread(data) == ["nested more than 12 layers deep"]


def test_unpacking_stops_at_the_limit() -> None:
    data = gzip.compress(bytes(range(256)) * 8000, mtime=0)
    assert "more than 1,000,000 bytes" in unread(data, Limits(expanded_bytes=1_000_000))[0]


@given(
    codec=st.sampled_from(sorted(CODECS)),
    at=st.integers(0, 200),
    byte=st.integers(0, 255),
    cut=st.integers(0, 200),
)
@settings(max_examples=150)
def test_any_mutation_and_any_cut_ends_in_layers(codec, at, byte, cut) -> None:
    data = bytearray(CODECS[codec](PAYLOAD * 3))
    data[at % len(data)] = byte
    assert layers(bytes(data))
    assert layers(bytes(data[: cut % len(data)]))
