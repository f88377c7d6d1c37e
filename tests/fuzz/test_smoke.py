# SPDX-License-Identifier: Apache-2.0
"""A few seconds of fuzzing, the same files in every run; `make fuzz` does it at length."""

import pytest
from fuzz import mutate
from fuzz.harness import examine
from fuzz.seeds import seeds

from steelyard.formats.nesting import identify, known_formats
from steelyard.formats.source import BytesSource

TARGETS = ["flow", *(form.id for form in known_formats())]


@pytest.mark.parametrize("target", TARGETS)
def test_mutated_files_break_no_reader(target: str, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(mutate, "CRASHES", tmp_path / "crashes")
    result = mutate.throw(target, seed=1, count=300 if target == "flow" else 500, seconds=20)
    assert result.crashes == []
    assert result.slowest_s < mutate.TOO_LONG_S


@pytest.mark.parametrize("name", seeds())
def test_no_seed_breaks_the_flow(name: str) -> None:
    examine(name, seeds()[name])


@pytest.mark.parametrize("form", known_formats(), ids=lambda form: form.id)
def test_every_format_has_a_seed_to_begin_from(form) -> None:
    assert form.id in {identify(name, BytesSource(data)).id for name, data in seeds().items()}


def test_the_same_seed_gives_the_same_files() -> None:
    assert list(mutate.mutations(7, 50)) == list(mutate.mutations(7, 50))
    assert list(mutate.mutations(7, 50)) != list(mutate.mutations(8, 50))


def test_a_reader_that_breaks_is_noticed(tmp_path, monkeypatch) -> None:
    def broken(name: str, data: bytes) -> None:
        raise KeyError(name)

    monkeypatch.setattr(mutate, "CRASHES", tmp_path / "crashes")
    monkeypatch.setattr(mutate.harness, "examine", broken)
    result = mutate.throw("flow", seed=1, count=2, seconds=20)
    assert len(result.crashes) == 2
    assert len(list((tmp_path / "crashes").iterdir())) == 4
