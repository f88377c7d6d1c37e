# SPDX-License-Identifier: Apache-2.0
"""Task files: what they include, what they may say, and what is said of a wrong one."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.core.errors import LimitError, MalformedError, SteelyardError, UnreadableError
from steelyard.evals.tasks.config import config_of
from steelyard.evals.tasks.definition import define
from steelyard.evals.tasks.function import Function
from steelyard.evals.tasks.yaml_file import load
from tests.evals.tasks.folder import Folder

PLACE = os.environ.get("STEELYARD_LM_EVAL")  # here: each test starts without such settings


def test_the_file_wins_over_what_it_includes_and_later_over_earlier(folder: Folder) -> None:
    folder.write("base_yaml", "a: 1\nb: 1\nc: 1\n")
    folder.write("other/more", "include: ../base_yaml\nb: 2\nd: 2\ntask_list: [x]\n")
    path = folder.write("task.yaml", "include: [base_yaml, other/more]\nd: 3\n")
    assert load(path) == {"a": 1, "b": 2, "c": 1, "d": 3}


def test_a_function_is_named_relative_to_the_file_that_names_it(folder: Folder) -> None:
    folder.write("base/_base", "process_docs: !function utils.prepare\n")
    path = folder.write("task.yaml", "include: base/_base\ntask: t\n")
    named = load(path)["process_docs"]
    assert named == Function(name="utils.prepare", folder=str(folder.path / "base"))
    assert named.file() is None
    folder.write("base/utils.py", "raise SystemExit('ran')")
    assert named.file() == folder.path / "base" / "utils.py"


def test_the_digest_changes_with_the_file_of_a_function_and_with_an_included_file(
    folder: Folder,
) -> None:
    folder.write("_base", "doc_to_text: a\nprocess_docs: !function utils.prepare\n")
    code = folder.write("utils.py", "x = 1")
    path = folder.write("task.yaml", "include: _base\ntask: t\ntag: one\n")
    first = define(path).digest
    folder.write("task.yaml", "include: _base\ntask: t\ntag: two\n")
    assert define(path).digest == first
    code.write_text("x = 2")
    second = define(path).digest
    assert second != first
    folder.write("_base", "doc_to_text: b\nprocess_docs: !function utils.prepare\n")
    assert define(path).digest not in {first, second}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("include: task.yaml\n", "include each other"),
        ("include: nowhere\n", "nowhere"),
        ("- a\n", "maps names to values"),
        ("a: [\n", "line:2"),
        ("a: !!python/object/apply:os.system [true]\n", "could not determine a constructor"),
        ("1: a\n", "maps names to values"),
        ("a: &a [x]\nb: *c\n", "undefined alias"),
    ],
)
def test_a_wrong_file_is_named_with_its_line(folder: Folder, text: str, said: str) -> None:
    path = folder.write("task.yaml", text)
    with pytest.raises(UnreadableError) as caught:
        load(path)
    assert said in caught.value.message


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [*a]\n",
        "a0: &a0 [x, x]\n"
        + "".join(f"a{n}: &a{n} [{f'*a{n - 1}, ' * 9}x]\n" for n in range(1, 20)),
    ],
)
def test_aliases_that_make_a_file_endless_are_refused(folder: Folder, text: str) -> None:
    with pytest.raises(LimitError, match="more than 500,000 values"):
        load(folder.write("task.yaml", text))


def test_a_file_that_is_too_long_is_not_read(folder: Folder) -> None:
    path = folder.write("task.yaml", "a: " + "x" * 100)
    with pytest.raises(LimitError, match="longer than 50 bytes"):
        load(path, most_bytes=50)


@given(st.binary(max_size=80))
def test_any_bytes_are_a_mapping_or_an_error_of_ours(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    path = tmp_path_factory.mktemp("any") / "task.yaml"
    path.write_bytes(data)
    try:
        assert isinstance(load(path), dict)
    except SteelyardError as error:
        assert "task.yaml" in error.message


def test_an_unknown_key_is_named_with_the_nearest() -> None:
    with pytest.raises(MalformedError) as caught:
        config_of({"task": "t", "doc_to_txt": "a"}, "t.yaml")
    assert caught.value.message == "'t.yaml' has an unknown key 'doc_to_txt'"
    assert caught.value.hint == "Did you mean 'doc_to_text'?"


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({}, "names no task"),
        ({"num_fewshot": "five"}, "key 'num_fewshot': 'five' is no number"),
        ({"num_fewshot": True}, "key 'num_fewshot': True is no number"),
        ({"output_type": "essay"}, "'essay' is none of multiple_choice"),
        ({"metric_list": [{"aggregation": "mean"}]}, "entry 1 has no 'metric'"),
        ({"fewshot_config": {"smapler": "x"}}, "unknown key 'fewshot_config.smapler'"),
        ({"process_docs": "utils.x"}, "key 'process_docs': 'utils.x' is no function"),
    ],
)
def test_a_wrong_value_is_named_with_its_key(said: dict[str, object], message: str) -> None:
    with pytest.raises(MalformedError) as caught:
        config_of({"task": "t", **said} if said else {}, "t.yaml")
    assert message in caught.value.message


def test_every_task_file_of_lm_eval_parses() -> None:
    if not PLACE:
        pytest.skip("needs STEELYARD_LM_EVAL, the folder of lm-eval 0.4.13's package")
    files = sorted(Path(PLACE, "lm_eval", "tasks").rglob("*.yaml"))
    kinds = {"pure": 0, "process_docs": 0, "functions": 0}
    for path in files:
        said = load(path)
        if "class" in said or "group" in said or "task" not in said:
            continue
        definition = define(path)
        keys = {each for each in said if _named(said[each])}
        kinds["functions" if keys - {"process_docs"} else "process_docs" if keys else "pure"] += 1
        assert definition.config.task == said["task"]
    assert kinds == {"pure": 4537, "process_docs": 5144, "functions": 3412}


def _named(value: object) -> bool:
    if isinstance(value, dict):
        return any(map(_named, value.values()))
    if isinstance(value, list):
        return any(map(_named, value))
    return isinstance(value, Function)
