# SPDX-License-Identifier: Apache-2.0
"""The SQLite store: nothing half-written, nothing changed unseen, and a hint for whatever goes wrong."""

import os
import pickle
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from steelyard.core.digest import digest_bytes
from steelyard.core.errors import ChainError, StoreError
from steelyard.stores import default_location, open_store, sqlite_schema
from steelyard.stores.sqlite import SqliteStore
from tests.samples.kept import LATER, dossier, findings
from tests.samples.privileges import as_nobody, reachable_folder

CHILD = """
import sys, os, signal, resource
from pathlib import Path
from steelyard.stores.sqlite import SqliteStore
from tests.samples.kept import dossier, findings
store = SqliteStore(Path(sys.argv[1]))
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "store.sqlite"


@pytest.fixture
def store(path):
    kept = SqliteStore(path, patience=0.1)
    kept.append(dossier(findings(20)))
    return kept


def child(script, *arguments, check=True):
    return subprocess.run(
        [sys.executable, "-c", CHILD + script, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=check,
        cwd=Path(__file__).parent.parent.parent,
    )


def change(path, *statements, guarded=False):
    """Change a store as an outsider would, its guards taken away first unless `guarded`."""
    with closing(sqlite3.connect(path)) as connection, connection:
        query = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
        triggers = [] if guarded else connection.execute(query).fetchall()
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            connection.execute(statement)
        for _, sql in triggers:
            connection.execute(sql)


# What an outsider changes


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entry SET body = replace(body, 'seen', 'fine') WHERE number = 7",
        "UPDATE entry SET subject = 'sha256:' || hex(zeroblob(32)) WHERE number = 7",
        "UPDATE entry SET content = upper(content) WHERE number = 7",
        "UPDATE entry SET previous = upper(previous) WHERE number = 7",
        "UPDATE entry SET digest = upper(digest) WHERE number = 7",
        "UPDATE entry SET name = 'x' WHERE number = 7",
        "UPDATE entry SET kind = 'verdict' WHERE number = 7",
        "UPDATE entry SET body = CAST(body AS TEXT) WHERE number = 7",
        "UPDATE entry SET body = 7 WHERE number = 7",
        "UPDATE entry SET name = CAST(x'ff' AS TEXT) WHERE number = 7",
        "UPDATE entry SET name = 12.5 WHERE number = 7",
        "DELETE FROM entry WHERE number = 7",
        "DELETE FROM entry WHERE number BETWEEN 7 AND 12",
        "UPDATE entry SET number = 700 WHERE number = 7",
        "INSERT OR REPLACE INTO entry SELECT number, kind, subject, 'x', content, body, previous,"
        " digest FROM entry WHERE number = 7",
    ],
)
def test_a_changed_entry_breaks_the_chain_and_is_named(store, path, statement):
    change(path, statement)
    with pytest.raises(ChainError, match="entry 7 is not what was written") as caught:
        store.verify()
    assert "6 entries before it are whole" in caught.value.hint


@pytest.mark.parametrize("number", [1, 2, 21, 22])
def test_a_change_anywhere_breaks_the_chain(store, path, number):
    change(path, f"UPDATE entry SET body = body || ' ' WHERE number = {number}")
    with pytest.raises(ChainError, match=f"entry {number} is not"):
        store.verify()


def test_a_cut_tail_shows_against_a_head_that_is_remembered(store, path):
    before = store.head()
    after = store.append(dossier(findings(20), at=LATER))
    change(path, f"DELETE FROM entry WHERE number > {before.entries}")
    assert store.verify() == before
    assert store.verify(before.digest) == before
    with pytest.raises(ChainError, match="cut off or written anew"):
        store.verify(after.digest)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entry SET body = 'x' WHERE number = 7",
        "DELETE FROM entry",
        "INSERT INTO entry VALUES (900, 'evidence', 's', '', 'c', 'b', 'p', 'd')",
        "INSERT INTO entry VALUES (23, 'evidence', 's', '', 'c', 'b', 'p', 'd')",
        "INSERT OR REPLACE INTO entry VALUES (7, 'evidence', 's', '', 'c', 'b', 'p', 'd')",
    ],
)
def test_a_careless_change_is_refused_by_the_store_itself(store, path, statement):
    with pytest.raises(sqlite3.IntegrityError, match=r"append-only|follows the last one"):
        change(path, statement, guarded=True)
    assert store.verify().entries == 22


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TRIGGER entry_is_never_deleted",
        "DROP INDEX verdict_by_subject",
        "CREATE TABLE more (a)",
        "CREATE VIEW sight AS SELECT 1",
    ],
)
def test_changed_tables_and_triggers_are_noticed(store, path, statement):
    change(path, statement, guarded=True)
    with pytest.raises(ChainError, match="tables or triggers of the store were changed"):
        store.verify()


def test_an_index_that_hides_an_entry_is_noticed(store, path):
    change(
        path,
        "PRAGMA writable_schema = ON",
        "UPDATE sqlite_master SET rootpage = (SELECT rootpage FROM sqlite_master"
        " WHERE name = 'verdict_by_name') WHERE name = 'verdict_by_subject'",
    )
    with pytest.raises(ChainError):
        store.verify()


def test_every_flipped_byte_is_noticed_or_changes_nothing(store, path):
    whole, kept = path.read_bytes(), store.find("org/name")
    head = store.head()
    for offset in range(0, len(whole), 257):
        path.write_bytes(whole[:offset] + bytes([whole[offset] ^ 0x41]) + whole[offset + 1 :])
        try:
            if store.verify() == head:
                assert store.find("org/name") == kept
        except StoreError:
            continue
    path.write_bytes(whole)
    assert store.verify() == head


def test_a_dossier_whose_evidence_was_changed_is_not_handed_out(store, path):
    change(path, "UPDATE entry SET body = replace(body, 'seen', 'fine') WHERE number = 7")
    with pytest.raises(ChainError, match="not what was written"):
        store.find("org/name")
    for body in ("CAST('no JSON' AS BLOB)", "'text'", "1000000000000000", "NULL"):
        for number in (1, 8, 22):
            change(path, f"UPDATE OR IGNORE entry SET body = {body} WHERE number = {number}")
            with pytest.raises(ChainError, match="not what was written"):
                store.find("org/name")


def test_a_chain_that_is_whole_but_refers_to_nothing_is_noticed(path):
    store = SqliteStore(path)
    store.append(dossier(findings(1)))
    script = """
