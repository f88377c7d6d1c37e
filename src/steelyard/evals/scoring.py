# SPDX-License-Identifier: Apache-2.0
"""From answers to scores: each sample judged, each metric with its interval."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from steelyard.core.digest import Digest
from steelyard.evals.derived import calibration, fertility
from steelyard.evals.metrics.aggregate import Value
from steelyard.evals.record import Metric, SampleRecord, TaskRecord, merkle_root
from steelyard.evals.requests import Answer
from steelyard.evals.statistics.bootstrap import bootstrap
from steelyard.evals.statistics.intervals import estimate
from steelyard.evals.tasks.sample import Sample, Skipped
from steelyard.evals.tasks.task import Task

_EXACT = 7  # decimal places
_UNFILTERED = ",none"


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A task with the samples that are asked.

    Attributes:
        task: The task.
        samples: What is asked, in order.
        skipped: What could not be asked.
    """

    task: Task
    samples: tuple[Sample, ...]
    skipped: tuple[Skipped, ...]


def asked(task: Task) -> Asked:
    """Return a task with its samples made.

    Raises:
        MalformedError: Its prompts cannot be made.
    """
    made = list(task.samples())
    return Asked(
        task=task,
        samples=tuple(one for one in made if isinstance(one, Sample)),
        skipped=tuple(one for one in made if isinstance(one, Skipped)),
    )


class Scored(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a task.

    Attributes:
        record: Its scores.
        samples: Each sample with its answers and scores.
        values: What each metric was aggregated from: by metric, pairs of sample place and value.
    """

    record: TaskRecord
    samples: tuple[SampleRecord, ...]
    values: Mapping[str, tuple[tuple[int, Value], ...]]


def score(
    found: Asked, answers: Sequence[Sequence[Answer]], tokens: Sequence[Sequence[Digest]]
) -> Scored:
    """Return what came of a task.

    Args:
        found: The task and its samples.
        answers: The answers to each sample.
        tokens: For each sample, digests of the token ids that were asked about.

    Raises:
        MalformedError: The answers cannot be judged.
    """
    task = found.task
    values: dict[str, list[tuple[int, Value]]] = {}
    records = []
    for place, (sample, given) in enumerate(zip(found.samples, answers, strict=True)):
        filtered = task.filtered(sample, given)
        judged = _plain(task.judge(sample, given, filtered))
        for name, value in judged.items():
            values.setdefault(name, []).append((place, value))
        records.append(_record(sample, given, judged, filtered))
    clusters = [sample.cluster for sample in found.samples]
    metrics = [_metric(task, name, pairs, clusters) for name, pairs in values.items()]
    metrics.append(calibration(found.samples, answers, _accuracies(found, values)))
    metrics.append(fertility(found.samples, answers))
    return Scored(
        record=TaskRecord(
            id=task.id,
            version=task.version,
            task=task.definition.digest,
            data=task.data.digest(),
            samples=merkle_root(sample.digest.encode() for sample in found.samples),
            tokens=merkle_root("".join(keys).encode() for keys in tokens),
            metrics=tuple(metric for metric in metrics if metric is not None),
            n=len(records),
            rows=task.rows,
            examples=task.shots,
            skipped=Counter(one.reason.partition(": ")[2] for one in found.skipped),
            strays=sum(map(_strays, found.samples)),
            cut=sum(answer.cut > 0 for given in answers for answer in given),
        ),
        samples=tuple(records),
        values={name: tuple(pairs) for name, pairs in values.items()},
    )


def _accuracies(
    found: Asked, values: Mapping[str, Sequence[tuple[int, Value]]]
) -> list[Value | None] | None:
    """Return the accuracy of each sample where the task judges for itself, else None."""
    if found.task.definition.config.process_results is None:
        return None
    known = dict(values.get("acc", ()))
    return [known.get(place) for place in range(len(found.samples))]


def _record(
    sample: Sample,
    answers: Sequence[Answer],
    judged: Mapping[str, Value],
    filtered: Mapping[str, Any],
) -> SampleRecord:
    return SampleRecord(
        task=sample.task,
        index=sample.index,
        sample=sample.digest,
        origin=sample.origin,
        cluster="" if sample.cluster == sample.digest else sample.cluster,
        slices=sample.slices,
        row=sample.row,
        target=_target(sample),
        gold=sample.target,
        requests=sample.requests,
        answers=tuple(answers),
        filtered=filtered,
        scores=_numbers(judged),
    )


def sample_scores(task: Task, sample: Sample, answers: Sequence[Answer]) -> Mapping[str, float]:
    """Return the scores of one sample, as its record will have them.

    Raises:
        MalformedError: The answers cannot be judged.
    """
    return _numbers(_plain(task.judge(sample, answers)))


def _plain(judged: Mapping[str, Value]) -> Mapping[str, Value]:
    return {name.removesuffix(_UNFILTERED): value for name, value in judged.items()}


def _numbers(judged: Mapping[str, Value]) -> dict[str, float]:
    return {
        name: float(value)
        for name, value in judged.items()
        if isinstance(value, int | float) and math.isfinite(value)
    }


def _strays(sample: Sample) -> bool:
    """Tell whether the right answer is none of the options."""
    rights = sample.target if isinstance(sample.target, list) else [sample.target]
    places = range(len(sample.choices))
    return bool(sample.choices) and not any(
        right in (places if isinstance(right, int) else sample.choices) for right in rights
    )


def _target(sample: Sample) -> str:
    """Return the right answer as a person would read it."""
    rights = sample.target if isinstance(sample.target, list) else [sample.target]
    words = [
        sample.choices[right]
        if isinstance(right, int) and 0 <= right < len(sample.choices)
        else str(right)
        for right in rights
    ]
    return " | ".join(words)


def _metric(
    task: Task, name: str, pairs: Sequence[tuple[int, Value]], clusters: Sequence[str]
) -> Metric | None:
    """Return a metric over its samples; None where it is no number."""
    full = name if "," in name else f"{name}{_UNFILTERED}"
    values = [value for _, value in pairs]
    groups = [clusters[place] for place, _ in pairs]
    value = task.aggregate(full, values)
    if not math.isfinite(value):
        return None
    low, high, error = _interval(task, full, value, values, groups)
    return Metric(
        name=name,
        value=round(value, _EXACT),
        low=min(round(low, _EXACT), round(value, _EXACT)),
        high=max(round(high, _EXACT), round(value, _EXACT)),
        n=len(values),
        error=None if error is None else round(error, _EXACT),
        higher_is_better=task.higher_is_better(full),
    )


def _interval(
    task: Task, name: str, value: float, values: Sequence[Value], groups: Sequence[str]
) -> tuple[float, float, float | None]:
    numbers = [one for one in values if isinstance(one, int | float)]
    if len(numbers) == len(values) and math.isclose(
        value, math.fsum(numbers) / len(numbers), rel_tol=1e-9, abs_tol=1e-12
    ):
        made = estimate(numbers, groups)
        return made.low, made.high, made.error
    found = bootstrap(values, lambda some: task.aggregate(name, some), groups)
    return found if found is not None else (value, value, None)
