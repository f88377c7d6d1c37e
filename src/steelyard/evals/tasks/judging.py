# SPDX-License-Identifier: Apache-2.0
"""Answers of a model to values of metrics, for one question.

Semantics: `process_results` of lm-eval 0.4.13. Values are named `metric,filter`, as there.
"""

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from steelyard.core.errors import MalformedError
from steelyard.evals.filters.pipeline import Pipeline
from steelyard.evals.metrics.aggregate import Value
from steelyard.evals.metrics.exact_match import exact_match
from steelyard.evals.patterns import Matcher
from steelyard.evals.requests import Answer, Likelihood, Written
from steelyard.evals.tasks.config import TaskConfig
from steelyard.evals.tasks.function import Call, Function
from steelyard.evals.tasks.metrics import Metric
from steelyard.evals.tasks.sample import Sample

_OPTIONS = frozenset({"regexes_to_ignore", "ignore_case", "ignore_punctuation", "ignore_numbers"})
Judged = dict[str, Value]


class Judge:
    """Judges the answers to questions of one task.

    Args:
        config: The task.
        metrics: Its metrics.
        filters: What answers go through before.
        call: Runs functions.
        several: Whether questions have several right answers.
    """

    def __init__(
        self,
        config: TaskConfig,
        metrics: Sequence[Metric],
        filters: Sequence[Pipeline],
        call: Call,
        *,
        several: bool,
    ) -> None:
        self._config = config
        self._metrics = metrics
        self._filters = filters
        self._call = call
        self._several = several
        self._matcher = Matcher()

    def values(
        self, sample: Sample, answers: Sequence[Answer], filtered: Mapping[str, Any]
    ) -> Judged:
        """Return the value of each metric, by `metric,filter`.

        Args:
            sample: The question.
            answers: One for each of its requests, in order.
            filtered: What `filtered` gives of them.

        Raises:
            MalformedError: A metric has no use for the answers.
        """
        if len(answers) != len(sample.requests):
            raise ValueError(f"{len(answers)} answers to {len(sample.requests)} requests")
        judged: Judged = {}
        for pipeline in self._filters:
            for name, value in self._judged(sample, answers, pipeline.name, filtered):
                judged[f"{name},{pipeline.name}"] = value
        return judged

    def filtered(self, sample: Sample, answers: Sequence[Answer]) -> dict[str, Any]:
        """Return what each filter made of the texts that answer a question, by the filter's name.

        Raises:
            MalformedError: A filter has no use for the answers.
        """
        written = [answer.text for answer in answers if isinstance(answer, Written)]
        filters = self._filters if written else ()
        return {one.name: one.apply(written, sample.row) for one in filters}

    def _judged(
        self,
        sample: Sample,
        answers: Sequence[Answer],
        pipeline: str,
        filtered: Mapping[str, Any],
    ) -> Iterable[tuple[str, Value]]:
        results: list[Any] = (
            [filtered[pipeline]]
            if filtered
            else [_likelihood(answer, sample) for answer in answers]
        )
        if isinstance(self._config.process_results, Function):
            named = self._call(self._config.process_results, dict(sample.row), results)
            if not isinstance(named, Mapping):
                raise MalformedError(f"'process_results' gives {named!r}, and must name metrics")
            return [(str(name), value) for name, value in named.items()]
        if self._config.output_type == "generate_until":
            return self._generated(sample, results[0])
        likelihoods = [answer for answer in answers if isinstance(answer, Likelihood)]
        wanted = {metric.name for metric in self._metrics}
        if self._config.output_type == "multiple_choice":
            values = _chosen(sample, likelihoods, several=self._several)
        elif self._config.output_type == "loglikelihood":
            values = {
                "perplexity": likelihoods[0].logprob,
                "acc": float(likelihoods[0].greedy),
            }
        else:
            values = _rolled(str(sample.target), likelihoods[0].logprob)
        return [(name, value) for name, value in values.items() if name in wanted]

    def _generated(self, sample: Sample, answer: Any) -> Iterator[tuple[str, Value]]:  # noqa: ANN401
        gold = sample.target
        if sample.choices and isinstance(gold, int):
            gold = sample.choices[gold]
        elif self._several:
            gold = list(gold) if isinstance(gold, list) else [gold]
        elif not isinstance(answer, list) and not isinstance(gold, type(answer)):
            gold = str(gold) if isinstance(answer, str) else gold
        for metric in self._metrics:
            if metric.function is not None:
                yield from self._computed(metric.function, metric, gold, answer)
            elif metric.name == "exact_match":
                yield metric.name, _matched(gold, answer, metric, self._matcher)
            elif metric.name == "bypass":
                yield metric.name, 0.0
            else:
                yield metric.name, (gold, answer)

    def _computed(
        self,
        function: Function,
        metric: Metric,
        gold: Any,  # noqa: ANN401
        answer: Any,  # noqa: ANN401
    ) -> Iterator[tuple[str, Value]]:
        """Yield what a function makes of an answer; any of several right ones is enough."""
        rights = gold if self._several else [gold]
        found = [
            self._call(function, references=[right], predictions=[answer], **metric.arguments)
            for right in rights
        ]
        if self._several:
            scores = [each.get(metric.name) if isinstance(each, dict) else each for each in found]
            yield metric.name, float(any(scores))
        elif isinstance(found[0], Mapping):
            yield from ((str(name), value) for name, value in found[0].items())
        else:
            yield metric.name, found[0]


