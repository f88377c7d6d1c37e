# SPDX-License-Identifier: Apache-2.0
"""Folders of tasks and data, made for a test."""

import json
from pathlib import Path
from typing import Any

from steelyard.evals.tasks.definition import define
from steelyard.evals.tasks.opening import Surroundings, open_task, refuse
from steelyard.evals.tasks.sample import Sample
from steelyard.evals.tasks.settings import Settings
from steelyard.evals.tasks.task import Task
from steelyard.evals.tasks.variation import PLAIN, Variation


class Folder:
    """A folder with one data set and task files over it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def data(self, rows: list[dict[str, Any]], name: str = "test.jsonl") -> Path:
        return self.write(name, "".join(json.dumps(row) + "\n" for row in rows))

    def write(self, name: str, text: str) -> Path:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def open(
        self,
        said: dict[str, Any],
        *,
        settings: Settings | None = None,
        variation: Variation = PLAIN,
        **around: Any,
    ) -> Task:
        whole = {
            "task": "made",
            "dataset_path": "json",
            "dataset_kwargs": {"data_files": {"test": "test.jsonl"}},
            "test_split": "test",
            **said,
        }
        path = self.write("made.yaml", json.dumps(whole))
        given = {"data": self.path, "call": refuse, "settings": settings or Settings(), **around}
        return open_task(define(path), Surroundings(**given), variation)


def asked(task: Task) -> list[Sample]:
    """Return the questions of a task, none of which may be skipped."""
    samples = list(task.samples())
    assert all(isinstance(sample, Sample) for sample in samples), samples
    return [sample for sample in samples if isinstance(sample, Sample)]
