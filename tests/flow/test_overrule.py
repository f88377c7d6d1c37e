# SPDX-License-Identifier: Apache-2.0
"""A person may decide otherwise: recorded with reason and date, never silently, never beyond what it is about."""

import pytest

from steelyard.core.claim import Fact
from steelyard.core.errors import UsageError
from steelyard.core.evidence import Source, witness
from steelyard.flow.overrule import OVERRULED, overrule
from steelyard.flow.settings import read
from steelyard.flow.suppress import counting

SUBJECT, OTHER = "sha256:" + "0" * 64, "sha256:" + "1" * 64
ENTRY = 'reason = "leave by letter"\ndate = 2026-11-01\nby = "Ada"\n'


def said(name, value):
    return witness(SUBJECT, Fact(name=name, value=value), Source(probe="use", version="1"), "t")


HOST = said("use.host", "no")
BECAUSE = said("use.because.host", {"answers": {"llama-3.1": "no", "gemma": "if"}})
EVIDENCE = (HOST, BECAUSE, said("use.run", "if"))


def after(entry, evidence=EVIDENCE):
    """Return the answers that count, and the decisions."""
    found = read(f"[[override]]\n{entry}{ENTRY}".encode(), "steelyard.toml")
    made = overrule(SUBJECT, evidence, found.override, found.digest, "t")
    counted = counting([*evidence, *made])
    answers = {
        item.claim.name: item.claim.value
        for item in counted
        if item.claim.name in ("use.host", "use.run")
    }
    return answers, [item.claim.value for item in made if item.claim.name == OVERRULED]


def test_a_decision_takes_the_place_of_the_answer_and_says_so():
    answers, decisions = after('action = "host"\nanswer = "yes"\n')
    assert answers == {"use.host": "yes", "use.run": "if"}
    assert decisions == [
        {
            "action": "host",
            "answer": "yes",
            "by": "Ada",
            "date": "2026-11-01",
            "evidence": HOST.id,
            "licence": "",
            "reason": "leave by letter",
            "was": "no",
        }
    ]


def test_a_decision_on_one_licence_leaves_what_the_others_say():
    answers, _ = after('action = "host"\nlicence = "llama-3.1"\n')
    assert answers["use.host"] == "if"


def test_a_decision_on_a_licence_that_is_not_in_the_chain_changes_nothing():
    answers, decisions = after('action = "host"\nlicence = "dbrx"\n')
    assert answers["use.host"] == "no"
    assert decisions == []


def test_a_decision_on_another_model_is_not_about_this_one():
    answers, decisions = after(f'action = "host"\nsubject = "{OTHER}"\n')
    assert (answers["use.host"], decisions) == ("no", [])


def test_nobody_can_decide_what_nobody_asked():
    assert after('action = "host"\n', evidence=()) == ({}, [])


def test_a_later_decision_goes_on_from_an_earlier_one():
    first = f'action = "host"\nanswer = "yes"\n{ENTRY}[[override]]\n'
    answers, decisions = after(f'{first}action = "host"\nanswer = "unknown"\n')
    assert answers["use.host"] == "unknown"
    assert [one["was"] for one in decisions] == ["no", "yes"]


@pytest.mark.parametrize(
    "entry",
    [
        'action = "fly"\nreason = "x"\ndate = 2026-01-01\nby = "x"',
        'action = "host"\ndate = 2026-01-01\nby = "x"',
        'action = "host"\nreason = ""\ndate = 2026-01-01\nby = "x"',
        'action = "host"\nanswer = "sure"\nreason = "x"\ndate = 2026-01-01\nby = "x"',
    ],
)
def test_a_decision_without_action_reason_date_or_name_is_refused(entry):
    with pytest.raises(UsageError, match="override"):
        read(f"[[override]]\n{entry}".encode(), "steelyard.toml")
