# SPDX-License-Identifier: Apache-2.0
"""Everything that is declared of a model, and what of it counts."""

from collections.abc import Iterator, Sequence

import msgspec

from steelyard.checks.licence.declared import CardAt, Declared, declarations
from steelyard.checks.licence.meaning import licences, narrowed
from steelyard.checks.licence.texts import declared_by, declared_by_gate, licence_files, text_of
from steelyard.core.claim import Gap
from steelyard.core.subject import Model


def declared_at_all(model: Model, found: tuple[CardAt, ...]) -> Iterator[Declared]:
    """Yield what is declared by name and by the texts at hand, names first."""
    yield from declarations(model, found)
    for part, about in licence_files(model):
        text = text_of(part)
        if not isinstance(text, Gap):
            yield from declared_by(part, about, text)
    for at in found:
        yield from declared_by_gate(at)


def settled(declared: Sequence[Declared]) -> list[Declared]:
    """Return the declarations, with ambiguous names settled by the exact texts that are at hand."""
    exact = frozenset(
        terms.id
        for one in declared
        if one.text is not None and one.text.state == "exact"
        for terms in licences(one.meant)
    )
    return [
        msgspec.structs.replace(one, meant=narrowed(one.meant, exact)) if one.text is None else one
        for one in declared
    ]


def counted(declared: Sequence[Declared]) -> list[Declared]:
    """Return the declarations that count for the model.

    Those of code do not; nor do use limits by themselves; nor a tag that points elsewhere, such as
    `other`, where something else says what it is.
    """
    ours = [one for one in declared if one.about != "code"]
    says = [one for one in ours if not one.names_nothing and one.about != "policy"]
    if says:
        return [one for one in ours if not one.names_nothing]
    return [one for one in ours if one.about != "policy"]
