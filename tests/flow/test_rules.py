# SPDX-License-Identifier: Apache-2.0
"""Rules: no evidence is never a pass, and more harm never makes a verdict better."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.core.claim import Fact, Finding, Gap, Measurement, Severity
from steelyard.core.evidence import Evidence, Source, witness
from steelyard.core.policy import Outcome, Policy, best, worst
from steelyard.flow.examine import COMPLETED
from steelyard.flow.policies import known_policies
from steelyard.flow.rules import AllOf, AnyOf, Bound, Ceiling, Complete, Known

SUBJECT = "sha256:" + "0" * 64


def seen(claim, probe="p") -> Evidence:
    return witness(SUBJECT, claim, Source(probe=probe, version="1"), "2026-01-01T00:00:00Z")


def finding(severity, rule="p.x", message="m") -> Evidence:
    return seen(Finding(rule=rule, severity=severity, where="w", message=message))


def looked(probe="p") -> Evidence:
    return seen(Fact(name=COMPLETED, value=probe), probe)


CEILING = Ceiling(
    id="c", findings=("p.*",), fail=Severity.HIGH, warn=Severity.MEDIUM, probes=("p",)
)
COMPLETE = Complete(id="w", gaps=("p.*",), probes=("p",))
KNOWN = Known(id="k", fact="use", accept=("yes",), warn=("if",), refuse=("no",))
BOUND = Bound(id="b", metric="m", at_most=10.0)


@pytest.mark.parametrize("rule", [CEILING, COMPLETE, KNOWN, BOUND])
def test_no_evidence_is_unknown(rule):
    assert rule.judge([]).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("policy", known_policies(), ids=lambda policy: policy.id)
def test_every_built_in_policy_answers_no_evidence_with_unknown(policy):
    assert policy.judge([]).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("severity", "outcome"),
    [
        (Severity.CRITICAL, Outcome.FAIL),
        (Severity.HIGH, Outcome.FAIL),
        (Severity.MEDIUM, Outcome.WARN),
        (Severity.LOW, Outcome.PASS),
        (Severity.NOTE, Outcome.PASS),
    ],
)
def test_a_ceiling_judges_by_the_worst_finding(severity, outcome):
    note = finding(Severity.NOTE)
    assert CEILING.judge([looked(), note, finding(severity)]).outcome is outcome


def test_a_ceiling_fails_on_a_finding_even_when_the_probe_broke_off():
    ruling = CEILING.judge([finding(Severity.HIGH)])
    assert ruling.outcome is Outcome.FAIL
    assert ruling.because == (finding(Severity.HIGH).id,)


def test_a_ceiling_is_unknown_when_its_probe_broke_off_after_a_warning():
    assert CEILING.judge([finding(Severity.MEDIUM)]).outcome is Outcome.UNKNOWN


def test_a_ceiling_looks_at_no_other_findings_than_its_own():
    assert CEILING.judge([looked(), finding(Severity.CRITICAL, "q.x")]).outcome is Outcome.PASS


def test_a_ceiling_leaves_alone_what_it_is_told_to_spare():
    sparing = Ceiling(
        id="c",
        findings=("*",),
        spare=("q.*",),
        fail=Severity.HIGH,
        warn=Severity.MEDIUM,
        probes=("p",),
    )
    spared = finding(Severity.CRITICAL, "q.x")
    assert sparing.judge([looked(), spared]).outcome is Outcome.PASS
    assert sparing.judge([looked(), finding(Severity.HIGH, "r.x")]).outcome is Outcome.FAIL


def test_a_ceiling_asks_every_probe_that_left_something_whether_it_looked_to_the_end():
    everything = Ceiling(
        id="c", findings=("*",), fail=Severity.HIGH, warn=Severity.MEDIUM, probes=("p",)
    )
    broken_off = seen(Gap(name="new.failed", reason="a bug"), "new")
    assert everything.judge([looked(), broken_off]).outcome is Outcome.UNKNOWN
    assert everything.judge([looked(), looked("new")]).outcome is Outcome.PASS


def test_a_gap_is_unknown_and_named():
    gap = seen(Gap(name="p.unread", reason="encrypted"))
    ruling = COMPLETE.judge([looked(), gap])
    assert ruling.outcome is Outcome.UNKNOWN
    assert ruling.because == (gap.id,)


def test_of_several_facts_the_worst_counts():
    facts = [seen(Fact(name="use", value=value)) for value in ("yes", "if", "no")]
    assert KNOWN.judge(facts[:1]).outcome is Outcome.PASS
    assert KNOWN.judge(facts[:2]).outcome is Outcome.WARN
    assert KNOWN.judge(facts).outcome is Outcome.FAIL


def test_a_value_that_nobody_thought_of_is_unknown():
    assert KNOWN.judge([seen(Fact(name="use", value=["yes"]))]).outcome is Outcome.UNKNOWN


def test_a_bound_counts_the_bad_end_of_the_interval():
    inside = seen(Measurement(metric="m", value=9.0, unit="1", low=8.0, high=10.0))
    across = seen(Measurement(metric="m", value=9.0, unit="1", low=8.0, high=11.0))
    assert BOUND.judge([inside]).outcome is Outcome.PASS
    assert BOUND.judge([inside, across]).outcome is Outcome.FAIL


def test_any_of_takes_the_best_and_all_of_the_worst():
    evidence = [looked(), finding(Severity.HIGH)]
    assert AnyOf(id="a", rules=(CEILING, COMPLETE)).judge(evidence).outcome is Outcome.PASS
    assert AllOf(id="a", rules=(CEILING, COMPLETE)).judge(evidence).outcome is Outcome.FAIL


def test_nothing_combined_is_unknown():
    assert worst([]) is Outcome.UNKNOWN
    assert best([]) is Outcome.UNKNOWN


def test_an_outcome_has_no_truth_value():
    with pytest.raises(TypeError, match="compare it by name"):
        bool(Outcome.PASS)


_harm = st.one_of(
    st.builds(
        finding, st.sampled_from(Severity), st.sampled_from(["p.x", "q.y"]), st.text(max_size=3)
    ),
    st.builds(
        lambda name, reason: seen(Gap(name=name, reason=reason)),
        st.sampled_from(["p.unread", "q.unread"]),
        st.text(max_size=3),
    ),
    st.sampled_from(["if", "no", "unknown"]).map(lambda value: seen(Fact(name="use", value=value))),
    st.floats(10.5, 99).map(
        lambda high: seen(Measurement(metric="m", value=9.0, unit="1", low=8.0, high=high))
    ),
)
_benign = st.lists(
    st.sampled_from(
        [
            looked(),
            looked("q"),
            seen(Fact(name="use", value="yes")),
            seen(Measurement(metric="m", value=1.0, unit="1", low=1.0, high=1.0)),
        ]
    )
)
_leaf = st.sampled_from([CEILING, COMPLETE, KNOWN, BOUND])
_rule = st.recursive(
    _leaf,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda r: AllOf(id="all", rules=tuple(r))),
        st.lists(inner, min_size=1, max_size=3).map(lambda r: AnyOf(id="any", rules=tuple(r))),
    ),
    max_leaves=6,
)


@given(rule=_rule, before=_benign, harm=st.lists(_harm, max_size=4), more=_harm)
def test_evidence_of_harm_never_improves_a_verdict(rule, before, harm, more):
    """A fact `use` or a figure where there was none may settle a question: start from a known one."""
    start = [*before, seen(Fact(name="use", value="yes"))]
    start.append(seen(Measurement(metric="m", value=1.0, unit="1", low=1.0, high=1.0)))
    policy = Policy(id="p", title="t", page="", rules=(rule,), digest=SUBJECT)
    less = policy.judge([*start, *harm]).outcome
    assert policy.judge([*start, *harm, more]).outcome.rank >= less.rank


@given(rule=_rule, evidence=st.lists(_harm, max_size=5), benign=_benign, data=st.data())
def test_the_order_of_evidence_does_not_matter(rule, evidence, benign, data):
    items = [*evidence, *benign]
    shuffled = data.draw(st.permutations(items))
    assert rule.judge(items).outcome is rule.judge(shuffled).outcome


def test_what_somebody_put_into_the_settings_need_not_look_to_the_end():
    said = seen(Fact(name="suppression.accepted", value={"evidence": "x"}), "suppression")
    rule = Ceiling(id="c", findings=("*",), fail=Severity.HIGH, warn=Severity.MEDIUM, probes=("p",))
    assert rule.judge([looked(), said]).outcome is Outcome.PASS


def test_another_fact_is_looked_at_only_where_the_first_is_absent():
    rule = Known(
        id="k", fact="use", instead="licence.use", accept=("yes",), warn=("if",), refuse=("no",)
    )
    fallback = seen(Fact(name="licence.use", value="yes"))
    assert rule.judge([fallback]).outcome is Outcome.PASS
    assert rule.judge([fallback, seen(Fact(name="use", value="no"))]).outcome is Outcome.FAIL
    assert rule.judge([]).outcome is Outcome.UNKNOWN
