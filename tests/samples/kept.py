# SPDX-License-Identifier: Apache-2.0
"""Dossiers to keep: made of claims, without a file."""

from hypothesis import strategies as st

from steelyard.core.claim import Fact, Finding, Gap, Measurement, Severity
from steelyard.core.digest import digest_of
from steelyard.core.dossier import Dossier, Identity
from steelyard.core.evidence import Source, witness
from steelyard.core.policy import Outcome, Ruling, Verdict
from steelyard.core.subject import Artifact

AT = "2026-11-21T00:00:00Z"
LATER = "2026-11-22T00:00:00Z"


def dossier(claims=(), *, subject="s", name="org/name", at=AT, outcome=Outcome.PASS, because=None):
    """Return the dossier of a subject; `because` limits the evidence that its one rule rests on."""
    digest = digest_of(subject)
    source = Source(probe="probe", version="1")
    evidence = tuple(witness(digest, claim, source, at) for claim in claims)
    reasons = tuple(sorted({item.id for item in evidence}))[:because]
    ruling = Ruling(rule="rule", outcome=outcome, because=reasons, message="why")
    artifact = Artifact(path="w.bin", digest=digest_of("w"), size=3, format="data")
    return Dossier(
        subject=Identity(kind="model", name=name, digest=digest, artifacts=(artifact,)),
        evidence=evidence,
        verdict=Verdict(
            policy="baseline", policy_digest=digest_of("p"), outcome=outcome, rulings=(ruling,)
        ),
    )


def findings(count, text="seen"):
    """Return so many findings, each another one."""
    return [
        Finding(rule="probe.x", severity=Severity.LOW, where=f"f{n}", message=text)
        for n in range(count)
    ]


_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
_numbers = st.floats(-1e9, 1e9)
_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | _numbers | _text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_text, inner, max_size=3),
    max_leaves=5,
)
_claims = st.one_of(
    st.builds(
        Finding,
        rule=_text,
        severity=st.sampled_from(Severity),
        where=_text,
        message=_text,
        trail=st.lists(_text, max_size=2).map(tuple),
    ),
    st.builds(Fact, name=_text, value=_values, where=_text),
    st.builds(Gap, name=_text, reason=_text),
    _numbers.map(lambda x: Measurement(metric="m", value=x, unit="B", low=x, high=x)),
)
dossiers = st.builds(
    dossier,
    st.lists(_claims, max_size=6),
    subject=st.sampled_from("abc"),
    name=_text,
    at=st.sampled_from([AT, LATER]),
    outcome=st.sampled_from(Outcome),
)
"""Dossiers of a few subjects, with claims of every kind."""
