# SPDX-License-Identifier: Apache-2.0
"""What is installed is what the lock files say, and they say all of it."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def locked(path: Path) -> dict[str, str]:
    """Return the packages a lock file names, each with the lines about it."""
    entries = re.split(r"^(?=[a-z0-9])", path.read_text("utf-8"), flags=re.MULTILINE)
    return {entry.partition("==")[0]: entry for entry in entries if "==" in entry}


def name(requirement: str) -> str:
    return re.split(r"[^A-Za-z0-9._-]", requirement)[0].lower().replace("_", "-").replace(".", "-")


NOT_LOCKED = {"steelyard", "torch"}  # itself; and torch, whose build is for the machine to name


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.name)
def test_every_package_is_pinned_with_its_hashes(path: Path) -> None:
    packages = locked(path)
    assert packages
    assert [package for package, text in packages.items() if "--hash=sha256:" not in text] == []


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.name)
def test_no_lock_file_says_where_packages_come_from(path: Path) -> None:
    assert not re.search(r"--(index-url|extra-index-url|find-links)|://", path.read_text("utf-8"))


def test_everything_the_package_needs_is_locked() -> None:
    needed = {name(requirement) for requirement in PROJECT["dependencies"]}
    assert needed <= set(locked(ROOT / "requirements" / "base.txt"))
    extras = {name(item) for items in PROJECT["optional-dependencies"].values() for item in items}
    assert needed | extras - NOT_LOCKED <= set().union(*map(locked, LOCKS))


def test_the_lock_files_agree_with_each_other() -> None:
    pins: dict[str, set[str]] = {}
    for path in LOCKS:
        for package, text in locked(path).items():
            pins.setdefault(package, set()).add(re.match(r"\S+==(\S+)", text)[1])
    assert {package: found for package, found in pins.items() if len(found) > 1} == {}


def test_torch_is_never_pulled_in() -> None:
    assert not any("torch" in locked(path) for path in LOCKS)
