# SPDX-License-Identifier: Apache-2.0
"""Licence texts that are at hand: files, and the terms a card shows before it gives access."""

import functools
from collections.abc import Iterator

from steelyard import knowledge
from steelyard.checks.licence.declared import CardAt, Declared, file_name
from steelyard.checks.licence.files import About, about
from steelyard.checks.licence.meaning import Doubted, Joined, Limits, Meaning, Named
from steelyard.core.claim import Gap
from steelyard.core.subject import Model, Part
from steelyard.detectors.licence_hints import clause_hints
from steelyard.detectors.licence_prints import Prints
from steelyard.detectors.licence_text import Recognition, recognise
from steelyard.detectors.licence_words import LONGEST_TEXT, words_of
from steelyard.formats.json import JsonDocument
from steelyard.formats.text import Text
from steelyard.knowledge.licence import known_licences, licence
from steelyard.knowledge.terms import Licence

_NO_PLAIN_TEXT = {"%PDF-": "a PDF", "{\\rtf": "a document in RTF"}
_SHORTEST_NOTICE = 8  # words; fewer would stand in other notices by chance
_FEWEST_WORDS = 5  # of a text that could hold terms


def licence_files(model: Model) -> Iterator[tuple[Part, About]]:
    """Yield the parts that are licence files by name; one in the model's name puts others in doubt."""
    found = [(part, kind) for part in model.parts() if (kind := about(part.where)) is not None]
    folders = {_folder(part.where) for part, kind in found if kind == "model"}
    for part, kind in found:
        sure = kind != "unclear" or _folder(part.where) in folders
        yield part, kind if sure else "model"


def text_of(part: Part) -> str | Gap:
    """Return the characters of a licence file, or the gap that it leaves."""
    content = part.content
    text = content.text if isinstance(content, Text | JsonDocument) else ""
    for magic, what in _NO_PLAIN_TEXT.items():
        if text.startswith(magic):
            return _unread(part, f"{what}; its text was not looked at")
    if not text.strip():
        empty = part.size == 0 or isinstance(content, Text)
        return _unread(part, "empty: it names no terms" if empty else f"no text but {part.format}")
    return text


def declared_by(part: Part, kind: About, text: str) -> Iterator[Declared]:
    """Yield what a licence file declares."""
    if kind == "notice":
        yield from _noticed(part, text)
        return
    found = recognise(text, prints())
    raw = file_name(part.where)
    kind = _kind(found, kind)
    meant = _meant(found, raw, kind)
    yield Declared(by="file", raw=raw, where=part.where, meant=meant, about=kind, text=found)


def declared_by_gate(at: CardAt) -> Iterator[Declared]:
    """Yield what the terms before access declare, where they are terms."""
    for prompt in at.card.extra_gated_prompt:
        if len(words_of(prompt).words) < _FEWEST_WORDS:
            continue
        found = recognise(prompt, prints())
        if found.state == "unknown" and not clause_hints(prompt):
            continue
        raw, where = "extra_gated_prompt", at.at("extra_gated_prompt")
        kind = "policy" if found.state == "unknown" else _kind(found, "model")
        meant = _meant(found, raw, kind)
        yield Declared(by="gate", raw=raw, where=where, meant=meant, about=kind, text=found)


def cut_short(part: Part, text: str) -> Gap | None:
    """Return the gap that a text leaves which is too long to be compared as a whole."""
    if len(text) <= LONGEST_TEXT:
        return None
    return _unread(
        part, f"only the first {LONGEST_TEXT:,} of {len(text):,} characters were compared"
    )


@functools.cache
def prints() -> Prints:
    """Return the fingerprints of the known texts; loaded when the first text is met."""
    return Prints.read(knowledge.entry("licence_texts", "prints") or b"")


def _kind(found: Recognition, kind: About) -> About:
    """Return what a text says terms of: one that holds nothing but use limits grants nothing."""
    return "policy" if found.limits and not found.licences else kind


def _meant(found: Recognition, raw: str, kind: About) -> Meaning:
    if not found.licences:
        return Limits(raw, tuple(_known(set(found.limits)))) if kind == "policy" else Named(raw)
    parts = tuple(Named(terms.name, (terms,)) for terms in _known(set(found.licences)))
    whole: Meaning = parts[0] if len(parts) == 1 else Joined(True, parts)
    return Doubted(whole, found.decisive) if found.state == "variant" else whole


def _known(ids: set[str]) -> Iterator[Licence]:
    for id in sorted(ids):
        terms = licence(id)
        if terms is not None:
            yield terms


def _noticed(part: Part, text: str) -> Iterator[Declared]:
    """Yield the licences whose own notice stands in a notice file."""
    haystack = f" {' '.join(words_of(text).words)} "
    for terms in known_licences():
        for duty in terms.obligations:
            words = words_of(duty.text).words if duty.do == "notice_file" else ()
            literal = "..." not in duty.text and "[" not in duty.text
            if len(words) >= _SHORTEST_NOTICE and literal and f" {' '.join(words)} " in haystack:
                raw = file_name(part.where)
                meant = Named(terms.name, (terms,))
                yield Declared(by="notice", raw=raw, where=part.where, meant=meant)


def _folder(where: str) -> str:
    return where.rpartition("/")[0]


def _unread(part: Part, reason: str) -> Gap:
    return Gap(name="licence.unread", reason=reason, where=part.where)
