# SPDX-License-Identifier: Apache-2.0
"""A task out of a user's own file: questions with their answers, or a text to foretell."""

import re
from pathlib import Path
from typing import Any

from steelyard.core.errors import MalformedError, UsageError
from steelyard.evals.data_find import shape_of
from steelyard.evals.data_read import KINDS, read_split
from steelyard.evals.tasks.builtin.questions import prepare
from steelyard.evals.tasks.definition import Definition, definition_of
from steelyard.evals.tasks.function import Function

_PREPARE = Function(name="builtin.questions.prepare", folder="")
_SHEETS = frozenset({".xlsx", ".xls", ".ods", ".numbers"})
_LETTERED = (
    "{{question}}\n{% for letter in letters %}{{letter}}. {{choices[loop.index0]}}\n"
    "{% endfor %}Answer:"
)


def questions_task(path: Path) -> Definition:
    """Return a task out of a file of questions (CSV, TSV, JSON, JSONL, Parquet) or a text.

    Questions with options are put with letters, and the likeliest letter counts. Questions without
    are answered in words, compared without case, punctuation and articles. A text, `.txt`, is read
    as one document and its perplexity taken.

    Args:
        path: The file; its name names the task.

    Raises:
        UsageError: There is no such file, or it is of another kind.
        UnreadableError: It cannot be read.
        MalformedError: A column is missing or a row is wrong; names row and column.
    """
    kind = KINDS.get(path.suffix.lower())
    if kind is None or not path.is_file():
        sheet = "Save the sheet as CSV. " if path.suffix.lower() in _SHEETS else ""
        raise UsageError(
            f"no questions in '{path}'", f"{sheet}Name a file that ends in {', '.join(KINDS)}"
        )
    name = re.sub(r"[^A-Za-z0-9_]+", "_", path.stem).strip("_").lower() or "questions"
    said: dict[str, Any] = {
        "task": name,
        "dataset_path": kind,
        "dataset_kwargs": {"data_files": {"test": str(path.resolve())}},
        "test_split": "test",
        "num_fewshot": 0,
        "metadata": {"version": 1},
    }
    if kind == "text":
        said["dataset_kwargs"]["sample_by"] = "document"
        said |= {"output_type": "loglikelihood_rolling", "doc_to_text": "", "doc_to_target": "text"}
        return definition_of(said, str(path))
    delimiter = _delimiter(path) if kind == "csv" else ","
    said["dataset_kwargs"] |= {"delimiter": delimiter} if delimiter != "," else {}
    try:
        shape = shape_of(said["dataset_kwargs"])
        rows = prepare(read_split("test", [(path, path.name)], kind=kind, shape=shape).rows)
    except MalformedError as error:
        named = error.message if path.name in error.message else f"'{path.name}' {error.message}"
        again = MalformedError(named)
        again.hint = error.hint
        raise again from error
    optional = any(row["choices"] for row in rows)
    said |= {"process_docs": _PREPARE, **(_CHOICE if optional else _OPEN)}
    return definition_of(said, str(path))


def _delimiter(path: Path) -> str:
    """Return what parts the values of a CSV file: of the usual signs the one its first line has."""
    with path.open("rb") as source:
        line = source.readline(1 << 16).replace(b"\0", b"")
    usual = "\t" if path.suffix.lower() == ".tsv" else ","
    counts = {sign: line.count(sign.encode()) for sign in (usual, ";", "\t")}
    return max(counts, key=counts.__getitem__)


_CHOICE: dict[str, Any] = {
    "output_type": "multiple_choice",
    "doc_to_text": _LETTERED,
    "doc_to_choice": "letters",
    "doc_to_target": "answer",
    "metric_list": [{"metric": "acc"}],
}
_OPEN: dict[str, Any] = {
    "output_type": "generate_until",
    "doc_to_text": "Question: {{question}}\nAnswer:",
    "doc_to_target": "target",
    "generation_kwargs": {"until": ["\n"], "do_sample": False, "max_gen_toks": 64},
    "filter_list": [
        {"name": "none", "filter": [{"function": "remove_whitespace"}, {"function": "take_first"}]}
    ],
    "metric_list": [
        {
            "metric": "exact_match",
            "ignore_case": True,
            "ignore_punctuation": True,
            "regexes_to_ignore": [r"(?i)\b(?:the|an|a)\b ?"],
        }
    ],
}
