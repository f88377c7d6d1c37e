# SPDX-License-Identifier: Apache-2.0
"""What functions of task files import of `datasets` and `lm_eval`, where those are not installed.

Of `datasets` the rows, of `lm_eval` the classes that filters are made from, a few functions, and the
files of the tasks themselves. Anything else of either is missing, and a function that needs it says
so.
"""

import importlib.util
import re
import sys
import types
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from steelyard.evals.filters.extract import regex
from steelyard.evals.tasks.rows_set import RowSet


class Filter:
    """A filter: `apply` takes the answers to several questions, and their rows."""

    def __init__(self, **named: object) -> None:
        del named

    def apply(self, resps: Sequence[Any], docs: Sequence[Mapping[str, Any]]) -> Iterable[Any]:
        """Return the answers as they are."""
        del docs
        return resps


class RegexFilter(Filter):
    """The filter `regex`, for other filters to build on."""

    def __init__(
        self,
        regex_pattern: str = r"#### (\-?[0-9\.\,]+)",
        group_select: int = 0,
        fallback: str = "[invalid]",
    ) -> None:
        self.regex_pattern = regex_pattern
        self.regex = re.compile(regex_pattern)
        self.group_select = group_select
        self.fallback = fallback

    def apply(self, resps: Sequence[Any], docs: Sequence[Mapping[str, Any]]) -> Iterable[Any]:
        """Return what matches in each answer."""
        own = regex(self.regex_pattern, self.group_select, self.fallback)
        return [own(each, row) for each, row in zip(resps, docs, strict=True)]


def weighted_f1_score(items: Iterable[tuple[Any, Any]]) -> float:
    """Return the F1 of each class, averaged by how often the class is right.

    Args:
        items: Pairs of the right class and the one that was chosen.
    """
    pairs = list(items)
    right, chosen = (Counter(values) for values in zip(*pairs, strict=True))
    both = Counter(gold for gold, pick in pairs if gold == pick)
    return sum(2 * both[one] * n / (n + chosen[one]) for one, n in right.items()) / len(pairs)


def general_detokenize(text: str) -> str:
    """Return a text without the white space that a tokenizer put before and after signs."""
    for apart, together in ((" n't", "n't"), (" )", ")"), ("( ", "("), ('" ', '"'), (' "', '"')):
        text = text.replace(apart, together)
    return re.sub(r" (['.,])", r"\1", text)


def metric_max_over_ground_truths(
    metric: Callable[[Any, Any], float],
    answer: Any,  # noqa: ANN401
    rights: Iterable[Any],
) -> float:
    """Return the value of a metric for the right answer that it is best for."""
    return max(metric(answer, right) for right in rights)


def mean(values: Sequence[float]) -> float:
    """Return the mean."""
    return sum(values) / len(values)


def install() -> None:
    """Make the modules importable, those that are not installed."""
    _module(
        "datasets",
        Dataset=RowSet,
        concatenate_datasets=lambda sets: RowSet(row for each in sets for row in each),
    )
    if importlib.util.find_spec("lm_eval") is None:
        _module("lm_eval")
        _module("lm_eval.filters")
        _module("lm_eval.filters.extraction", Filter=Filter, RegexFilter=RegexFilter)
        _module("lm_eval.api")
        _module("lm_eval.api.filter", Filter=Filter)
        _module("lm_eval.api.registry", register_filter=lambda name: lambda kind: kind)
        _module(
            "lm_eval.api.metrics",
            metric_max_over_ground_truths=metric_max_over_ground_truths,
            mean=mean,
        )
        _module(
            "lm_eval.utils",
            weighted_f1_score=weighted_f1_score,
            general_detokenize=general_detokenize,
        )


def reach_tasks(file: Path) -> None:
    """Let modules of the tasks that a file is among be imported as `lm_eval.tasks`.

    Args:
        file: A file of Python somewhere below a folder `tasks`.
    """
    folder = next((parent for parent in file.parents if parent.name == "tasks"), None)
    package = sys.modules.get("lm_eval")
    if folder is not None and package is not None and not hasattr(package, "__file__"):
        _module("lm_eval.tasks")
        sys.modules["lm_eval.tasks"].__path__ = [str(folder)]


def _module(name: str, **has: Any) -> None:  # noqa: ANN401
    if name not in sys.modules and (("." in name) or importlib.util.find_spec(name) is None):
        module = types.ModuleType(name)
        vars(module).update(has)
        module.__path__ = []
        sys.modules[name] = module