from steelyard.stores import chain
real = chain.spans
chain.spans = lambda seen: (chain.Span(1, 90, "now"),)
store.append(dossier(findings(2)))
"""
    child(script, path)
    with pytest.raises(ChainError, match="entry 5 names entries that are not there"):
        store.verify()


# What ends a process in the middle


@pytest.mark.parametrize("written", [0, 1, 4_000])
def test_a_process_killed_in_mid_append_leaves_the_store_whole(store, path, written):
    before, kept = store.head(), store.find("org/name")
    script = """
class Deadly(tuple):
    def __iter__(self):
        for number, item in enumerate(super().__iter__()):
            if number == int(sys.argv[2]) and self.rounds == 2:
                os.kill(os.getpid(), signal.SIGKILL)
            yield item
        self.rounds += 1
whole = dossier(findings(4_001, text="x" * 1_000))
evidence = Deadly(whole.evidence)
evidence.rounds = 0  # the first two check the dossier; in the third it is written
store.append(type(whole)(subject=whole.subject, evidence=evidence, verdict=whole.verdict))
"""
    done = child(script, path, written, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    if written > 1_000:  # what does not fit in memory has gone to the write-ahead log
        assert path.with_name("store.sqlite-wal").stat().st_size > 1_000_000
    assert store.verify(before.digest) == before
    assert store.find("org/name") == kept
    assert store.append(dossier(findings(21))).entries == before.entries + 2
    assert store.verify().entries == before.entries + 2


def test_an_interrupt_in_mid_append_leaves_the_store_whole(store, monkeypatch):
    before = store.head()
    real = sqlite_schema.is_store

    def interrupted(connection, path):
        if connection.in_transaction:
            raise KeyboardInterrupt
        return real(connection, path)

    monkeypatch.setattr(sqlite_schema, "is_store", interrupted)
    with pytest.raises(KeyboardInterrupt):
        store.append(dossier(findings(30)))
    monkeypatch.undo()
    assert store.verify() == before
    assert store.append(dossier(findings(30))).entries == before.entries + 11


def test_a_full_disk_keeps_nothing_of_the_run_and_all_of_the_earlier_ones(store, path):
    before = store.head()
    script = """
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, 2_000_000))
from steelyard.core.errors import StoreError
try:
    store.append(dossier(findings(4_000, text="x" * 1_000)))
