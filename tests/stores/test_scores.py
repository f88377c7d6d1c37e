# SPDX-License-Identifier: Apache-2.0
"""The store of what engines have computed."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from steelyard.core.digest import digest_bytes
from steelyard.core.engine import Card, Generated, Score
from steelyard.core.errors import StoreError
from steelyard.stores.scores import ScoreStore
from steelyard.stores.sqlite import SqliteStore
from tests.samples.dossiers import sound

CARD = Card(
    engine="echo",
    version="1",
    model="a",
    weights=digest_bytes(b"w"),
    tokenizer=digest_bytes(b"t"),
    numerics={"dtype": "float32"},
    context=100,
    vocabulary=256,
)
KEYS = [digest_bytes(bytes([number])) for number in range(3)]


def test_what_was_kept_comes_back_to_the_last_bit(tmp_path: Path) -> None:
    kept = {KEYS[0]: Score(-1 / 3, True), KEYS[1]: Generated(text="né\0", tokens=4)}
    store = ScoreStore(tmp_path / "scores.sqlite", CARD)
    store.keep(kept)
    store.close()
    assert ScoreStore(tmp_path / "scores.sqlite", CARD).known(KEYS) == kept


def test_another_engine_dtype_or_weights_knows_nothing_of_it(tmp_path: Path) -> None:
    ScoreStore(tmp_path / "s", CARD).keep({KEYS[0]: Score(-1.0, False)})
    for change in ({"numerics": {"dtype": "bfloat16"}}, {"weights": KEYS[1]}, {"engine": "other"}):
        other = msgspec.structs.replace(CARD, **change)
        assert ScoreStore(tmp_path / "s", other).known(KEYS) == {}


def test_the_name_of_a_model_takes_no_part(tmp_path: Path) -> None:
    ScoreStore(tmp_path / "s", CARD).keep({KEYS[0]: Score(-1.0, False)})
    renamed = msgspec.structs.replace(CARD, model="b")
    assert ScoreStore(tmp_path / "s", renamed).known(KEYS) == {KEYS[0]: Score(-1.0, False)}


def test_thousands_of_keys_are_asked_for_at_once(tmp_path: Path) -> None:
    keys = [digest_bytes(str(number).encode()) for number in range(2500)]
    store = ScoreStore(tmp_path / "s", CARD)
    store.keep({key: Score(-float(number), False) for number, key in enumerate(keys)})
    assert store.known(keys)[keys[2499]] == Score(-2499.0, False)
    assert len(store.known(keys)) == 2500


def test_a_killed_process_loses_nothing_that_it_kept(tmp_path: Path) -> None:
    script = f"""
import os, signal
from tests.stores.test_scores import CARD, KEYS, Score, ScoreStore
from pathlib import Path
store = ScoreStore(Path({str(tmp_path / "s")!r}), CARD)
store.keep({{KEYS[0]: Score(-0.5, True)}})
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], check=False, cwd=Path.cwd(), env=os.environ
    )
    assert done.returncode == -signal.SIGKILL
    assert ScoreStore(tmp_path / "s", CARD).known(KEYS) == {KEYS[0]: Score(-0.5, True)}


def test_a_file_that_is_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello" * 500)
    with pytest.raises(StoreError, match="cannot be used"):
        ScoreStore(tmp_path / "notes.txt", CARD)


def test_the_store_of_evidence_is_not_written_into(tmp_path: Path) -> None:
    SqliteStore(tmp_path / "store.sqlite").append(sound())
    before = (tmp_path / "store.sqlite").read_bytes()
    with pytest.raises(StoreError, match="something else") as refused:
        ScoreStore(tmp_path / "store.sqlite", CARD)
    assert "--scores" in refused.value.hint
    assert (tmp_path / "store.sqlite").read_bytes() == before


def test_a_damaged_file_may_be_deleted_and_says_so(tmp_path: Path) -> None:
    keys = [digest_bytes(str(number).encode()) for number in range(2500)]
    store = ScoreStore(tmp_path / "s", CARD)
    store.keep({key: Score(-1.0, False) for key in keys})
    store.close()
    whole = (tmp_path / "s").read_bytes()
    (tmp_path / "s").write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    with pytest.raises(StoreError, match="malformed") as refused:
        ScoreStore(tmp_path / "s", CARD).known(keys)
    assert "delete it" in refused.value.hint


def test_a_score_that_is_no_number_is_not_known(tmp_path: Path) -> None:
    store = ScoreStore(tmp_path / "s", CARD)
    store.keep({KEYS[0]: Score(float("nan"), False), KEYS[1]: Score(-1.0, False)})
    assert set(store.known(KEYS)) == {KEYS[1]}


def test_a_full_disk_is_an_error_that_says_what_to_do() -> None:
    with pytest.raises(StoreError, match="cannot be used") as refused:
        ScoreStore(Path("/dev/full"), CARD)
    assert "--scores" in refused.value.hint
