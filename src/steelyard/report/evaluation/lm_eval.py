# SPDX-License-Identifier: Apache-2.0
"""A run as lm-evaluation-harness 0.4.13 writes it, for tools that read its files.

Source:
    lm_eval/result_schema.py, lm_eval/evaluator.py and lm_eval/loggers/evaluation_tracker.py.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from steelyard.evals.record import Metric, Run, SampleRecord, TaskRecord
from steelyard.evals.requests import Answer, Completion, Continuation, Request, Written

_NO_FILTER = "none"


def results(run: Run) -> dict[str, Any]:
    """Return the document that `lm_eval --output_path` writes as `results_*.json`."""
    tasks = [task for task in run.tasks if not task.members]
    groups = [task for task in run.tasks if task.members]
    found: dict[str, Any] = {
        "results": {task.id: _scores(task) for task in run.tasks},
        "group_subtasks": {task.id: list(task.members) for task in groups},
        "versions": {task.id: _version(task.version) for task in run.tasks},
        "n-shot": {task.id: task.examples for task in tasks},
        "higher_is_better": {
            task.id: {_split(metric)[0]: metric.higher_is_better for metric in task.metrics}
            for task in run.tasks
        },
        "n-samples": {task.id: {"original": task.rows, "effective": task.n} for task in tasks},
        "config": {
            "model": run.card.engine,
            "model_args": {"pretrained": run.name, **run.card.numerics},
            **run.settings,
        },
        "model_source": run.card.engine,
        "model_name": run.name,
        "date": run.at,
        "task_hashes": {task.id: task.samples.removeprefix("sha256:") for task in tasks},
        "total_evaluation_time_seconds": str(run.spent.cost.wall_s),
    }
    if run.stopping is not None:
        found["config"]["stopped_early"] = {
            task.id: {"asked": task.n, "of": task.whole.n} for task in tasks if task.whole
        }
    if groups:
        found["groups"] = {task.id: _scores(task) for task in groups}
    return found


def samples(records: Iterable[SampleRecord]) -> Iterator[dict[str, Any]]:
    """Yield the lines of `samples_*.jsonl`: one for each sample and filter."""
    for record in records:
        by_filter: dict[str, dict[str, float]] = {}
        for name, value in record.scores.items():
            metric, _, chosen = name.partition(",")
            by_filter.setdefault(chosen or _NO_FILTER, {})[metric] = value
        for chosen, scores in by_filter.items():
            yield _line(record, chosen, scores)


def _line(record: SampleRecord, chosen: str, scores: Mapping[str, float]) -> dict[str, Any]:
    answers = [_answer(answer) for answer in record.answers]
    arguments = [_arguments(request) for request in record.requests]
    document = json.dumps(record.row, indent=2, ensure_ascii=False)
    return {
        "doc_id": record.index,
        "doc": record.row,
        "target": record.target,
        "arguments": {
            f"gen_args_{number}": {f"arg_{place}": value for place, value in enumerate(found)}
            for number, found in enumerate(arguments)
        },
        "resps": [[answer] for answer in answers],
        "filtered_resps": answers,
        "filter": chosen,
        "metrics": list(scores),
        "doc_hash": _hash(document),
        "prompt_hash": _hash(str(arguments[0][0]) if arguments else ""),
        "target_hash": _hash(record.target),
        **scores,
    }


def _scores(task: TaskRecord) -> dict[str, Any]:
    found: dict[str, Any] = {"alias": task.id}
    for metric in task.metrics:
        name, chosen = _split(metric)
        found[f"{name},{chosen}"] = metric.value
        found[f"{name}_stderr,{chosen}"] = "N/A" if metric.error is None else metric.error
    return found


def _split(metric: Metric) -> tuple[str, str]:
    name, _, chosen = metric.name.partition(",")
    return name, chosen or _NO_FILTER


def _version(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def _arguments(request: Request) -> list[object]:
    if isinstance(request, Continuation):
        return [request.context, request.text]
    if isinstance(request, Completion):
        sampling = request.sampling
        asked = {
            "until": list(sampling.stop),
            "max_gen_toks": sampling.most_tokens,
            "do_sample": sampling.temperature > 0,
            "temperature": sampling.temperature,
        }
        return [request.context, asked]
    return [request.text]


def _answer(answer: Answer) -> object:
    if isinstance(answer, Written):
        return answer.text
    return [str(answer.logprob), str(answer.greedy)]


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
