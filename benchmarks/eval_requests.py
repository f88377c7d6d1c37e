# SPDX-License-Identifier: Apache-2.0
"""The same questions as lm-eval, text for text, and the same values for the same answers.

    python -m benchmarks.eval_requests --lm-eval VENV/bin/python --data FOLDER [--limit N] [TASK ...]

Both tools read the task files in FOLDER/tasks over the data in FOLDER. lm-eval 0.4.13 runs in its
own environment; it needs no torch. Answers are made up out of each request, so that any
difference in a request, a filter or a metric shows.
"""

import argparse
import json
import math
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.lm_eval_side import chat, likelihood, words
from benchmarks.measure import header, save
from steelyard.evals.requests import Answer, Completion, Continuation, Likelihood, Request, Written
from steelyard.evals.tasks.definition import Definition, define
from steelyard.evals.tasks.host import functions
from steelyard.evals.tasks.opening import Surroundings, open_task
from steelyard.evals.tasks.sample import Sample
from steelyard.evals.tasks.sampling import sampling_of
from steelyard.evals.tasks.settings import Settings
from steelyard.evals.tasks.task import Task

SIDE = Path(__file__).with_name("lm_eval_side.py")


def theirs(python: Path, asked: dict[str, Any]) -> dict[str, Any]:
    """Return what lm-eval asks and finds."""
    done = subprocess.run(
        [str(python), str(SIDE)], input=json.dumps(asked), capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(done.stderr[-4000:])
    return json.loads(done.stdout)


def answered(request: Request) -> Answer:
    """Return the made-up answer to a request."""
    if isinstance(request, Completion):
        return Written(text=words(request.context), tokens=1)
    context = request.context if isinstance(request, Continuation) else ""
    logprob, greedy = likelihood(context, request.text)
    return Likelihood(logprob=logprob, greedy=greedy, tokens=1)


def ours(task: Task) -> tuple[list[list[Any]], dict[str, float]]:
    """Return what a task asks, and its metrics for made-up answers."""
    asked: list[list[Any]] = []
    values: dict[str, list[Any]] = {}
    for sample in task.samples():
        if not isinstance(sample, Sample):
            raise SystemExit(sample.reason)
        asked += ([sample.index, *parts(request)] for request in sample.requests)
        for name, value in task.judge(sample, [answered(each) for each in sample.requests]).items():
            values.setdefault(name, []).append(value)
    return asked, {name: task.aggregate(name, each) for name, each in values.items()}


def parts(request: Request) -> Iterator[Any]:
    """Yield what of a request lm-eval names too."""
    if isinstance(request, Completion):
        yield request.context
        yield msgspec.structs.replace(request.sampling, seed=0)  # lm-eval repeats without one
    elif isinstance(request, Continuation):
        yield request.context
        yield request.text
    else:
        yield request.text


def differences(task: Task, told: dict[str, Any], config: dict[str, Any]) -> Iterator[str]:
    """Yield how our requests and metrics differ from lm-eval's."""
    asked, metrics = ours(task)
    wanted = [
        [index, context, sampling_of(rest[0], config["fewshot_delimiter"])]
        if rest and isinstance(rest[0], dict)
        else [index, context, *rest]
        for index, context, *rest in told["requests"][task.id]
    ]
    if len(asked) != len(wanted):
        yield f"{len(asked)} requests, lm-eval has {len(wanted)}"
    keys = lambda each: json.dumps(each[:3], default=repr)  # noqa: E731 order is the backend's
    for mine, their in zip(sorted(asked, key=keys), sorted(wanted, key=keys), strict=False):
        if mine != their:
            yield f"request {mine!r}\n  lm-eval {their!r}"
            break
    values = told["metrics"][task.id]
    for name in metrics.keys() | values.keys():
        mine, their = metrics.get(name), values.get(name)
        if mine is None or their is None or not math.isclose(mine, their, abs_tol=1e-9):
            yield f"{name} {mine}, lm-eval {their}"


def definitions(data: Path, names: list[str]) -> list[Definition]:
    """Return the tasks of a folder, or those of them that are named."""
    files = sorted((data / "tasks").rglob("*.yaml"))
    found = [define(path) for path in files if not path.name.startswith("_")]
    return [each for each in found if not names or each.config.task in names]


def main(arguments: list[str]) -> int:
    """Compare, and print a line for each task."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lm-eval", type=Path, required=True, help="python of its environment")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--limit", type=int, default=10)
    parser.add_argument("--num-fewshot", type=int)
    parser.add_argument("--chat", action="store_true", help="through a chat template")
    parser.add_argument("--multiturn", action="store_true")
    parser.add_argument("--system", default="")
    parser.add_argument("tasks", nargs="*")
    args = parser.parse_args(arguments)
    chosen = definitions(args.data, args.tasks)
    told = theirs(
        args.lm_eval,
        {
            "data": str(args.data.resolve()),
            "include": str((args.data / "tasks").resolve()),
            "defaults": False,
            "tasks": [each.config.task for each in chosen],
            "settings": {
                "limit": args.limit,
                "num_fewshot": args.num_fewshot,
                "apply_chat_template": args.chat,
                "fewshot_as_multiturn": args.multiturn,
                "system_instruction": args.system or None,
            },
        },
    )
    settings = Settings(
        num_fewshot=args.num_fewshot,
        system=args.system,
        multiturn=args.multiturn,
        limit=args.limit,
    )
    differing = requests = 0
    with functions() as call:
        around = Surroundings(
            data=args.data.resolve(), call=call, chat=chat if args.chat else None, settings=settings
        )
        for each in chosen:
            task = open_task(each, around)
            config = {"fewshot_delimiter": each.config.fewshot_delimiter}
            found = list(differences(task, told[task.id], config))
            requests += len(told[task.id]["requests"][task.id])
            differing += bool(found)
            print(f"{task.id:48} {'the same' if not found else found[0]}")
    keep("eval-requests", len(chosen), requests, differing)
    return int(differing > 0)


def keep(name: str, tasks: int, requests: int, differing: int) -> None:
    """Print what came of a comparison, and write benchmarks/results/NAME.json."""
    print(f"{tasks} tasks, {requests} requests, {differing} tasks differ")
    row = {"tasks": tasks, "requests": requests, "differing": differing}
    save(name, {**header(f"python -m benchmarks.{name.replace('-', '_')}"), "rows": [row]})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
