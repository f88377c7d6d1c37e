# SPDX-License-Identifier: Apache-2.0
"""The hook, the action and the pipeline snippets call commands that exist and behave."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from steelyard.cli.main import run


@pytest.fixture
def action(repository, tmp_path):
    """Return a function that runs the action's script as a runner would."""
    bin_folder = tmp_path / "steelyard" / "bin"
    bin_folder.mkdir(parents=True)
    command = bin_folder / "steelyard"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m steelyard "$@"\n')
    command.chmod(0o755)

    def start(subject, **settings):
        environment = {
            **os.environ,
            "RUNNER_TEMP": str(tmp_path),
            "SUBJECT": str(subject),
            "SARIF": str(tmp_path / "out.sarif"),
            "STEELYARD_STORE": "none",
            "STEELYARD_POLICY": "baseline",
            "GITHUB_OUTPUT": str(tmp_path / "output"),
            "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
            **settings,
        }
        script = repository / "scripts" / "check_for_action.sh"
        return subprocess.run(
            [str(script)], env=environment, capture_output=True, text=True, check=False
        )

    return start


def test_the_action_passes_a_harmless_model_and_writes_sarif(action, tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text("{}")
    done = action(tmp_path / "model")
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "out.sarif").read_text())["version"] == "2.1.0"
    assert "outcome=pass\n" in (tmp_path / "output").read_text()
    assert "baseline" in (tmp_path / "summary").read_text()


def test_the_action_fails_with_the_exit_code_of_the_check_and_still_writes_sarif(action, tmp_path):
    (tmp_path / "weights.bin").write_bytes(b"cos\nsystem\n(S'id'\ntR.")
    done = action(tmp_path / "weights.bin")
    assert done.returncode == 1
    assert "pickle.call" in (tmp_path / "out.sarif").read_text()
    assert "outcome=fail\n" in (tmp_path / "output").read_text()


def test_the_action_says_why_it_could_not_run(action, tmp_path):
    done = action(tmp_path / "nowhere")
    assert done.returncode == 2
    assert "cannot read" in done.stderr
    assert not (tmp_path / "out.sarif").exists()


def test_the_hook_calls_a_command_that_runs_on_files(repository, tmp_path, capsys):
    (hook,) = yaml.safe_load((repository / ".pre-commit-hooks.yaml").read_text())
    (tmp_path / "a.npy").write_bytes(b"\x93NUMPY")
    program, *arguments = hook["entry"].split()
    assert program == "steelyard"
    assert run([*arguments, str(tmp_path / "a.npy")]) in {1, 3}
    assert capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "matched"),
    [
        ("model.safetensors", True),
        ("a/b/weights.PT", True),
        ("tokenizer_config.json", True),
        ("sub/chat_template.jinja", True),
        ("package.json", False),
        ("notes.md", False),
    ],
)
def test_the_hook_is_for_model_files(repository, name, matched):
    (hook,) = yaml.safe_load((repository / ".pre-commit-hooks.yaml").read_text())
    assert bool(re.search(hook["files"], name)) is matched


def test_every_command_of_the_guide_exists(repository):
    text = (repository / "docs/guides/continuous-integration.md").read_text()
    verbs = set(re.findall(r"steelyard (check|report|[a-z]+) [a-z]", text))
    names = {
        path.stem.rstrip("_") for path in (repository / "src/steelyard/cli/verbs").glob("*.py")
    }
    assert verbs <= names
    assert Path(repository / "action.yml").exists()
