# SPDX-License-Identifier: Apache-2.0
"""What a task needs besides its data: all of it is there, or the task is refused before it is run."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from steelyard.core.errors import MalformedError, UsageError
from steelyard.evals.filters.extract import Filter
from steelyard.evals.filters.pipeline import Pipeline, pipelines
from steelyard.evals.tasks.config import TaskConfig
from steelyard.evals.tasks.examples import SAMPLERS
from steelyard.evals.tasks.function import Call, Function, functions_in
from steelyard.evals.tasks.metrics import Metric, metrics_of
from steelyard.evals.tasks.sampling import sampling_of
from steelyard.evals.tasks.settings import Settings


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """What a task is made of besides its data.

    Attributes:
        split: What is asked about.
        shots: Examples before a question.
        sampler: Name of what chooses them.
        metrics: What is judged.
        filters: What answers go through before.
    """

    split: str
    shots: int
    sampler: str
    metrics: tuple[Metric, ...]
    filters: tuple[Pipeline, ...]


def parts_of(config: TaskConfig, call: Call, settings: Settings) -> Parts:
    """Return what a task is made of besides its data.

    Args:
        config: What its file says.
        call: Runs functions; each that a run needs is made ready.
        settings: How the task is put.

    Raises:
        UsageError: It asks for what is not done here, or a function is not allowed or lacks
            something.
        MalformedError: What the file says is wrong.
    """
    _supported(config)
    metrics = metrics_of(config)
    if config.output_type == "generate_until":
        sampling_of(config.generation_kwargs, config.fewshot_delimiter)
    split = config.test_split or config.validation_split
    if split is None:
        raise MalformedError(f"task '{config.task}' names neither a test nor a validation split")
    if config.dataset_path is None and config.custom_dataset is None:
        raise MalformedError(f"task '{config.task}' names no data: it has no 'dataset_path'")
    shots = _shots(config, settings)
    sampler = _sampler(config) if shots else ""
    filters = pipelines(config.filter_list, _custom(call))
    for function in _run(config, shots=shots):
        call.ready(function)
    return Parts(split=split, shots=shots, sampler=sampler, metrics=metrics, filters=filters)


def _supported(config: TaskConfig) -> None:
    if config.doc_to_image is not None or config.doc_to_audio is not None:
        raise UsageError(f"task '{config.task}' shows images or sounds", "Only text is asked about")
    if config.unsafe_code:
        raise UsageError(
            f"task '{config.task}' runs code that the model writes", "Such code is never run here"
        )
    if config.use_prompt is not None:
        raise UsageError(
            f"task '{config.task}' takes its prompt from promptsource", "Write it as 'doc_to_text'"
        )


def _shots(config: TaskConfig, settings: Settings) -> int:
    if config.num_fewshot == 0 or settings.num_fewshot is None:
        return config.num_fewshot or 0
    return settings.num_fewshot


def _sampler(config: TaskConfig) -> str:
    named = config.fewshot.sampler
    if isinstance(named, Function):
        raise UsageError(
            f"task '{config.task}' draws its examples with the class {named.name!r}",
            "Only the samplers 'default' and 'first_n' are known",
        )
    if named not in SAMPLERS:
        raise MalformedError(
            f"'fewshot_config.sampler': {named!r} is none of {', '.join(SAMPLERS)}"
        )
    return named


def _run(config: TaskConfig, *, shots: int) -> Iterator[Function]:
    """Yield the functions that a run of the task needs."""
    said = msgspec.structs.asdict(config)
    if not shots:
        del said["fewshot"]
    yield from dict.fromkeys(functions_in(said))


def _custom(call: Call) -> Any:  # noqa: ANN401
    def make(step: Mapping[str, Any]) -> Filter | None:
        named = step.get("filter_fn") if step.get("function") == "custom" else step.get("function")
        if not isinstance(named, Function):
            return None
        arguments = {k: v for k, v in step.items() if k not in {"function", "filter_fn"}}

        def apply(answers: Sequence[Any], row: Mapping[str, Any]) -> Any:  # noqa: ANN401
            applied = call(named, [list(answers)], [dict(row)], **arguments)
            return applied[0]

        return apply

    return make
