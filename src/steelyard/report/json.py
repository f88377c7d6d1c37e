# SPDX-License-Identifier: Apache-2.0
"""Report `json`: the dossier document, and its JSON Schema."""

import re
from inspect import cleandoc
from typing import Any

import msgspec

from steelyard.core.dossier import SCHEMA, Dossier
from steelyard.core.patterns import late
from steelyard.report import Report

_ATTRIBUTE = late(r"^    (\w+): (.*(?:\n {8,}.*)*)", re.MULTILINE)


def render(dossier: Dossier) -> str:
    """Return the dossier document, indented, with a newline at its end."""
    return msgspec.json.format(msgspec.json.encode(dossier), indent=1).decode() + "\n"


def schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of the dossier document.

    It is made of the types and their docstrings, so that it says what is read and written.
    `docs/schema` holds a copy of it.
    """
    types = msgspec.json.encode(msgspec.json.schema(Dossier))
    made = msgspec.json.decode(types, type=dict[str, Any])
    for definition in made["$defs"].values():
        _describe(definition)
    made["$defs"]["Dossier"]["required"].insert(0, "schema")
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:steelyard:schema:{SCHEMA.replace('/', ':')}",
        "title": SCHEMA,
    }
    return head | made


def _describe(definition: dict[str, Any]) -> None:
    """Move what a docstring says of each attribute to the attribute."""
    text, _, attributes = cleandoc(definition.get("description", "")).partition("\n\nAttributes:\n")
    definition["description"] = " ".join(text.split())
    for name, meaning in _ATTRIBUTE.findall(attributes):
        if name in definition.get("properties", {}):
            definition["properties"][name]["description"] = " ".join(meaning.split())


JSON = Report(
    id="json",
    title="Dossier document",
    suffix=".json",
    render=render,
    page="""
The whole dossier as one JSON document, schema `steelyard.dossier/1`: the subject, all evidence, the
verdict. It is what other programs read, what the store keeps, and what is signed.

`docs/schema/steelyard.dossier-1.json` is its JSON Schema. Programs that read it should pass over
members they do not know: later versions may add some.
""",
)
