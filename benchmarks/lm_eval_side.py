# SPDX-License-Identifier: Apache-2.0
"""Runs inside lm-eval's own environment: what it asks, and what it makes of made-up answers.

    python lm_eval_side.py DATA ASKED < {"tasks": [...], "limit": 5, "include": "..."}

Prints one JSON document: for each task its requests and its metrics. Imports nothing of steelyard.
"""

import hashlib
import json
import os
import sys
from typing import Any

WORDS = (
    "answer: True",
    "answer: (B)",
    "so #### 18",
    "I get 42.",
    "(A)",
    "no",
    "yes",
    "answer: (A)",
)


def likelihood(context: str, text: str) -> tuple[float, bool]:
    """Return a made-up log-likelihood that depends on the request alone."""
    number = int.from_bytes(hashlib.sha256(f"{context}\0{text}".encode()).digest()[:4])
    return -(number % 100_003) / 1000 - 0.001, number % 2 == 0


def words(context: str) -> str:
    """Return a made-up answer that depends on the prompt alone."""
    number = int.from_bytes(hashlib.sha256(context.encode()).digest()[:4])
    return f"{WORDS[number % len(WORDS)]}\n{WORDS[number // 8 % len(WORDS)]}"


def chat(messages: list[dict[str, str]], add_generation_prompt: bool = True) -> str:
    """Return a conversation by a made-up template."""
    text = "".join(f"<{each['role']}>{each['content']}</>" for each in messages)
    return f"{text}<assistant>" if add_generation_prompt else text.removesuffix("</>")


def read_rows_from(folder: str) -> None:
    """Make `datasets` read JSON Lines below a folder in place of the hub."""
    import pathlib

    import datasets

    def load(path, name=None, data_files=None, **rest):
        if data_files:
            files = {
                k: f"{folder}/{v.removeprefix('hf://datasets/')}" for k, v in data_files.items()
            }
        else:
            inside = pathlib.Path(folder, path, name or "")
            files = {file.stem: file for file in inside.glob("*.jsonl")}
        rows = {
            split: [json.loads(line) for line in pathlib.Path(file).read_text("utf-8").splitlines()]
            for split, file in files.items()
        }
        made = {split: datasets.Dataset.from_list(each) for split, each in rows.items()}
        return datasets.DatasetDict(made)

    datasets.load_dataset = load


def main() -> None:
    """Answer what standard input asks."""
    asked = json.load(sys.stdin)
    os.chdir(asked["data"])
    if asked.get("rows"):
        read_rows_from(asked["rows"])
    from lm_eval.api.model import LM

    seen: dict[str, list[list[object]]] = {}

    class Fake(LM):
        tokenizer_name = "fake"

        def apply_chat_template(self, messages, add_generation_prompt=True):
            return chat(messages, add_generation_prompt)

        def chat_template(self, name=False):
            return "fake"

        def loglikelihood(self, requests):
            for each in requests:
                seen.setdefault(each.task_name, []).append([each.doc_id, *each.args])
            return [likelihood(*each.args) for each in requests]

        def loglikelihood_rolling(self, requests):
            for each in requests:
                seen.setdefault(each.task_name, []).append([each.doc_id, each.args[0]])
            return [likelihood("", each.args[0])[0] for each in requests]

        def generate_until(self, requests):
            for each in requests:
                seen.setdefault(each.task_name, []).append([each.doc_id, *each.args])
            return [words(each.args[0]) for each in requests]

    told = run_tasks(asked, Fake(), seen)
    json.dump(told, sys.stdout, default=str)


def run_tasks(asked: dict[str, Any], model: Any, seen: dict[str, Any]) -> dict[str, Any]:
    """Return what each task asks and finds."""
    import lm_eval
    from lm_eval.tasks import TaskManager

    manager = TaskManager(include_path=asked["include"], include_defaults=asked["defaults"])
    told = {}
    for name in asked["tasks"]:
        seen.clear()
        run = lm_eval.simple_evaluate(
            model=model,
            tasks=[name],
            task_manager=manager,
            bootstrap_iters=0,
            **asked["settings"],
        )
        told[name] = {
            "requests": dict(seen),
            "metrics": {
                task: {
                    key: value
                    for key, value in values.items()
                    if "," in key and "_stderr" not in key
                }
                for task, values in run["results"].items()
            },
        }
    return told


if __name__ == "__main__":
    main()
