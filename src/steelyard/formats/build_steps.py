# SPDX-License-Identifier: Apache-2.0
"""Steps of a Dockerfile that fetch something and run it; what a Modelfile builds on."""

import re
from collections.abc import Iterator

import msgspec

from steelyard.formats.python_patterns import fetches_and_runs

_ADD = r"(?i)\s*ADD\s(?:[^\n]*[\s\"'\[])?(?:(?:https?|ftp|git|ssh)://|git@)\S+"
_HEREDOC = r"(?i)\s*RUN\s[^\n]*<<-?\s*[\"']?(\w+)"
_RUN = r"(?is)\s*RUN\s+(?P<what>.*)"
_LONGEST = 8_000  # characters of an instruction that are looked at


class Step(msgspec.Struct, frozen=True):
    """A step that fetches something and runs it, or builds it in."""

    line: int
    written: str


def is_dockerfile(name: str) -> bool:
    """Tell by its name whether a text is a Dockerfile."""
    last = name.replace("!", "/").rpartition("/")[2].lower()
    return (
        last in ("dockerfile", "containerfile")
        or last.startswith("dockerfile.")
        or (last.endswith(".dockerfile"))
    )


def is_modelfile(name: str) -> bool:
    """Tell by its name whether a text is a Modelfile of Ollama."""
    return name.replace("!", "/").rpartition("/")[2].lower() == "modelfile"


def fetching_steps(text: str) -> Iterator[Step]:
    r"""Yield the steps that fetch, in order; lines that end in `\` and here-documents are joined.

    Source:
        Dockerfile reference, ADD and RUN.
    """
    for start, instruction in _instructions(text):
        added, ran = re.match(_ADD, instruction), re.match(_RUN, instruction)
        if added or (ran and fetches_and_runs(ran["what"])):
            written = " ".join(instruction.split())
            yield Step(start, written if len(written) <= 160 else f"{written[:160]}...")


def _instructions(text: str) -> Iterator[tuple[int, str]]:
    """Yield the line of each instruction, and the instruction with what belongs to it."""
    joined, start, until = "", 0, ""
    for number, line in enumerate(text.splitlines(), start=1):
        start = start if joined else number
        short = len(joined) < _LONGEST
        joined += line[:_LONGEST] if short else ""
        if until:
            until = "" if line.strip() == until else until
            joined += "\n"
        elif joined.rstrip().endswith("\\") and short:
            joined = joined.rstrip()[:-1] + " "
            continue
        elif opened := re.match(_HEREDOC, joined):
            until = opened[1]
            joined += "\n"
        if not until:
            yield start, joined
            joined = ""
    if joined:
        yield start, joined


class Base(msgspec.Struct, frozen=True):
    """What a Modelfile builds on: the keyword `FROM` or `ADAPTER`, and a name or a path."""

    line: int
    keyword: str
    path: str


def bases(text: str) -> Iterator[Base]:
    """Yield what a Modelfile builds on, in order.

    Source:
        Ollama, Modelfile reference, FROM and ADAPTER.
    """
    for number, line in enumerate(text.splitlines(), start=1):
        if found := re.match(r"(?i)\s*(FROM|ADAPTER)\s+(\S+)", line[:_LONGEST]):
            yield Base(number, found[1].upper(), found[2].strip("\"'"))
