# SPDX-License-Identifier: Apache-2.0
"""The command line answers at once because it imports only what it uses."""

import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = (
    "asyncio",
    "concurrent.futures",
    "dataclasses",
    "huggingface_hub",
    "importlib.metadata",
    "jinja2",
    "license_expression",
    "multiprocessing",
    "rich",
    "sqlite3",
    "yaml",
)
SNIPPET = """
import sys
from steelyard.cli.main import run
code = run(sys.argv[2:])
print(*sorted(set(sys.argv[1].split(",")) & set(sys.modules)), file=sys.stderr)
sys.exit(code)
"""


def imported(*arguments: str, among: tuple[str, ...] = HEAVY) -> list[str]:
    command = [sys.executable, "-c", SNIPPET, ",".join(among), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1, 3), done.stderr
    return done.stderr.splitlines()[-1].split()


@pytest.mark.parametrize("arguments", [("--help",), ("check", "--help"), ("--version",)])
def test_help_imports_nothing_heavy(arguments: tuple[str, ...]) -> None:
    allowed = {"importlib.metadata"} if arguments == ("--version",) else set()
    assert set(imported(*arguments)) <= allowed


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_checking_plain_weights_imports_nothing_it_has_no_use_for(
    tmp_path: Path, form: list[str]
) -> None:
    header = b'{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}'
    file = tmp_path / "model.safetensors"
    file.write_bytes(len(header).to_bytes(8, "little") + header + bytes(8))
    unwanted = ("huggingface_hub", "jinja2", "rich", "sqlite3", "yaml", "license_expression")
    others = ("steelyard.checks.pickle", "steelyard.formats.zip", "steelyard.checks.keras")
    command = ("check", str(file), *form, "--store", "none")
    assert imported(*command, among=(*unwanted, *others)) == []
