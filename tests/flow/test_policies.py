# SPDX-License-Identifier: Apache-2.0
"""Policies are read strictly: what asks nothing, or is misspelt, is refused."""

import pytest

from steelyard import knowledge
from steelyard.core.errors import PolicyError
from steelyard.flow.policies import known_policies, policy, read

RULE = """
[[rules]]
kind = "ceiling"
id = "r"
findings = ["*"]
fail = "high"
warn = "medium"
probes = ["manifest"]
"""
HEAD = 'id = "mine"\ntitle = "Mine"\n'


def test_the_policies_of_this_package_are_there():
    ids = [known.id for known in known_policies()]
    assert ids == ["baseline", "commercial", "eu", "redistribute", "strict"]


def test_the_policies_of_this_package_say_what_their_toml_does():
    texts = knowledge.entries("policies")
    assert known_policies() == tuple(read(data, name) for name, data in texts)


def test_a_policy_that_was_changed_is_read_from_its_toml(monkeypatch, tmp_path):
    whole = knowledge.folder("policies")
    (tmp_path / "policies").mkdir()
    changed = (whole / "baseline.toml").read_text().replace('fail = "high"', 'fail = "low"')
    (tmp_path / "policies" / "baseline.toml").write_text(changed)
    (tmp_path / "policies_read").symlink_to(knowledge.folder("policies_read"))
    monkeypatch.setattr(knowledge, "_FOLDER", tmp_path)
    assert policy("baseline") == read(changed.encode(), "baseline")


def test_a_policy_file_of_ones_own_is_read(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(HEAD + RULE)
    mine = policy(str(path))
    assert (mine.id, [rule.id for rule in mine.rules]) == ("mine", ["r"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD, "no rules"),
        (HEAD + '[[rules]]\nkind = "all_of"\nid = "a"\nrules = []\n', "no rules inside"),
        (HEAD + RULE + RULE, "same id"),
        (HEAD + RULE + 'sevrity = "high"\n', "sevrity"),
        (HEAD + RULE.replace("ceiling", "celing"), "celing"),
        (HEAD + RULE.replace('"high"', '"hgih"'), "hgih"),
        ("id = ", "Invalid"),
        ("\x00", "Invalid"),
    ],
)
def test_a_policy_that_is_none_is_refused_with_the_reason(text, message):
    with pytest.raises(PolicyError, match=message) as caught:
        read(text.encode(), "mine.toml")
    assert caught.value.hint


def test_a_name_that_is_nearly_right_is_suggested():
    with pytest.raises(PolicyError) as caught:
        policy("basline")
    assert "did you mean 'baseline'?" in caught.value.hint


def test_a_policy_file_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(PolicyError, match="No such file"):
        policy(str(tmp_path / "nowhere.toml"))


def test_a_changed_text_changes_the_digest():
    assert (
        read((HEAD + RULE).encode(), "a").digest != read((HEAD + RULE + "\n").encode(), "a").digest
    )
