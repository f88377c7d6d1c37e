# SPDX-License-Identifier: Apache-2.0
"""Adding a check is one file: here, or in a package of one's own."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from steelyard import checks
from steelyard.cli.main import run
from steelyard.flow.examine import known_probes

CONTRIBUTING = Path(__file__).parent.parent.parent / "CONTRIBUTING.md"
(EXAMPLE,) = re.findall(
    r"^```python\n(# SPDX.*?)^```$", CONTRIBUTING.read_text("utf-8"), re.MULTILINE | re.DOTALL
)
(EXAMPLE_ID,) = re.findall(r'^@probe\("([a-z-]+)"', EXAMPLE, re.MULTILINE)


@pytest.fixture
def dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Put the example of CONTRIBUTING.md beside the checks, and return its id."""
    folder = tmp_path / "checks"
    folder.mkdir()
    (folder / f"{EXAMPLE_ID}.py").write_text(EXAMPLE, "utf-8")
    monkeypatch.setattr(checks, "__path__", [*checks.__path__, str(folder)])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield EXAMPLE_ID
    sys.modules.pop(f"steelyard.checks.{EXAMPLE_ID}", None)
    vars(checks).pop(EXAMPLE_ID, None)


def test_a_module_among_the_checks_is_a_check(dropped: str, capsys) -> None:
    assert dropped in [probe.id for probe in known_probes()]
    assert run(["list", "probes"]) == 0
    assert dropped in capsys.readouterr().out
    assert run(["explain", dropped]) == 0
    assert "What it cannot see" in capsys.readouterr().out


def test_it_looks_at_every_model_from_then_on(dropped: str, tmp_path: Path, capsys) -> None:
    model = tmp_path / "model"
    model.mkdir()
    (model / "notes.txt").write_text("This is not the file you are looking for.", "utf-8")
    run(["check", str(model), "--json", "--store", "none"])
    out = capsys.readouterr().out
    assert f'"probe": "{dropped}"' in out
    assert f'"rule": "{dropped}.' in out


def test_a_package_of_its_own_brings_one_by_an_entry_point(tmp_path: Path) -> None:
    info = tmp_path / "steelyard_extra-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: steelyard-extra\nVersion: 1\n")
    (info / "entry_points.txt").write_text(f"[steelyard]\n{EXAMPLE_ID} = steelyard_extra:look\n")
    (tmp_path / "steelyard_extra.py").write_text(EXAMPLE, "utf-8")
    snippet = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r});"
        "from steelyard.cli.main import run; sys.exit(run(['list', 'probes']))"
    )
    done = subprocess.run([sys.executable, "-c", snippet], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert EXAMPLE_ID in done.stdout.split()
