# SPDX-License-Identifier: Apache-2.0
"""What is known of licences: the texts by name, and what a base is presumed to be under."""

import functools
import re
from collections.abc import Mapping

import msgspec

from steelyard import knowledge
from steelyard.core.patterns import late
from steelyard.knowledge.licence_page import page
from steelyard.knowledge.terms import Licence

__all__ = ["known_licences", "licence", "named", "page", "presumed"]

_NO_NAME = frozenset({"other", "unknown", ""})
"""Tags that name no licence."""

_FILLER = late(r"\b(?:the|licen[cs]e|agreement|version|v(?=\d))\b")


class _Hint(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    match: str
    licence: str


class _Hints(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    schema: int
    as_of: str
    basis: str
    hints: tuple[_Hint, ...]


@functools.cache
def known_licences() -> tuple[Licence, ...]:
    """Return every licence there are facts of, by id."""
    decoder = msgspec.json.Decoder(Licence)
    found = [decoder.decode(data) for _, data in knowledge.entries("licences")]
    return tuple(sorted(found, key=lambda licence: licence.id.lower()))


def licence(id: str) -> Licence | None:
    """Return the licence with an id, whatever its case."""
    return _by_id().get(id.lower())


def named(name: str) -> tuple[Licence, ...]:
    """Return every licence that a tag, an alias, an SPDX id, a title or an address may mean.

    One name may belong to several texts: then all of them are candidates. A name is compared as a
    whole, first as it stands (letter case and separators apart), then without words such as
    `license`; nothing is ever guessed.

    Example:
        >>> [licence.id for licence in named("gemma")]
        ['gemma', 'gemma-2024-02-21']
    """
    as_it_stands, without_filler = _by_name()
    return as_it_stands.get(_key(name), ()) or without_filler.get(
        _key(_FILLER.sub(" ", name.lower())), ()
    )


def presumed(base: str) -> Licence | None:
    """Return the licence that is usually shipped with a model of this id; a hint, never a fact.

    Args:
        base: Id of a model, `organisation/name`.
    """
    wanted = base.strip().lower()
    for prefix, suffix, id in _base_hints():
        alike = wanted.startswith(prefix) and wanted.endswith(suffix or "")
        if alike and (suffix is not None or wanted == prefix):
            return licence(id)
    return None


@functools.cache
def _by_id() -> Mapping[str, Licence]:
    return {terms.id.lower(): terms for terms in known_licences()}


_Index = Mapping[str, tuple[Licence, ...]]


@functools.cache
def _by_name() -> tuple[_Index, _Index]:
    """Return the licences by each name as it stands, and by each name without filler."""
    strict: dict[str, dict[str, Licence]] = {}
    loose: dict[str, dict[str, Licence]] = {}
    for terms in known_licences():
        names = (terms.id, terms.spdx_or_ref or "", terms.name, terms.url)
        for name in (*names, *terms.hf_tags, *terms.aliases):
            if name.lower() not in _NO_NAME:
                strict.setdefault(_key(name), {})[terms.id] = terms
                loose.setdefault(_key(_FILLER.sub(" ", name.lower())), {})[terms.id] = terms
    loose.pop("", None)
    return _frozen(strict), _frozen(loose)


def _frozen(index: dict[str, dict[str, Licence]]) -> _Index:
    return {key: tuple(found.values()) for key, found in index.items()}


@functools.cache
def _base_hints() -> tuple[tuple[str, str | None, str], ...]:
    """Return what stands before and behind the `*` of each hint (None without one), and the licence."""
    data = knowledge.entry("base_models", "hints") or b""
    found = []
    for hint in msgspec.json.decode(data, type=_Hints).hints:
        prefix, star, suffix = hint.match.lower().partition("*")
        found.append((prefix, suffix if star else None, hint.licence))
    return tuple(found)


def _key(name: str) -> str:
    """Return the form in which names are compared."""
    name = name.strip().lower().removeprefix("https://").removeprefix("http://").rstrip("/")
    words = re.split(r"[\s_,()/-]+", name)
    return "-".join(word for word in words if word)
