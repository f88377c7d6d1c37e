# SPDX-License-Identifier: Apache-2.0
"""Model cards: the YAML front matter of a README.

A card is a text; whoever needs its fields calls `parse_card` on that text. Scalars stay as they are
written: YAML 1.1 would turn `language: no`, Norwegian, into a truth value.

Source: the hub's model card specification (huggingface/hub-docs, `modelcard.md`).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from steelyard.core.patterns import late
from steelyard.formats.port import Flaw

FRONT_MATTER_CHARACTERS = 4 << 20  # cards with thousands of evaluation results reach 1 MiB
EVENTS = 400_000
DEPTH = 64

_OPEN = late(r"\s*---[ \t]*\r?\n")
_CLOSE = late(r"^---[ \t]*\r?$", re.MULTILINE)
_NULL = frozenset({"", "~", "null", "Null", "NULL"})

Node = str | None | list[Any] | dict[str, Any]
"""A value of the front matter: text, nothing, a list of such, a mapping of such."""


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of a model card that say whose it is, under which terms, and from what it was made.

    Lists and single values are not told apart: each is a tuple. A key that stands twice keeps both
    values.

    Attributes:
        license: Licence tags, as written.
        license_name: Names beside `license: other`.
        license_link: Addresses, or paths in the repository.
        base_model: Ids of the models it was made from.
        base_model_relation: `adapter` | `merge` | `quantized` | `finetune`.
        datasets: Ids of the data sets it was trained on.
        language: Language codes.
        tags: Free tags.
        library_name: Library that loads it.
        pipeline_tag: Task.
        extra_gated_prompt: Terms shown before access is given.
        fields: All fields, by key, as they stand; of a key that stands twice the last.
        lines: Line of each key in the text, from 1.
        flaws: Contradictions; `at` is a line, not a byte.
    """

    license: tuple[str, ...] = ()
    license_name: tuple[str, ...] = ()
    license_link: tuple[str, ...] = ()
    base_model: tuple[str, ...] = ()
    base_model_relation: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    language: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    library_name: tuple[str, ...] = ()
    pipeline_tag: tuple[str, ...] = ()
    extra_gated_prompt: tuple[str, ...] = ()
    fields: Mapping[str, Node] = {}
    lines: Mapping[str, int] = {}
    flaws: tuple[Flaw, ...] = ()


_LISTS = tuple(name for name in Card.__struct_fields__ if name not in {"fields", "lines", "flaws"})


def parse_card(text: str) -> Card | None:
    r"""Return the card that a README begins with, or None where it has no front matter.

    Broken YAML gives the fields before the break and a flaw; nothing is raised, whatever the text.

    Args:
        text: The whole file.

    Example:
        >>> parse_card("---\nlicense: mit\n---\nA model.").license
        ('mit',)
    """
    opened = _OPEN.match(text)
    if opened is None:
        return None
    closed = _CLOSE.search(text, opened.end())
    front = text[opened.end() : closed.start() if closed else None]
    first_line = text.count("\n", 0, opened.end()) + 1
    flaws = [] if closed else [_flaw("unclosed", "the front matter has no end", first_line - 1)]
    if len(front) > FRONT_MATTER_CHARACTERS:
        message = f"front matter of more than {FRONT_MATTER_CHARACTERS:,} characters was not read"
        return Card(flaws=(_flaw("too-long", message, first_line),))
    reader = _Reader(first_line)
    reader.read(front)
    return _card(reader.entries, (*flaws, *reader.flaws))


def _card(entries: Sequence[tuple[str, Node, int]], flaws: tuple[Flaw, ...]) -> Card:
    values: dict[str, list[str]] = {}
    fields: dict[str, Node] = {}
    lines: dict[str, int] = {}
    twice: list[Flaw] = []
    for key, value, line in entries:
        if key in fields:
            twice.append(_flaw("twice", f"{key!r} stands twice", line))
        values.setdefault(key, []).extend(_texts(value))
        fields[key] = value
        lines.setdefault(key, line)
    return Card(
        **{name: tuple(dict.fromkeys(values.get(name, ()))) for name in _LISTS},
        fields=fields,
        lines=lines,
        flaws=(*flaws, *twice),
    )


def _texts(value: Node) -> Iterator[str]:
    """Yield the texts of a single value or of a flat list."""
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, str) and item.strip():
            yield item.strip()


def _flaw(code: str, message: str, line: int) -> Flaw:
    return Flaw(code=code, message=message, at=line)


class _Reader:
    """Builds plain values of YAML events, bounded in depth and number; aliases are not expanded.

    Args:
        first_line: Line of the text at which the YAML begins.
    """

    def __init__(self, first_line: int) -> None:
        self._first_line = first_line
        self._open: list[list[Any] | dict[str, Any]] = []
        self._keys: list[str | None] = []
        self._key_lines: list[int] = []
        self.entries: list[tuple[str, Node, int]] = []
        self.flaws: list[Flaw] = []

    def read(self, front: str) -> None:
        """Read the front matter, or as much of it as is sound."""
        import yaml

        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        line = self._first_line
        try:
            for count, event in enumerate(yaml.parse(front, Loader=loader)):
                if event.start_mark:
                    line = self._first_line + event.start_mark.line
                if count > EVENTS or len(self._open) > DEPTH:
                    self.flaws.append(_flaw("too-much", "more front matter than a card has", line))
                    return
                self._take(event, line)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark
            at = self._first_line + mark.line if mark else line
            self.flaws.append(_flaw("broken", f"broken YAML: {error.problem}", at))
        except yaml.YAMLError:
            message = "broken YAML: it holds a character that may not stand there"
            self.flaws.append(_flaw("broken", message, line))

    def _take(self, event: Any, line: int) -> None:  # noqa: ANN401 - PyYAML's events are untyped
        kind = type(event).__name__
        if kind == "ScalarEvent":
            plain = event.implicit[0] and event.value in _NULL
            self._add(None if plain else event.value, line)
        elif kind == "AliasEvent":
            self.flaws.append(_flaw("alias", f"alias *{event.anchor} was not followed", line))
            self._add(None, line)
        elif kind in ("MappingStartEvent", "SequenceStartEvent"):
            self._open.append({} if kind == "MappingStartEvent" else [])
            self._keys.append(None)
            self._key_lines.append(line)
        elif kind in ("MappingEndEvent", "SequenceEndEvent"):
            value = self._open.pop()
            self._keys.pop()
            self._key_lines.pop()
            self._add(value, line)

    def _add(self, value: Node, line: int) -> None:
        if not self._open:
            if not isinstance(value, dict):
                self.flaws.append(_flaw("no-mapping", "the front matter holds no fields", line))
            return
        inside = self._open[-1]
        if isinstance(inside, list):
            inside.append(value)
            return
        key = self._keys[-1]
        if key is None:
            self._keys[-1] = value if isinstance(value, str) else ""
            self._key_lines[-1] = line
            return
        self._keys[-1] = None
        inside[key] = value
        if len(self._open) == 1:
            self.entries.append((key, value, self._key_lines[-1]))
