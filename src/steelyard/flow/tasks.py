# SPDX-License-Identifier: Apache-2.0
"""The tasks of a run: found by name, opened with their data, ready to be asked."""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from steelyard.evals.data_hub import HuggingFace
from steelyard.evals.lock import read_lock, write_lock
from steelyard.evals.tasks.definition import Definition
from steelyard.evals.tasks.group import Group
from steelyard.evals.tasks.host import functions
from steelyard.evals.tasks.index import index_of, root_of
from steelyard.evals.tasks.library import select
from steelyard.evals.tasks.opening import Surroundings, open_task, refuse
from steelyard.evals.tasks.parts import parts_of
from steelyard.evals.tasks.questions import questions_task
from steelyard.evals.tasks.settings import Settings
from steelyard.evals.tasks.task import Task
from steelyard.evals.tasks.trusted import trusted
from steelyard.evals.tasks.turns import Chat
from steelyard.evals.tasks.variation import PLAIN, Variation
from steelyard.knowledge import tasks as builtin


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which tasks, and how they are put.

    Attributes:
        names: Names of tasks, groups or tags, patterns, or files.
        folders: Further folders of task files; of two tasks of a name the later folder's counts.
        questions: A user's own files of questions, each a task.
        data: Folder that data is looked for in; what is not there is asked of the hub.
        lock: File that says which bytes the data has; made and added to. Data that differs is
            refused. None locks nothing.
        settings: How tasks are put.
        allow_functions: Whether Python functions of task files run, in a process of their own.
    """

    names: Sequence[str]
    folders: Sequence[Path] = ()
    questions: Sequence[Path] = ()
    data: Path
    lock: Path | None = None
    settings: Settings
    allow_functions: bool = False


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """Tasks with their data, and the groups they are in."""

    tasks: tuple[Task, ...]
    groups: tuple[Group, ...]


class Picked(msgspec.Struct, frozen=True, kw_only=True):
    """What names stand for, before any data is read."""

    tasks: tuple[tuple[Definition, Variation], ...]
    groups: tuple[Group, ...]


def pick(wanted: Wanted) -> Picked:
    """Return what was asked for; it takes neither a model nor data, so it comes before either.

    Raises:
        UsageError: A name is not known, or a task asks for what is not done or not allowed.
        UnreadableError: A file of a task, or of questions, is wrong.
    """
    roots = [Path(builtin.__path__[0]), *map(root_of, wanted.folders)]
    chosen = select(list(wanted.names), index_of(roots))
    asked = [(one.definition, one.variation) for one in chosen.tasks]
    asked += [(questions_task(path), PLAIN) for path in wanted.questions]
    if not wanted.allow_functions:
        for definition, _ in asked:
            parts_of(definition.config, trusted(refuse), wanted.settings)
    return Picked(tasks=tuple(asked), groups=chosen.groups)


@contextlib.contextmanager
def opened(wanted: Wanted, chat: Chat | None, picked: Picked | None = None) -> Iterator[Opened]:
    """Give the tasks that were asked for, usable until the block ends.

    Args:
        wanted: Which tasks, and how they are put.
        chat: The model's template of conversations; None puts plain text.
        picked: What the names stand for, where it is known already.

    Raises:
        UsageError: A name is not known, data is not there, or a function is not allowed.
        UnreadableError: A file of a task, or its data, is wrong, or not what the lock says.
    """
    chosen = picked or pick(wanted)
    with contextlib.ExitStack() as stack:
        call = stack.enter_context(functions()) if wanted.allow_functions else refuse
        around = Surroundings(
            data=wanted.data,
            hub=HuggingFace(),
            call=trusted(call),
            chat=chat,
            settings=wanted.settings,
        )
        tasks = tuple(
            open_task(definition, around, variation) for definition, variation in chosen.tasks
        )
        if wanted.lock is not None:
            _lock(wanted.lock, tasks)
        yield Opened(tasks=tasks, groups=chosen.groups)


def _lock(path: Path, tasks: Sequence[Task]) -> None:
    """Hold the data of tasks against a lock, and add to it what it does not have.

    Raises:
        ChangedError: A file has other bytes than it was locked with.
    """
    before = after = read_lock(path)
    for task in tasks:
        before.check(task.data)
        after = after.with_table(task.data)
    if after != before:
        write_lock(path, after)


def builtin_tasks() -> dict[str, Path]:
    """Return the tasks and groups that come along, by name, with the file of each."""
    found = index_of([Path(builtin.__path__[0])])
    return {**found.tasks, **found.groups}