except StoreError as error:
    print(error.message, error.hint, sep="|")
"""
    says, hint = child(script, path).stdout.strip().split("|")
    assert says.startswith(f"store {str(path)!r} ")
    assert "nothing was kept of this run" in hint
    assert store.verify(before.digest) == before
    assert store.append(dossier(findings(21))).entries == before.entries + 2


@pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0 or shutil.which("mount") is None,
    reason="needs to mount a disk",
)
def test_a_really_full_disk_is_an_error_with_a_hint(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(disk)], check=False
    )
    if mounted.returncode != 0:
        pytest.skip("may not mount a disk here")
    try:
        store = SqliteStore(disk / "store.sqlite")
        before = store.append(dossier(findings(20)))
        with pytest.raises(StoreError, match="disk is full") as caught:
            store.append(dossier(findings(4_000, text="x" * 1_000)))
        assert "make room; nothing was kept" in caught.value.hint
        assert store.verify(before.digest) == before
    finally:
        subprocess.run(["umount", str(disk)], check=True)


# Several at once


def test_a_locked_store_is_an_error_after_a_bounded_wait(store, path):
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="is locked by another process") as caught:
            store.append(dossier())
        assert "--store" in caught.value.hint
        assert store.verify().entries == 22  # readers do not wait
        assert store.find("org/name") is not None
    assert store.append(dossier()).entries == 23


def test_processes_that_append_at_once_make_one_chain(path):
    script = """
for number in range(12):
    store.append(dossier(findings(3), subject=f"{sys.argv[2]} {number}", name=sys.argv[2]))
