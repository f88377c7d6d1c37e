# SPDX-License-Identifier: Apache-2.0
"""Builders of recorded runs."""

from collections.abc import Mapping, Sequence

from steelyard.core.digest import digest_bytes
from steelyard.core.engine import Card
from steelyard.evals.energy import Cost
from steelyard.evals.record import Metric, Run, SampleRecord, Spent, TaskRecord, merkle_root
from steelyard.evals.requests import Continuation, Likelihood

SPENT = Spent(
    computed=120,
    minimum=118,
    naive=700,
    written=0,
    known=0,
    cost=Cost(cpu_s=2.5, wall_s=2.6, joules=8.7, low=2.5, high=30.0, method="cpu-time"),
)


def card(**changes: object) -> Card:
    fields = {
        "engine": "echo",
        "version": "1",
        "model": "model",
        "weights": digest_bytes(b"weights"),
        "tokenizer": digest_bytes(b"tokenizer"),
        "numerics": {"dtype": "float32"},
        "context": 128,
        "vocabulary": 256,
    }
    return Card(**{**fields, **changes})


def samples(
    scores: Sequence[float], task: str = "quiz", clusters: Sequence[str] | None = None
) -> list[SampleRecord]:
    return [
        SampleRecord(
            task=task,
            index=index,
            sample=digest_bytes(f"{task} {index}".encode()),
            cluster=clusters[index] if clusters else "",
            target="yes",
            requests=tuple(
                Continuation(context=f"Question {index}?", text=text) for text in (" yes", " no")
            ),
            answers=tuple(
                Likelihood(logprob=value, greedy=False, tokens=1)
                for value in ((-0.5, -1.5) if score else (-1.5, -0.5))
            ),
            scores={"acc": score},
        )
        for index, score in enumerate(scores)
    ]


def run(
    scores: Mapping[str, Sequence[float]],
    name: str = "model",
    clusters: Sequence[str] | None = None,
    **changes: object,
) -> tuple[Run, list[SampleRecord]]:
    """Return a run in which each task has these scores, one a sample."""
    tasks = tuple(
        TaskRecord(
            id=task,
            version="1",
            task=digest_bytes(task.encode()),
            data=digest_bytes(b"data"),
            samples=merkle_root(one.sample.encode() for one in samples(found, task)),
            tokens=digest_bytes(b"tokens"),
            metrics=(
                Metric(
                    name="acc",
                    value=sum(found) / len(found),
                    low=max(0.0, sum(found) / len(found) - 0.1),
                    high=min(1.0, sum(found) / len(found) + 0.1),
                    n=len(found),
                ),
            ),
            n=len(found),
        )
        for task, found in scores.items()
    )
    fields = {
        "subject": digest_bytes(name.encode()),
        "name": name,
        "card": card(),
        "settings": {"limit": "all"},
        "tasks": tasks,
        "spent": SPENT,
        "at": "2026-11-29T12:00:00Z",
    }
    made = [sample for task, found in scores.items() for sample in samples(found, task, clusters)]
    return Run(**{**fields, **changes}), made
