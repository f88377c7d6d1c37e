# SPDX-License-Identifier: Apache-2.0
"""Zip archives: every view of them is read, and every byte is accounted for."""

import io
import shutil
import struct
import subprocess
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.core.errors import LimitError, MalformedError
from steelyard.core.limits import Limits
from steelyard.formats.port import Budget
from steelyard.formats.source import BytesSource
from steelyard.formats.zip import Zip, entry_source, walk, zip_members
from tests.samples.archives import (
    CENTRAL,
    END,
    HARMLESS,
    LOCAL,
    PAYLOAD,
    both_patched,
    layers,
    linked,
    named,
    nested,
    overlapping,
    patched,
    streamed,
    torch_like,
    two_directories,
    unread,
    zip_bomb,
    zipped,
)

METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
DEFLATED = zipfile.ZIP_DEFLATED


def read(data: bytes, limits: Limits | None = None) -> Zip:
    return walk(BytesSource(data), Budget(limits or Limits()))


def codes(data: bytes) -> list[str]:
    return sorted({flaw.code for flaw in read(data).flaws})


def contents(data: bytes) -> dict[str, bytes]:
    source, budget = BytesSource(data), Budget(Limits())
    members = zip_members(walk(source, budget), source, budget)
    return {
        member.name: member.source.read(0, member.source.size)
        for member in members
        if member.source is not None
    }


NAMES = st.text(
    st.characters(codec="utf-8", min_codepoint=33, exclude_characters="\\/:!"),
    min_size=1,
    max_size=12,
)


@given(
    members=st.dictionaries(NAMES, st.binary(max_size=300), max_size=5),
    method=st.sampled_from(METHODS),
    stream=st.booleans(),
)
@settings(max_examples=60)
def test_what_python_writes_is_read_back_without_a_flaw(members, method, stream) -> None:
    write = streamed if stream else zipped
    data = write(members.items(), method)
    content = read(data)
    assert content.flaws == ()
    assert content.unclaimed == ()
    assert list(contents(data).values()) == list(members.values())


