# SPDX-License-Identifier: Apache-2.0
"""The terms of an ancestor that lies in a folder of the subject."""

from steelyard.checks.licence.declared import CardAt, declarations
from steelyard.checks.licence.meaning import Joined, Meaning
from steelyard.checks.licence.texts import declared_by, licence_files, text_of
from steelyard.core.claim import Gap
from steelyard.core.subject import Model


def terms_in(model: Model, cards: tuple[CardAt, ...], folder: str) -> Meaning | None:
    """Return the terms that are declared in a folder, all of them together; None where none are.

    Args:
        model: The model.
        cards: Its cards.
        folder: Path of a folder of the subject.
    """
    inside = f"{folder}/"
    found = [
        one.meant
        for one in declarations(model, cards)
        if one.where.startswith(inside) and one.about == "model" and not one.names_nothing
    ]
    for part, about in licence_files(model):
        text = text_of(part) if part.where.startswith(inside) else None
        if text is not None and not isinstance(text, Gap):
            found += [one.meant for one in declared_by(part, about, text) if one.about != "code"]
    unique = tuple(dict.fromkeys(found))
    if not unique:
        return None
    return unique[0] if len(unique) == 1 else Joined(True, unique)
