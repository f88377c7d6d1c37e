# SPDX-License-Identifier: Apache-2.0
"""Tasks by name: of a task, a group, a tag, a pattern of names, or a file.

Semantics: groups and tags as lm-eval 0.4.13 resolves them.
"""

import fnmatch
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from steelyard.core.errors import MalformedError, UsageError
from steelyard.evals.tasks.definition import Definition, define, definition_of
from steelyard.evals.tasks.group import Group, group_metrics
from steelyard.evals.tasks.index import Index
from steelyard.evals.tasks.nearest import nearest
from steelyard.evals.tasks.variation import PLAIN, Variation, varied
from steelyard.evals.tasks.yaml_file import load, named_file, with_included

_GROUP_KEYS = frozenset({"group", "group_alias", "task", "aggregate_metric_list", "metadata"})
_MOST_DEPTH = 16
_Said = Mapping[str, Any]


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """A task that is asked for.

    Attributes:
        definition: The task.
        variation: The way it is put.
    """

    definition: Definition
    variation: Variation = PLAIN

    @property
    def name(self) -> str:
        """Return the id that its results have."""
        return self.definition.config.task + self.variation.suffix


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for by name.

    Attributes:
        tasks: Every task once, in the order of the names.
        groups: Every group among them, those inside others first.
    """

    tasks: tuple[Chosen, ...]
    groups: tuple[Group, ...]


def select(names: list[str], index: Index) -> Selection:
    """Return the tasks that some names mean.

    Args:
        names: Names of tasks, groups or tags, patterns such as `mmlu_*`, paths of YAML files; each
            may end in a variation such as `@shuffle-options:7`.
        index: What is known by name.

    Raises:
        UsageError: A name is not known; the hint has the nearest.
        UnreadableError: A file of a task is wrong.
    """
    chooser = _Chooser(index)
    for name in names:
        plain, variation = varied(name)
        chooser.choose(plain, variation)
    return Selection(tasks=tuple(chooser.tasks.values()), groups=tuple(chooser.groups.values()))


class _Chooser:
    """Gathers tasks and groups by name."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self.tasks: dict[str, Chosen] = {}
        self.groups: dict[str, Group] = {}

    def choose(self, name: str, variation: Variation) -> None:
        path = named_file(name)
        if path is not None:
            self._file(path, variation)
        elif any(sign in name for sign in "*?["):
            known = sorted({*self._index.tasks, *self._index.groups})
            matching = fnmatch.filter(known, name)
            if not matching:
                raise UsageError(f"no task is named like {name!r}")
            for each in matching:
                self._named(each, variation, {}, 0)
        else:
            self._named(name, variation, {}, 0)

    def _file(self, path: Path, variation: Variation) -> None:
        said = load(path)
        if "group" in said and "class" not in said:
            self._group(str(said["group"]), said, str(path), variation, {}, 0)
        else:
            self._task(definition_of(said, str(path)), variation)

    def _named(self, name: str, variation: Variation, overrides: _Said, depth: int) -> list[str]:
        """Choose what a name means, and return the ids of its tasks."""
        if name in self._index.tasks:
            return [self._task(define(self._index.tasks[name], overrides), variation)]
        if name in self._index.groups:
            path = self._index.groups[name]
            return self._group(name, load(path), str(path), variation, overrides, depth)
        if name in self._index.tags:
            return [
                self._task(define(self._index.tasks[each], overrides), variation)
                for each in self._index.tags[name]
            ]
        near = nearest(name, self._index.names())
        raise UsageError(
            f"no task, group or tag is named {name!r}",
            f"Near it: {', '.join(near)}" if near else "See `steelyard list tasks`",
        )

    def _task(self, definition: Definition, variation: Variation) -> str:
        chosen = Chosen(definition=definition, variation=variation)
        self.tasks.setdefault(chosen.name, chosen)
        return chosen.name

    def _group(
        self,
        name: str,
        said: _Said,
        where: str,
        variation: Variation,
        overrides: _Said,
        depth: int,
    ) -> list[str]:
        if depth > _MOST_DEPTH:
            raise MalformedError(f"'{where}': groups hold each other")
        below = {k: v for k, v in said.items() if k not in _GROUP_KEYS} | dict(overrides)
        below.pop("task", None)
        members = said.get("task") or []
        ids: dict[str, None] = {}
        for member in [members] if isinstance(members, str) else members:
            ids.update(
                dict.fromkeys(self._member(member, name, where, variation, below, depth + 1))
            )
        metadata = said.get("metadata")
        version = metadata.get("version", "") if isinstance(metadata, dict) else ""
        shown = name + variation.suffix
        self.groups[shown] = Group(
            name=shown,
            alias=str(said.get("group_alias") or name) + variation.suffix,
            version=str(version),
            tasks=tuple(ids),
            metrics=group_metrics(said.get("aggregate_metric_list"), where),
        )
        return list(ids)

    def _member(
        self,
        member: object,
        group: str,
        where: str,
        variation: Variation,
        overrides: _Said,
        depth: int,
    ) -> Iterator[str]:
        if isinstance(member, str):
            member = {"task": member}
        if not isinstance(member, dict) or not ("task" in member or "group" in member):
            raise _nameless(member, group, where)
        member = with_included(member, Path(where))
        if "group" in member:
            yield from self._inner(member, group, where, variation, overrides, depth)
            return
        name = str(member["task"])
        own = {**overrides, **{k: v for k, v in member.items() if k != "task"}}
        if self._known(name):
            yield from self._named(name, variation, own, depth)
        else:
            if len(member) == 1 and not overrides:
                self._named(name, variation, own, depth)
            whole = {**own, "task": f"{group}::{name}"}
            yield self._task(definition_of(whole, where), variation)

    def _inner(
        self,
        member: Mapping[str, Any],
        group: str,
        where: str,
        variation: Variation,
        overrides: _Said,
        depth: int,
    ) -> list[str]:
        name = str(member["group"])
        if name in self._index.groups:
            own = {k: v for k, v in member.items() if k != "group"}
            return self._named(name, variation, {**overrides, **own}, depth)
        return self._group(f"{group}::{name}", member, where, variation, overrides, depth)

    def _known(self, name: str) -> bool:
        index = self._index
        return name in index.tasks or name in index.groups or name in index.tags


def _nameless(member: object, group: str, where: str) -> MalformedError:
    said = member if isinstance(member, dict) else {}
    asks = f" (over {said['dataset_path']})" if "dataset_path" in said else ""
    error = MalformedError(f"'{where}': a member of group '{group}' has no name{asks}")
    error.hint = (
        "It takes its prompt from promptsource; write the prompt as 'doc_to_text', with 'task: NAME'"
        if "use_prompt" in said
        else "Give it 'task: NAME'"
    )
    return error
