# SPDX-License-Identifier: Apache-2.0
"""Whatever a subject, a store or a disk does: a clear message, the right exit code, nothing half."""

import io
import json
import os
import pickle
import resource
import socket
import sqlite3
import struct
import subprocess
import sys
import zipfile
import zlib

import pytest

from steelyard.cli.main import run


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "model"
    place.mkdir()
    (place / "config.json").write_text('{"model_type": "llama"}')
    return place


def outcome(folder, capsys):
    """Return the exit code, all finding rules, and all gaps of a check."""
    code = run(["check", str(folder), "--json", "--store", "none"])
    claims = [item["claim"] for item in json.loads(capsys.readouterr().out)["evidence"]]
    rules = {claim["rule"] for claim in claims if claim["type"] == "finding"}
    gaps = {f"{claim['name']}: {claim['reason']}" for claim in claims if claim["type"] == "gap"}
    return code, rules, gaps


def says(gaps, words):
    return any(words in gap for gap in gaps)


def test_a_weight_file_without_a_byte_fails(folder, capsys):
    (folder / "model.safetensors").touch()
    code, rules, _ = outcome(folder, capsys)
    assert (code, "safetensors.malformed" in rules) == (1, True)


def test_a_truncated_gguf_fails_and_says_where_it_ends(folder, capsys):
    head = b"GGUF" + struct.pack("<IQQ", 3, 1, 1) + struct.pack("<Q", 20) + b"general.arch"
    (folder / "model.gguf").write_bytes(head)
    assert outcome(folder, capsys)[:2] == (1, {"gguf.malformed"})


def test_a_safetensors_header_of_2_to_the_63_bytes_fails_at_once(folder, capsys):
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", 1 << 63) + b"{}")
    assert outcome(folder, capsys)[:2] == (1, {"safetensors.malformed"})


def test_a_zip_bomb_is_unknown_and_never_unpacked_whole(folder, capsys):
    data = bytes(512 << 20)
    with zipfile.ZipFile(folder / "model.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data.pkl", data)
    code, _, gaps = outcome(folder, capsys)
    assert code == 3
    assert says(gaps, "coverage.unread")


def test_archives_nested_ten_thousand_deep_are_unknown(folder, capsys):
    inner = pickle.dumps([1])
    for _ in range(10_000):
        inner = _stored(inner)
    (folder / "model.zip").write_bytes(inner)
    code, _, gaps = outcome(folder, capsys)
    assert code == 3
    assert says(gaps, "layers deep")


def _stored(data):
    """Return the smallest zip archive with one stored member."""
    size, check = len(data), zlib.crc32(data)
    local = struct.pack("<4sHHHIIIIHH", b"PK\3\4", 20, 0, 0, 0, check, size, size, 1, 0) + b"a"
    central = (
        struct.pack(
            "<4sHHHHIIIIHHHHHII", b"PK\1\2", 20, 20, 0, 0, 0, check, size, size, 1, 0, 0, 0, 0, 0, 0
        )
        + b"a"
    )
    end = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 1, 1, len(central), len(local) + size, 0)
    return local + data + central + end


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_json_nested_ten_thousand_deep_does_not_end_the_run(folder, capsys, opening):
    (folder / "tokenizer_config.json").write_text(opening * 10_000)
    assert outcome(folder, capsys)[0] in {1, 3}


def test_a_pickle_nested_ten_thousand_deep_is_read(folder, capsys):
    (folder / "weights.pkl").write_bytes(b"\x80\x04" + b"(" * 10_000 + b"l" * 10_000 + b".")
    assert outcome(folder, capsys)[0] == 0


def test_a_fifo_and_a_socket_are_named_and_never_opened(folder, capsys, monkeypatch):
    os.mkfifo(folder / "pipe.bin")
    monkeypatch.chdir(folder)  # the path of a socket may not be long
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("s.bin")
        code, rules, _ = outcome(folder, capsys)
    assert (code, rules) == (0, {"manifest.special-file"})


@pytest.mark.skipif(not os.path.exists("/dev/null"), reason="no device to name")  # noqa: PTH110
def test_a_device_as_the_subject_is_an_error(capsys):
    assert run(["check", "/dev/null"]) == 2
    assert "neither a folder nor a regular file" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform != "linux", reason="file names are UTF-8 on this system")
