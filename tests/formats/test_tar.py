# SPDX-License-Identifier: Apache-2.0
"""Tar archives: every member and link, and what follows the end."""

import io
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.core.limits import Limits
from steelyard.formats.port import Budget
from steelyard.formats.source import BytesSource
from steelyard.formats.tar import Tar, members, read
from tests.samples.archives import (
    PAYLOAD,
    layers,
    named,
    padded,
    tar_header,
    tar_special,
    tarred,
    unread,
)

FORMATS = (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT)


def tar(data: bytes) -> Tar:
    return read(BytesSource(data), Budget(Limits()))


def codes(data: bytes) -> list[str]:
    return sorted({flaw.code for flaw in tar(data).flaws})


def contents(data: bytes) -> dict[str, bytes]:
    source, budget = BytesSource(data), Budget(Limits())
    found = members(read(source, budget), source, budget)
    return {m.name: m.source.read(0, m.source.size) for m in found if m.source is not None}


NAMES = st.text(st.sampled_from("abc/é."), min_size=1, max_size=90).filter(
    lambda name: name.strip("./") and not name.startswith("/") and ".." not in name
    and "//" not in name and not name.endswith("/")
)  # fmt: skip


@given(
    st.dictionaries(NAMES, st.binary(max_size=1500), min_size=1, max_size=4),
    st.sampled_from(FORMATS),
)
@settings(max_examples=50)
def test_what_python_writes_is_read_back(written: dict[str, bytes], form: int) -> None:
    data = tarred(written.items(), format=form)
    assert contents(data) == written
    assert tar(data).flaws == ()
    assert tar(data).unclaimed == ()


@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_a_long_name_is_read_from_the_header_before_it(form: int) -> None:
    name = "/".join(["folder" * 10] * 5)
    assert contents(tarred([(name, b"x")], format=form)) == {name: b"x"}


@pytest.mark.parametrize("form", ["v7", "ustar", "gnu", "posix", "oldgnu"])
def test_what_gnu_tar_writes_has_no_flaw(form: str, tmp_path: Path) -> None:
    if shutil.which("tar") is None:
        pytest.skip("tar is not installed")
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a").write_bytes(b"hello" * 300)
    subprocess.run(["tar", f"--format={form}", "-cf", "x.tar", "src"], cwd=tmp_path, check=True)
    data = (tmp_path / "x.tar").read_bytes()
    assert contents(data) == {"src/a": b"hello" * 300}
    assert codes(data) == []


@pytest.mark.parametrize(
    ("code", "data"),
    [
        ("traversal", tarred([("../../x", b"")])),
        ("traversal", tarred([("/etc/passwd", b"")])),
        ("link", tar_special(tarfile.SYMTYPE, "a/b", "../c")),
        ("link-outside", tar_special(tarfile.SYMTYPE, "a/b", "../../c")),
        ("link-outside", tar_special(tarfile.SYMTYPE, "a", "/etc")),
        ("link-outside", tar_special(tarfile.LNKTYPE, "a", "/etc/shadow")),
        ("through-link", tar_special(tarfile.SYMTYPE, "a", "/etc", then="a/passwd")),
        ("device", tar_special(tarfile.CHRTYPE, "a")),
        ("device", tar_special(tarfile.FIFOTYPE, "a")),
        ("repeated", tarred([("a", b"1"), ("a", b"2")])),
        ("broken", tarred([("a", b"")])[:512] + b"no header".ljust(512, b"!")),
    ],
)
def test_what_unpacking_would_do_is_told(code: str, data: bytes) -> None:
    assert code in codes(data)


def test_a_size_that_only_the_extended_header_has_is_told() -> None:
    inner = padded(tar_header(b"hidden", len(PAYLOAD)) + padded(PAYLOAD))
    record = b"15 size=001024\n"
    data = (
        tar_header(b"pax", len(record), b"x") + padded(record) + tar_header(b"a", 0) + inner
    ).ljust(10240, b"\0")
    assert codes(data) == ["size"]
    assert named(data)["a!hidden"].format == "pickle"


def test_a_sparse_file_is_unread() -> None:
    data = tar_header(b"a", 512, b"S") + bytes(512) + bytes(1024)
    assert unread(data) == ["a sparse file: only the stored bytes were read"]


def test_what_follows_the_end_is_read() -> None:
    one, two = tarred([("a", b"1")]), tarred([("b", PAYLOAD)])
    assert named(one + two)[f"gap@{len(one)}!b"].format == "pickle"


def test_what_lies_in_the_padding_of_a_member_is_read() -> None:
    data = bytearray(tarred([("a", b"1")]))
    data[600 : 600 + len(PAYLOAD)] = PAYLOAD
    assert named(bytes(data))["gap@600"].format == "pickle"


def test_a_tar_archive_that_is_also_a_pickle_is_read_as_both() -> None:
    name = b"cos\nsystem\n(S'id'\ntR."
    data = tar_header(name, 0) + bytes(1024)
    assert {part.format for part in layers(data)} >= {"tar", "pickle"}


def test_a_tar_archive_that_was_cut_off_is_unread() -> None:
    assert "cut off" in unread(tarred([("a", b"1" * 5000)])[:2000])[0]


def test_more_members_than_the_limit_are_unread() -> None:
    data = tarred([(str(number), b"") for number in range(20)])
    assert "more than 10 members" in unread(data, Limits(members=10))[0]


def test_an_absurd_extended_header_is_unread() -> None:
    data = tar_header(b"a", 8**10, b"L") + bytes(2048)
    assert "extended header" in unread(data)[0]


SEEDS = [
    tarred([("a", b"1" * 600), ("b" * 120, PAYLOAD)]),
    tarred([("a", PAYLOAD), ("b" * 120, b"2")], format=tarfile.GNU_FORMAT),
    tar_special(tarfile.SYMTYPE, "a", "b", then="a/c"),
]


@given(
    seed=st.sampled_from(SEEDS),
    at=st.integers(0, 4000),
    byte=st.integers(0, 255),
    cut=st.integers(0, 11000),
)
@settings(max_examples=120)
def test_any_mutation_and_any_cut_ends_in_layers(seed, at, byte, cut) -> None:
    data = bytearray(seed)
    data[at % len(data)] = byte
    assert layers(bytes(data))
    assert layers(bytes(data[: cut % len(data)]))


def test_tarfile_agrees_about_a_mutated_archive() -> None:
    data = SEEDS[0]
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        assert archive.getnames() == list(contents(data))
