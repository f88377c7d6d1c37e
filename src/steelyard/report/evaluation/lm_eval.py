# SPDX-License-Identifier: Apache-2.0
"""A run as lm-evaluation-harness 0.4.13 writes it, for tools that read its files.

Source:
    lm_eval/result_schema.py, lm_eval/evaluator.py and lm_eval/loggers/evaluation_tracker.py.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from steelyard.evals.record import Metric, Run, SampleRecord, TaskRecord
from steelyard.evals.requests import Answer, Completion, Continuation, Request, Written

_NO_FILTER = "none"


def results(run: Run, records: Iterable[SampleRecord] = ()) -> dict[str, Any]:
    """Return the document that `lm_eval --output_path` writes as `results_*.json`.

    Args:
        run: The run.
        records: Its samples, which tell the kinds of output and what was asked.
    """
    by_task: dict[str, list[SampleRecord]] = {}
    for record in records:
        by_task.setdefault(record.task, []).append(record)
    tasks = [task for task in run.tasks if not task.members]
    groups = [task for task in run.tasks if task.members]
    found: dict[str, Any] = {
        "results": {task.id: _scores(task) for task in run.tasks},
        "configs": {task.id: _config(task, by_task.get(task.id, ())) for task in tasks},
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
            **{key: _number(value) for key, value in run.settings.items()},
        },
        "model_source": run.card.engine,
        "model_name": run.name,
        "max_length": run.card.context,
        "date": datetime.fromisoformat(run.at).timestamp(),
        "task_hashes": {name: _asked(found) for name, found in by_task.items()},
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
    target = record.target if record.gold is None else str(record.gold)
    document = json.dumps(record.row, indent=2, ensure_ascii=False)
    return {
        "doc_id": record.index,
        "doc": record.row,
        "target": target,
        "arguments": {
            f"gen_args_{number}": {f"arg_{place}": value for place, value in enumerate(found)}
            for number, found in enumerate(arguments)
        },
        "resps": [[answer] for answer in answers],
        "filtered_resps": [record.filtered[chosen]] if chosen in record.filtered else answers,
        "filter": chosen,
        "metrics": list(scores),
        "doc_hash": _hash(document),
        "prompt_hash": _hash(str(arguments[0][0]) if arguments else ""),
        "target_hash": _hash(target),
        **scores,
    }


def _scores(task: TaskRecord) -> dict[str, Any]:
    found: dict[str, Any] = {"name": task.id, "alias": task.id}
    if not task.members:
        found["sample_len"] = task.n
    for metric in task.metrics:
        name, chosen = _split(metric)
        found[f"{name},{chosen}"] = metric.value
        found[f"{name}_stderr,{chosen}"] = "N/A" if metric.error is None else metric.error
    return found


def _split(metric: Metric) -> tuple[str, str]:
    name, _, chosen = metric.name.partition(",")
    return name, chosen or _NO_FILTER


def _asked(records: Iterable[SampleRecord]) -> str:
    """Return the hash of what a task asked: equal to lm-eval's where it asked the same."""
    by_filter: dict[str, list[str]] = {}
    for line in samples(records):
        hashes = (line["doc_hash"], line["prompt_hash"], line["target_hash"])
        by_filter.setdefault(line["filter"], []).append("".join(hashes))
    return _hash("".join(one for found in by_filter.values() for one in found))


def _config(task: TaskRecord, records: Sequence[SampleRecord]) -> dict[str, Any]:
    """Return what of a task's file other tools look for."""
    found: dict[str, Any] = {
        "task": task.id,
        "num_fewshot": task.examples,
        "metric_list": [
            {"metric": name, "higher_is_better": better}
            for name, better in {
                _split(metric)[0]: metric.higher_is_better for metric in task.metrics
            }.items()
        ],
        "metadata": {"version": _version(task.version)},
    }
    if records and records[0].requests:
        found["output_type"] = _output(records[0].requests)
    return found


def _output(requests: Sequence[Request]) -> str:
    if isinstance(requests[0], Completion):
        return "generate_until"
    if isinstance(requests[0], Continuation):
        return "multiple_choice" if len(requests) > 1 else "loglikelihood"
    return "loglikelihood_rolling"


def _number(text: str) -> float | str | None:
    if text in {"all", "task"}:  # what lm-eval writes as nothing
        return None
    return int(text) if text.lstrip("-").isdigit() else _version(text)


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
