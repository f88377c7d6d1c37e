# SPDX-License-Identifier: Apache-2.0
"""`steelyard.check`: the same dossier as from the command line, without printing anything."""

import pickle
import subprocess
import sys

import pytest

import steelyard
from steelyard.core.policy import Outcome
from steelyard.core.use import Use

HOSTILE = b"cos\nsystem\n(S'touch /tmp/steelyard-ran'\ntR."


def test_a_model_is_judged_without_running_any_of_it(tmp_path, never_runs, capfd):
    (tmp_path / "good.pkl").write_bytes(pickle.dumps({"a": [1, 2.5]}))
    assert steelyard.check(tmp_path).verdict.outcome is Outcome.PASS
    (tmp_path / "bad.pkl").write_bytes(HOSTILE)
    with never_runs as tried:
        dossier = steelyard.check(str(tmp_path), jobs=1)
    assert tried == []
    assert dossier.verdict.outcome is Outcome.FAIL
    assert isinstance(dossier, steelyard.Dossier)
    assert capfd.readouterr() == ("", "")


def test_another_policy_may_judge(tmp_path):
    (tmp_path / "good.pkl").write_bytes(pickle.dumps({"a": 1}))
    assert steelyard.check(tmp_path, policy="strict").verdict.policy == "strict"
    with pytest.raises(steelyard.SteelyardError, match="no policy 'basline'"):
        steelyard.check(tmp_path, policy="basline")


def test_what_is_not_there_is_an_error_with_a_hint(tmp_path):
    with pytest.raises(steelyard.SteelyardError, match="nothing") as caught:
        steelyard.check(tmp_path / "nothing")
    assert caught.value.hint


def test_importing_the_package_imports_nothing_else():
    program = "import sys, steelyard; dir(steelyard); print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    imported = done.stdout.split()
    assert [name for name in imported if name.startswith(("steelyard", "msgspec"))] == ["steelyard"]


def test_the_package_has_what_it_says_and_no_more():
    assert all(getattr(steelyard, name) for name in steelyard.__all__)
    assert set(steelyard.__all__) <= set(dir(steelyard))
    with pytest.raises(AttributeError, match="no attribute 'chekc'"):
        _ = steelyard.chekc


def test_a_use_profile_is_a_mapping_or_a_use(tmp_path):
    (tmp_path / "README.md").write_text("---\nlicense: cc-by-nc-4.0\n---\n")
    for use in ({"commercial": True, "serves": ["DE"]}, Use(commercial=True, serves=("DE",))):
        dossier = steelyard.check(tmp_path, use=use)
        said = {getattr(item.claim, "name", ""): item.claim for item in dossier.evidence}
        assert said["use.run"].value == "no"
        assert list(said["use.profile"].value["serves"]) == ["DE"]
    with pytest.raises(steelyard.SteelyardError, match="no key 'comercial'"):
        steelyard.check(tmp_path, use={"comercial": True})
