# SPDX-License-Identifier: Apache-2.0
"""7z archives: what can be unpacked is read, the rest is unread."""

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.samples.archives import PAYLOAD, layers, named, seven_zipped, unread

METHODS = ("copy", "lzma", "lzma2")


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("size", [1, 100, 9000])
def test_a_member_is_unpacked(method: str, size: int) -> None:
    data = (b"some text that repeats " * 400)[:size]
    parts = named(seven_zipped("a.txt", data, method), "model.pt")
    assert (parts[""].format, parts["a.txt"].size) == ("sevenzip", size)
    assert unread(seven_zipped("a.txt", data, method)) == []


@pytest.mark.parametrize("method", METHODS)
def test_a_pickle_in_it_is_found(method: str) -> None:
    assert named(seven_zipped("data.pkl", PAYLOAD, method))["data.pkl"].format == "pickle"


@pytest.mark.parametrize("options", [[], ["-ms=off"], ["-m0=Copy"], ["-m0=BZip2"], ["-m0=LZMA"]])
def test_what_7zip_writes_is_read(options: list[str], tmp_path: Path) -> None:
    if shutil.which("7z") is None:
        pytest.skip("7-Zip is not installed")
    for number in range(3):
        (tmp_path / f"{number}.txt").write_bytes(b"line %d\n" % number * 500)
    command = ["7z", "a", "-bd", *options, "x.7z", "0.txt", "1.txt", "2.txt"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    data = (tmp_path / "x.7z").read_bytes()
    assert unread(data) == []
    assert {name: part.size for name, part in named(data).items() if name} == {
        "0.txt": 3500,
        "1.txt": 3500,
        "2.txt": 3500,
    }


def test_an_encrypted_archive_is_unread() -> None:
    assert unread(seven_zipped("a", PAYLOAD, "aes")) == [
        "it is encrypted: unpack it with its password, and check what comes out"
    ]


def test_a_member_with_a_wrong_checksum_is_read_and_unread() -> None:
    data = seven_zipped("a", PAYLOAD).replace(PAYLOAD, PAYLOAD.replace(b"id", b"ls"))
    assert named(data)["a"].format == "pickle"
    assert "CRC-32" in unread(data)[0]


def test_a_name_that_leaves_the_folder_is_told() -> None:
    content = layers(seven_zipped("../../x", b"x"))[0].content
    assert [flaw.code for flaw in content.flaws] == ["traversal"]


def test_bytes_that_belong_to_nothing_are_read() -> None:
    data = seven_zipped("a", b"x")
    assert named(data + PAYLOAD)[f"gap@{len(data)}"].format == "pickle"


@given(
    method=st.sampled_from(METHODS),
    at=st.integers(0, 400),
    byte=st.integers(0, 255),
    cut=st.integers(0, 400),
)
@settings(max_examples=150)
def test_any_mutation_and_any_cut_ends_in_layers(method, at, byte, cut) -> None:
    data = bytearray(seven_zipped("data.pkl", PAYLOAD, method))
    data[at % len(data)] = byte
    assert layers(bytes(data))
    assert layers(bytes(data[: cut % len(data)]))
