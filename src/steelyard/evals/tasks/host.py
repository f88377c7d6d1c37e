# SPDX-License-Identifier: Apache-2.0
"""Functions of task files, run in a process of their own, where the user allows it.

The process is started with `python -I -m steelyard.evals.tasks.function_host`. It has limits on
memory, CPU time and files, an environment without secrets, an empty folder to work in, and speaks
JSON Lines over pipes. That bounds mistakes; it is no prison for code that means harm.
"""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from steelyard.core.errors import MalformedError, UsageError
from steelyard.evals.tasks.function import Call, Function

_KEPT = ("PATH", "LANG", "LC_ALL", "SYSTEMROOT", "TMPDIR")


@contextlib.contextmanager
def functions(*, memory: int = 4 << 30, seconds: int = 3600) -> Iterator[Call]:
    """Give what runs functions of task files, until the block ends.

    Args:
        memory: Address space of the process, in bytes.
        seconds: CPU time of the process.
    """
    host = _Host(memory, seconds)
    try:
        yield host
    finally:
        host.close()


class _Host:
    def __init__(self, memory: int, seconds: int) -> None:
        self._memory = memory
        self._seconds = seconds
        self._process: subprocess.Popen[bytes] | None = None

    def __call__(self, function: Function, *arguments: Any, **named: Any) -> Any:  # noqa: ANN401
        return self._told(function, {"arguments": arguments, "named": named})

    def ready(self, function: Function) -> None:
        self._told(function, {})

    def _told(self, function: Function, with_what: Mapping[str, Any]) -> Any:  # noqa: ANN401
        path = function.file()
        if path is None:
            raise UsageError(
                f"the function {function.name!r} is not in a file beside its task file",
                "Only functions of files that the task brings along are run",
            )
        asked = {"file": str(path), "name": function.attribute, **with_what}
        process = self._started()
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("the process has no pipes")
        try:
            process.stdin.write(json.dumps(asked, default=str).encode() + b"\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except BrokenPipeError:
            line = b""
        if not line:
            self.close()
            raise MalformedError(f"the process that runs {function.name!r} ended: too much memory?")
        told = json.loads(line)
        kind, _, reason = told.get("error", "").partition(": ")
        if kind in {"ModuleNotFoundError", "ImportError"}:
            raise UsageError(
                f"{function.name!r} cannot be run: {reason}",
                "Install the package where steelyard is installed",
            )
        if kind:
            raise MalformedError(f"{function.name!r} failed: {told['error']}")
        return told["value"]

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()
        process.wait()

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            self._process = subprocess.Popen(  # noqa: S603 this very python
                [
                    sys.executable,
                    "-I",
                    "-m",
                    "steelyard.evals.tasks.function_host",
                    str(self._memory),
                    str(self._seconds),
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={name: os.environ[name] for name in _KEPT if name in os.environ},
                start_new_session=True,
            )
        return self._process
