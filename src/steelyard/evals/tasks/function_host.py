# SPDX-License-Identifier: Apache-2.0
"""The process that runs functions of task files: reads calls from standard input, one a line."""

import importlib.util
import io
import json
import os
import resource
import socket
import sys
import types
from pathlib import Path
from typing import Any, NoReturn

from steelyard.evals.tasks import rows_set, stand_ins


def main(memory: int, seconds: int) -> None:
    """Answer calls until the input ends.

    Args:
        memory: Address space, in bytes.
        seconds: CPU time.
    """
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a function prints goes nowhere
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
    socket.socket = _Offline  # type: ignore[misc, assignment]
    stand_ins.install()
    modules: dict[str, types.ModuleType] = {}
    for line in sys.stdin.buffer:
        told = _answer(json.loads(line), modules)
        answers.write(json.dumps(told, default=_plain).encode() + b"\n")
        answers.flush()


class _Offline:
    def __init__(self, *arguments: object, **named: object) -> NoReturn:
        raise OSError("functions of task files have no network")


def _answer(asked: dict[str, Any], modules: dict[str, types.ModuleType]) -> dict[str, Any]:
    try:
        value = _value(asked, modules)
        json.dumps(value, default=_plain)
    except Exception as error:  # noqa: BLE001 whatever foreign code raises is its answer
        return {"error": f"{type(error).__name__}: {error}"}
    return {"value": value}


def _value(asked: dict[str, Any], modules: dict[str, types.ModuleType]) -> Any:  # noqa: ANN401
    path = asked["file"]
    if path not in modules:
        modules[path] = _module(Path(path))
    function = getattr(modules[path], asked["name"])
    if "arguments" not in asked:
        return None
    arguments = [_rows(each) for each in asked["arguments"]]
    if isinstance(function, type):
        value = function(**asked["named"]).apply(*asked["arguments"])
    else:
        value = function(*arguments, **asked["named"])
    return list(value) if isinstance(value, rows_set.RowSet | map | filter) else value


def _rows(argument: Any) -> Any:  # noqa: ANN401
    rows = isinstance(argument, list) and argument and all(isinstance(x, dict) for x in argument)
    return rows_set.RowSet(argument) if rows else argument


def _module(path: Path) -> types.ModuleType:
    stand_ins.reach_tasks(path)
    sys.path.insert(0, str(path.parent))
    try:
        spec = importlib.util.spec_from_file_location(path.stem, path)
        if spec is None or spec.loader is None:
            raise ImportError(f"{path.name} is no module")
        module = importlib.util.module_from_spec(spec)
        sys.modules[path.stem] = module
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(path.parent))
    return module


def _plain(value: Any) -> Any:  # noqa: ANN401
    """Return what JSON knows of a value: numbers of numpy, sets, rows of any kind."""
    for name in ("tolist", "to_list"):
        if hasattr(value, name):
            return getattr(value, name)()
    if isinstance(value, set | frozenset):
        return sorted(value)
    if isinstance(value, io.IOBase):
        raise TypeError("a file is no value")
    return str(value)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
