# SPDX-License-Identifier: Apache-2.0
"""Functions of task files: refused, run in a process of their own, or replaced by ours."""

import hashlib
import json
from typing import Any

import pytest

from steelyard import knowledge
from steelyard.core.errors import MalformedError, UsageError
from steelyard.evals.tasks.definition import define
from steelyard.evals.tasks.function import Function
from steelyard.evals.tasks.host import functions
from steelyard.evals.tasks.imports import imported
from steelyard.evals.tasks.opening import Surroundings, open_task, refuse
from steelyard.evals.tasks.trusted import replacement, trusted
from tests.evals.tasks.folder import Folder, asked

CODE = """
import datasets

def prepare(rows: datasets.Dataset) -> datasets.Dataset:
    print("noise that is no answer")
    kept = rows.filter(lambda row: row["keep"])
    return kept.map(lambda row: {"q": row["q"].upper()}, remove_columns=["keep"])

def judge(doc, results):
    return {"score": len(results[0]), "pair": (1, 2)}

class Lower:
    def __init__(self, mark):
        self.mark = mark
    def apply(self, answers, rows):
        return [[each.lower() + self.mark for each in some] for some in answers]

def fails(row):
    raise KeyError("nothing")

def calls_out(row):
    import socket
    socket.socket()

def eats(row):
    return "x" * (64 << 30)

def imports(row):
    import a_package_that_is_absent

def reads_secrets(row):
    import os
    return str(sorted(os.environ))
"""
TASK = """
task: t
dataset_path: json
dataset_kwargs: {data_files: {test: test.jsonl}}
test_split: test
process_docs: !function utils.prepare
doc_to_text: q
doc_to_target: a
process_results: !function utils.judge
filter_list: [{name: low, filter: [{function: !function utils.Lower, mark: "!"}, {function: take_first}]}]
metric_list: [{metric: score}]
"""


def named(folder: Folder, name: str) -> Function:
    folder.write("utils.py", CODE)
    return Function(name=f"utils.{name}", folder=str(folder.path))


def test_a_function_is_refused_with_a_hint(folder: Folder) -> None:
    folder.data([{"q": "x", "a": "y", "keep": True}])
    folder.write("utils.py", CODE)
    path = folder.write("t.yaml", TASK)
    with pytest.raises(UsageError) as caught:
        open_task(define(path), Surroundings(data=folder.path, call=refuse))
    assert "'utils.prepare' of" in caught.value.message
    assert str(folder.path / "utils.py") in caught.value.message
    assert "--allow-functions" in caught.value.hint


def test_an_allowed_function_prepares_rows_judges_and_filters(folder: Folder) -> None:
    from steelyard.evals.requests import Written

    folder.data([{"q": "x", "a": "y", "keep": False}, {"q": "z", "a": "w", "keep": True}])
    folder.write("utils.py", CODE)
    path = folder.write("t.yaml", TASK)
    with functions() as call:
        task = open_task(define(path), Surroundings(data=folder.path, call=call))
        (sample,) = asked(task)
        assert sample.row == {"q": "Z", "a": "w"}
        values = task.judge(sample, [Written(text="ABC", tokens=1)])
    assert values == {"score,low": 4, "pair,low": [1, 2]}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("fails", "KeyError: 'nothing'"),
        ("calls_out", "no network"),
        ("eats", "MemoryError"),
        ("absent", "AttributeError"),
    ],
)
def test_what_a_function_does_wrong_is_said(folder: Folder, name: str, said: str) -> None:
    with functions() as call, pytest.raises(MalformedError, match=said):
        call(named(folder, name), {})


def test_a_package_that_a_function_needs_is_named(folder: Folder) -> None:
    with functions() as call, pytest.raises(UsageError) as caught:
        call(named(folder, "imports"), {})
    assert "No module named 'a_package_that_is_absent'" in caught.value.message
    assert "Install" in caught.value.hint


