# SPDX-License-Identifier: Apache-2.0
"""What a declaration means: one licence, several joined by AND or OR, or nothing that is known."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from steelyard.core.patterns import late
from steelyard.knowledge.answers import answer, rank
from steelyard.knowledge.licence import named
from steelyard.knowledge.terms import Licence, May, Question

_OPERATOR = late(r"\s(?:and|or|with)\s", re.IGNORECASE)
_LONGEST_EXPRESSION = 400  # characters
_ONLY_ADDS = late(r"-exception(?:-|$)", re.IGNORECASE)
"""SPDX exceptions add permissions to a licence; other things that follow WITH may take some away."""


class Basis(msgspec.Struct, frozen=True, kw_only=True):
    """What an answer rests on.

    Attributes:
        may: The answer.
        licence: Id of the licence whose text says so; empty when there is none.
        section: Of that text.
        why: Why it is no plain yes or no.
    """

    may: May
    licence: str = ""
    section: str = ""
    why: str = ""


class Named(msgspec.Struct, frozen=True):
    """A name, and every text it may mean; none when it is not known.

    Attributes:
        text: The name.
        candidates: The texts.
    """

    text: str
    candidates: tuple[Licence, ...] = ()


class Joined(msgspec.Struct, frozen=True):
    """Several meanings: all of them hold, or the licensee takes one.

    Attributes:
        all: Whether all hold.
        parts: The meanings.
    """

    all: bool
    parts: tuple["Meaning", ...]


class Doubted(msgspec.Struct, frozen=True):
    """A text that is like a known one, but differs from it.

    Attributes:
        like: What it is like.
        decisive: Whether words that carry terms are among the difference.
    """

    like: "Meaning"
    decisive: bool


class Limits(msgspec.Struct, frozen=True):
    """Use limits that come beside a licence.

    Attributes:
        text: Where they stand.
        candidates: The licences that take these limits in; none when the text is not known.
    """

    text: str
    candidates: tuple[Licence, ...] = ()


Meaning = Named | Joined | Doubted | Limits


def meaning(text: str) -> Meaning:
    """Return what a licence tag, name or expression means.

    Example:
        >>> [licence.id for licence in licences(meaning("MIT OR Apache-2.0"))]
        ['MIT', 'Apache-2.0']
    """
    candidates = named(text)
    if candidates or len(text) > _LONGEST_EXPRESSION or not _OPERATOR.search(text):
        return Named(text, candidates)
    from license_expression import ExpressionError, Licensing  # type: ignore[import-untyped]

    try:
        return _joined(Licensing().parse(text), text)
    except ExpressionError:
        return Named(text)


def licences(meant: Meaning) -> tuple[Licence, ...]:
    """Return every licence that a meaning speaks of, in order."""
    return tuple({licence.id: licence for licence in _licences(meant)}.values())


def unknown_names(meant: Meaning) -> Iterator[str]:
    """Yield the names in a meaning that no licence is known by."""
    if isinstance(meant, Joined):
        for part in meant.parts:
            yield from unknown_names(part)
    elif isinstance(meant, Named) and not meant.candidates:
        yield meant.text


def ambiguous(meant: Meaning) -> Iterator[Named]:
    """Yield the names in a meaning that may mean several texts."""
    if isinstance(meant, Joined):
        for part in meant.parts:
            yield from ambiguous(part)
    elif isinstance(meant, Named) and len(meant.candidates) > 1:
        yield meant


def narrowed(meant: Meaning, ids: frozenset[str]) -> Meaning:
    """Return a meaning with each ambiguous name reduced to the texts that are at hand."""
    if isinstance(meant, Joined):
        return Joined(meant.all, tuple(narrowed(part, ids) for part in meant.parts))
    if isinstance(meant, Named) and len(meant.candidates) > 1:
        kept = tuple(licence for licence in meant.candidates if licence.id in ids)
        return Named(meant.text, kept or meant.candidates)
    return meant


def basis(meant: Meaning, question: Question) -> Basis:
    """Return the answer to a question: of several texts the worst, of a choice the best."""
    if isinstance(meant, Joined):
        found = [basis(part, question) for part in meant.parts]
        return worst(found) if meant.all else max(found, key=lambda item: rank(item.may))
    if isinstance(meant, Doubted):
        return _doubted(meant, question)
    if isinstance(meant, Limits):
        return Basis(may="if", why=f"within the use limits of {meant.text}")
    if not meant.candidates:
        return Basis(may="unknown", why=f"nothing is known of {meant.text!r}")
    return worst(of_licence(licence, question) for licence in meant.candidates)


def of_licence(licence: Licence, question: Question) -> Basis:
    """Return the answer of one licence."""
    found = answer(licence, question)
    return Basis(may=found.may, licence=licence.id, section=found.section, why=found.why)


def worst(found: Iterable[Basis]) -> Basis:
    """Return the worst of some answers, the first of equals; of none, unknown."""
    nothing = Basis(may="unknown", why="nothing is declared")
    return min(found, key=lambda item: rank(item.may), default=nothing)


def _doubted(meant: Doubted, question: Question) -> Basis:
    like = basis(meant.like, question)
    if meant.decisive:
        why = "the text differs from the known one where terms stand"
        return msgspec.structs.replace(like, may="unknown", why=why)
    if like.may == "yes":
        why = "the text differs from the known one; what is known of that is unverified here"
        return msgspec.structs.replace(like, may="if", why=why)
    return like


def _licences(meant: Meaning) -> Iterator[Licence]:
    if isinstance(meant, Joined):
        for part in meant.parts:
            yield from _licences(part)
    elif isinstance(meant, Doubted):
        yield from _licences(meant.like)
    elif isinstance(meant, Named):
        yield from meant.candidates


def _joined(node: Any, text: str) -> Meaning:  # noqa: ANN401 - boolean.py's nodes are untyped
    """Return the meaning of a parsed expression."""
    kind = type(node).__name__
    if kind in ("AND", "OR"):
        return Joined(kind == "AND", tuple(_joined(part, text) for part in node.args))
    if kind == "LicenseWithExceptionSymbol":
        base = _joined(node.license_symbol, text)
        exception = str(node.exception_symbol.key)
        if _ONLY_ADDS.search(exception):
            return base
        return Joined(True, (base, Named(exception)))
    key = str(getattr(node, "key", text))
    return Named(key, named(key))
