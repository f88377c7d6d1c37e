# SPDX-License-Identifier: Apache-2.0
"""Which files a subject has, however odd the folder is."""

import os
import socket
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.core.errors import UnreadableError
from steelyard.core.limits import Limits
from steelyard.core.subject import Part, Skipped
from steelyard.flow.names import shown
from steelyard.flow.survey import Entry
from steelyard.flow.walk import walk
from tests.samples.hub import cache_snapshot
from tests.samples.privileges import as_nobody, reachable_folder


@pytest.fixture
def reachable():
    with reachable_folder() as folder:
        yield folder


@pytest.fixture
def folder(tmp_path):
    inside = tmp_path / "model"
    inside.mkdir()
    return inside


def listed(path, limits=None):
    """Return what was found: the names of the files, and of each other entry its kind."""
    found = list(walk(path, limits or Limits()))
    files = [entry.name for entry in found if isinstance(entry, Entry)]
    return files, {entry.path: entry.kind for entry in found if isinstance(entry, Skipped)}


def test_files_come_depth_first_sorted_by_name(folder):
    for name in ("b", "a/z", "a/b/c", "A", "é"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    assert listed(folder) == (["A", "a/b/c", "a/z", "b", "é"], {})


def test_a_file_is_a_subject_of_its_own_under_the_name_it_was_given(folder):
    (folder / "blob").write_bytes(b"12345")
    (folder / "model.bin").symlink_to("blob")
    assert list(walk(folder / "model.bin", Limits())) == [
        Entry("model.bin", str(folder / "blob"), 5)
    ]


def test_an_empty_folder_has_no_files(folder):
    assert listed(folder) == ([], {})


@pytest.mark.parametrize("name", ["missing", "missing/deeper", "file/inside", "n\0ul", "x" * 300])
def test_a_path_where_nothing_is_gives_an_error_with_a_hint(folder, name):
    (folder / "file").touch()
    with pytest.raises(UnreadableError, match="cannot read") as caught:
        listed(folder / name)
    assert caught.value.hint


def test_a_link_that_leads_to_itself_is_no_subject(folder):
    (folder / "a").symlink_to("b")
    (folder / "b").symlink_to("a")
    with pytest.raises(UnreadableError, match="links form a loop"):
        listed(folder / "a")


def test_a_folder_that_may_not_be_read_is_named_with_the_reason(reachable):
    (reachable / "closed").mkdir()
    (reachable / "closed" / "hidden.bin").touch()
    (reachable / "open.bin").touch()
    (reachable / "closed").chmod(0)
    with as_nobody():
        assert listed(reachable) == (["open.bin"], {"closed": "unreadable"})
        assert listed(reachable / "closed") == ([], {".": "unreadable"})
        with pytest.raises(UnreadableError, match="Permission denied") as caught:
            listed(reachable / "closed" / "hidden.bin")
    assert "permission" in caught.value.hint


def test_a_fifo_a_socket_and_a_device_are_never_opened(folder, monkeypatch):
    os.mkfifo(folder / "fifo")
    (folder / "null").symlink_to("/dev/null")
    monkeypatch.chdir(folder)  # the path of a socket holds 108 bytes at most
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
        assert listed(folder) == (
            [],
            {"fifo": "special", "null": "link-outside", "socket": "special"},
        )


def test_a_fifo_or_device_is_no_subject(folder):
    os.mkfifo(folder / "fifo")
    (folder / "link").symlink_to("fifo")
    for path in (folder / "fifo", folder / "link", folder.__class__("/dev/null")):
        with pytest.raises(UnreadableError, match="neither a folder nor a regular file"):
            listed(path)


def test_links_inside_the_subject_are_followed(folder):
    (folder / "real").mkdir()
    (folder / "real" / "w.bin").touch()
    (folder / "file").symlink_to("real/w.bin")
    (folder / "folder").symlink_to(folder / "real")
    (folder / "chain").symlink_to("file")
    assert listed(folder) == (["chain", "file", "folder/w.bin", "real/w.bin"], {})


def test_links_that_lead_outside_are_refused(folder, tmp_path):
    neighbour = tmp_path / "model-of-another"  # begins as the subject's path does
    neighbour.mkdir()
    (neighbour / "secret").touch()
    (folder / "absolute").symlink_to("/etc/passwd")
    (folder / "relative").symlink_to("../model-of-another/secret")
    (folder / "folder").symlink_to(neighbour)
    (folder / "chain").symlink_to("relative")
    (folder / "root").symlink_to("/")
    (folder / "not-here").symlink_to("/home/somebody/.ssh/id_rsa")
    names = ["absolute", "chain", "folder", "not-here", "relative", "root"]
    kinds = dict.fromkeys(names, "link-outside")
    assert listed(folder) == ([], kinds)


def test_links_to_nothing_and_to_themselves_are_named(folder):
    (folder / "dangling").symlink_to("nowhere")
    (folder / "itself").symlink_to("itself")
    (folder / "sub").mkdir()
    (folder / "sub" / "up").symlink_to("..")
    (folder / "sub" / "here").symlink_to(".")
    assert listed(folder) == (
        [],
        {
            "dangling": "link-broken",
            "itself": "link-loop",
            "sub/here": "link-loop",
            "sub/up": "link-loop",
        },
    )


def test_folders_that_link_to_each_other_end_at_the_limit(folder):
    for level in range(40):  # 2^40 paths
        (folder / f"{level:02}").mkdir()
        for link in "ab":
            (folder / f"{level:02}" / link).symlink_to(f"../{level + 1:02}")
    files, others = listed(folder, Limits(files=1_000))
    assert files == []
    assert others["..."] == "too-many"


def test_folders_may_nest_as_deep_as_paths_go(tmp_path):
    levels = 1_200
    inner = os.open(tmp_path, os.O_RDONLY)
    for _ in range(levels):
        os.mkdir("d", dir_fd=inner)
        deeper = os.open("d", os.O_RDONLY, dir_fd=inner)
        os.close(inner)
        inner = deeper
    os.close(os.open("w.bin", os.O_CREAT | os.O_WRONLY, dir_fd=inner))
    os.close(inner)
    try:
        assert listed(tmp_path / "d") == (["d/" * (levels - 1) + "w.bin"], {})
    finally:
        subprocess.run(["rm", "-rf", str(tmp_path / "d")], check=True)


def test_folders_deeper_than_a_path_can_say_are_named_as_unread(tmp_path):
    inner = os.open(tmp_path, os.O_RDONLY)
    name = "d" * 200
    for _ in range(25):
        os.mkdir(name, dir_fd=inner)
        deeper = os.open(name, os.O_RDONLY, dir_fd=inner)
        os.close(inner)
        inner = deeper
    os.close(inner)
    try:
        files, others = listed(tmp_path / name)
        assert files == []
        assert list(others.values()) == ["unreadable"]
    finally:
        subprocess.run(["rm", "-rf", str(tmp_path / name)], check=True)


def test_a_clone_s_own_folder_is_passed_over_but_not_what_a_link_calls_so(folder):
    (folder / ".git").mkdir()
    (folder / ".git" / "HEAD").touch()
    (folder / "weights").symlink_to(".git")
    (folder / "sub").mkdir()
    (folder / "sub" / ".git").write_text("gitdir: ../.git/modules/sub")
    assert listed(folder) == (["sub/.git", "weights/HEAD"], {".git": "version-control"})


def test_what_lies_beyond_the_limit_is_said_and_always_the_same(folder):
    for number in range(10):
        (folder / str(number)).mkdir()
        (folder / str(number) / "f").touch()
    for _ in range(2):
        files, others = listed(folder, Limits(files=10))
        assert files == ["0/f", "1/f", "2/f", "3/f", "4/f"]
        assert others == {"...": "too-many"}


def test_a_folder_with_more_entries_than_the_limit_is_not_read_in_part(folder):
    (folder / "many").mkdir()
    for number in range(11):
        (folder / "many" / str(number)).touch()
    (folder / "z").touch()
    assert listed(folder, Limits(files=10)) == (["z"], {"many": "too-many"})


def test_a_file_that_vanishes_in_between_is_named(folder):
    for name in ("a", "b"):
        (folder / name).touch()
    found = walk(folder, Limits())
    next(found)
    (folder / "b").unlink()
    assert next(found) == Skipped(path="b", kind="unreadable", reason="No such file or directory")


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"caf\xe9.bin", "caf\\xe9.bin"),
        ("café.bin".encode(), "café.bin"),
        (b"a\nb\x1b[2J\x7f", "a\\x0ab\\x1b[2J\\x7f"),
        (b"a.zip!b", "a.zip\\x21b"),
        (b"a\\xe9", "a\\\\xe9"),
        ("\u202egnp.exe\u0085".encode(), "\\u202egnp.exe\\u0085"),
        (b" byte:5 ", " byte:5 "),
    ],
)
def test_odd_names_are_written_so_that_they_steer_nothing(folder, raw, text):
    (folder / os.fsdecode(raw)).touch()
    files, _ = listed(folder)
    assert files == [text]
    assert Part(where=f"{text}!inner!more", format="data", size=0).artifact == text