def _matched(gold: Any, answer: Any, metric: Metric, matcher: Matcher) -> float:  # noqa: ANN401
    options = {key: value for key, value in metric.arguments.items() if key in _OPTIONS and value}
    options["matcher"] = matcher
    golds = gold if isinstance(gold, list) else [gold]
    answers = answer if isinstance(answer, list) else [answer]
    if not isinstance(gold, list) and len(answers) > 1:
        return math.fsum(exact_match(str(gold), str(a), **options) for a in answers) / len(answers)
    return float(
        any(exact_match(str(right), str(given), **options) for right in golds for given in answers)
    )


def _likelihood(answer: Answer, sample: Sample) -> Any:  # noqa: ANN401 as lm-eval's functions take it
    if isinstance(answer, Written):
        raise ValueError(f"a text answers a likelihood of {sample.task}")
    rolling = sample.requests[0].__struct_config__.tag == "whole"
    return answer.logprob if rolling else (answer.logprob, answer.greedy)


def _chosen(sample: Sample, answers: Sequence[Likelihood], *, several: bool) -> Mapping[str, Value]:
    choices = sample.choices
    alone = answers[len(choices) :]
    logprobs = [answer.logprob for answer in answers[: len(choices)]]
    gold = [sample.target] if not isinstance(sample.target, list) else sample.target
    rights = [_place(right, choices) for right in gold]
    right = rights[0]
    pick = _best(logprobs)
    values: dict[str, Value] = {
        "acc": float(pick in rights),
        "acc_norm": float(_best(_each(logprobs, [len(c) for c in choices])) in rights),
        "acc_bytes": float(_best(_each(logprobs, [len(c.encode()) for c in choices])) in rights),
        "exact_match": float(any(answers[place].greedy for place in rights if place >= 0)),
        "f1": (right, pick),
        "mcc": (right, pick),
        "brier_score": (right, tuple(_probabilities(logprobs))),
        "likelihood": (right, tuple(logprobs)),
    }
    if len(alone) == len(choices):
        gained = [both - only.logprob for both, only in zip(logprobs, alone, strict=True)]
        values["acc_mutual_info"] = float(_best(gained) in rights)
    return values


def _place(right: object, choices: Sequence[str]) -> int:
    """Return the place of a right answer among the options, -100 where it is none of them."""
    if isinstance(right, int):
        return right if right < len(choices) else -100
    return choices.index(right) if right in choices else -100


def _best(values: Sequence[float]) -> int:
    return max(range(len(values)), key=values.__getitem__)


def _each(logprobs: Sequence[float], lengths: Sequence[int]) -> list[float]:
    return [
        logprob / length if length else -math.inf
        for logprob, length in zip(logprobs, lengths, strict=True)
    ]


def _probabilities(logprobs: Sequence[float]) -> list[float]:
    top = max(logprobs)
    weights = [math.exp(logprob - top) for logprob in logprobs]
    return [weight / math.fsum(weights) for weight in weights]


def _rolled(text: str, logprob: float) -> Mapping[str, Value]:
    words = len(re.split(r"\s+", text))
    size = len(text.encode())
    return {
        "word_perplexity": (logprob, words),
        "byte_perplexity": (logprob, size),
        "bits_per_byte": (logprob, size),
    }
