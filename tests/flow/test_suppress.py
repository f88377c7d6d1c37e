# SPDX-License-Identifier: Apache-2.0
"""Accepted findings are set aside for this content and this long, and never forgotten."""

from datetime import date

import pytest

from steelyard.core.claim import Finding, Severity
from steelyard.core.dossier import Dossier, Identity
from steelyard.core.errors import UsageError
from steelyard.core.evidence import Source, witness
from steelyard.core.policy import Outcome, Verdict
from steelyard.core.subject import Artifact
from steelyard.flow.settings import read, settings
from steelyard.flow.suppress import accept, accept_known, counting

CONTENT = "sha256:" + "a" * 64
OTHER = "sha256:" + "b" * 64
SUBJECT = "sha256:" + "0" * 64
TODAY = date(2026, 6, 1)


def identity(digest=CONTENT, path="weights v 2.bin"):
    artifact = Artifact(path=path, digest=digest, size=1, format="pickle")
    return Identity(kind="model", name="m", digest=SUBJECT, artifacts=(artifact,))


def found(rule="pickle.unknown-class", where="weights v 2.bin!data.pkl byte:4", message="m"):
    claim = Finding(rule=rule, severity=Severity.MEDIUM, where=where, message=message)
    return witness(SUBJECT, claim, Source(probe="pickle", version="1"), "t")


def accepting(until="2026-12-31", file=CONTENT, rule="pickle.unknown-class"):
    text = f'[[suppress]]\nfile = "{file}"\nrule = "{rule}"\nreason = "seen"\nuntil = {until}\n'
    return read(text.encode(), "steelyard.toml")


def counted(settings, *evidence, of=None):
    accepted = accept(of or identity(), evidence, settings, TODAY, "t")
    return [
        item.claim.rule
        for item in counting([*evidence, *accepted])
        if isinstance(item.claim, Finding)
    ]


def test_an_accepted_finding_does_not_count_and_stays_in_the_evidence():
    item = found()
    accepted = accept(identity(), [item], accepting(), TODAY, "t")
    assert counting([item, *accepted]) == list(accepted)
    assert accepted[0].claim.value == {"evidence": item.id, "reason": "seen", "until": "2026-12-31"}


def test_another_content_of_the_same_file_is_another_finding():
    assert counted(accepting(), found(), of=identity(OTHER)) == ["pickle.unknown-class"]


def test_another_rule_is_another_finding():
    assert counted(accepting(), found(rule="pickle.call")) == ["pickle.call"]


def test_after_its_last_day_an_acceptance_no_longer_counts_and_says_so():
    assert counted(accepting("2026-06-01"), found()) == []
    assert counted(accepting("2026-05-31"), found()) == [
        "pickle.unknown-class",
        "suppression.expired",
    ]


def test_a_baseline_makes_its_findings_known_and_no_others():
    verdict = Verdict(policy="p", policy_digest=OTHER, outcome=Outcome.WARN, rulings=())
    old = Dossier(subject=identity(), evidence=(found(),), verdict=verdict)
    now = [found(), found(message="another")]
    accepted = accept_known(identity(), now, old, "t")
    left = [item for item in counting([*now, *accepted]) if isinstance(item.claim, Finding)]
    assert left == [now[1]]
    assert accept_known(identity(OTHER), now, old, "t") == ()


@pytest.mark.parametrize(
    "text",
    [
        "[[suppress]]\n",
        '[[suppress]]\nfile = "weights.bin"\nrule = "a"\nreason = "r"\nuntil = 2026-01-01\n',
        f'[[suppress]]\nfile = "{CONTENT}"\nrule = "a"\nreason = ""\nuntil = 2026-01-01\n',
        f'[[suppress]]\nfile = "{CONTENT}"\nrule = "a"\nreason = "r"\n',
        "[supress]\n",
        "suppress = ",
        "\udcff",
    ],
)
def test_settings_that_are_not_whole_are_refused_with_a_hint(text):
    with pytest.raises(UsageError) as caught:
        read(text.encode("utf-8", "surrogateescape"), "steelyard.toml")
    assert "until" in caught.value.hint


def test_without_a_file_nothing_is_set(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert settings().suppress == ()


def test_a_named_file_must_be_there(tmp_path):
    with pytest.raises(UsageError, match="there is no"):
        settings(tmp_path / "nowhere.toml")
