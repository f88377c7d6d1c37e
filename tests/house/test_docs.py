# SPDX-License-Identifier: Apache-2.0
"""The docs name what there is, and what they name is there."""

import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text("utf-8")
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
SEAMS = re.findall(r"^\| `(\w+)` \| `([\w.]+)` \|", ARCHITECTURE, re.MULTILINE)
LINK = re.compile(r"\[[^\]]*\]\((?!https?:|mailto:|#)([^)#\s]+)")
TARGET = re.compile(r"^([a-z][a-z-]*):", re.MULTILINE)


@pytest.mark.parametrize(
    "folder",
    sorted(path.parent.name for path in (ROOT / "src" / "steelyard").glob("*/__init__.py")),
)
def test_every_folder_of_the_package_is_in_the_architecture(folder: str) -> None:
    assert re.search(rf"^\| `{folder}` \|", ARCHITECTURE, re.MULTILINE)


@pytest.mark.parametrize(("name", "module"), SEAMS)
def test_every_seam_of_the_architecture_is_where_it_says(name: str, module: str) -> None:
    assert hasattr(importlib.import_module(f"steelyard.{module}"), name)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files_that_are_there(page: Path) -> None:
    links = LINK.findall(page.read_text("utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_make_targets_that_are_named_exist(page: Path) -> None:
    known = set(TARGET.findall((ROOT / "Makefile").read_text("utf-8")))
    text = page.read_text("utf-8")
    named = re.findall(r"`(?:\$ )?make ([a-z-]+)", text) + re.findall(r"^\$ make (.+)$", text, re.M)
    assert {word for words in named for word in words.split()} <= known


def test_decisions_are_numbered_without_a_gap() -> None:
    numbers = sorted(int(path.name[:4]) for path in (ROOT / "docs" / "decisions").glob("*.md"))
    assert numbers == list(range(1, len(numbers) + 1))