@settings(max_examples=60)
@given(st.binary(min_size=1, max_size=12), st.binary(min_size=1, max_size=12))
def test_no_two_names_are_written_alike(one, other):
    assert (shown(os.fsdecode(one)) == shown(os.fsdecode(other))) == (one == other)


@settings(max_examples=60)
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12))
def test_a_written_name_is_utf_8_without_control_characters(name):
    text = shown(os.fsdecode(name.encode()))
    assert text.encode()
    assert not any(ord(letter) < 32 or 0x7F <= ord(letter) < 0xA0 for letter in text)


def test_in_a_hub_cache_links_to_the_blobs_are_followed(tmp_path):
    snapshot = cache_snapshot(tmp_path)
    assert listed(snapshot) == (["config.json", "sub/weights.bin"], {})


def test_in_a_hub_cache_blobs_that_all_repositories_share_are_followed(tmp_path):
    snapshot = cache_snapshot(tmp_path, {"w.bin": b"weights"})
    blob = (snapshot / "w.bin").resolve()
    shared = tmp_path / "blobs" / "ab" / "abcdef"
    shared.parent.mkdir(parents=True)
    blob.rename(shared)
    blob.symlink_to(os.path.relpath(shared, blob.parent))
    assert listed(snapshot) == ([], {"w.bin": "link-outside"})
    (tmp_path / "blobs" / ".huggingface-shared-blobs").write_text("1\n")
    assert listed(snapshot) == (["w.bin"], {})


def test_in_a_hub_cache_links_out_of_the_repository_are_refused(tmp_path):
    snapshot = cache_snapshot(tmp_path)
    other = cache_snapshot(tmp_path, {"theirs": b"x"}, name="org--other")
    (snapshot / "passwd").symlink_to("/etc/passwd")
    (snapshot / "theirs").symlink_to((other / "theirs").resolve())
    (snapshot / "token").symlink_to("../../../token")
    (tmp_path / "token").write_text("hf_secret")
    files, others = listed(snapshot)
    assert files == ["config.json", "sub/weights.bin"]
    assert others == dict.fromkeys(["passwd", "theirs", "token"], "link-outside")