def test_what_a_function_lacks_is_said_before_the_model_is_asked(folder: Folder) -> None:
    folder.data([{"q": "x", "a": "y"}])
    folder.write("utils.py", "import a_package_that_is_absent\n\ndef judge(doc, results): ...\n")
    folder.write(
        "t.yaml",
        "{task: t, dataset_path: json, dataset_kwargs: {data_files: {test: test.jsonl}},"
        " test_split: test, doc_to_text: q, doc_to_target: a,"
        " process_results: !function utils.judge}",
    )
    definition = define(folder.path / "t.yaml")
    with functions() as call, pytest.raises(UsageError, match="a_package_that_is_absent"):
        open_task(definition, Surroundings(data=folder.path, call=call))
    with pytest.raises(UsageError, match="which is not run"):
        open_task(definition, Surroundings(data=folder.path, call=refuse))


LM_EVAL = """
from lm_eval.utils import weighted_f1_score, general_detokenize
from lm_eval.api.metrics import metric_max_over_ground_truths, mean
from lm_eval.tasks.other.words import WORD

def all_of(pairs):
    return [
        weighted_f1_score(pairs),
        general_detokenize("( do n't )"),
        metric_max_over_ground_truths(lambda a, b: a * b, 2, [1, 3]),
        mean([1, 3]),
        WORD,
    ]
"""


def test_a_function_finds_what_it_imports_of_lm_eval(folder: Folder) -> None:
    folder.write("lm_eval/tasks/one/utils.py", LM_EVAL)
    folder.write("lm_eval/tasks/other/words.py", "WORD = 'found'")
    task = str(folder.path / "lm_eval" / "tasks" / "one")
    with functions() as call:
        for name in ("utils.all_of", "lm_eval.tasks.one.utils.all_of"):
            found = call(Function(name=name, folder=task), [[0, 0], [0, 1], [1, 1], [2, 1]])
            assert found[1:] == ["(don't)", 6, 2.0, "found"]
            assert found[0] == pytest.approx((2 * 2 / 3 + 1 * 1 / 2 + 1 * 0) / 4)  # by class


def test_what_a_function_imports_of_its_own_is_part_of_the_task(folder: Folder) -> None:
    folder.write(
        "lm_eval/tasks/one/utils.py", "import json, helper\nfrom lm_eval.tasks.two import words"
    )
    folder.write("lm_eval/tasks/one/helper.py", "import utils, deep.inside")
    folder.write("lm_eval/tasks/one/deep/inside.py", "X = 1")
    folder.write("lm_eval/tasks/two/words.py", "W = 1")
    folder.write("lm_eval/tasks/one/apart.py", "Y = 1")
    path = folder.write("lm_eval/tasks/one/t.yaml", "task: t\ndoc_to_text: !function utils.put\n")
    digests = [define(path).digest]
    for name in ("one/deep/inside.py", "two/words.py", "one/helper.py", "one/utils.py"):
        folder.write(f"lm_eval/tasks/{name}", "import helper, lm_eval.tasks.two.words  # changed")
        digests.append(define(path).digest)
    assert len(set(digests)) == 5
    folder.write("lm_eval/tasks/one/apart.py", "Y = 2")
    assert define(path).digest == digests[-1]


@pytest.mark.parametrize("text", ["import (", "\0", "import os, sys", "from . import utils", ""])
def test_a_file_without_imports_of_its_own_has_none(folder: Folder, text: str) -> None:
    assert imported(folder.write("utils.py", text)) == ()


MADE = """
import datasets

def make(**said):
    rows = datasets.Dataset.from_list([{"q": "one", "a": said["word"]}, {"q": "two", "a": "b"}])
    return {"test": rows}

def nothing(**said):
    return [1, 2]
"""


