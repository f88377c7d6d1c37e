# SPDX-License-Identifier: Apache-2.0
"""Licence texts that are at hand: in files, in metadata, and before a card gives access."""

import functools
import posixpath
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from steelyard import knowledge
from steelyard.checks.licence.declared import (
    By,
    CardAt,
    Declared,
    file_name,
    is_text,
    named_values,
)
from steelyard.checks.licence.files import About, about
from steelyard.checks.licence.meaning import Doubted, Joined, Limits, Meaning, Named
from steelyard.core.claim import Gap
from steelyard.core.subject import Model, Part
from steelyard.detectors.licence_hints import clause_hints
from steelyard.detectors.licence_prints import Prints
from steelyard.detectors.licence_shelf import Shelf
from steelyard.detectors.licence_text import Recognition, recognise
from steelyard.detectors.licence_words import LONGEST_TEXT, words_of
from steelyard.formats.json import JsonDocument
from steelyard.formats.text import Text
from steelyard.knowledge.licence import known_licences, licence, named
from steelyard.knowledge.terms import Licence

_NO_PLAIN_TEXT = {"%PDF-": "a PDF", "{\\rtf": "a document in RTF"}
_SHORTEST_NOTICE = 8  # words; fewer would stand in other notices by chance
_FEWEST_WORDS = 5  # of a text that could hold terms


class TextAt(msgspec.Struct, frozen=True, kw_only=True):
    """A text that may hold terms, and where it stands.

    Attributes:
        by: Who shows it.
        raw: What it is called.
        where: Place in the subject.
        about: What it says terms of, by its name.
        text: The characters.
    """

    by: By
    raw: str
    where: str
    about: About
    text: str


def texts_at(model: Model, found: Sequence[CardAt]) -> Iterator[TextAt | Gap]:
    """Yield every text that may hold terms, and what is amiss with some."""
    yield from files_at(model, found)
    yield from gates_at(found)
    yield from metadata_at(model, found)


def files_at(model: Model, found: Sequence[CardAt]) -> Iterator[TextAt | Gap]:
    """Yield the licence files, by their name or since a card links to them, and what is amiss with them."""
    linked = dict(_links(found))
    files = []
    for part in model.parts():
        kind = about(part.where)
        link = linked.pop(part.where, None)
        if kind is not None or link is not None:
            files.append(
                (part, "model" if link is not None and kind != "policy" else kind or "model")
            )
    folders = {_folder(part.where) for part, kind in files if kind == "model"}
    for part, kind in files:
        text = _text_of(part)
        if isinstance(text, Gap):
            yield text
            continue
        if len(text) > LONGEST_TEXT:
            size = f"the first {LONGEST_TEXT:,} of {len(text):,} characters"
            yield _unread(part.where, f"only {size} were compared")
        sure = kind != "unclear" or _folder(part.where) in folders
        yield TextAt(
            by="file",
            raw=file_name(part.where),
            where=part.where,
            about=kind if sure else "model",
            text=text,
        )
    for path, at in sorted(linked.items()):
        yield _unread(at, f"{path!r}, which the card names as its licence, is not there")


def gates_at(found: Sequence[CardAt]) -> Iterator[TextAt]:
    """Yield what cards show before they give access, where it speaks of terms."""
    for at in found:
        for prompt in at.card.extra_gated_prompt:
            if len(words_of(prompt).words) >= _FEWEST_WORDS:
                yield TextAt(
                    by="gate",
                    raw="extra_gated_prompt",
                    where=at.at("extra_gated_prompt"),
                    about="model",
                    text=prompt,
                )


def metadata_at(model: Model, found: Sequence[CardAt]) -> Iterator[TextAt]:
    """Yield whole texts that stand where the name of a licence is looked for."""
    for one in named_values(model, found):
        if is_text(one.value):
            yield TextAt(by=one.by, raw=one.key, where=one.where, about=one.about, text=one.value)


def declared_by(at: TextAt, shelf: Shelf | None = None) -> Iterator[Declared]:
    """Yield what a text declares.

    Args:
        at: The text.
        shelf: More licences to compare with, which somebody brought.
    """
    if at.about == "notice":
        yield from _noticed(at)
        return
    found = recognise(at.text, prints(), shelf)
    kind = _kind(found, at.about)
    if at.by == "gate" and found.state == "unknown":
        if not clause_hints(at.text):
            return
        kind = "policy"
    meant = _meant(found, at.raw, kind)
    yield Declared(by=at.by, raw=at.raw, where=at.where, meant=meant, about=kind, text=found)


@functools.cache
def prints() -> Prints:
    """Return the fingerprints of the known texts; loaded when the first text is met."""
    return Prints.read(knowledge.entry("licence_texts", "prints") or b"")


def _kind(found: Recognition, kind: About) -> About:
    """Return what a text says terms of: one that holds nothing but use limits grants nothing."""
    return "policy" if found.limits and not found.licences else kind


def _meant(found: Recognition, raw: str, kind: About) -> Meaning:
    if not found.licences:
        return Limits(raw, tuple(_known(found.limits))) if kind == "policy" else Named(raw)
    parts = tuple(Named(id, tuple(_known([id]))) for id in found.licences)
    whole: Meaning = parts[0] if len(parts) == 1 else Joined(True, parts)
    return Doubted(whole, found.decisive) if found.state == "variant" else whole


def _known(ids: Iterable[str]) -> Iterator[Licence]:
    """Yield the licences that go by some ids: ours, or names that somebody gave his texts."""
    for id in ids:
        terms = licence(id)
        candidates = (terms,) if terms is not None else named(id)
        if len(candidates) == 1:
            yield candidates[0]


def _noticed(at: TextAt) -> Iterator[Declared]:
    """Yield the licences whose own notice stands in a notice file."""
    haystack = f" {' '.join(words_of(at.text).words)} "
    for terms in known_licences():
        for duty in terms.obligations:
            words = words_of(duty.text).words if duty.do == "notice_file" else ()
            literal = "..." not in duty.text and "[" not in duty.text
            if len(words) >= _SHORTEST_NOTICE and literal and f" {' '.join(words)} " in haystack:
                meant = Named(terms.name, (terms,))
                yield Declared(by="notice", raw=at.raw, where=at.where, meant=meant)


def _links(found: Sequence[CardAt]) -> Iterator[tuple[str, str]]:
    """Yield the files of the subject that cards link to as their licence, and where they do so."""
    for at in found:
        folder = _folder(at.part.where)
        for link in at.card.license_link:
            path = posixpath.normpath(posixpath.join(folder, link.partition("#")[0].strip()))
            if link.strip() and "://" not in link and not path.startswith(("/", "..", ".")):
                yield path, at.at("license_link")


def _text_of(part: Part) -> str | Gap:
    """Return the characters of a licence file, or the gap that it leaves."""
    content = part.content
    text = content.text if isinstance(content, Text | JsonDocument) else ""
    for magic, what in _NO_PLAIN_TEXT.items():
        if text.startswith(magic):
            return _unread(part.where, f"{what}; its text was not looked at")
    if not text.strip():
        empty = part.size == 0 or isinstance(content, Text)
        reason = "empty: it names no terms" if empty else f"no text but {part.format}"
        return _unread(part.where, reason)
    return text


def _folder(where: str) -> str:
    return where.rpartition("/")[0]


def _unread(where: str, reason: str) -> Gap:
    return Gap(name="licence.unread", reason=reason, where=where)
