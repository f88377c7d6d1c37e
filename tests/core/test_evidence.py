# SPDX-License-Identifier: Apache-2.0
"""Evidence names itself by everything but its time."""

from steelyard.core.claim import Fact
from steelyard.core.evidence import Source, witness
from steelyard.core.subject import Artifact, Skipped, manifest_digest

SUBJECT = "sha256:" + "0" * 64
SOURCE = Source(probe="p", version="1")


def test_the_same_observation_at_another_time_has_the_same_id():
    claim = Fact(name="a", value=1)
    early = witness(SUBJECT, claim, SOURCE, "2026-01-01T00:00:00Z")
    late = witness(SUBJECT, claim, SOURCE, "2027-01-01T00:00:00Z")
    assert early.id == late.id


def test_the_order_of_keys_in_a_value_does_not_change_the_id():
    one = witness(SUBJECT, Fact(name="a", value={"x": 1, "y": 2}), SOURCE, "t")
    two = witness(SUBJECT, Fact(name="a", value={"y": 2, "x": 1}), SOURCE, "t")
    assert one.id == two.id


def test_a_new_version_of_a_probe_gives_other_ids():
    claim = Fact(name="a", value=1)
    newer = Source(probe="p", version="2")
    assert witness(SUBJECT, claim, SOURCE, "t").id != witness(SUBJECT, claim, newer, "t").id


def test_an_id_is_stable_across_releases():
    item = witness(SUBJECT, Fact(name="a", value=1), SOURCE, "t")
    assert item.id == "sha256:99e9b6317dbd6a171d6b71b52b4b36ccaa709572fb3aa501ab4673f17e4bf95d"


def test_a_subject_changes_its_name_with_any_byte_any_path_and_anything_skipped():
    one = Artifact(path="a", digest=SUBJECT, size=1, format="text")
    moved = Artifact(path="b", digest=SUBJECT, size=1, format="text")
    other = Artifact(path="a", digest="sha256:" + "1" * 64, size=1, format="text")
    hole = Skipped(path="c", kind="special", reason="r")
    digests = {
        manifest_digest("model", [one], []),
        manifest_digest("model", [moved], []),
        manifest_digest("model", [other], []),
        manifest_digest("model", [one], [hole]),
    }
    assert len(digests) == 4


def test_a_subject_does_not_depend_on_the_order_of_its_files():
    one = Artifact(path="a", digest=SUBJECT, size=1, format="text")
    two = Artifact(path="b", digest=SUBJECT, size=1, format="text")
    assert manifest_digest("model", [one, two], []) == manifest_digest("model", [two, one], [])
