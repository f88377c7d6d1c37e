# SPDX-License-Identifier: Apache-2.0
"""The one place that prints: data to stdout, everything else to stderr."""

import io
import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from steelyard.core.errors import SteelyardError, UsageError
from steelyard.core.whole import write_whole

if TYPE_CHECKING:
    from rich.console import Console


def data(text: str) -> None:
    """Print data, the result of a verb, to stdout."""
    _write_anything()
    print(text, end="" if text.endswith("\n") else "\n", flush=True)


def pieces(texts: Iterable[str]) -> None:
    """Print data that comes in pieces to stdout."""
    prepare = getattr(sys.stdout, "reconfigure", None)
    if prepare is not None:
        prepare(errors="backslashreplace")
    for text in texts:
        print(text, end="")
    sys.stdout.flush()


def rich(show: "Callable[[Console], None]") -> None:
    """Let something draw itself on stdout: with colour on a terminal, plain elsewhere."""
    from rich.console import Console

    _write_anything()
    show(Console(soft_wrap=False, highlight=False, emoji=False))
    sys.stdout.flush()


def _write_anything() -> None:
    """Let stdout take what its encoding cannot say, escaped, instead of breaking off."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def hint(text: str) -> None:
    """Print what to do next to stderr."""
    print(f"\nhint: {text}", file=sys.stderr)


def aside(text: str) -> None:
    """Print something that is no result, such as a question, to stderr."""
    print(printable(text), file=sys.stderr)


def complain(error: SteelyardError, argv: list[str]) -> None:
    """Print an error and its hint to stderr; as JSON where the command asks for JSON.

    Args:
        error: What went wrong.
        argv: The command line.
    """
    if "--json" in argv:
        print(json.dumps({"error": error.message, "hint": error.hint}), file=sys.stderr)
        return
    print(f"error: {printable(error.message)}", file=sys.stderr)
    if error.hint:
        hint(error.hint)


def printable(text: str) -> str:
    """Return a text without characters that steer a terminal."""
    return "".join(
        char if char.isprintable() or char == "\n" else repr(char)[1:-1] for char in text
    )


def write(path: Path, text: str) -> None:
    """Write a file as a whole: it is complete, or it is not there.

    Raises:
        UsageError: It cannot be written.
    """
    try:
        write_whole(path, text.encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise UsageError(
            f"cannot write {str(path)!r}: {error.strerror}",
            hint="check the folder, its permissions and the room on the disk",
        ) from error
