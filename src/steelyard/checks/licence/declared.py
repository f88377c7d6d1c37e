# SPDX-License-Identifier: Apache-2.0
"""Who declares which licence: cards, metadata of weights, packages."""

import re
from collections.abc import Iterator
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
_GGUF_KEYS = ("general.license", "general.license.name", "general.license.link")
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


def declarations(model: Model, found: tuple[CardAt, ...]) -> Iterator[Declared]:
    """Yield what is declared by name, cards first."""
    for at in found:
        yield from _of_card(at)
    for part, gguf in model.contents(Gguf):
        values = [(key, gguf.metadata.get(key)) for key in _GGUF_KEYS]
        values += [item for item in gguf.shadowed if item[0] in _GGUF_KEYS]
        for key, value in values:
            yield from _named("gguf", value, place(part.where, pointer=f"/{key}"))
    for part, weights in model.contents(Safetensors):
        for key in _SAFETENSORS_KEYS:
            where = place(part.where, pointer=f"/__metadata__/{key}")
            yield from _named("safetensors", weights.metadata.get(key), where)
    for part, document in model.contents(JsonDocument):
        yield from _of_json(part, document)
    for part, text in model.contents(Text):
        yield from _of_package(part, text)


def file_name(where: str) -> str:
    """Return the last component of the innermost path of a place."""
    return where.rpartition("!")[2].rpartition("/")[2]


def _of_card(at: CardAt) -> Iterator[Declared]:
    for field in ("license", "license_name"):
        for value in getattr(at.card, field):
            yield from _named("card", value, at.at(field))
    for value in at.card.license_link:
        yield from _by_address("card", value, at.at("license_link"))


def _of_json(part: Part, document: JsonDocument) -> Iterator[Declared]:
    name = file_name(part.where)
    if name in ("config.json", "package.json") and isinstance(document.value, dict):
        where = place(part.where, pointer="/license")
        if name == "config.json":
            yield from _named("config", document.value.get("license"), where)
        else:
            yield from _named("package", document.value.get("license"), where, "code")


def _of_package(part: Part, text: Text) -> Iterator[Declared]:
    name = file_name(part.where)
    pattern = _PYPROJECT_LINE if name == "pyproject.toml" else _PACKAGE_LINE
    if name not in ("pyproject.toml", "METADATA", "PKG-INFO"):
        return
    match = pattern.search(text.text[:100_000])
    if match:
        line = text.text.count("\n", 0, match.start()) + 1
        yield from _named("package", match[1], place(part.where, line=line), "code")


def _named(by: By, value: object, where: str, about: About = "model") -> Iterator[Declared]:
    if not isinstance(value, str) or not value.strip():
        return
    raw = " ".join(value.split())
    if len(raw) > _LONGEST_NAME:
        raw = raw[:_LONGEST_NAME] + "..."
    if "://" in raw:
        yield from _by_address(by, raw, where)
    else:
        yield Declared(by=by, raw=raw, where=where, meant=meaning(raw), about=about)


def _by_address(by: By, value: str, where: str) -> Iterator[Declared]:
    """Yield a declaration where an address is that of a known text; other addresses say nothing."""
    meant = meaning(value)
    if licences(meant):
        yield Declared(by=by, raw=value, where=where, meant=meant)
