# SPDX-License-Identifier: Apache-2.0
"""From the values of samples to the value of a task.

Each aggregation takes what `judge` gave for the samples that have the metric, in order.
"""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from steelyard.evals.metrics.bleu import corpus_bleu
from steelyard.evals.metrics.chrf import corpus_chrf
from steelyard.evals.metrics.ter import corpus_ter

Value = float | tuple[Any, ...]
Values = Sequence[Any]


def mean(values: Values) -> float:
    """Return the arithmetic mean."""
    return sum(values) / len(values)


def nanmean(values: Values) -> float:
    """Return the mean of what is a number; NaN where nothing is."""
    numbers = [value for value in values if not math.isnan(value)]
    return mean(numbers) if numbers else math.nan


def median(values: Values) -> float:
    """Return the upper median."""
    return float(sorted(values)[len(values) // 2])


def perplexity(values: Values) -> float:
    """Return exp of minus the mean log-likelihood, in nats."""
    return _exp(-mean(values))


def weighted_perplexity(values: Values) -> float:
    """Return exp of minus the log-likelihood for each unit; values are (log-likelihood, units)."""
    return _exp(-_weighted(values))


def bits_per_byte(values: Values) -> float:
    """Return minus the log-likelihood for each byte, in bits; values are (nats, bytes)."""
    return -_weighted(values) / math.log(2)


def f1(values: Values) -> float:
    """Return F1 of class 1; values are (right, predicted), each 0 or 1.

    Raises:
        ValueError: There are other classes.
    """
    if not {label for pair in values for label in pair} <= {0, 1}:
        raise ValueError("f1 is of two classes, 0 and 1")
    true = sum(gold == guess == 1 for gold, guess in values)
    wrong = sum(gold != guess for gold, guess in values)
    return 2 * true / (2 * true + wrong) if true or wrong else 0.0


def matthews_corrcoef(values: Values) -> float:
    """Return Matthews' correlation of right and predicted classes, in [-1, 1].

    Source:
        Gorodkin 2004, Comput. Biol. Chem. 28(5-6), 367-374: R_K, for any number of classes.
    """
    total = len(values)
    right = sum(gold == guess for gold, guess in values)
    golds = Counter(gold for gold, _ in values)
    guesses = Counter(guess for _, guess in values)
    both = right * total - sum(golds[label] * guesses[label] for label in golds)
    spread = [total**2 - sum(n**2 for n in counts.values()) for counts in (golds, guesses)]
    scale = math.sqrt(spread[0]) * math.sqrt(spread[1])
    return both / scale if scale else 0.0


def brier_score(values: Values) -> float:
    """Return the mean squared distance from the right answer, in [0, 2].

    Values are (index of the right option, probabilities of all options).

    Source:
        Brier 1950, Monthly Weather Review 78(1), 1-3.
    """
    return mean(
        [
            sum((p - (index == gold)) ** 2 for index, p in enumerate(probabilities))
            for gold, probabilities in values
        ]
    )


def bleu(values: Values) -> float:
    """Return corpus BLEU, in [0, 100]; values are (reference or references, answer)."""
    return corpus_bleu(*_streams(values))


def chrf(values: Values) -> float:
    """Return corpus chrF, in [0, 100]; values are (reference or references, answer)."""
    return corpus_chrf(*_streams(values))


def chrf_plus(values: Values) -> float:
    """Return corpus chrF++, in [0, 100]; values are (reference or references, answer)."""
    return corpus_chrf(*_streams(values), words=2)


def ter(values: Values) -> float:
    """Return corpus translation edit rate, 0 best; values are (reference or references, answer)."""
    return corpus_ter(*_streams(values))


def bypass(values: Values) -> float:
    """Return 999, lm-eval's mark for what is not judged."""
    del values
    return 999.0


AGGREGATIONS: Mapping[str, Callable[[Values], float]] = {
    "mean": mean,
    "nanmean": nanmean,
    "median": median,
    "perplexity": perplexity,
    "weighted_perplexity": weighted_perplexity,
    "bits_per_byte": bits_per_byte,
    "f1": f1,
    "matthews_corrcoef": matthews_corrcoef,
    "brier_score": brier_score,
    "bleu": bleu,
    "chrf": chrf,
    "chrf++": chrf_plus,
    "ter": ter,
    "bypass": bypass,
}


def _weighted(values: Values) -> float:
    return float(sum(value for value, _ in values) / sum(units for _, units in values))


def _exp(value: float) -> float:
    return math.exp(value) if value < 709 else math.inf


def _streams(values: Values) -> tuple[list[list[str]], list[str]]:
    """Return the references of each answer, and the answers."""
    references = [[gold] if isinstance(gold, str) else list(gold) for gold, _ in values]
    answers = [text if isinstance(text, str) else text[0] for _, text in values]
    return references, answers
