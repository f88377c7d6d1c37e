# SPDX-License-Identifier: Apache-2.0
"""What is read of a file and a folder, and what happens when they do not hold still."""

import contextlib
import errno
import hashlib
import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from steelyard.checks.manifest import look
from steelyard.core.claim import Gap
from steelyard.core.errors import ChangedError, UnreadableError
from steelyard.core.limits import Limits
from steelyard.core.ports import Silent
from steelyard.core.probe import Context
from steelyard.core.subject import Part, Skipped
from steelyard.flow import jobs
from steelyard.flow.discover import discover
from steelyard.flow.model import Surveyed
from steelyard.flow.pools import Serial, Threads
from steelyard.flow.survey import Entry, survey
from steelyard.formats.port import Content
from tests.samples.hub import cache_snapshot
from tests.samples.privileges import as_nobody, reachable_folder

MIB = 1 << 20


class Told(Silent):
    """Progress that counts, and does something once, as soon as reading has begun."""

    def __init__(self, *todo):
        self.todo, self.units, self.calls = list(todo), 0, []

    def begin(self, what, total):
        self.calls.append((what, total))

    def advance(self, units):
        self.units += units
        with contextlib.suppress(IndexError):  # of several threads one takes it
            self.todo.pop()()

    def end(self):
        self.calls.append("end")


def surveyed(path, *, limits=None, progress=None):
    entry = Entry(path.name, str(path), 0)
    return survey(entry, limits or Limits(), progress or Silent())


def discovered(path, *, limits=None, pool=None, progress=None):
    return discover(
        path, limits=limits or Limits(), pool=pool or Serial(), progress=progress or Silent()
    )