def test_a_function_makes_the_data_of_a_task(folder: Folder) -> None:
    folder.write("utils.py", MADE)
    said = "{{task: t, custom_dataset: !function utils.{}, test_split: {}, doc_to_text: q, doc_to_target: a, metadata: {{word: w}}}}"
    with functions() as call:
        around = Surroundings(data=folder.path, call=call)
        task = open_task(define(folder.write("t.yaml", said.format("make", "test"))), around)
        assert [sample.target for sample in asked(task)] == ["w", "b"]
        again = open_task(define(folder.path / "t.yaml"), around)
        assert task.data.digest() == again.data.digest()
        for function, split, wrong in (
            ("nothing", "test", "gives no splits"),
            ("make", "dev", "asks for the split 'dev', and its data have test"),
        ):
            path = folder.write("u.yaml", said.format(function, split))
            with pytest.raises(MalformedError, match=wrong):
                open_task(define(path), around)


def test_a_function_sees_no_secret(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "secret")
    with functions() as call:
        assert "HF_TOKEN" not in call(named(folder, "reads_secrets"), {})


def test_a_function_that_is_not_beside_its_task_file_is_not_run(folder: Folder) -> None:
    with functions() as call, pytest.raises(UsageError, match="not in a file beside"):
        call(Function(name="os.getcwd", folder=str(folder.path)))


def test_ours_stands_for_a_name_of_ours_unless_a_file_has_that_name(folder: Folder) -> None:
    function = Function(name="builtin.crows_pairs.options", folder=str(folder.path))
    own = replacement(function)
    assert own is not None
    assert own({"sent_more": "a", "sent_less": "b"}) == ["a", "b"]
    folder.write("builtin/crows_pairs.py", "def options(row): return 'theirs'")
    assert replacement(function) is None
    with pytest.raises(UsageError, match="is not run"):
        trusted(refuse)(function, {})


@pytest.mark.parametrize(
    "name", ["builtin.bbq._unknown", "builtin.bbq.nothing", "builtin.os.system"]
)
def test_what_is_no_function_of_ours_is_said_to_be_none(folder: Folder, name: str) -> None:
    with pytest.raises(UsageError, match="there is no function"):
        replacement(Function(name=name, folder=str(folder.path)))


def test_ours_stands_for_the_very_bytes_of_a_listed_file_alone(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder.write("utils.py", "def process_docs(rows): ...")
    listed = {
        "files": [
            {
                "file": "hellaswag/utils.py",
                "digest": f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}",
                "functions": {"process_docs": "hellaswag.prepare"},
            }
        ]
    }
    from steelyard.evals.tasks import trusted as module

    entries = [("made", json.dumps(listed).encode())]
    monkeypatch.setattr(module.knowledge, "entries", lambda kind: iter(entries))
    for cached in (module._known, module._known_names, module._listed):
        cached.cache_clear()
    function = Function(name="utils.process_docs", folder=str(folder.path))
    try:
        assert replacement(function) is not None
        path.write_text("def process_docs(rows): ... ")
        assert replacement(function) is None
    finally:
        for cached in (module._known, module._known_names, module._listed):
            cached.cache_clear()


def test_every_listed_function_is_there() -> None:
    for _, data in knowledge.entries("task_functions"):
        for file in json.loads(data)["files"]:
            for name in file["functions"].values():
                function = Function(name=f"builtin.{name}", folder="/nowhere")
                assert replacement(function) is not None, name


def test_rows_behave_as_those_of_datasets() -> None:
    from steelyard.evals.tasks.rows_set import RowSet

    rows: Any = RowSet.from_dict({"a": [1, 2], "b": ["x", "y"]})
    assert rows.map(lambda row, index: {"c": index}, with_indices=True)["c"] == [0, 1]
    assert rows.rename_column("a", "z").column_names == ["z", "b"]
    assert rows.select([1]).to_list() == [{"a": 2, "b": "y"}]
    assert rows.sort("a", reverse=True)[0] == {"a": 2, "b": "y"}
    assert rows[0:1] == {"a": [1], "b": ["x"]}
    assert len(rows.filter(lambda row: row["a"] > 1).add_column("n", [0])) == 1