def test_a_name_that_is_no_utf_8_is_shown_escaped(folder, capsys):
    with open(os.fsencode(folder) + b"/weights\xff.pkl", "wb") as file:  # noqa: PTH123
        file.write(pickle.dumps([1]))
    assert run(["check", str(folder), "--json", "--store", "none"]) == 0
    paths = [entry["path"] for entry in json.loads(capsys.readouterr().out)["subject"]["artifacts"]]
    assert "weights\\xff.pkl" in paths


def test_a_link_out_of_the_model_fails_and_is_not_followed(folder, tmp_path, capsys):
    (tmp_path / "secret").write_text("not of the model")
    (folder / "vocab.txt").symlink_to(tmp_path / "secret")
    assert outcome(folder, capsys)[:2] == (1, {"manifest.link-outside"})


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_unknown(folder, capsys):
    (folder / "weights.pkl").touch(mode=0)
    code, _, gaps = outcome(folder, capsys)
    assert (code, says(gaps, "Permission denied")) == (3, True)


def test_an_empty_folder_is_an_error(tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    assert run(["check", str(tmp_path / "empty")]) == 2
    assert "hint: " in capsys.readouterr().err


def test_a_locked_store_is_an_error_after_the_verdict(folder, tmp_path, capsys, monkeypatch):
    store = tmp_path / "store.sqlite"
    assert run(["check", str(folder), "--store", str(store)]) == 0
    holder = sqlite3.connect(store)
    connect = sqlite3.connect
    monkeypatch.setattr(
        sqlite3, "connect", lambda *args, **more: connect(*args, **{**more, "timeout": 0.05})
    )
    holder.execute("BEGIN IMMEDIATE")
    try:
        (folder / "more.txt").write_text("another model")
        assert run(["check", str(folder), "--store", str(store)]) == 2
    finally:
        holder.close()
    shown = capsys.readouterr()
    assert "PASS" in shown.out
    assert "locked" in shown.err or "busy" in shown.err
    assert run(["verify", "--store", str(store)]) == 0


def test_a_full_disk_is_an_error_and_leaves_no_half_report(folder, tmp_path):
    """A limit on the size of files stands for a disk without room: writes end with an error."""
    target = tmp_path / "out" / "report.html"
    target.parent.mkdir()

    def small_files():
        resource.setrlimit(resource.RLIMIT_FSIZE, (1024, 1024))

    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "steelyard",
            "report",
            str(folder),
            "--as",
            "html",
            "-o",
            str(target),
            "--store",
            "none",
        ],
        preexec_fn=small_files,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith("error: cannot write ")
    assert list(target.parent.iterdir()) == []


def test_a_store_on_a_full_disk_is_an_error_and_stays_whole(folder, tmp_path, capsys):
    store = tmp_path / "store.sqlite"
    run(["check", str(folder), "--store", str(store)])
    (folder / "more.txt").write_text("another model")

    def small_files():
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

    done = subprocess.run(
        [sys.executable, "-m", "steelyard", "check", str(folder), "--store", str(store)],
        preexec_fn=small_files,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert "PASS" in done.stdout
    assert done.stderr.startswith("error: ")
    assert run(["verify", "--store", str(store)]) == 0


def test_a_folder_of_one_hundred_thousand_files_is_checked(tmp_path, capsys):
    place = tmp_path / "many"
    for part in range(100):
        (place / f"{part:03}").mkdir(parents=True)
        for number in range(1000):
            os.close(os.open(place / f"{part:03}" / f"{number}.txt", os.O_CREAT | os.O_WRONLY))
    assert run(["check", str(place), "--store", "none"]) == 0
    assert "100,000 files" in capsys.readouterr().out


def test_what_is_no_model_at_all_is_still_read(tmp_path, capsys):
    buffer = io.BytesIO(b"just a text\n")
    (tmp_path / "note.txt").write_bytes(buffer.getvalue())
    assert run(["check", str(tmp_path / "note.txt"), "--store", "none"]) == 0
    assert "1 file" in capsys.readouterr().out