"""
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", CHILD + script, str(path), str(number)],
            cwd=Path(__file__).parent.parent.parent,
        )
        for number in range(3)
    ]
    assert [writer.wait(timeout=60) for writer in writers] == [0, 0, 0]
    store = SqliteStore(path)
    assert store.verify().entries == 3 * 12 * (1 + 3 + 1)
    for number in range(3):
        assert store.find(str(number)).subject.digest


def test_a_store_can_be_sent_to_another_process(store):
    assert pickle.loads(pickle.dumps(store)).head() == store.head()


def test_no_other_file_stays_behind(store, path):
    assert [file.name for file in path.parent.iterdir()] == ["store.sqlite"]


# What is no store


def test_reading_makes_no_file(tmp_path):
    store = open_store(tmp_path / "none.sqlite")
    assert (store.find("x"), store.head().entries) == (None, 0)
    assert list(tmp_path.iterdir()) == []


def test_an_empty_file_becomes_a_store(path):
    path.touch()
    store = SqliteStore(path)
    assert (store.find("x"), store.head().entries) == (None, 0)
    assert store.append(dossier()).entries == 2


@pytest.mark.parametrize("do", ["append", "find", "verify", "head"])
def test_a_file_that_is_something_else_is_left_alone(path, do):
    def use():
        getattr(SqliteStore(path), do)(*{"append": [dossier()], "find": ["x"]}.get(do, []))

    path.write_bytes(b"some weights" * 1_000)
    with pytest.raises(StoreError, match="is no steelyard store"):
        use()
    assert path.read_bytes() == b"some weights" * 1_000
    path.unlink()
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("CREATE TABLE entry (a)")
    before = path.read_bytes()
    with pytest.raises(StoreError, match="is no steelyard store"):
        use()
    assert path.read_bytes() == before


def test_a_store_of_a_later_version_is_left_alone(store, path):
    change(path, "PRAGMA user_version = 2", guarded=True)
    with pytest.raises(StoreError, match="has schema 2, this steelyard knows 1") as caught:
        store.append(dossier())
    assert "newer" in caught.value.hint


def test_a_folder_fifo_or_device_is_no_store(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    for place in (tmp_path, tmp_path / "fifo", Path("/dev/null")):
        for use in (
            SqliteStore(place).head,
            lambda place=place: SqliteStore(place).append(dossier()),
        ):
            with pytest.raises(StoreError, match="is a folder or device"):
                use()


def test_a_folder_that_is_not_there_is_an_error_with_a_hint(tmp_path):
    with pytest.raises(StoreError, match="cannot be opened") as caught:
        SqliteStore(tmp_path / "no" / "store.sqlite").append(dossier())
    assert "check its folder" in caught.value.hint


def test_a_store_that_may_not_be_written_can_still_be_read():
    with reachable_folder() as folder:
        path = folder / "store.sqlite"
        SqliteStore(path).append(dossier())
        path.chmod(0o444)
        with as_nobody():
            store = SqliteStore(path)
            assert store.find("org/name") == dossier()
            with pytest.raises(StoreError, match=r"may not be written|cannot be opened") as caught:
                store.append(dossier())
            assert "permissions" in caught.value.hint
        folder.chmod(0o555)
        with as_nobody():
            assert store.find("org/name") == dossier()
            assert store.verify().entries == 2
        folder.chmod(0)
        with as_nobody(), pytest.raises(StoreError, match="cannot be opened: Permission denied"):
            store.head()
        folder.chmod(0o777)


def test_the_tables_of_version_1_never_change():
    text = "\n".join(" ".join(statement.split()) for statement in sqlite_schema.TABLES)
    assert sqlite_schema.VERSION == 1
    assert digest_bytes(text.encode()).startswith("sha256:0655f9ce2c90833b")


# Where a store lies


def test_a_location_is_a_path_or_a_url(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert open_store("a/b.sqlite").path == Path("a/b.sqlite")
    assert open_store("~/b.sqlite").path == tmp_path / "b.sqlite"
    assert open_store("sqlite:///a/b.sqlite").path == Path("/a/b.sqlite")


@pytest.mark.parametrize("location", ["postgresql://host/db", "s3://bucket", "sqlite://relative"])
def test_a_location_of_another_kind_is_an_error_with_a_hint(location):
    with pytest.raises(StoreError) as caught:
        open_store(location)
    assert caught.value.hint


def test_the_users_own_store_lies_in_the_data_folder_where_nobody_else_reads(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert default_location() == tmp_path / "data" / "steelyard" / "store.sqlite"
    open_store().append(dossier())
    assert stat.S_IMODE((tmp_path / "data" / "steelyard").stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("platform", "place"),
    [
        ("linux", ".local/share/steelyard/store.sqlite"),
        ("darwin", "Library/Application Support/steelyard/store.sqlite"),
        ("win32", "AppData/Local/steelyard/store.sqlite"),
    ],
)
def test_each_platform_has_its_data_folder(monkeypatch, tmp_path, platform, place):
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    for value in ("", "not/absolute"):
        monkeypatch.setenv("XDG_DATA_HOME", value)
        assert default_location() == tmp_path / place


def test_a_data_folder_that_cannot_be_made_is_an_error_with_a_hint(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "file"))
    with pytest.raises(StoreError, match="cannot make") as caught:
        open_store()
    assert "--store" in caught.value.hint
