# SPDX-License-Identifier: Apache-2.0
"""Which models there are below a folder: each file belongs to one, and to one only."""

from pathlib import Path

import pytest

from steelyard.core.errors import UsageError
from steelyard.flow.registry import models
from tests.samples.hub import COMMIT, cache_snapshot

OTHER = "f" * 40


def put(root, *paths):
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text("x")


def names(root):
    found = list(models(root))
    assert all(Path(place.path).is_absolute() for place in found)
    return [place.name for place in found]


def test_every_snapshot_of_a_hub_cache_is_a_model(tmp_path):
    cache_snapshot(tmp_path)
    cache_snapshot(tmp_path, {"a.json": b"{}"}, commit=OTHER)
    cache_snapshot(tmp_path, {"a.json": b"{}"}, name="gpt2")
    put(tmp_path, "version.txt", "datasets--a--b/refs/main", "models--a--begun/blobs/x")
    expected = [
        "a/begun",
        "gpt2@" + COMMIT[:12],
        "org/name@" + COMMIT[:12],
        "org/name@" + OTHER[:12],
    ]
    assert names(tmp_path) == expected
    assert names(tmp_path / "models--org--name") == expected[2:]
    put(tmp_path.parent / "home", "token")
    (tmp_path.parent / "home" / "hub").symlink_to(tmp_path)
    assert names(tmp_path.parent / "home") == expected


def test_folders_with_files_are_models_and_folders_of_folders_are_shelves(tmp_path):
    put(tmp_path, "a/config.json", "a/deep/er/x.bin", "org/one/x", "org/two/x", "single.gguf")
    put(tmp_path, "other/README.md", "other/three/x", "org/.DS_Store", ".git/config")
    (tmp_path / "empty").mkdir()
    assert names(tmp_path) == ["a", "empty", "org/one", "org/two", "other", "single.gguf"]


def test_links_to_models_are_models_and_links_back_are_not(tmp_path):
    put(tmp_path, "elsewhere/x", "root/a/x")
    (tmp_path / "root" / "b").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "root" / "back").symlink_to(tmp_path)
    (tmp_path / "root" / "self").symlink_to(tmp_path / "root")
    assert names(tmp_path / "root") == ["a", "b"]


def test_shelves_do_not_go_on_for_ever(tmp_path):
    put(tmp_path, "/".join("s" * 12) + "/x")
    assert names(tmp_path) == ["/".join("s" * 8)]


def test_names_steer_nothing(tmp_path):
    put(tmp_path, "\x1b[2J/x")
    assert names(tmp_path) == ["\\x1b[2J"]


@pytest.mark.parametrize("path", ["nothing", "file"])
def test_what_is_no_folder_is_an_error_with_a_hint(tmp_path, path):
    put(tmp_path, "file")
    with pytest.raises(UsageError, match="is no folder") as caught:
        list(models(tmp_path / path))
    assert "--each" in caught.value.hint
