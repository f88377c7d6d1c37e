# SPDX-License-Identifier: Apache-2.0
"""Who declares which licence: cards, metadata of weights, packages."""

import re
from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec

from steelyard.checks.licence.files import About
from steelyard.checks.licence.meaning import Meaning, licences, meaning
from steelyard.core.patterns import late
from steelyard.core.probe import place
from steelyard.core.subject import Model, Part
from steelyard.detectors.licence_text import Recognition
from steelyard.formats.card import Card, parse_card
from steelyard.formats.gguf import Gguf
from steelyard.formats.json import JsonDocument
from steelyard.formats.safetensors import Safetensors
from steelyard.formats.text import Text

By = Literal["card", "gate", "file", "notice", "gguf", "safetensors", "config", "package"]

NAMES_NOTHING = frozenset({"other", "unknown"})
"""Tags that say no more than that the terms stand elsewhere."""

CARDS = frozenset({"readme.md", "model_card.md", "modelcard.md", "model-card.md"})
_GGUF_KEYS = (
    "general.license",
    "general.license.name",
    "general.license.link",
    "general.license.text",
)
_SAFETENSORS_KEYS = ("license", "modelspec.license")
_LONGEST_NAME = 300  # characters; what is longer is no name but a text
_PACKAGE_LINE = late(
    r"^(?:License-Expression|License):[ \t]*(\S[^\n]{0,200})", re.MULTILINE | re.IGNORECASE
)
_PYPROJECT_LINE = late(
    r"^license[ \t]*=[ \t]*(?:\{[ \t]*text[ \t]*=[ \t]*)?[\"']([^\"'\n]{1,200})[\"']", re.MULTILINE
)


class Declared(msgspec.Struct, frozen=True, kw_only=True):
    """A declaration.

    Attributes:
        by: Who declares.
        raw: What stands there; of a text, the name of the file.
        where: Place in the subject.
        meant: What it means.
        about: What it is the licence of.
        text: What a text was recognised as; None for a name.
    """

    by: By
    raw: str
    where: str
    meant: Meaning
    about: About = "model"
    text: Recognition | None = None

    @property
    def ids(self) -> tuple[str, ...]:
        """Return the ids of all licences it may mean, or whose use limits it holds."""
        if self.text is None:
            return tuple(licence.id for licence in licences(self.meant))
        return tuple(sorted({*self.text.licences, *self.text.limits}))

    @property
    def names_nothing(self) -> bool:
        """Tell whether it only points elsewhere, as the tag `other` does."""
        return self.raw.lower() in NAMES_NOTHING


class CardAt(msgspec.Struct, frozen=True):
    """A model card, and where it lies."""

    part: Part
    card: Card

    def at(self, field: str) -> str:
        """Return the place of a field."""
        return place(self.part.where, line=self.card.lines.get(field, 1))


def cards(model: Model) -> tuple[CardAt, ...]:
    """Return the model cards."""
    found = []
    for part, text in model.contents(Text):
        if file_name(part.where).lower() in CARDS:
            card = parse_card(text.text)
            if card is not None:
                found.append(CardAt(part, card))
    return tuple(found)


class Value(msgspec.Struct, frozen=True, kw_only=True):
    """What stands where the name of a licence is looked for.

    Attributes:
        by: Who declares.
        key: Of the value.
        value: The value, as it stands.
        where: Place in the subject.
        about: What it is the licence of.
        link: Whether it is meant to say where the licence stands.
    """

    by: By
    key: str
    value: str
    where: str
    about: About = "model"
    link: bool = False


def declarations(model: Model, found: Sequence[CardAt]) -> Iterator[Declared]:
    """Yield what is declared by name, cards first."""
    for one in named_values(model, found):
        if is_text(one.value):
            continue
        raw = " ".join(one.value.split())
        meant = meaning(raw)
        if (one.link or "://" in raw) and not licences(meant):
            continue  # an address says something where it is that of a known text, else nothing
        yield Declared(by=one.by, raw=raw, where=one.where, meant=meant, about=one.about)


def is_text(value: str) -> bool:
    """Tell whether a value is a whole text: it is too long for a name."""
    return len(value) > _LONGEST_NAME


def named_values(model: Model, found: Sequence[CardAt]) -> Iterator[Value]:
    """Yield what stands where the name of a licence is looked for, cards first."""
    for at in found:
        yield from _of_card(at)
    for part, gguf in model.contents(Gguf):
        values = [(key, gguf.metadata.get(key)) for key in _GGUF_KEYS]
        values += [item for item in gguf.shadowed if item[0] in _GGUF_KEYS]
        for key, value in values:
            where = place(part.where, pointer=f"/{key}")
            yield from _value("gguf", key, value, where, link=key.endswith(".link"))
    for part, weights in model.contents(Safetensors):
        for key in _SAFETENSORS_KEYS:
            where = place(part.where, pointer=f"/__metadata__/{key}")
            yield from _value("safetensors", key, weights.metadata.get(key), where)
    for part, document in model.contents(JsonDocument):
        yield from _of_json(part, document)
    for part, text in model.contents(Text):
        yield from _of_package(part, text)


def file_name(where: str) -> str:
    """Return the last component of the innermost path of a place."""
    return where.rpartition("!")[2].rpartition("/")[2]


def _of_card(at: CardAt) -> Iterator[Value]:
    for field in ("license", "license_name", "license_link"):
        for value in getattr(at.card, field):
            yield from _value("card", field, value, at.at(field), link=field == "license_link")


def _of_json(part: Part, document: JsonDocument) -> Iterator[Value]:
    name = file_name(part.where)
    if name in ("config.json", "package.json") and isinstance(document.value, dict):
        where, value = place(part.where, pointer="/license"), document.value.get("license")
        if name == "config.json":
            yield from _value("config", "license", value, where)
        else:
            yield from _value("package", "license", value, where, "code")


def _of_package(part: Part, text: Text) -> Iterator[Value]:
    name = file_name(part.where)
    pattern = _PYPROJECT_LINE if name == "pyproject.toml" else _PACKAGE_LINE
    if name not in ("pyproject.toml", "METADATA", "PKG-INFO"):
        return
    match = pattern.search(text.text[:100_000])
    if match:
        line = text.text.count("\n", 0, match.start()) + 1
        yield from _value("package", "license", match[1], place(part.where, line=line), "code")


def _value(
    by: By, key: str, value: object, where: str, about: About = "model", *, link: bool = False
) -> Iterator[Value]:
    if isinstance(value, str) and value.strip():
        yield Value(by=by, key=key, value=value, where=where, about=about, link=link)
