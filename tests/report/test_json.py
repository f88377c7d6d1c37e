# SPDX-License-Identifier: Apache-2.0
"""The dossier document and its published schema."""

import json

import jsonschema
import msgspec
import pytest

from steelyard.core.dossier import Dossier
from steelyard.report.json import JSON, render, schema
from tests.samples import dossiers

UPDATE = (
    "python -c 'import json; from steelyard.report.json import schema;"
    " print(json.dumps(schema(), indent=1, ensure_ascii=False))'"
    " > docs/schema/steelyard.dossier-1.json"
)


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft202012Validator:
    jsonschema.Draft202012Validator.check_schema(schema())
    return jsonschema.Draft202012Validator(schema())


def test_the_published_schema_is_the_one_the_types_give(repository) -> None:
    published = repository / "docs" / "schema" / "steelyard.dossier-1.json"
    assert json.loads(published.read_text("utf-8")) == schema(), UPDATE


@pytest.mark.parametrize("make", dossiers.ALL)
def test_a_dossier_document_is_valid_and_reads_back_the_same(make, validator) -> None:
    made = make()
    document = json.loads(render(made))
    validator.validate(document)
    assert msgspec.json.decode(render(made), type=Dossier) == made


@pytest.mark.parametrize(
    "spoil",
    [
        lambda document: document.pop("schema"),
        lambda document: document.update(schema="steelyard.dossier/2"),
        lambda document: document["evidence"][0]["claim"].update(type="rumour"),
        lambda document: document["verdict"].update(outcome="fine"),
    ],
)
def test_what_is_no_dossier_is_not_valid(spoil, validator) -> None:
    document = json.loads(render(dossiers.poisoned()))
    spoil(document)
    with pytest.raises(jsonschema.ValidationError):
        validator.validate(document)


def test_every_part_of_the_schema_says_what_it_is() -> None:
    made = schema()
    assert made["$id"] and made["$schema"]
    undescribed = [
        f"{name}.{field}"
        for name, definition in made["$defs"].items()
        for field, held in definition.get("properties", {}).items()
        if field != "type" and not held.get("description")
    ]
    assert undescribed == []
    assert all(definition["description"] for definition in made["$defs"].values())


def test_a_control_character_does_not_reach_the_document_as_it_is() -> None:
    assert "\x1b" not in render(dossiers.hostile())
    assert JSON.suffix == ".json"
