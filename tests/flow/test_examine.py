# SPDX-License-Identifier: Apache-2.0
"""Probes are run to the end of each: hostile bytes end in a finding, a bug in a gap."""

from datetime import UTC, datetime

from steelyard.core.claim import Fact, Finding, Gap
from steelyard.core.errors import MalformedError, UnreadableError
from steelyard.core.probe import Context, Probe, probe
from steelyard.flow.examine import COMPLETED, _absent, completions, examine, known_probes

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Anyone:
    kind = "model"
    name = "anyone"
    digest = "sha256:" + "0" * 64


def evidence_of(*looks):
    probes = [
        Probe(id=f"p{n}", version="1", on="model", descriptors=(), look=look)
        for n, look in enumerate(looks)
    ]
    return examine(Anyone(), probes, Context(), now=NOW)


def says_then_breaks(error):
    def look(model, context):
        """Page."""
        yield Fact(name="before", value=1)
        raise error

    return look


def fine(model, context):
    """Page."""
    yield Fact(name="fine", value=1)


def test_a_probe_that_looked_to_the_end_says_so():
    evidence = evidence_of(fine)
    assert [item.claim.name for item in evidence] == ["fine", COMPLETED]
    assert set(completions(evidence)) == {"p0"}


def test_a_bug_in_a_probe_leaves_a_gap_and_the_others_run():
    evidence = evidence_of(says_then_breaks(ZeroDivisionError("oops")), fine)
    claims = [item.claim for item in evidence]
    assert claims[1] == Gap(name="p0.failed", reason="ZeroDivisionError: oops")
    assert set(completions(evidence)) == {"p1"}


def test_hostile_bytes_leave_a_finding():
    claims = [item.claim for item in evidence_of(says_then_breaks(MalformedError("bad bytes")))]
    assert isinstance(claims[1], Finding)
    assert claims[1].rule == "p0.malformed"


def test_an_unreadable_file_leaves_a_gap():
    claims = [item.claim for item in evidence_of(says_then_breaks(UnreadableError("gone")))]
    assert claims[1] == Gap(name="p0.unreadable", reason="gone")


def test_a_claim_made_twice_is_kept_once():
    def twice(model, context):
        """Page."""
        yield Fact(name="same", value=1)
        yield Fact(name="same", value=1)

    assert len(evidence_of(twice)) == 2


def test_probes_for_other_subjects_are_passed_over():
    other = probe("other", version="1", on="dataset")(fine)
    assert examine(Anyone(), [other], Context(), now=NOW) == ()


def test_the_probes_of_this_package_have_ids_of_their_own():
    ids = [known.id for known in known_probes()]
    assert ids == sorted(set(ids))
    assert {
        "archive",
        "code",
        "coverage",
        "footprint",
        "gguf",
        "licence",
        "manifest",
        "pickle",
        "safetensors",
        "template",
    } <= set(ids)


def test_a_plugin_that_does_not_load_leaves_a_gap():
    evidence = examine(Anyone(), [_absent("theirs", ImportError("no"))], Context(), now=NOW)
    assert [item.claim for item in evidence] == [
        Gap(name="theirs.failed", reason="ImportError: no")
    ]