@pytest.mark.parametrize("size", [0, 1, 4095, 4 * MIB, 4 * MIB + 1, 5 * MIB + 12_345])
def test_the_digest_is_that_of_all_the_bytes(tmp_path, size):
    data = bytes(range(1, 252)) * (size // 251 + 1)
    path = tmp_path / "w.bin"
    path.write_bytes(data[:size])
    progress = Told()
    artifact = surveyed(path, progress=progress).artifact
    assert artifact.digest == f"sha256:{hashlib.sha256(data[:size]).hexdigest()}"
    assert artifact.size == progress.units == size


def test_a_file_without_a_byte_is_a_file(tmp_path):
    (tmp_path / "weights.safetensors").touch()
    model = discovered(tmp_path)
    assert [(a.path, a.size) for a in model.artifacts()] == [("weights.safetensors", 0)]
    assert [part.where for part in model.parts()] == ["weights.safetensors"]


def aged(path, data):
    """Write a file that last changed in the past, as those of any model did."""
    path.write_bytes(data)
    hide_change(path)
    now = path.with_name("now")
    now.touch()
    while now.stat().st_ctime_ns <= path.stat().st_ctime_ns:  # a clock that ticks every few ms
        now.touch()
    now.unlink()
    return path


def hide_change(path):
    os.utime(path, ns=(10**18, 10**18))


def grow(path):
    with path.open("ab") as file:
        file.write(b"more")


def shrink(path):
    os.truncate(path, path.stat().st_size // 2)


def rewrite(path):
    with path.open("r+b") as file:
        file.write(b"other")
    hide_change(path)


def replace(path):
    path.with_name("new").write_bytes(path.read_bytes())
    path.with_name("new").replace(path)


@pytest.mark.parametrize("change", [grow, shrink, rewrite, replace])
@pytest.mark.parametrize("size", [10_000, 6 * MIB])
def test_a_file_that_changes_while_it_is_read_is_a_gap(tmp_path, change, size):
    path = aged(tmp_path / "w.bin", b"x" * size)
    aged(tmp_path / "z.bin", b"y" * (size // 2))
    model = discovered(tmp_path, progress=Told(lambda: change(path)))
    gaps = [claim for claim in look.look(model, Context()) if isinstance(claim, Gap)]
    assert [(gap.name, gap.where) for gap in gaps] == [("manifest.changed", "w.bin")]
    assert gaps[0].reason
    assert [artifact.path for artifact in model.artifacts()] == ["z.bin"]


def test_a_file_that_holds_more_than_its_size_says_has_changed(tmp_path, monkeypatch):
    path = aged(tmp_path / "w.bin", b"12345")
    real = os.fstat

    def smaller(descriptor):
        status = list(real(descriptor))
        return os.stat_result([*status[:6], 3, *status[7:]], {"st_mtime_ns": 0, "st_ctime_ns": 0})

    monkeypatch.setattr(os, "fstat", smaller)
    assert surveyed(path).kind == "changed"


def test_a_file_that_cannot_be_read_in_the_middle_is_named_and_the_others_are_read(
    tmp_path, monkeypatch
):
    (tmp_path / "bad.bin").write_bytes(b"x" * 6 * MIB)
    (tmp_path / "good.bin").write_bytes(b"y" * 5 * MIB)
    bad = (tmp_path / "bad.bin").stat().st_ino
    real = os.pread

    def pread(descriptor, size, offset):
        if os.fstat(descriptor).st_ino == bad and offset >= 3 * MIB:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return real(descriptor, size, offset)

    monkeypatch.setattr(os, "pread", pread)
    model = discovered(tmp_path, pool=Threads(2))
    assert [artifact.path for artifact in model.artifacts()] == ["good.bin"]
    assert model.skipped() == (
        Skipped(path="bad.bin", kind="unreadable", reason="Input/output error"),
    )


@pytest.mark.skipif(sys.platform != "linux", reason="needs a file that cannot be read")
def test_a_real_input_output_error_is_a_gap():
    assert surveyed(Path("/proc/self/mem")) == Skipped(
        path="mem", kind="unreadable", reason="Input/output error"
    )


def test_a_file_that_may_not_be_read_is_named_with_the_reason():
    with reachable_folder() as folder:
        (folder / "closed.bin").write_bytes(b"x")
        (folder / "closed.bin").chmod(0)
        with as_nobody():
            found = surveyed(folder / "closed.bin")
            with pytest.raises(UnreadableError, match=r"closed\.bin: cannot be opened: Permission"):
                discovered(folder / "closed.bin")
    assert found.kind == "unreadable"
    assert found.reason == "cannot be opened: Permission denied"


def test_what_takes_the_place_of_a_file_after_it_was_listed_is_never_waited_for(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "link").symlink_to("fifo")
    for name in ("fifo", "link", "gone", "."):
        assert surveyed(tmp_path / name).kind == "unreadable"


def test_the_largest_files_are_begun_first_and_the_result_is_the_same(tmp_path):
    for number, size in enumerate((300_000, 2 * MIB, 10, 1 * MIB, 400_000)):
        (tmp_path / f"{number}.bin").write_bytes(bytes([number + 1]) * size)
    begun = []

    class Recording:
        def map(self, do, items):
            for entry in items:
                begun.append(entry.name)
                yield do(entry)

    model = discovered(tmp_path, pool=Recording())
    assert begun == ["1.bin", "3.bin", "4.bin", "0.bin"]  # the small one takes no thread
    for pool in (Serial(), Threads(2)):
        again = discovered(tmp_path, pool=pool)
        assert again.digest == model.digest
        assert again.parts() == model.parts()
        assert [artifact.path for artifact in again.artifacts()] == [f"{n}.bin" for n in range(5)]


def test_progress_is_told_of_every_byte_and_of_the_end(tmp_path):
    for number, size in enumerate((10, 5 * MIB, 300_000)):
        (tmp_path / f"{number}.bin").write_bytes(b"x" * size)
    progress = Told()
    discovered(tmp_path, pool=Threads(2), progress=progress)
    total = 10 + 5 * MIB + 300_000
    assert progress.calls == [("reading", total), "end"]
    assert progress.units == total


def test_ctrl_c_in_mid_read_ends_all_threads_at_once(tmp_path):
    for number in range(4):
        with (tmp_path / f"{number}.bin").open("wb") as file:
            file.truncate(64 << 30)
    progress = Told(lambda: signal.raise_signal(signal.SIGINT))
    with pytest.raises(KeyboardInterrupt):
        discovered(tmp_path, pool=Threads(2), progress=progress)
    assert progress.calls[-1] == "end"
    assert not [thread for thread in threading.enumerate() if isinstance(thread, jobs.Worker)]


def test_a_sparse_file_without_bounds_ends_at_the_time_limit(tmp_path):
    with (tmp_path / "sparse.bin").open("wb") as file:
        file.truncate(1 << 42)
    found = surveyed(tmp_path / "sparse.bin", limits=Limits(seconds=0.02))
    assert found == Skipped(
        path="sparse.bin", kind="unreadable", reason="took more than 0.02 s of CPU time"
    )


def test_a_reader_that_takes_too_long_leaves_its_file_unread_and_the_others_read(tmp_path):
    (tmp_path / "a.bin").write_bytes(bytes(MIB))
    model = discovered(tmp_path, limits=Limits(seconds=-1.0))
    assert [part.unread for part in model.parts()] == ["took more than -1 s of CPU time"]


def test_what_a_survey_gives_can_be_sent_to_another_process(tmp_path):
    header = json.dumps({"w": {"dtype": "U8", "shape": [4], "data_offsets": [0, 4]}}).encode()
    (tmp_path / "w.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + b"abcd")
    (tmp_path / "config.json").write_text('{"a": [1, 2.5, null]}')
    (tmp_path / "README.md").write_text("---\nlicense: mit\n---\nWords.\n")
    (tmp_path / "odd.bin").write_bytes(bytes(range(256)))
    (tmp_path / "p.pkl").write_bytes(pickle.dumps({"a": [1, 2]}))
    for path in sorted(tmp_path.iterdir()):
        found = surveyed(path)
        assert isinstance(found, Surveyed)
        assert any(isinstance(part.content, Content) for part in found.parts)
        assert pickle.loads(pickle.dumps(found)) == found


def test_a_model_opens_only_the_files_that_were_read(tmp_path):
    path = aged(tmp_path / "w.bin", b"weights")
    model = discovered(tmp_path)
    (artifact,) = model.artifacts()
    with model.open(artifact) as file:
        assert file.read() == b"weights"
    rewrite(path)
    with pytest.raises(ChangedError, match=r"'w\.bin' changed after it was read"):
        model.open(artifact)
    path.unlink()
    with pytest.raises(UnreadableError, match=r"'w\.bin' cannot be opened"):
        model.open(artifact)


def test_a_folder_without_a_file_is_no_subject(tmp_path):
    with pytest.raises(UnreadableError, match="it is empty") as caught:
        discovered(tmp_path)
    assert caught.value.hint
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "away").symlink_to("/")
    with pytest.raises(UnreadableError, match=r"away: a link .*, and 1 more"):
        discovered(tmp_path)


def test_the_name_of_a_subject_is_what_people_call_it(tmp_path):
    snapshot = cache_snapshot(tmp_path)
    assert discovered(snapshot).name == "org/name"
    assert discovered(snapshot / "config.json").name == "config.json"
    odd = tmp_path / os.fsdecode(b"caf\xe9\n")
    odd.mkdir()
    (odd / "w").touch()
    assert discovered(odd).name == "caf\\xe9\\x0a"


def test_the_same_files_under_another_name_are_the_same_subject(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name / "sub").mkdir(parents=True)
        (tmp_path / name / "sub" / "f").write_text("x")
    assert discovered(tmp_path / "one").digest == discovered(tmp_path / "two").digest


_MANY = """
import re, sys
from pathlib import Path
from steelyard.core.limits import Limits
from steelyard.core.ports import Silent
from steelyard.flow.discover import discover
from steelyard.flow.pools import Threads
model = discover(Path(sys.argv[1]), limits=Limits(), pool=Threads(2), progress=Silent())
peak = re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]
print(len(model.artifacts()), int(peak) // 1024)  # ru_maxrss would count who started this process
"""


def test_a_folder_of_100_000_files_is_read_in_bounded_memory(tmp_path):
    for name in ("a", "b"):  # a file system may not allow more than 65,000 links to a file
        (tmp_path / name).mkdir()
        first = tmp_path / name / "first.json"
        first.write_text('{"a": 1}')
        for number in range(49_999):
            os.link(first, tmp_path / name / f"{number}.json")
    done = subprocess.run(
        [sys.executable, "-c", _MANY, str(tmp_path)], capture_output=True, text=True, check=True
    )
    for name in ("a", "b"):
        shutil.rmtree(tmp_path / name)
    files, mebibytes = map(int, done.stdout.split())
    assert files == 100_000
    assert mebibytes < 400


def test_a_bug_in_a_reader_is_admitted_and_what_it_read_before_is_kept(tmp_path, monkeypatch):
    def parts(where, source, budget):
        yield Part(where=where, format="text", size=source.size)
        raise RecursionError("too deep")

    monkeypatch.setattr("steelyard.flow.survey.parts", parts)
    (tmp_path / "a.txt").write_text("a")
    entry = Entry("a.txt", str(tmp_path / "a.txt"), 1)
    surveyed = survey(entry, Limits(), Silent())
    assert [(part.format, part.unread) for part in surveyed.parts] == [
        ("text", ""),
        ("unread", "reader failed: RecursionError: too deep"),
    ]
