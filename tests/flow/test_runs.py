# SPDX-License-Identifier: Apache-2.0
"""Runs on disk."""

from pathlib import Path

import pytest

from steelyard.core.errors import UnreadableError, UsageError
from steelyard.flow.runs import RUN, SAMPLES, find, load, save
from tests.samples.runs import run


def test_a_run_comes_back_as_it_was(tmp_path: Path) -> None:
    made = run({"quiz": [1, 0.5]})
    save(tmp_path / "a", *made)
    assert load(tmp_path / "a") == made
    assert load(tmp_path / "a" / RUN) == made


def test_the_newest_run_of_a_model_is_found_by_its_name(tmp_path: Path) -> None:
    for number in (2, 1):
        save(tmp_path / str(number), *run({"quiz": [number]}, at=f"2026-11-0{number}T00:00:00Z"))
    save(tmp_path / "other", *run({"quiz": [0]}, name="other", at="2026-11-09T00:00:00Z"))
    assert find("model", tmp_path)[0].at == "2026-11-02T00:00:00Z"
    digest = find("other", tmp_path)[0].subject
    assert find(digest[:16], tmp_path)[0].name == "other"


def test_a_model_that_was_never_run_is_an_error_that_says_how(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="there is no run of 'model'") as refused:
        find("model", tmp_path)
    assert "steelyard eval model" in refused.value.hint


def test_a_run_cut_short_is_refused(tmp_path: Path) -> None:
    save(tmp_path / "a", *run({"quiz": [1, 0]}))
    path = tmp_path / "a" / SAMPLES
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(UnreadableError, match="no whole run"):
        load(tmp_path / "a")


def test_a_run_that_lost_samples_is_refused(tmp_path: Path) -> None:
    made, samples = run({"quiz": [1, 0, 1]})
    save(tmp_path / "a", made, samples[:2])
    with pytest.raises(UnreadableError, match="other samples of 'quiz'"):
        load(tmp_path / "a")


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot write the run"):
        save(tmp_path / "file" / "run", *run({"quiz": [1]}))
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]
