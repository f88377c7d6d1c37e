# SPDX-License-Identifier: Apache-2.0
"""Tasks by name: tasks, groups, tags, patterns, files, and names that are nearly right."""

from pathlib import Path

import pytest

from steelyard import knowledge
from steelyard.core.errors import MalformedError, UsageError
from steelyard.evals.tasks.group import GroupMetric
from steelyard.evals.tasks.index import Index, index_of, root_of
from steelyard.evals.tasks.library import select
from tests.evals.tasks.folder import Folder


@pytest.fixture
def index(folder: Folder) -> Index:
    folder.write("_base", "tag: [all, many]\ndataset_path: json\n")
    folder.write("a.yaml", 'include: _base\n"task": "a_one"\n')
    folder.write("b.yaml", "include: _base\ntask: a_two # why\ntag:\n  - own\n  - many\n")
    folder.write("c.yaml", "task: |-\n  a_three\n")
    folder.write(
        "group.yaml",
        """
group: both
group_alias: Both
task:
  - a_one
  - task: a_two
    num_fewshot: 3
  - group: inner
    task: [{task: own, description: "d"}]
    aggregate_metric_list: {metric: acc, weight_by_size: false}
aggregate_metric_list:
  - metric: acc
    filter_list: none
target_delimiter: ":"
metadata: {version: 2}
""",
    )
    folder.write("broken.yaml", "task: [")
    return index_of([folder.path])


def names(index: Index, *wanted: str) -> list[str]:
    return [chosen.name for chosen in select(list(wanted), index).tasks]


def test_a_name_is_of_a_task_a_group_a_tag_or_a_pattern(index: Index) -> None:
    assert names(index, "a_three") == ["a_three"]
    assert names(index, "both") == ["a_one", "a_two"]
    assert names(index, "many") == ["a_one", "a_two"]
    assert names(index, "all") == ["a_one"]
    assert names(index, "a_t*") == ["a_three", "a_two"]


def test_a_file_is_named_by_its_path(folder: Folder, index: Index) -> None:
    assert names(index, str(folder.path / "a.yaml")) == ["a_one"]
    with pytest.raises(UsageError, match=r"no task file 'nowhere\.yaml'"):
        names(index, "nowhere.yaml")


def test_a_group_sets_keys_of_its_members_and_a_member_its_own(index: Index) -> None:
    selection = select(["both"], index)
    configs = {each.name: each.definition.config for each in selection.tasks}
    assert configs["a_one"].target_delimiter == ":"
    assert (configs["a_two"].target_delimiter, configs["a_two"].num_fewshot) == (":", 3)


def test_groups_inside_come_first_and_keep_how_they_are_aggregated(index: Index) -> None:
    inner, both = select(["both"], index).groups
    assert (inner.name, inner.tasks) == ("both::inner", ("a_two",))
    assert inner.metrics == (GroupMetric(metric="acc", weighted=False),)
    assert (both.alias, both.version, both.tasks) == ("Both", "2", ("a_one", "a_two"))
    results = {"a_one": {"acc,none": (0.5, 30)}, "a_two": {"acc,none": (1.0, 10)}}
    assert list(both.aggregate(results)) == [("acc,none", 0.625, 40)]


def test_a_member_that_a_group_file_defines_may_include_files(folder: Folder) -> None:
    folder.write("_base", "dataset_path: json\ndoc_to_text: base\ntest_split: test\n")
    path = folder.write(
        "g.yaml", "group: g\ntask: [{task: own, include: _base, doc_to_text: mine}]\n"
    )
    (chosen,) = select([str(path)], index_of([folder.path])).tasks
    assert chosen.definition.config.doc_to_text == "mine"
    assert chosen.definition.config.test_split == "test"


def test_a_member_without_a_name_is_told_apart_by_its_data(folder: Folder) -> None:
    path = folder.write(
        "g.yaml", "group: g\ntask: [{dataset_path: super_glue, use_prompt: 'promptsource:*'}]\n"
    )
    with pytest.raises(MalformedError, match=r"has no name \(over super_glue\)") as caught:
        select([str(path)], index_of([folder.path]))
    assert "promptsource" in caught.value.hint


def test_a_group_names_metrics_and_means_by_functions(folder: Folder) -> None:
    path = folder.write(
        "g.yaml",
        "group: g\ntask: []\naggregate_metric_list:\n"
        "  - {metric: !function a.smoothed, aggregation: !function a.best}\n",
    )
    (group,) = select([str(path)], index_of([folder.path])).groups
    assert group.metrics == (GroupMetric(metric="smoothed"),)


def test_a_name_that_is_nearly_right_has_a_hint(index: Index) -> None:
    with pytest.raises(UsageError) as caught:
        names(index, "a_onne")
    assert caught.value.message == "no task, group or tag is named 'a_onne'"
    assert caught.value.hint.startswith("Near it: a_one")


def test_a_checkout_of_lm_eval_is_known_by_its_folders(tmp_path: Path) -> None:
    (tmp_path / "lm_eval" / "tasks").mkdir(parents=True)
    assert root_of(tmp_path) == tmp_path / "lm_eval" / "tasks"
    (tmp_path / "lm_eval" / "evaluator.py").touch()
    assert root_of(tmp_path / "lm_eval") == tmp_path / "lm_eval" / "tasks"
    assert root_of(tmp_path / "lm_eval" / "tasks") == tmp_path / "lm_eval" / "tasks"


def test_every_task_that_comes_with_this_is_defined() -> None:
    index = index_of([knowledge.folder("tasks")])
    selection = select([*index.tasks, *index.groups, *index.tags], index)
    assert len(selection.tasks) == len(index.tasks) > 100
    assert {"bbh", "bbq", "mmlu", "xcopa"} <= set(index.groups)
    sources = [each.definition.config.metadata.get("source") for each in selection.tasks]
    assert sum(source is None for source in sources) == 1  # perplexity, of a user's own text
    assert all(source["address"] and source["licence"] for source in sources if source)
