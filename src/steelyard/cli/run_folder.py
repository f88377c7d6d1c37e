# SPDX-License-Identifier: Apache-2.0
"""The folder of a run: what machines read, what people read, and what other tools read."""

from pathlib import Path

import msgspec

from steelyard.cli import output
from steelyard.evals.record import Run, SampleRecord
from steelyard.flow.runs import save, tasks_in
from steelyard.report.evaluation import lm_eval
from steelyard.report.evaluation.html import run_page


def write_run(folder: Path, run: Run, samples: tuple[SampleRecord, ...]) -> None:
    """Write the run, its page, and the files that lm-evaluation-harness would have written.

    What a run before it left in the folder, and this one does not have, goes.

    Raises:
        UsageError: It cannot be written.
    """
    before = tasks_in(folder)
    save(folder, run, samples)
    for gone in before - {task.id for task in run.tasks}:
        (folder / _samples_of(gone)).unlink(missing_ok=True)
    output.write(folder / "report.html", run_page(run, samples))
    results = msgspec.json.format(msgspec.json.encode(lm_eval.results(run, samples)), indent=2)
    output.write(folder / "results.json", results.decode())
    for task in run.tasks:
        if not task.members:
            mine = (sample for sample in samples if sample.task == task.id)
            lines = b"\n".join(msgspec.json.encode(line) for line in lm_eval.samples(mine))
            output.write(folder / _samples_of(task.id), lines.decode() + "\n")


def _samples_of(task: str) -> str:
    return f"samples_{task.replace('/', '_')}.jsonl"
