# SPDX-License-Identifier: Apache-2.0
"""The examples in Markdown files: find them, run them, compare, rewrite.

A block marked `console` holds commands after `$ ` (continued after `> `) and what each prints, standard
output and error together. A line `...` stands for any lines, `...` within a line for any characters.
In a block marked `console whole` all but the first command belongs to its output. A comment
`<!-- not run: reason -->` just before a block exempts it. `make docs` rewrites the output of
blocks that no longer match.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

_BLOCK = re.compile(
    r"^(?:<!-- not run: (?P<exempt>[^>]+) -->\n+)?```(?P<language>\w+)(?P<whole> whole)?\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_STEP = re.compile(r"^\$ (?P<command>.*(?:\n> .*)*)\n?(?P<output>(?:(?!\$ ).*\n?)*)", re.MULTILINE)


class Example(msgspec.Struct, frozen=True):
    """A block of a Markdown file."""

    path: Path
    line: int
    text: str
    whole: bool

    def __str__(self) -> str:
        return f"{self.path.name}:{self.line}"

    def steps(self) -> Iterator[tuple[str, str]]:
        """Yield the commands of a console block, each with the output it is said to have."""
        if self.whole:
            command, _, output = self.text.partition("\n")
            yield command.removeprefix("$ "), output
            return
        for match in _STEP.finditer(self.text):
            yield match["command"].replace("\n> ", "\n"), match["output"]


def examples(path: Path, language: str) -> Iterator[Example]:
    """Yield the blocks of a file in one language, without those that are exempt."""
    text = path.read_text("utf-8")
    for match in _BLOCK.finditer(text):
        if match["language"] == language and not match["exempt"]:
            line = text.count("\n", 0, match.start("text"))
            yield Example(path, line, match["text"], bool(match["whole"]))


def run(command: str, folder: Path) -> str:
    """Return what a command prints in a folder, on a terminal 80 columns wide without colour."""
    path = os.pathsep.join(
        [str(folder / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]]
    )
    settings = {"PATH": path, "COLUMNS": "80", "NO_COLOR": "1", "STEELYARD_STORE": "demo/store.db"}
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=os.environ | settings,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
    return trimmed(done.stdout)


def trimmed(text: str) -> str:
    """Return a text without white space at the ends of lines and at its end."""
    return re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE).rstrip("\n") + "\n"


def agrees(output: str, said: str) -> bool:
    """Tell whether an output is what a block says, elisions allowed."""
    pattern = re.escape(trimmed(said))
    pattern = re.sub(r"(?m)^\\\.\\\.\\\.(\\\n|\n)", r"(?:.*\\n)*?", pattern)
    return re.fullmatch(pattern.replace(r"\.\.\.", ".*"), output) is not None


def rewrite(example: Example, outputs: dict[str, str]) -> None:
    """Put what the commands print now into the file."""
    steps = (
        "$ " + command.replace("\n", "\n> ") + "\n" + outputs[command]
        for command, _ in example.steps()
    )
    whole = example.path.read_text("utf-8")
    example.path.write_text(whole.replace(example.text, "".join(steps), 1), "utf-8")
