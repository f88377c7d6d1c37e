# SPDX-License-Identifier: Apache-2.0
"""Proof that a check is static: of a model that would run in thirty ways, nothing runs."""

import sys
from pathlib import Path

import msgspec
import pytest

from steelyard.cli.main import run
from steelyard.core.claim import Finding, Severity
from steelyard.core.dossier import Dossier
from tests.samples import hostile
from tests.watch import TRAP


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty folder, where a command of a sample would leave its mark."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)


def looked_at(folder: Path, capsys, *more: str) -> tuple[int, str]:
    code = run(["check", str(folder), "--store", "none", "--policy", "strict", *more])
    return code, capsys.readouterr().out


def test_a_check_of_hostile_files_runs_nothing(tmp_path: Path, never_runs, capsys) -> None:
    looked_at(hostile.write_benign(tmp_path / "benign"), capsys, "--json")
    folder = hostile.write(tmp_path / "hostile")
    loaded = set(sys.modules)
    with never_runs as tried:
        code, out = looked_at(folder, capsys, "--json")
    assert tried == []
    assert code == 1
    assert not [
        name for name in set(sys.modules) - loaded if TRAP in name or name == "modeling_trap"
    ]
    assert list(Path.cwd().iterdir()) == []
    dossier = msgspec.json.decode(out, type=Dossier)
    assert not [
        item for item in dossier.evidence if getattr(item.claim, "name", "").endswith(".failed")
    ]


@pytest.mark.parametrize(
    "name", [*hostile.CALLS, "pytorch_model.bin", "harmless.dat", "weights.tar"]
)
def test_each_of_them_was_seen_for_what_it_is(name: str, tmp_path: Path, capsys) -> None:
    file = hostile.write(tmp_path / "hostile") / name
    code, out = looked_at(file, capsys, "--json")
    findings = [
        item.claim
        for item in msgspec.json.decode(out, type=Dossier).evidence
        if isinstance(item.claim, Finding) and item.claim.severity.rank >= Severity.MEDIUM.rank
    ]
    assert code == 1
    assert findings


@pytest.mark.parametrize("form", ["html", "json", "junit", "md", "sarif"])
def test_a_report_of_hostile_files_runs_nothing(
    form: str, tmp_path: Path, never_runs, capsys
) -> None:
    arguments = ["--store", "none", "--as", form]
    assert run(["report", str(hostile.write_benign(tmp_path / "benign")), *arguments]) == 0
    folder = hostile.write(tmp_path / "hostile")
    with never_runs as tried:
        assert run(["report", str(folder), *arguments]) == 0
    assert tried == []
    assert list(Path.cwd().iterdir()) == []
