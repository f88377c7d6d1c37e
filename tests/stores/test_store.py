# SPDX-License-Identifier: Apache-2.0
"""What every store must do; a new one joins `STORES`."""

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from steelyard.core.digest import canonical, digest_of
from steelyard.core.errors import ChainError, StoreError
from steelyard.core.evidence import witness
from steelyard.core.policy import Outcome
from steelyard.stores import open_store
from tests.samples.kept import AT, LATER, dossier, dossiers, findings

STORES = {"sqlite": lambda folder: open_store(folder / "store.sqlite")}


@pytest.fixture(params=STORES.values(), ids=STORES.keys())
def store(request, tmp_path):
    return request.param(tmp_path)


def test_of_an_empty_store_nothing_is_known(store):
    assert store.find("org/name") is None
    assert store.find("sha256:" + "0" * 64) is None
    assert store.head().entries == 0


def test_a_store_that_was_never_written_is_not_called_whole(store):
    with pytest.raises(StoreError, match="nothing has been kept") as caught:
        store.verify()
    assert "--store" in caught.value.hint


def test_a_dossier_comes_back_exactly_as_it_was_kept(store):
    kept = dossier(findings(3))
    store.append(kept)
    found = store.find(kept.subject.digest)
    assert found == kept
    assert [witness(i.subject, i.claim, i.source, i.at) for i in found.evidence] == list(
        kept.evidence
    )


@settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(dossiers, min_size=1, max_size=4))
def test_whatever_was_kept_the_newest_dossier_comes_back_and_the_chain_holds(store, several):
    before = store.head()
    for kept in several:
        store.append(kept)
    assert store.verify(before.digest) == store.head()
    newest = {kept.subject.digest: kept for kept in several}
    for digest, kept in newest.items():
        assert canonical(store.find(digest)) == canonical(kept)


@pytest.mark.parametrize("cut", [8, 9, 20, 63])
@pytest.mark.parametrize("scheme", ["sha256:", ""])
def test_the_beginning_of_a_digest_is_enough(store, cut, scheme):
    kept = dossier(findings(1))
    store.append(kept)
    digits = kept.subject.digest.removeprefix("sha256:")
    assert store.find(scheme + digits[:cut]) == kept
    assert store.find((scheme + digits[:cut]).upper().replace("SHA256", "sha256")) == kept
    other = "0" if digits[cut - 1] != "0" else "1"
    assert store.find(scheme + digits[: cut - 1] + other) is None


def test_fewer_than_eight_digits_are_no_reference(store):
    kept = dossier(findings(1))
    store.append(kept)
    assert store.find(kept.subject.digest[: len("sha256:") + 7]) is None


def test_a_beginning_that_fits_several_subjects_is_an_error_that_names_two(store):
    digests = ["sha256:" + "ab" * 4 + str(number) * 56 for number in range(3)]
    for digest in digests:
        identity = msgspec.structs.replace(dossier().subject, digest=digest)
        store.append(msgspec.structs.replace(dossier(), subject=identity))
    with pytest.raises(StoreError, match="beginning of several digests") as caught:
        store.find("abababab")
    assert sum(digest in caught.value.hint for digest in digests) == 2
    assert store.find("abababab1").subject.digest == digests[1]


def test_a_name_is_that_of_whoever_was_examined_last_under_it(store):
    store.append(dossier(subject="old"))
    newer = dossier(subject="new")
    store.append(newer)
    store.append(dossier(subject="other", name="other"))
    assert store.find("org/name") == newer
    store.append(dossier(subject="old", at=LATER))
    assert store.find("org/name") == dossier(subject="old", at=LATER)


def test_a_name_that_looks_like_a_digest_is_found_where_no_digest_is(store):
    kept = dossier(name="deadbeef")
    store.append(kept)
    assert store.find("deadbeef") == kept
    assert store.find("Deadbeef") is None


def test_the_newest_of_several_runs_is_found_with_its_own_times_and_verdict(store):
    store.append(dossier(findings(2), at=AT))
    again = dossier(findings(2), at=LATER, outcome=Outcome.WARN)
    store.append(again)
    assert store.find("org/name") == again
    back = dossier(findings(2), at=AT)
    store.append(back)
    assert store.find("org/name") == back


def test_evidence_already_kept_is_not_kept_twice(store):
    assert store.append(dossier(findings(5))).entries == 7  # subject, 5 x evidence, verdict
    assert store.append(dossier(findings(5), at=LATER)).entries == 8  # another verdict
    assert store.append(dossier(findings(6))).entries == 10
    assert store.append(dossier(findings(5), subject="t")).entries == 17
    assert store.verify().entries == 17


def test_the_same_evidence_twice_in_a_dossier_comes_back_twice(store):
    kept = dossier([*findings(2), *findings(2)])
    store.append(kept)
    assert store.find("org/name") == kept


def test_the_same_dossiers_make_the_same_chain_anywhere(tmp_path):
    heads = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        for make in STORES.values():
            store = make(tmp_path / name)
            store.append(dossier(findings(3)))
            heads.append(store.append(dossier(findings(4), at=LATER)))
    assert len(set(heads)) == 1


def test_evidence_with_a_false_id_is_refused_and_nothing_is_kept(store):
    whole = dossier(findings(2))
    false = msgspec.structs.replace(whole.evidence[1], id=digest_of("another"))
    bad = msgspec.structs.replace(whole, evidence=(whole.evidence[0], false))
    with pytest.raises(StoreError, match="does not have the id"):
        store.append(bad)
    assert store.head().entries == 0


def test_a_verdict_that_rests_on_evidence_that_is_not_there_is_refused(store):
    whole = dossier(findings(2))
    bad = msgspec.structs.replace(whole, evidence=whole.evidence[:1])
    with pytest.raises(StoreError, match="rests on evidence that is not there"):
        store.append(bad)
    assert store.head().entries == 0


def test_a_remembered_head_is_found_for_ever(store):
    heads = [store.append(dossier(findings(n))) for n in range(4)]
    for head in heads:
        assert store.verify(head.digest) == heads[-1]


def test_a_head_that_never_was_breaks_the_chain(store):
    store.append(dossier(findings(1)))
    with pytest.raises(ChainError, match="no entry has the digest") as caught:
        store.verify(digest_of("another"))
    assert "ends at entry 3" in caught.value.hint


@pytest.mark.parametrize("text", ["", "sha256:12", "md5:" + "0" * 64])
def test_a_head_that_is_no_digest_is_an_error_with_a_hint(store, text):
    with pytest.raises(StoreError, match="is no digest") as caught:
        store.verify(text)
    assert "sha256:" in caught.value.hint


def test_of_each_subject_the_newest_dossier_is_listed_in_the_order_they_were_kept(store):
    assert list(store.newest()) == []
    first, other = dossier(findings(1), subject="a"), dossier(findings(2), subject="b")
    again = dossier(findings(3), subject="a", at=LATER)
    for kept in (first, other, again):
        store.append(kept)
    assert list(store.newest()) == [other, again]
