# SPDX-License-Identifier: Apache-2.0
"""What is known of formats and probes before they are imported is what they say themselves."""

import hashlib

import msgspec
import pytest
from fuzz.mutate import mutations
from fuzz.seeds import seeds

from steelyard import checks, formats
from steelyard.core.index import listed, modules_of
from steelyard.core.limits import Limits
from steelyard.core.plugins import scan
from steelyard.core.probe import Card, Context, Probe
from steelyard.core.subject import Artifact
from steelyard.flow.examine import claims, idle, known_probes, passed_over, ready_probes
from steelyard.flow.model import FileModel, Stamp, Surveyed
from steelyard.formats.nesting import known_formats, listed_formats, parts
from steelyard.formats.port import HEAD_BYTES, Budget, Format, Glimpse, Signature
from steelyard.formats.source import BytesSource

CONTEXT = Context(limits=Limits(seconds=5, opcodes=200_000, expanded_bytes=16 << 20))
FILES = [*sorted(seeds().items()), *mutations(seed=3, count=150)]


@pytest.mark.parametrize(
    ("folder", "kind", "card"), [(formats, Format, Signature), (checks, Probe, Card)]
)
def test_every_name_in_an_index_resolves_to_what_its_card_says(folder, kind, card):
    found = listed(folder, kind, card)
    for entry in found:
        thing = entry.load()
        for field in msgspec.structs.fields(card):
            assert getattr(thing, field.name) == getattr(entry.card, field.name)
    assert sorted(entry.card.id for entry in found) == sorted(
        thing.id for thing in scan(folder, kind)
    )


def test_formats_are_asked_in_the_same_order_whether_imported_or_not():
    assert [form.card.id for form in listed_formats()] == [form.id for form in known_formats()]


def test_the_probes_that_look_are_those_that_are_explained():
    known = [(probe.id, probe.version, probe.on) for probe in known_probes()]
    assert [(probe.id, probe.version, probe.on) for probe in ready_probes()] == known


def test_modules_are_told_by_their_names(tmp_path, monkeypatch):
    monkeypatch.setattr(checks, "__path__", [str(tmp_path)])
    for name in ("one.py", "__init__.py", "notes.txt", "index.json"):
        (tmp_path / name).touch()
    (tmp_path / "two").mkdir()
    (tmp_path / "__pycache__").mkdir()
    assert modules_of(checks) == {"one", "two"}


@pytest.mark.parametrize("form", known_formats(), ids=lambda form: form.id)
def test_whatever_is_of_a_format_shows_one_of_its_signs(form):
    for name, data in FILES:
        glimpse = Glimpse(name=name, head=data[:HEAD_BYTES], source=BytesSource(data))
        assert form.shows(glimpse) or not form.matches(glimpse), name


def test_a_probe_that_is_passed_over_would_have_said_the_same():
    probes = [probe for probe in known_probes() if probe.formats or probe.only_with]
    assert len(probes) > 10
    for name, data in FILES:
        model = model_of(name, data)
        there = frozenset(part.format for part in model.parts())
        for probe in probes:
            if idle(probe, there, CONTEXT):
                found = list(claims(probe, model, CONTEXT))
                assert found == list(passed_over(probe)), (name, probe.id)


def model_of(name: str, data: bytes) -> FileModel:
    layers = tuple(parts(name, BytesSource(data), Budget(CONTEXT.limits)))
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
    artifact = Artifact(path=name, digest=digest, size=len(data), format=layers[0].format)
    return FileModel("sample", [Surveyed(artifact, layers, name, Stamp(0, 0, 0, 0, 0))], [])
