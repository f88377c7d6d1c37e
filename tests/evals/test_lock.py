# SPDX-License-Identifier: Apache-2.0
"""The lock: what is pinned, and what a changed file is."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.core.errors import ChangedError, MalformedError
from steelyard.evals.data import DataFile, Source, Split, Table
from steelyard.evals.lock import Lock, Locked, read_lock, write_lock

A, B = (f"sha256:{letter * 64}" for letter in "ab")


def table(digest: str, path: str = "x/test.jsonl", rows: int = 3) -> Table:
    file = DataFile(path=path, digest=digest, size=9, rows=rows)
    split = Split(name="test", files=(file,), columns=("a",), rows=[])
    source = Source(name="org/x", revision="c0ffee", licence="MIT")
    return Table(source=source, splits={"test": split})


def test_a_lock_that_was_written_is_the_one_that_is_read(tmp_path: Path) -> None:
    lock = Lock().with_table(table(A))
    write_lock(tmp_path / "steelyard.lock", lock)
    assert read_lock(tmp_path / "steelyard.lock") == lock
    assert [path.name for path in tmp_path.iterdir()] == ["steelyard.lock"]


@given(st.text(min_size=1, max_size=20), st.text(max_size=20))
def test_any_name_survives_the_file(
    tmp_path_factory: pytest.TempPathFactory, path: str, licence: str
) -> None:
    file = tmp_path_factory.mktemp("lock") / "steelyard.lock"
    entry = Locked(path=path, digest=A, size=1, rows=1, source="x", licence=licence)
    write_lock(file, Lock(files={path: entry}))
    assert read_lock(file).files == {path: entry}


def test_a_changed_file_is_refused_with_both_digests() -> None:
    lock = Lock().with_table(table(A))
    lock.check(table(A))
    with pytest.raises(ChangedError) as caught:
        lock.check(table(B, rows=4))
    assert f"{A} with 3 rows then, {B} with 4 rows now" in caught.value.message


def test_what_is_locked_stays_and_what_is_new_is_told() -> None:
    lock = Lock().with_table(table(A))
    assert lock.with_table(table(B)).files["x/test.jsonl"].digest == A
    assert lock.missing(table(A, path="y.jsonl")) == ("y.jsonl",)


def test_no_file_is_an_empty_lock(tmp_path: Path) -> None:
    assert read_lock(tmp_path / "steelyard.lock") == Lock()


@pytest.mark.parametrize(
    "text",
    [
        "version = 2",
        "version =",
        'version = 1\n[[file]]\npath = "a"',
        'version = 1\n[[file]]\npath = "a"\ndigest = "md5"\nsize = 1\nrows = 1\nsource = "a"',
        "\xff",
    ],
)
def test_what_is_no_lock_is_said_to_be_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "steelyard.lock"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(MalformedError, match=r"steelyard\.lock"):
        read_lock(path)


def test_a_file_that_is_no_lock_says_how_to_go_on(tmp_path: Path) -> None:
    (tmp_path / "steelyard.lock").write_text("version = 9\n")
    with pytest.raises(MalformedError) as refused:
        read_lock(tmp_path / "steelyard.lock")
    assert "delete it" in refused.value.hint
