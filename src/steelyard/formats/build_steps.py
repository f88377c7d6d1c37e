# SPDX-License-Identifier: Apache-2.0
"""Steps of a Dockerfile that fetch something and run it."""

import re
from collections.abc import Iterator

import msgspec

from steelyard.formats.python_acts import FETCH_AND_RUN

_ADD = re.compile(r"^\s*ADD\s+(?:--\S+\s+)*(?P<what>(?:https?|git)\S+)", re.IGNORECASE)
_RUN = re.compile(r"^\s*RUN\s+(?P<what>.*)", re.IGNORECASE | re.DOTALL)
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
        added, ran = _ADD.match(joined), _RUN.match(joined)
        if added or (ran and FETCH_AND_RUN.search(ran["what"])):
            written = " ".join(joined.split())
            yield Step(start, written if len(written) <= 160 else f"{written[:160]}...")
        joined = ""
