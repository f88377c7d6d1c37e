# SPDX-License-Identifier: Apache-2.0
"""The one place that prints: data to stdout, everything else to stderr."""

import io
import json
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from steelyard.core.errors import SteelyardError, UsageError
from steelyard.core.whole import write_whole

if TYPE_CHECKING:
    from rich.console import Console

    from steelyard.report.summary.lines import PageLine

_COLUMNS = 80  # where there is no terminal to ask for its width


def data(text: str) -> None:
    """Print data, the result of a verb, to stdout."""
    _write_anything()
    print(text, end="" if text.endswith("\n") else "\n", flush=True)


def pieces(texts: Iterable[str]) -> None:
    """Print data that comes in pieces to stdout."""
    _write_anything()
    for text in texts:
        print(text, end="")
    sys.stdout.flush()


def page(lay_out: "Callable[[int], Iterable[PageLine]]") -> None:
    """Print a page of text to stdout: with colour on a terminal, plain elsewhere.

    Args:
        lay_out: Takes a width in columns, and gives the lines.
    """
    if not _colourful():
        pieces(f"{line.text}\n" for line in lay_out(_width()))
        return

    def draw(console: "Console") -> None:
        from rich.text import Text

        for line in lay_out(console.width):
            text = Text(line.text)
            text.stylize(line.style, line.start, line.end)
            console.print(text, no_wrap=True, overflow="ignore", crop=False)

    rich(draw)


def _colourful() -> bool:
    """Return whether stdout is a terminal, or is said to be one in rich's way."""
    return sys.stdout.isatty() or any(map(os.environ.get, ("FORCE_COLOR", "TTY_COMPATIBLE")))


def _width() -> int:
    said = os.environ.get("COLUMNS", "")
    return int(said) if said.isdecimal() else _COLUMNS


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
