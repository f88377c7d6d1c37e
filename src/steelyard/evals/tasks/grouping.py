# SPDX-License-Identifier: Apache-2.0
"""Which questions depend on each other, and by what results are broken down.

A task file says so under `metadata`, which lm-eval passes over; common data sets are known by
their columns. Errors of questions about one text are not independent, and an interval that takes
them so is too narrow (Miller 2024, arXiv 2411.00640).
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from steelyard.core.digest import digest_bytes
from steelyard.evals.data import Row
from steelyard.evals.tasks.config import TaskConfig
from steelyard.evals.tasks.fields import Fields

_PASSAGE = re.compile(r"This question refers to the following information\.", re.IGNORECASE)
_PASSAGE_LETTERS = 160
_BBQ = frozenset({"question_index", "context_condition", "question_polarity"})
_XCOPA = frozenset({"premise", "choice1", "choice2", "idx"})


class Grouping:
    """Groups the questions of one task.

    Args:
        config: The task; `metadata.cluster` is a column or a template, `metadata.slices` maps
            names to such.
        columns: Of its rows.
        fields: Renders them.
    """

    def __init__(self, config: TaskConfig, columns: Sequence[str], fields: Fields) -> None:
        self._fields = fields
        have = frozenset(columns)
        said = config.metadata.get("slices")
        known = _known_slices(have)
        slices = said if isinstance(said, Mapping) else known
        self._slices = {str(name): str(source) for name, source in slices.items()}
        cluster = config.metadata.get("cluster")
        self._cluster = str(cluster) if cluster else _known_cluster(have)
        self._question = "question" if "question" in have else ""

    def cluster(self, row: Row) -> str:
        """Return what questions that depend on this one share, empty where nothing is known."""
        if self._cluster:
            return self._fields.resolved(row, self._cluster, "metadata.cluster")
        text = row.get(self._question) if self._question else None
        if isinstance(text, str) and (match := _PASSAGE.match(text.lstrip())):
            passage = " ".join(text.lstrip()[match.end() :].split())[:_PASSAGE_LETTERS]
            return f"passage:{digest_bytes(passage.encode())[7:23]}"
        return ""

    def slices(self, row: Row) -> Mapping[str, str]:
        """Return by what results are broken down, and the value that this question has."""
        return {
            name: self._fields.resolved(row, source, f"metadata.slices.{name}")
            for name, source in self._slices.items()
        }


def _known_slices(columns: frozenset[str]) -> Mapping[str, Any]:
    if columns >= _BBQ:
        return {name: name for name in ("category", *sorted(_BBQ - {"question_index"}))}
    return {"subject": "subject"} if "subject" in columns else {}


def _known_cluster(columns: frozenset[str]) -> str:
    if columns >= _BBQ:
        return "{{category}}:{{question_index}}" if "category" in columns else "question_index"
    return "xcopa:{{idx}}" if columns >= _XCOPA else ""
