# SPDX-License-Identifier: Apache-2.0
"""What a task file says, checked: every key is known and of the kind it must be."""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from steelyard.core.errors import MalformedError, UsageError
from steelyard.evals.tasks.function import Function
from steelyard.evals.tasks.nearest import nearest

OutputType = Literal["multiple_choice", "loglikelihood", "loglikelihood_rolling", "generate_until"]
Template = str | int | float | list[Any] | dict[str, Any] | Function
OUTPUT_TYPES = ("multiple_choice", "loglikelihood", "loglikelihood_rolling", "generate_until")


class Fewshot(msgspec.Struct, frozen=True, kw_only=True):
    """How the examples before a question are chosen and put; what is None is as for the question.

    Attributes:
        sampler: `default` draws at random, `first_n` takes the first.
        split: Where the examples come from.
        samples: Examples in the task file itself, or a function that gives them.
        fewshot_indices: Accepted and without effect, as in lm-eval 0.4.13.
        process_docs: Applied to the rows of the split.
    """

    sampler: str | Function = "default"
    split: str | None = None
    samples: list[dict[str, Any]] | Function | None = None
    fewshot_indices: list[int] | None = None
    process_docs: Function | None = None
    doc_to_text: Template | None = None
    doc_to_choice: Template | None = None
    doc_to_target: Template | None = None
    gen_prefix: str | None = None
    fewshot_delimiter: str | None = None
    target_delimiter: str | None = None


class TaskConfig(msgspec.Struct, frozen=True, kw_only=True):
    """A task file with its includes, as lm-eval 0.4.13 names its parts."""

    task: str
    task_alias: str | None = None
    custom_dataset: Function | None = None
    dataset_path: str | None = None
    dataset_name: str | None = None
    dataset_kwargs: dict[str, Any] = {}
    training_split: str | None = None
    validation_split: str | None = None
    test_split: str | None = None
    process_docs: Function | None = None
    doc_to_text: Template | None = None
    doc_to_target: Template | None = None
    doc_to_choice: Template | None = None
    doc_to_image: Template | None = None
    doc_to_audio: Template | None = None
    unsafe_code: bool = False
    process_results: Function | str | None = None
    use_prompt: str | None = None
    description: str | Function = ""
    target_delimiter: str = " "
    fewshot_delimiter: str = "\n\n"
    fewshot: Fewshot = Fewshot()
    num_fewshot: int | None = None
    metric_list: tuple[dict[str, Any], ...] | None = None
    output_type: OutputType = "generate_until"
    generation_kwargs: dict[str, Any] | None = None
    repeats: int = 1
    filter_list: tuple[dict[str, Any], ...] | None = None
    gen_prefix: str | None = None
    metadata: dict[str, Any] = {}

    @property
    def version(self) -> str:
        """Return the version that the task file gives, empty where it gives none."""
        return str(self.metadata.get("version", ""))


_FUNCTION = (Function,)
_TEXT = (str,)
_TEMPLATE = (str, int, float, list, dict, Function)
_KINDS: Mapping[str, tuple[type, ...]] = {
    "task": _TEXT,
    "task_alias": _TEXT,
    "tag": (str, list),
    "group": (str, list),
    "task_list": (list,),
    "class": _FUNCTION,
    "custom_dataset": _FUNCTION,
    "dataset_path": _TEXT,
    "dataset_name": (str, int),
    "dataset_kwargs": (dict,),
    "training_split": _TEXT,
    "validation_split": _TEXT,
    "test_split": _TEXT,
    "fewshot_split": _TEXT,
    "process_docs": _FUNCTION,
    "doc_to_text": _TEMPLATE,
    "doc_to_target": _TEMPLATE,
    "doc_to_choice": _TEMPLATE,
    "doc_to_image": _TEMPLATE,
    "doc_to_audio": _TEMPLATE,
    "unsafe_code": (bool,),
    "process_results": (str, Function),
    "use_prompt": _TEXT,
    "description": (str, Function),
    "target_delimiter": _TEXT,
    "fewshot_delimiter": _TEXT,
    "fewshot_config": (dict,),
    "num_fewshot": (int,),
    "metric_list": (list,),
    "output_type": _TEXT,
    "generation_kwargs": (dict,),
    "repeats": (int,),
    "filter_list": (list,),
    "should_decontaminate": (bool,),
    "doc_to_decontamination_query": (str, Function),
    "gen_prefix": _TEXT,
    "metadata": (dict, list, str, int, float),
}
_FEWSHOT_KINDS: Mapping[str, tuple[type, ...]] = {
    "sampler": (str, Function),
    "split": _TEXT,
    "samples": (list, Function),
    "fewshot_indices": (list,),
    "process_docs": _FUNCTION,
    "doc_to_text": _TEMPLATE,
    "doc_to_choice": _TEMPLATE,
    "doc_to_target": _TEMPLATE,
    "gen_prefix": _TEXT,
    "fewshot_delimiter": _TEXT,
    "target_delimiter": _TEXT,
}
_NOT_KEPT = frozenset(
    {"tag", "group", "task_list", "should_decontaminate", "doc_to_decontamination_query"}
)
"""What sorts tasks, and what asks to look for test questions in training data, which this does not."""


