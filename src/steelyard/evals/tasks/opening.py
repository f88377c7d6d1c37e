# SPDX-License-Identifier: Apache-2.0
"""A task is opened: its data is read, its examples are ready to be drawn, its metrics are known."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import msgspec

from steelyard.core.errors import MalformedError, UsageError
from steelyard.evals.data import Row, Source, Table
from steelyard.evals.data_load import Hub, Wanted, load
from steelyard.evals.tasks.config import TaskConfig
from steelyard.evals.tasks.definition import Definition
from steelyard.evals.tasks.examples import sampler
from steelyard.evals.tasks.fields import Fields
from steelyard.evals.tasks.function import Call, Function
from steelyard.evals.tasks.judging import Judge
from steelyard.evals.tasks.made_data import made_data, rows_of
from steelyard.evals.tasks.parts import parts_of
from steelyard.evals.tasks.prompt import Prompts
from steelyard.evals.tasks.sampling import unsupported
from steelyard.evals.tasks.settings import Settings
from steelyard.evals.tasks.task import Task
from steelyard.evals.tasks.trusted import trusted
from steelyard.evals.tasks.turns import Chat
from steelyard.evals.tasks.variation import PLAIN, Variation


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """What a task needs besides its file.

    Attributes:
        data: Folder that data is looked for in.
        hub: Where absent data is fetched from; None stays offline.
        call: Runs functions that task files name.
        chat: Template of conversations; None puts plain text.
        settings: How tasks are put.
    """

    data: Path
    hub: Hub | None = None
    call: Call
    chat: Chat | None = None
    settings: Settings = Settings()


class _Refusal:
    """Runs nothing."""

    def __call__(self, function: Function, *arguments: object, **named: object) -> NoReturn:
        del arguments, named
        self.ready(function)

    def ready(self, function: Function) -> NoReturn:
        where = function.file()
        raise UsageError(
            f"the task names the Python function {function.name!r}"
            f"{f' of {str(where)!r}' if where else ''}, which is not run",
            "Read it, then allow it with --allow-functions; it runs in a process of its own",
        )


refuse: Call = _Refusal()
"""Refuses every function."""


def open_task(definition: Definition, around: Surroundings, variation: Variation = PLAIN) -> Task:
    """Return a task with its data.

    Args:
        definition: What its file says.
        around: Data, functions, template and settings.
        variation: Another way of putting its questions.

    Raises:
        UsageError: Its data is not there, or a function is not allowed.
        MalformedError: Its data, or what the file says of it, is wrong.
    """
    config = definition.config
    call = trusted(around.call)
    settings = around.settings
    parts = parts_of(config, call, settings)
    asked, shots = parts.split, parts.shots
    drawn = _drawn_from(config, asked) if shots else None
    data = made_data(config, call) if config.custom_dataset else _data(config, asked, drawn, around)
    _has_splits(config, data, {asked, drawn} - {None})
    split = data.splits[asked]
    rows = _processed(split.rows, config.process_docs, call)
    if not rows:
        raise MalformedError(f"task '{config.task}' has no questions in the split {asked!r}")
    columns = tuple(rows[0]) if config.process_docs else split.columns
    fields = Fields(columns, call, numbers=config.doc_to_choice is not None)
    _has_columns(config, columns)
    inputs, several = _form(config, fields, rows)
    pool = _pool(config, data, rows, asked, drawn, call) if shots else []
    _enough(config, pool, shots)
    return Task(
        definition,
        data,
        split,
        settings,
        rows=rows,
        fields=fields,
        prompts=Prompts(
            config,
            fields,
            pool=pool,
            choose=sampler(parts.sampler, pool, settings.seed) if shots else None,
            count=shots,
            inputs=inputs,
            system=settings.system,
            chat=around.chat,
            multiturn=settings.multiturn,
        ),
        judge=Judge(config, parts.metrics, parts.filters, call, several=several),
        metrics=parts.metrics,
        call=call,
        shots=shots,
        inputs=inputs,
        notes=tuple(_notes(config, settings)),
        variation=variation,
    )


def _drawn_from(config: TaskConfig, asked: str) -> str | None:
    """Return the split that examples come from; None where the task file holds them."""
    if config.fewshot.split is not None:
        return config.fewshot.split
    if config.fewshot.samples is not None:
        return None
    return config.training_split or config.validation_split or asked


def _data(config: TaskConfig, asked: str, drawn: str | None, around: Surroundings) -> Table:
    path = config.dataset_path or ""
    limit = around.settings.limit
    few = config.process_docs is None and drawn != asked and limit is not None and limit >= 1
    wanted: dict[str, int | None] = {asked: int(limit) if few and limit is not None else None}
    if drawn is not None:
        wanted.setdefault(drawn, None)
    said = config.metadata.get("source")
    local = config.metadata.get("local")
    source = (
        Source(
            name=path,
            address=str(said.get("address", "")),
            licence=str(said.get("licence", "")),
        )
        if isinstance(said, Mapping)
        else None
    )
    return load(
        Wanted(
            path=path,
            config=config.dataset_name or "",
            kwargs=config.dataset_kwargs,
            splits=wanted,
            source=source,
            local={
                split: (names,) if isinstance(names, str) else tuple(names)
                for split, names in (local if isinstance(local, Mapping) else {}).items()
            },
        ),
        around.data,
        around.hub,
    )


def _has_splits(config: TaskConfig, data: Table, wanted: Iterable[str | None]) -> None:
    for name in wanted:
        if name not in data.splits:
            raise MalformedError(
                f"task '{config.task}' asks for the split {name!r}, and its data have"
                f" {', '.join(data.splits) or 'none'}"
            )


def _processed(rows: Sequence[Row], function: Function | None, call: Call) -> Sequence[Row]:
    if function is None:
        return rows
    return rows_of(call(function, list(rows)), function)


def _has_columns(config: TaskConfig, columns: Sequence[str]) -> None:
    """Refuse a bare word where a column must be meant: every question would be that word."""
    meant = {"doc_to_text": config.doc_to_text}
    if config.output_type == "multiple_choice" and config.process_results is None:
        choices = config.doc_to_choice if isinstance(config.doc_to_choice, list) else ()
        if config.doc_to_target not in choices:
            meant["doc_to_target"] = config.doc_to_target
    for key, said in meant.items():
        if isinstance(said, str) and said.isidentifier() and said not in columns:
            raise MalformedError(
                f"task '{config.task}' key '{key}': no row has a column {said!r};"
                f" there are {', '.join(columns)}"
            )


def _enough(config: TaskConfig, pool: Sequence[Row], shots: int) -> None:
    own = shots > 0 and config.fewshot.split == config.test_split
    if len(pool) < shots + own:
        raise MalformedError(
            f"task '{config.task}' puts {shots} examples before each question,"
            f" and there are {len(pool) - own}"
        )


def _form(config: TaskConfig, fields: Fields, rows: Sequence[Row]) -> tuple[bool, bool]:
    """Return whether options are questions of their own, and whether several answers are right.

    The first row that can be read decides for all, as in lm-eval.
    """
    problem: MalformedError | None = None
    for row in rows:
        try:
            text = fields.text(row, config.doc_to_text) if config.doc_to_text is not None else ""
            several = isinstance(fields.target(row, config.doc_to_target), list)
        except MalformedError as error:
            problem = problem or error
            continue
        return isinstance(text, int) and config.doc_to_choice is not None, several
    raise MalformedError(
        f"task '{config.task}': no row can be put as a question;"
        f" the first: {problem.message if problem else ''}"
    )


def _pool(
    config: TaskConfig,
    data: Table,
    rows: Sequence[Row],
    asked: str,
    drawn: str | None,
    call: Call,
) -> Sequence[Row]:
    if drawn is None:
        said: Any = config.fewshot.samples
        samples = call(said) if isinstance(said, Function) else said
        return [dict(row) for row in samples]
    process = config.fewshot.process_docs if config.fewshot.split else config.process_docs
    if drawn == asked and process == config.process_docs:
        return rows
    return _processed(data.splits[drawn].rows, process, call)


def _notes(config: TaskConfig, settings: Settings) -> Iterator[str]:
    if config.num_fewshot == 0 and settings.num_fewshot:
        yield "num_fewshot is 0 in the task's file, and stays so, as in lm-eval 0.4.13"
    if config.output_type == "generate_until":
        yield from unsupported(config.generation_kwargs)
    if config.fewshot.fewshot_indices:
        yield "fewshot_config.fewshot_indices has no effect, as in lm-eval 0.4.13"
