# SPDX-License-Identifier: Apache-2.0
"""Documents in which models are named: YAML files, and the YAML blocks in the prose of cards."""

import re
from collections.abc import Iterator

from steelyard.checks.licence.declared import CARDS, file_name
from steelyard.core.errors import LimitError
from steelyard.core.limits import Limits
from steelyard.core.patterns import late
from steelyard.core.subject import Model, Part
from steelyard.formats.port import Budget
from steelyard.formats.text import Text
from steelyard.formats.yaml import YamlDocument
from steelyard.formats.yaml_events import build

PROSE_CHARACTERS = 400_000  # of a card; longer ones are tables of results

_FENCE = late(r"^[ \t]*(```+|~~~+)[^\n]*\n", re.MULTILINE)
_BLOCKS = 50
_BLOCK_CHARACTERS = 200_000


def readmes(model: Model) -> Iterator[tuple[Part, str]]:
    """Yield the texts that describe models, with and without front matter, cut to a bound."""
    for part, text in model.contents(Text):
        if file_name(part.where).lower() in CARDS:
            yield part, text.text[:PROSE_CHARACTERS]


def yaml_documents(document: YamlDocument) -> list[object]:
    """Return the documents of a YAML file; of one whose end is broken what stands before that."""
    value = document.value
    return list(value) if isinstance(value, list) else [value]


def yaml_blocks(text: str, *words: str) -> Iterator[tuple[int, list[object]]]:
    """Yield the line and the documents of each fenced block that is YAML and holds one of some words.

    Args:
        text: Markdown.
        words: Without any of them a block is not parsed.
    """
    if not any(word in text for word in words):
        return
    for line, block in fenced(text):
        if any(word in block for word in words):
            try:
                yield line, build(block, Budget(Limits())).documents
            except LimitError:
                continue


def fenced(text: str) -> Iterator[tuple[int, str]]:
    """Yield the line and the content of each fenced block, bounded in number and length.

    Source: CommonMark 0.31, section 4.5.
    """
    position = 0
    for _ in range(_BLOCKS):
        opened = _FENCE.search(text, position)
        if opened is None:
            return
        end = text.find(f"\n{opened[1]}", opened.end() - 1)
        block = text[opened.end() : end if end >= 0 else len(text)]
        if len(block) <= _BLOCK_CHARACTERS:
            yield text.count("\n", 0, opened.end()) + 1, block
        position = len(text) if end < 0 else end + 1 + len(opened[1])
