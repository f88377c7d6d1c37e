# SPDX-License-Identifier: Apache-2.0
"""What functions of task files import of `datasets` and `lm_eval`, where those are not installed.

Of `datasets` the rows, of `lm_eval` the classes that filters are made from. Anything else of either is
missing, and a function that needs it says so.
"""

import importlib.util
import re
import sys
import types
from collections.abc import Iterable, Mapping, Sequence
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


def _module(name: str, **has: Any) -> None:  # noqa: ANN401
    if name not in sys.modules and (("." in name) or importlib.util.find_spec(name) is None):
        module = types.ModuleType(name)
        vars(module).update(has)
        module.__path__ = []
        sys.modules[name] = module
