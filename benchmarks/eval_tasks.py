# SPDX-License-Identifier: Apache-2.0
"""How many of lm-eval's own tasks load, without and with `--allow-functions`, and why the rest do not.

A task loads when all that it needs besides its data is there: its file with what that includes,
metrics, filters, sampler, and every function, whose file is imported in the process that would run
it. Nothing is downloaded and no function is called.
"""

import argparse
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from benchmarks.measure import header, save
from steelyard.core.errors import SteelyardError
from steelyard.evals.tasks.definition import Definition, define
from steelyard.evals.tasks.function import Call, Function
from steelyard.evals.tasks.host import functions
from steelyard.evals.tasks.index import Index, index_of, root_of
from steelyard.evals.tasks.library import select
from steelyard.evals.tasks.opening import refuse
from steelyard.evals.tasks.parts import parts_of
from steelyard.evals.tasks.settings import Settings
from steelyard.evals.tasks.trusted import trusted

_OWN = re.compile(r"task '[^']*'|'[^']*/[^']*'|\(over [^)]*\)|'[\w.]+\.\w+'")
"""What messages say of one task alone."""


class Remembered:
    """Makes each function ready once, however many tasks name it."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._known: dict[tuple[Path | None, str], SteelyardError | None] = {}

    def __call__(self, function: Function, *arguments: object, **named: object) -> object:
        """Return what a function gives."""
        return self._call(function, *arguments, **named)

    def ready(self, function: Function) -> None:
        """Make a function ready, or say again why it cannot be."""
        key = (function.file(), function.attribute)
        if key not in self._known:
            try:
                self._call.ready(function)
                self._known[key] = None
            except SteelyardError as error:
                self._known[key] = error
        error = self._known[key]
        if error is not None:
            raise error


def tasks_that_fail(
    tasks: Mapping[str, Definition | SteelyardError], call: Call
) -> Iterator[tuple[str, str]]:
    """Yield each task that does not load, and why."""
    for name, found in tasks.items():
        try:
            if isinstance(found, SteelyardError):
                raise found
            parts_of(found.config, call, Settings())
        except SteelyardError as error:
            yield name, error.message


def names_that_fail(index: Index, names: Iterator[str]) -> Iterator[tuple[str, str]]:
    """Yield each group or tag that does not load, and why; tasks it lacks are its tasks' matter."""
    for name in names:
        try:
            select([name], index)
        except SteelyardError as error:
            if "is a Python class" not in error.message:
                yield name, error.message


def _defined(index: Index) -> dict[str, Definition | SteelyardError]:
    found: dict[str, Definition | SteelyardError] = {}
    for name, path in index.tasks.items():
        try:
            found[name] = define(path)
        except SteelyardError as error:
            found[name] = error
    return found


def counted(what: str, total: int, failed: list[tuple[str, str]]) -> dict[str, object]:
    """Return the row of one kind of thing, and print it with why the rest do not load."""
    print(f"{what}: {total - len(failed):,} of {total:,} load")
    reasons = Counter(_OWN.sub("…", reason) for _, reason in failed)
    example = {_OWN.sub("…", reason): name for name, reason in reversed(failed)}
    for reason, count in reasons.most_common():
        print(f"  {count:5}  {reason[:150]}  (such as {example[reason]})")
    return {"what": what, "loads": total - len(failed), "of": total}


def main(arguments: list[str]) -> int:
    """Count, and print what does not load and why."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tasks-from", type=Path, required=True, help="lm-eval, or a checkout")
    args = parser.parse_args(arguments)
    index = index_of([root_of(args.tasks_from)])
    tasks = _defined(index)
    rows = []
    with functions() as call:
        for what, way in (("tasks, no function run", refuse), ("tasks, --allow-functions", call)):
            failed = list(tasks_that_fail(tasks, trusted(Remembered(way))))
            rows.append(counted(what, len(tasks), failed))
    for what, names in (("groups", index.groups), ("tags", index.tags)):
        rows.append(counted(what, len(names), list(names_that_fail(index, iter(names)))))
    save("eval-tasks", {**header("python -m benchmarks.eval_tasks"), "rows": rows})
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