@pytest.mark.parametrize("method", METHODS)
def test_zip64_sizes_are_read(method: int, tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with (
        zipfile.ZipFile(path, "w", method) as archive,
        archive.open("a", "w", force_zip64=True) as member,
    ):
        member.write(b"x" * 5000)
    assert read(path.read_bytes()).flaws == ()
    assert contents(path.read_bytes()) == {"a": b"x" * 5000}


def test_a_zip64_end_record_is_followed() -> None:
    data = zipped([("a", PAYLOAD)])
    start, end = data.index(CENTRAL), data.index(END)
    wide = b"PK\6\6" + struct.pack("<QHHLLQQQQ", 44, 45, 45, 0, 0, 1, 1, end - start, start)
    locator = b"PK\6\7" + struct.pack("<LQL", 0, end, 1)
    record = END + struct.pack("<HHHHLLH", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    assert read(data[:end] + wide + locator + record).flaws == ()
    assert contents(data[:end] + wide + locator + record) == {"a": PAYLOAD}


@pytest.mark.parametrize(
    "command",
    ["zip -qr x.zip src", "zip -qr0 x.zip src", "zip -qr - src > x.zip", "zip -qr -fz x.zip src"],
)
def test_what_info_zip_writes_has_no_flaw(command: str, tmp_path: Path) -> None:
    if shutil.which("zip") is None:
        pytest.skip("Info-ZIP is not installed")
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "naïve name.txt").write_text("hello " * 500, "utf-8")
    (tmp_path / "src" / "noise").write_bytes(bytes(range(256)) * 40)
    subprocess.run(command, shell=True, cwd=tmp_path, check=True)
    content = read((tmp_path / "x.zip").read_bytes())
    assert (content.flaws, content.unclaimed) == ((), ())


def test_what_jar_writes_has_no_flaw(tmp_path: Path) -> None:
    if shutil.which("jar") is None:
        pytest.skip("no Java development kit on this machine")
    (tmp_path / "a.txt").write_text("hello")
    subprocess.run(["jar", "cf", "x.jar", "a.txt"], cwd=tmp_path, check=True)
    assert read((tmp_path / "x.jar").read_bytes()).flaws == ()


@pytest.mark.torch
def test_what_torch_writes_has_no_flaw(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    torch.save({"w": torch.ones(100, 100)}, tmp_path / "x.pt")
    content = read((tmp_path / "x.pt").read_bytes())
    assert (content.flaws, content.unclaimed) == ((), ())


A_ZIP = zipped([("a.txt", b"hello")])
DEFLATED_ZIP = zipped([("a.txt", b"hello" * 100)], DEFLATED)
FIRST_OF_TWO = zipped([("data.pkl", PAYLOAD), ("data.pkl", HARMLESS)])
CONTRADICTIONS = {
    "local-name": (patched(A_ZIP, LOCAL, 30, b"B"), "CVE-2025-1944"),
    "local-method": (patched(A_ZIP, CENTRAL, 10, b"\x63\0"), "another method"),
    "local-size": (patched(DEFLATED_ZIP, LOCAL, 18, b"\x09"), "another size"),
    "local-flags": (patched(A_ZIP, LOCAL, 6, b"\x01"), "encrypted by one view"),
    "local-crc": (patched(A_ZIP, LOCAL, 14, b"\xde\xad"), "another checksum"),
    "crc": (both_patched(A_ZIP, 14, 16, b"\xde\xad\xbe\xef"), "CVE-2025-10156"),
    "flags": (both_patched(A_ZIP, 6, 8, b"\x01"), "CVE-2025-1945"),
    "stored-size": (both_patched(A_ZIP, 22, 24, b"\x63"), "stored, and of two sizes"),
    "duplicate": (FIRST_OF_TWO, "two members of one name"),
    "duplicate-same": (zipped([("a", b"x"), ("a", b"x")]), "the same twice"),
    "traversal": (zipped([("../../x", b"")]), "zip slip"),
    "odd-name": (zipped([("a/../x", b"")]), "a component .. that stays inside"),
    "link": (linked("a", "b"), "a link inside"),
    "link-outside": (linked("a", "../b"), "a link outside"),
    "overlap": (overlapping(2, 100), "two entries for the same bytes"),
    "entry-count": (patched(A_ZIP, END, 8, b"\x02\0\x02\0"), "one entry, said to be two"),
    "no-local-header": (patched(A_ZIP, CENTRAL, 42, b"\x01"), "nothing at its offset"),
    "bounds": (both_patched(A_ZIP, 18, 20, b"\xff\xff"), "longer than the archive"),
    "prefix": (b"before" + A_ZIP, "bytes before it"),
    "split": (patched(A_ZIP, END, 4, b"\x01"), "one disk of several"),
    "directory": (patched(zipped([("a", b""), ("b", b"")]), CENTRAL, 28, b"\x77"), "a long name"),
}  # fmt: skip


@pytest.mark.parametrize("code", CONTRADICTIONS)
def test_a_contradiction_is_told(code: str) -> None:
    data, why = CONTRADICTIONS[code]
    assert code in codes(data), why


@pytest.mark.parametrize("name", ["/a", "C:a", "..\\a", "a/../../b", "\\\\host\\a"])
def test_a_name_that_leaves_the_folder_is_told_however_it_is_written(name: str) -> None:
    data = zipped([("x" * len(name), b"")]).replace(b"x" * len(name), name.encode())
    assert "traversal" in codes(data)


@pytest.mark.parametrize("name", ["a", "./a/b", "a..b", "...", "ab:c", "dir/"])
def test_an_ordinary_name_is_not_told(name: str) -> None:
    assert codes(zipped([(name, b"")])) == []


def test_both_members_of_one_name_are_read() -> None:
    second = FIRST_OF_TWO.index(LOCAL, 1)
    assert contents(FIRST_OF_TWO) == {"data.pkl": PAYLOAD, f"data.pkl@{second}": HARMLESS}


def test_a_member_is_read_by_its_local_header_where_the_directory_gives_no_usable_method() -> None:
    data = patched(torch_like(PAYLOAD), CENTRAL, 10, b"\x63\0")
    assert PAYLOAD in contents(data).values()
    message = "compression method 99 (AES encryption) cannot be unpacked"
    assert f"{message}: unpack it, and check what comes out" in unread(data)


@pytest.mark.parametrize("flags", [b"\x01", b"\x20", b"\x40", b"\x41"])
def test_a_member_that_is_only_marked_as_encrypted_is_read(flags: bytes) -> None:
    data = both_patched(torch_like(PAYLOAD), 6, 8, flags)
    assert contents(data)["archive/data.pkl"] == PAYLOAD
    assert unread(data) == []
    assert codes(data) == ["flags"]


def test_a_member_with_a_wrong_checksum_is_read() -> None:
    data = both_patched(torch_like(PAYLOAD), 14, 16, b"\xde\xad\xbe\xef")
    assert contents(data)["archive/data.pkl"] == PAYLOAD


def test_an_encrypted_member_is_unread() -> None:
    plain = zipped([("a", b"\x99" * 40)])
    data = both_patched(both_patched(plain, 6, 8, b"\x01"), 14, 16, b"\x01\x02\x03\x04")
    assert "marked as encrypted" in unread(data)[0]


def test_bytes_before_between_and_behind_are_read_as_bytes_of_their_own() -> None:
    two = zipped([("a", b"x"), ("b", b"y")])
    second = two.index(LOCAL, 1)
    between = two[:second] + PAYLOAD + two[second:]
    for at in (CENTRAL, END):  # offsets move
        assert between.index(at) > second
    assert named(PAYLOAD + A_ZIP)["gap@0"].format == "pickle"
    assert named(A_ZIP + PAYLOAD)[f"gap@{len(A_ZIP)}"].format == "pickle"
    moved = bytearray(between)
    entry = between.index(CENTRAL, between.index(CENTRAL) + 1)
    moved[entry + 42 : entry + 46] = struct.pack("<L", second + len(PAYLOAD))
    end = between.index(END)
    moved[end + 16 : end + 20] = struct.pack("<L", between.index(CENTRAL))
    assert named(bytes(moved))[f"gap@{second}"].format == "pickle"
    assert named(bytes(moved))["b"].size == 1


def test_zeros_between_members_are_padding() -> None:
    assert read(bytes(512) + A_ZIP).unclaimed == ()


def test_a_member_that_only_its_local_header_knows_is_read() -> None:
    hidden = zipped([("hidden.pkl", PAYLOAD)])
    data = hidden[: hidden.index(CENTRAL)] + A_ZIP
    content = read(data)
    assert [(entry.name, entry.central) for entry in content.entries] == [
        ("hidden.pkl", False),
        ("a.txt", True),
    ]
    assert "local-only" in codes(data)
    assert contents(data)["hidden.pkl"] == PAYLOAD


@pytest.mark.parametrize("method", METHODS[:3])
def test_streamed_members_are_found_without_a_central_directory(method: int) -> None:
    whole = streamed([("a", b"one" * 50), ("b", PAYLOAD)], method)
    cut = whole[: whole.index(CENTRAL)]
    assert contents(cut)["b"] == PAYLOAD
    assert "no central directory" in unread(cut)[0]


@pytest.mark.parametrize("behind", [b"", b"\n", b"\xff" * 60_000])
@pytest.mark.parametrize("before", [b"a line\n" * 900, b"\x01\xff" * 900, b"%PDF-1.7\n"])
def test_an_archive_that_zipfile_opens_is_read_whatever_is_around_it(
    before: bytes, behind: bytes
) -> None:
    data = before + zipped([("a.pkl", PAYLOAD)]) + behind
    assert zipfile.is_zipfile(io.BytesIO(data))
    assert any(part.where.endswith("!a.pkl") and part.format == "pickle" for part in layers(data))


def test_an_archive_before_an_archive_is_read_as_one_of_its_own() -> None:
    parts = named(zipped([("a", b"x"), ("b", PAYLOAD)]) + A_ZIP)
    assert parts["gap@0!b"].format == "pickle"
    assert [flaw.code for flaw in parts["gap@0"].content.flaws] == []
    assert parts["a.txt"].format == "text"


def test_both_directories_of_an_ambiguous_archive_are_read() -> None:
    data = two_directories(zipped([("a", HARMLESS)]), zipped([("b", PAYLOAD)]))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.namelist() == ["a"]
    assert set(contents(data).values()) >= {HARMLESS, PAYLOAD}
    assert "ambiguous-directory" in codes(data)


def test_an_archive_in_the_comment_of_an_archive_is_read() -> None:
    inner = zipped([("b", PAYLOAD)])
    data = zipped([("a", HARMLESS)], comment=inner)
    assert set(contents(data).values()) >= {HARMLESS, PAYLOAD}
    assert "ambiguous-end" in codes(data)


def test_bytes_behind_a_compressed_stream_are_read() -> None:
    plain = zipped([("a", b"hello" * 100)], DEFLATED)
    packed = plain.index(CENTRAL) - 31
    grown = plain[: 31 + packed] + PAYLOAD + plain[31 + packed :]
    size = struct.pack("<L", packed + len(PAYLOAD))
    grown = both_patched(grown, 18, 20, size)
    end = grown.index(END)
    data = grown[: end + 16] + struct.pack("<L", grown.index(CENTRAL)) + grown[end + 20 :]
    assert named(data)[f"gap@{31 + packed}"].format == "pickle"


def test_a_large_stored_member_is_not_read_to_check_its_sum() -> None:
    class Counting(BytesSource):
        count = 0

        def read(self, offset: int, size: int) -> bytes:
            self.count += size
            return super().read(offset, size)

    source = Counting(zipped([("weights", bytes(8 << 20))]))
    budget = Budget(Limits())
    assert len(list(zip_members(walk(source, budget), source, budget))) == 1
    assert source.count < 1 << 20


def test_an_entry_is_found_by_the_name_a_loader_uses() -> None:
    content = read(FIRST_OF_TWO)
    entry = content.named("data.pkl")
    assert entry is not None
    source = BytesSource(FIRST_OF_TWO)
    assert entry_source(source, entry, Budget(Limits())).read(0, 99) == HARMLESS
    assert content.named("nothing") is None


def test_an_entry_that_cannot_be_unpacked_raises() -> None:
    data = both_patched(A_ZIP, 8, 10, b"\x62\0")
    with pytest.raises(LimitError, match="PPMd"):
        entry_source(BytesSource(data), read(data).entries[0], Budget(Limits()))


def test_a_bomb_of_overlapping_members_is_unpacked_once() -> None:
    data = overlapping(5000, 4 << 20)
    assert len(data) < 300_000
    assert len(layers(data)) == 2
    assert "overlap" in codes(data)


def test_a_bomb_is_unread() -> None:
    assert "over 256 times" in unread(zip_bomb(300))[0]
    few = zipped([("a", bytes(3 << 20))], DEFLATED)
    assert "more than 1,000,000 bytes" in unread(few, Limits(expanded_bytes=1_000_000))[0]


def test_nesting_beyond_the_limit_is_unread() -> None:
    assert unread(nested(11)) == []
    assert unread(nested(12)) == ["nested more than 12 layers deep"]


def test_more_members_than_the_limit_are_unread() -> None:
    data = zipped([(str(number), b"") for number in range(20)])
    assert "more than 10 members" in unread(data, Limits(members=10))[0]


def test_a_member_of_a_pickle_is_not_taken_for_the_archive_around_it() -> None:
    held = b"\x80\x04B" + struct.pack("<L", len(A_ZIP)) + A_ZIP + b"\x94."
    assert layers(held)[0].format == "pickle"


SEEDS = [
    torch_like(PAYLOAD),
    streamed([("a", b"one" * 50), ("b", PAYLOAD)], DEFLATED),
    zipped([("a", b"one" * 50), ("b/", b"")], zipfile.ZIP_LZMA, b"comment"),
    linked("a", "b"),
]


@given(
    seed=st.sampled_from(SEEDS),
    at=st.integers(0, 1000),
    byte=st.integers(0, 255),
    cut=st.integers(0, 1000),
)
@settings(max_examples=150)
def test_any_mutation_and_any_cut_ends_in_layers(seed, at, byte, cut) -> None:
    data = bytearray(seed)
    data[at % len(data)] = byte
    assert layers(bytes(data))
    assert layers(bytes(data[: cut % len(data)]))
    try:
        read(bytes(data))
    except MalformedError as error:
        assert error.message
