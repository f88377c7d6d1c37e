# SPDX-License-Identifier: Apache-2.0
"""Where templates hide: in configurations, in metadata, in files of their own."""

import re
from collections.abc import Iterable, Iterator

import msgspec

from steelyard.core.patterns import late
from steelyard.core.subject import Part
from steelyard.formats.gguf import Gguf
from steelyard.formats.json import JsonDocument, members_of
from steelyard.formats.text import Text
from steelyard.formats.yaml import YamlDocument

_SUFFIXES = frozenset({"jinja", "jinja2", "j2"})
_FOLDER = "additional_chat_templates/"
_CERTAIN = "chat_template"
_LIKELY = late(r"template|prompt|jinja|instruction|system|format", re.IGNORECASE)
_LOOKS_LIKE_ONE = late(r"\{%.*%\}|\{\{.*\}\}", re.DOTALL)
_MOST = 2_000  # templates of one part; a model has a handful


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """A template where it was found.

    Attributes:
        where: The part it is in.
        pointer: JSON pointer or metadata key within the part; empty where the part is the template.
        text: The template.
        certain: A renderer would take it for a template; else it only looks like one.
        unread: Why there may be more templates that are not listed; empty when there are none.
    """

    where: str
    pointer: str
    text: str
    certain: bool
    unread: str = ""


def sites(parts: Iterable[Part]) -> Iterator[Site]:
    """Yield the templates of some parts, in order."""
    for part in parts:
        content = part.content
        if isinstance(content, Text):
            yield from _file(part.where, content.text)
        elif isinstance(content, JsonDocument):
            yield from _json(part.where, content)
        elif isinstance(content, YamlDocument):
            yield from _document(part.where, content.value, content.shadowed)
        elif isinstance(content, Gguf):
            yield from _document(part.where, content.metadata, content.shadowed)


def _file(where: str, text: str) -> Iterator[Site]:
    name = where.rpartition("!")[2]
    if name.rpartition(".")[2].lower() in _SUFFIXES or _FOLDER in name:
        yield Site(where=where, pointer="", text=text, certain=True)


def _json(where: str, document: JsonDocument) -> Iterator[Site]:
    if document.text:
        yield from _file(where, document.text)
    else:
        yield from _document(where, document.value, document.shadowed)


def _document(where: str, value: object, shadowed: Iterable[tuple[str, object]]) -> Iterator[Site]:
    yield from _members(where, value, "")
    for index, (key, hidden) in enumerate(shadowed):
        yield from _members(where, {key: hidden}, f"hidden:{index}")


def _members(where: str, value: object, prefix: str) -> Iterator[Site]:
    seen: set[str] = set()
    for pointer, key, held in members_of(value):
        certain = _CERTAIN in key.lower()
        for place, text in _texts(pointer, held, nested=certain):
            likely = certain or (_LIKELY.search(key) and _LOOKS_LIKE_ONE.search(text))
            if not likely or place in seen:
                continue
            seen.add(place)
            excess = f"more than {_MOST:,} templates" if len(seen) > _MOST else ""
            yield Site(
                where=where, pointer=f"{prefix}{place}", text=text, certain=certain, unread=excess
            )
            if excess:
                return


def _texts(pointer: str, value: object, *, nested: bool) -> Iterator[tuple[str, str]]:
    """Yield the texts of a member; of a list or object under `chat_template`, every text inside."""
    if isinstance(value, str):
        yield pointer, value
    elif isinstance(value, list):
        for index, item in enumerate(value):
            if isinstance(item, str):
                yield f"{pointer}/{index}", item
    if nested and isinstance(value, list | dict):
        for place, _, item in members_of(value, pointer):
            if isinstance(item, str):
                yield place, item
