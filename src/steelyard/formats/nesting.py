# SPDX-License-Identifier: Apache-2.0
"""Identify by content at every layer, read, and go on inside, as deep as the limits allow."""

import functools
from collections.abc import Iterator

from steelyard import formats
from steelyard.core.errors import MalformedError
from steelyard.core.index import Listed, listed
from steelyard.core.plugins import scan
from steelyard.core.subject import Part
from steelyard.formats.port import HEAD_BYTES, Budget, Content, Format, Glimpse, Member, Signature
from steelyard.formats.source import Source


@functools.cache
def known_formats() -> tuple[Format, ...]:
    """Return the formats in the order in which they are asked, all of them imported."""
    return tuple(sorted(scan(formats, Format), key=lambda form: (form.rank, form.id)))


@functools.cache
def listed_formats() -> tuple[Listed[Signature, Format], ...]:
    """Return the formats in the order in which they are asked, to be imported when they are."""
    found = listed(formats, Format, Signature)
    return tuple(sorted(found, key=lambda form: (form.card.rank, form.card.id)))


def format_of(id: str) -> Format:
    """Return a format by its id."""
    return next(form.load() for form in listed_formats() if form.card.id == id)


def identify(name: str, source: Source) -> Format:
    """Return the format of some bytes; the last one known takes anything."""
    glimpse = Glimpse(name=name.rpartition("/")[2], head=source.read(0, HEAD_BYTES), source=source)
    asked = (form.load() for form in listed_formats() if form.card.shows(glimpse))
    return next(form for form in asked if form.matches(glimpse))


def parts(where: str, source: Source, budget: Budget) -> Iterator[Part]:
    """Yield the layer that some bytes are, then every layer inside it, outer before inner.

    Args:
        where: What the outermost layer is called.
        source: Its bytes.
        budget: What may be spent on all of it.
    """
    yield from _source_parts(where, source, budget, depth=1)


def _source_parts(where: str, source: Source, budget: Budget, depth: int) -> Iterator[Part]:
    form = identify(where.rpartition("!")[2], source)
    if depth > budget.limits.depth:
        reason = f"nested more than {budget.limits.depth} layers deep"
        yield Part(where=where, format=form.id, size=source.size, unread=reason, at=0)
        return
    try:
        content = form.read(source, budget)
    except MalformedError as error:
        yield Part(where=where, format=form.id, size=source.size, unread=error.message, at=error.at)
        return
    yield from _content_parts(where, form, content, source, budget, depth)


def _content_parts(
    where: str, form: Format, content: Content, source: Source, budget: Budget, depth: int
) -> Iterator[Part]:
    yield Part(
        where=where,
        format=form.id,
        size=source.size,
        content=content,
        unread=content.incomplete,
        at=content.incomplete_at,
    )
    try:
        for member in form.members(content, source, budget):
            budget.spend_member()
            yield from _member_parts(where, member, budget, depth + 1)
    except MalformedError as error:
        yield Part(where=where, format="unread", size=0, unread=error.message, at=error.at)


def _member_parts(where: str, member: Member, budget: Budget, depth: int) -> Iterator[Part]:
    inner = f"{where}!{member.name}"
    if member.source is None:
        yield Part(where=inner, format="unread", size=0, unread=member.unread)
        return
    if not member.format:
        yield from _source_parts(inner, member.source, budget, depth)
    else:
        form = format_of(member.format)
        content = member.content or form.read(member.source, budget)
        yield from _content_parts(inner, form, content, member.source, budget, depth)
    if member.unread:
        yield Part(where=inner, format="unread", size=0, unread=member.unread)
