# SPDX-License-Identifier: Apache-2.0
"""Several dossiers at once, and each of them again by where the chain ended after it."""

import msgspec
import pytest

from steelyard.core.errors import StoreError
from steelyard.core.ports import Head
from steelyard.stores.remembered import Memories, Memory
from steelyard.stores.sqlite import SqliteStore
from tests.samples.kept import dossier, findings

NOWHERE = Head(entries=1, digest="sha256:" + "0" * 64)


@pytest.fixture
def store(tmp_path):
    return SqliteStore(tmp_path / "store.sqlite")


def test_dossiers_come_back_by_the_end_of_the_chain(store):
    kept = [dossier(findings(2), subject=name) for name in ("a", "b", "c")]
    heads = store.append_all(kept)
    assert store.recall(heads) == kept
    assert store.head() == heads[-1] == store.verify()
    assert store.recall([NOWHERE, heads[0]]) == [None, kept[0]]


def test_all_are_kept_or_none(store):
    whole = dossier(findings(1), subject="a")
    broken = msgspec.structs.replace(
        whole, evidence=(msgspec.structs.replace(whole.evidence[0], at="x", id="sha256:0"),)
    )
    with pytest.raises(StoreError):
        store.append_all([whole, broken])
    assert store.head().entries == 0


def test_a_store_that_is_not_there_has_kept_nothing(store):
    assert store.recall([NOWHERE]) == [None]
    assert not store.path.exists()


def test_memories_are_of_one_place_and_one_set_of_terms(store):
    memories = Memories(store.path)
    assert memories.of("terms") == {}
    first, second = Memory("/a", "f1", NOWHERE), Memory("/a", "f2", NOWHERE)
    memories.note("terms", [first, Memory("/b", "f", NOWHERE)])
    memories.note("others", [second])
    memories.note("terms", [second])
    assert memories.of("terms") == {"/a": second, "/b": Memory("/b", "f", NOWHERE)}
    assert memories.of("others") == {"/a": second}
