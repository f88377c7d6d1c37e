# SPDX-License-Identifier: Apache-2.0
"""What the README and the docs show is what happens."""

import doctest
import importlib
import importlib.util
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from steelyard.flow import policies, settings
from tests.docs.examples import Example, agrees, examples, rewrite, run

ROOT = Path(__file__).parent.parent.parent
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "SECURITY.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]
SOURCE = ROOT / "src"
DOCTESTS = [path for path in sorted(SOURCE.rglob("*.py")) if ">>>" in path.read_text("utf-8")]
UPDATE = bool(os.environ.get("STEELYARD_UPDATE_DOCS"))
_MAKE = '#!/bin/sh\n# In the examples, all is set up already.\n[ "$1" = demo ] && exec python scripts/demo.py\n'


def found(language: str) -> list[Example]:
    return [example for page in PAGES if page.exists() for example in examples(page, language)]


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return a folder in which the examples run: the scripts, and both models of the demonstration."""
    folder = tmp_path_factory.mktemp("place")
    shutil.copytree(ROOT / "scripts", folder / "scripts")
    spec = importlib.util.spec_from_file_location("demo", folder / "scripts" / "demo.py")
    (folder / "bin").mkdir()
    (folder / "bin" / "make").write_text(_MAKE, "utf-8")
    (folder / "bin" / "make").chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder / "scripts"))
        demo = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(demo)
    demo.poison(folder / "demo" / "poisoned")
    yield folder
    shutil.rmtree(folder)  # 100 MB that pytest would keep


def put_real_model(place: Path, real_model: Path) -> None:
    """Copy it: a second link to the file would be a change of it, which a check elsewhere notices."""
    target = place / "demo" / "model" / real_model.name
    if not target.exists():
        target.parent.mkdir(parents=True)
        shutil.copyfile(real_model, target)


CONSOLES = [page for page in PAGES if page.exists() and examples(page, "console")]


@pytest.mark.parametrize("page", CONSOLES, ids=lambda page: page.stem)
def test_commands_print_what_the_page_shows(
    page: Path, place: Path, request: pytest.FixtureRequest
) -> None:
    """Run a page from top to bottom, as its reader does: later commands use what earlier ones made."""
    wrong = []
    for example in examples(page, "console"):
        if "demo" in example.text:
            put_real_model(place, request.getfixturevalue("real_model"))
        outputs = {command: run(command, place) for command, _ in example.steps()}
        off = [command for command, said in example.steps() if not agrees(outputs[command], said)]
        if off and UPDATE:
            rewrite(example, outputs)
        else:
            wrong += [f"{example}: $ {command}\n{outputs[command]}" for command in off]
    if wrong:
        pytest.fail("make docs rewrites it:\n" + "\n".join(wrong), pytrace=False)


@pytest.mark.parametrize("example", found("python"), ids=str)
def test_a_python_block_runs(example: Example) -> None:
    exec(compile(example.text, str(example), "exec"), {"__name__": "example"})


POLICIES = [example for example in found("toml") if "[[rules]]" in example.text]


@pytest.mark.parametrize("example", POLICIES, ids=str)
def test_a_policy_that_is_shown_is_one(example: Example) -> None:
    assert policies.read(example.text.encode(), str(example)).rules


ENTRIES = ("[[suppress]]", "[[override]]")
SETTINGS = [one for one in found("toml") if any(entry in one.text for entry in ENTRIES)]


@pytest.mark.parametrize("example", SETTINGS, ids=str)
def test_settings_that_are_shown_are_settings(example: Example) -> None:
    read = settings.read(example.text.encode(), str(example))
    assert read.suppress or read.override


@pytest.mark.parametrize("path", DOCTESTS, ids=lambda path: path.stem)
def test_the_examples_in_docstrings_hold(path: Path) -> None:
    name = ".".join(path.relative_to(SOURCE).with_suffix("").parts)
    assert doctest.testmod(importlib.import_module(name)).failed == 0
