# SPDX-License-Identifier: Apache-2.0
"""A task with its data: gives the questions, and judges the answers."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from steelyard.core.digest import Digest, digest_of
from steelyard.core.errors import MalformedError
from steelyard.evals.data import Row, Split, Table
from steelyard.evals.metrics.aggregate import AGGREGATIONS, Value
from steelyard.evals.requests import Answer, Completion, Continuation, Request, Whole
from steelyard.evals.tasks.config import OutputType
from steelyard.evals.tasks.definition import Definition
from steelyard.evals.tasks.fields import Fields, Target
from steelyard.evals.tasks.function import Call, Function
from steelyard.evals.tasks.grouping import Grouping
from steelyard.evals.tasks.judging import Judge, Judged
from steelyard.evals.tasks.metrics import Metric
from steelyard.evals.tasks.prompt import Prompts
from steelyard.evals.tasks.sample import Sample, Skipped
from steelyard.evals.tasks.sampling import repeated, sampling_of
from steelyard.evals.tasks.settings import Settings
from steelyard.evals.tasks.variation import PLAIN, Variation


class Task:
    """Questions with everything that is needed to put and to judge them.

    Attributes:
        id: Name of the task.
        version: Version in its file, empty where there is none.
        output: Kind of output.
        shots: How many examples stand before a question.
        metrics: What is judged.
        digest: Of definition, data and settings: of all that decides what is asked.
        definition: What the task's file says.
        data: The data it asks about.
        notes: What the task asks for that has no effect here.
    """

    def __init__(
        self,
        definition: Definition,
        data: Table,
        split: Split,
        settings: Settings,
        *,
        rows: Sequence[Row],
        fields: Fields,
        prompts: Prompts,
        judge: Judge,
        metrics: tuple[Metric, ...],
        call: Call,
        shots: int,
        inputs: bool,
        notes: tuple[str, ...] = (),
        variation: Variation = PLAIN,
    ) -> None:
        config = definition.config
        self.id: str = config.task + variation.suffix
        self.version: str = config.version
        self.output: OutputType = config.output_type
        self.shots: int = shots
        self.metrics: tuple[Metric, ...] = metrics
        self.definition: Definition = definition
        self.data: Table = data
        self.notes: tuple[str, ...] = notes
        self.digest: Digest = digest_of(
            {
                "definition": definition.digest,
                "data": data.digest(),
                "shots": shots,
                "seed": settings.seed,
                "system": settings.system,
                "multiturn": settings.multiturn,
                "variation": variation.suffix,
            }
        )
        self._split = split
        self._settings = settings
        self._rows = rows
        self._fields = fields
        self._prompts = prompts
        self._judge = judge
        self._call = call
        self._inputs = inputs
        self._variation = variation
        self._grouping = Grouping(config, split.columns, fields)

    def samples(self) -> Iterator[Sample | Skipped]:
        """Yield the questions in the order of their rows, up to the limit.

        A row that no question can be made of is yielded as `Skipped`.

        Raises:
            MalformedError: An example before the questions cannot be put.
        """
        for index, row in enumerate(self._rows[: self._count()]):
            try:
                yield self._sample(index, row)
            except MalformedError as error:
                place = self._split.place(index)
                yield Skipped(task=self.id, index=index, reason=f"{place}: {error.message}")

    @property
    def rows(self) -> int:
        """Return how many questions there are, asked or not."""
        if self.definition.config.process_docs is not None:
            return len(self._rows)
        return max(len(self._rows), sum(file.rows for file in self._split.files))

    def __len__(self) -> int:
        return min(self._count(), len(self._rows))

    def judge(
        self,
        sample: Sample,
        answers: Sequence[Answer],
        filtered: Mapping[str, Any] | None = None,
    ) -> Judged:
        """Return the value of each metric for one question, by `metric,filter`.

        Args:
            sample: The question.
            answers: One for each of its requests, in order.
            filtered: What `filtered` gave of them, where that is known.

        Raises:
            MalformedError: A filter or a metric has no use for the answers.
        """
        known = self.filtered(sample, answers) if filtered is None else filtered
        return self._judge.values(sample, answers, known)

    def filtered(self, sample: Sample, answers: Sequence[Answer]) -> dict[str, Any]:
        """Return what each filter made of the texts that answer a question, by the filter's name."""
        return self._judge.filtered(sample, answers)

    def aggregate(self, name: str, values: Sequence[Value]) -> float:
        """Return the value of a metric over the questions that have it.

        Args:
            name: `metric,filter`, as `judge` gives it.
            values: At least one.

        Raises:
            MalformedError: The values do not suit the aggregation.
        """
        metric = next((each for each in self.metrics if each.name == name.partition(",")[0]), None)
        how = metric.aggregation if metric else "mean"
        try:
            if isinstance(how, Function):
                return float(self._call(how, list(values)))
            return float(AGGREGATIONS[how](values))
        except (TypeError, ValueError, ZeroDivisionError) as error:
            raise MalformedError(f"{self.id}: {name} cannot be aggregated: {error}") from error

    def higher_is_better(self, name: str) -> bool:
        """Tell which way is better for a metric, by `metric,filter`."""
        metric = next((each for each in self.metrics if each.name == name.partition(",")[0]), None)
        return metric is None or metric.higher_is_better

    def _count(self) -> int:
        limit = self._settings.limit
        if limit is None:
            return len(self._rows)
        return math.ceil(len(self._rows) * limit) if limit < 1 else int(limit)

    def _sample(self, index: int, original: Row) -> Sample:
        config = self.definition.config
        row = self._variation.row(original, index)
        target = self._fields.target(row, config.doc_to_target)
        choices = (
            self._fields.choices(row, config.doc_to_choice)
            if config.doc_to_choice is not None
            else []
        )
        right: Any = self._fields.text(row, config.doc_to_text) if self._inputs else target
        requests = tuple(self._requests(row, choices, target))
        digest = digest_of({"row": row, "requests": requests})
        return Sample(
            task=self.id,
            index=index,
            digest=digest,
            origin=digest_of(original),
            row=row,
            target=right,
            choices=tuple(choices),
            requests=requests,
            cluster=self._grouping.cluster(row) or digest,
            slices=self._grouping.slices(row),
        )

    def _requests(self, row: Row, choices: Sequence[str], target: Target) -> Iterator[Request]:
        config = self.definition.config
        if config.output_type == "loglikelihood_rolling":
            yield Whole(text=_text(target))
            return
        contexts = [self._variation.text(each) for each in self._prompts.of(row, choices)]
        if config.output_type == "generate_until":
            sampling = sampling_of(config.generation_kwargs, config.fewshot_delimiter)
            for each in repeated(sampling, config.repeats):
                yield Completion(context=contexts[0], sampling=each)
        elif config.output_type == "loglikelihood":
            yield Continuation(context=contexts[0], text=_text(target))
        else:
            yield from self._options(contexts, choices, target)

    def _options(
        self, contexts: Sequence[str], choices: Sequence[str], target: Target
    ) -> Iterator[Continuation]:
        if not choices:
            raise MalformedError("a multiple choice without 'doc_to_choice'")
        gap = self._prompts.gap
        if self._inputs:
            texts = [f"{gap}{_text(target)}"] * len(contexts)
        else:
            contexts = list(contexts) * len(choices)
            texts = [f"{gap}{_option(choice, place)}" for place, choice in enumerate(choices)]
        for context, text in zip(contexts, texts, strict=True):
            yield Continuation(context=context, text=text)
        if any(metric.name == "acc_mutual_info" for metric in self.metrics):
            for choice in choices:
                yield Continuation(context="", text=f"{gap}{choice}")


def _option(choice: str, place: int) -> str:
    if not choice:
        raise MalformedError(f"option {place + 1} is empty")
    return choice


def _text(target: Target) -> str:
    text = target if isinstance(target, str) else str(target)
    if not text:
        raise MalformedError("there is no text to score: 'doc_to_target' is empty")
    return text