def config_of(said: Mapping[str, Any], where: str) -> TaskConfig:
    """Return what a task file says, as a typed value.

    Args:
        said: The file's keys, includes resolved.
        where: The file, for messages.

    Raises:
        MalformedError: A key is unknown or its value is of the wrong kind; names file and key.
        UsageError: The task is a Python class, which is never run.
    """
    if "class" in said:
        raise UsageError(
            f"task {said.get('task')!r} in '{where}' is a Python class",
            "Only tasks whose file says what they do can be run; write it as YAML",
        )
    checked = _checked(said, _KINDS, where, "")
    kept = {key: value for key, value in checked.items() if key not in _NOT_KEPT}
    if not kept.get("task"):
        raise MalformedError(f"'{where}' names no task: it has no key 'task'")
    output = kept.get("output_type", "generate_until")
    if output not in OUTPUT_TYPES:
        raise MalformedError(
            f"'{where}' key 'output_type': {output!r} is none of {', '.join(OUTPUT_TYPES)}"
        )
    kept["fewshot"] = _fewshot(kept, where)
    kept.pop("fewshot_config", None)
    kept.pop("fewshot_split", None)
    kept["metadata"] = _metadata(kept.get("metadata"))
    for key, needed in (("metric_list", "metric"), ("filter_list", "name")):
        if key in kept:
            kept[key] = _entries(kept[key], key, needed, where)
    if "dataset_name" in kept:
        kept["dataset_name"] = str(kept["dataset_name"])
    return TaskConfig(**kept)


def _checked(
    said: Mapping[str, Any], kinds: Mapping[str, tuple[type, ...]], where: str, under: str
) -> dict[str, Any]:
    kept = {}
    for key, value in said.items():
        name = f"{under}{key}"
        if key not in kinds:
            near = nearest(key, kinds, 1)
            error = MalformedError(f"'{where}' has an unknown key '{name}'")
            error.hint = f"Did you mean '{under}{near[0]}'?" if near else "Remove the key"
            raise error
        if value is None:
            continue
        if isinstance(value, bool) and bool not in kinds[key]:
            raise MalformedError(f"'{where}' key '{name}': {value!r} is no {_kinds(kinds[key])}")
        if not isinstance(value, kinds[key]):
            raise MalformedError(
                f"'{where}' key '{name}': {_shown(value)} is no {_kinds(kinds[key])}"
            )
        kept[key] = value
    return kept


def _shown(value: object) -> str:
    text = f"!function {value.name}" if isinstance(value, Function) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _kinds(kinds: tuple[type, ...]) -> str:
    names = {str: "text", int: "number", list: "list", dict: "mapping", Function: "function"}
    shown = [names.get(kind, kind.__name__) for kind in kinds if kind is not float]
    return " or ".join(shown)


def _fewshot(kept: Mapping[str, Any], where: str) -> Fewshot:
    own = _checked(kept.get("fewshot_config", {}), _FEWSHOT_KINDS, where, "fewshot_config.")
    inherited = {
        "split": kept.get("fewshot_split"),
        **{
            key: kept.get(key)
            for key in (
                "process_docs",
                "doc_to_text",
                "doc_to_choice",
                "doc_to_target",
                "gen_prefix",
                "fewshot_delimiter",
                "target_delimiter",
            )
        },
    }
    return Fewshot(**{**inherited, **own})


def _metadata(said: object) -> dict[str, Any]:
    if isinstance(said, list):
        merged: dict[str, Any] = {}
        for each in said:
            merged |= each if isinstance(each, dict) else {}
        return merged
    if isinstance(said, dict):
        return said
    return {} if said is None else {"version": said}


def _entries(said: list[Any], key: str, needed: str, where: str) -> tuple[dict[str, Any], ...]:
    for number, each in enumerate(said):
        if not isinstance(each, dict) or needed not in each:
            raise MalformedError(f"'{where}' key '{key}': entry {number + 1} has no '{needed}'")
    return tuple(said)
