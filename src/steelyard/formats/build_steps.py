# SPDX-License-Identifier: Apache-2.0
"""Steps of a Dockerfile that fetch something and run it."""

import re
from collections.abc import Iterator

import msgspec

from steelyard.formats.python_patterns import fetches_and_runs

_ADD = r"(?i)\s*ADD\s+(?:--\S+\s+)*(?:https?|git)\S+"
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
    r"""Yield the steps that fetch, in order; lines that end in `\` are joined.

    Source:
        Dockerfile reference, ADD and RUN.
    """
    joined, start = "", 0
    for number, line in enumerate(text.splitlines(), start=1):
        start = start if joined else number
        joined += line[:_LONGEST]
        if joined.rstrip().endswith("\\") and len(joined) < _LONGEST:
            joined = joined.rstrip()[:-1] + " "
            continue
        added, ran = re.match(_ADD, joined), re.match(_RUN, joined)
        if added or (ran and fetches_and_runs(ran["what"])):
            written = " ".join(joined.split())
            yield Step(start, written if len(written) <= 160 else f"{written[:160]}...")
        joined = ""
