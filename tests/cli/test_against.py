# SPDX-License-Identifier: Apache-2.0
"""`steelyard check NEW --against OLD`: whose weights these are, whatever the card says."""

import json
from pathlib import Path
from typing import Any

import pytest

from steelyard.cli.main import run
from tests.samples.llamas import as_gguf, as_safetensors, noisy, state

BASE = state(1)
OLD, TRAINED, STRANGER = (as_safetensors(one) for one in (BASE, noisy(BASE, 0.1), state(2)))


def model(folder: Path, data: bytes, card: str = "") -> str:
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(data)
    if card:
        (folder / "README.md").write_text(f"---\n{card}\n---\nA model.\n")
    return str(folder)


@pytest.fixture
def store(tmp_path: Path) -> list[str]:
    return ["--store", str(tmp_path / "store.sqlite")]


@pytest.fixture
def old(tmp_path: Path) -> str:
    return model(tmp_path / "old", OLD, "license: llama3")


@pytest.fixture
def new(tmp_path: Path) -> str:
    return model(tmp_path / "new", TRAINED, "license: mit")


def claims(capsys: Any) -> list[dict[str, Any]]:
    document = json.loads(capsys.readouterr().out)
    return [item for item in document["evidence"] if item["source"]["probe"] == "weights"]


def values(found: list[dict[str, Any]], name: str) -> list[Any]:
    return [item["claim"]["value"] for item in found if item["claim"].get("name") == name]


def rules(found: list[dict[str, Any]]) -> list[str]:
    return [item["claim"]["rule"] for item in found if item["claim"]["type"] == "finding"]


def test_weights_trained_from_an_unnamed_model_are_told_with_its_licence(
    new: str, old: str, store: list[str], capsys: Any
) -> None:
    assert run(["check", new, "--against", old, "--json", *store]) == 0
    found = claims(capsys)
    (relation,) = values(found, "weights.relation")
    assert (relation["relation"], relation["to"]) == ("fine_tuned", "old")
    (finding,) = (item for item in found if item["claim"]["type"] == "finding")
    assert finding["claim"]["rule"] == "weights.undeclared-base"
    assert (
        "Llama-3" in finding["claim"]["message"].title() or "llama3" in finding["claim"]["message"]
    )
    sketch = next(item["id"] for item in found if item["claim"].get("name") == "weights.sketch")
    assert finding["source"]["inputs"] != [sketch]
    assert len(finding["source"]["inputs"]) == 1


def test_a_base_that_is_named_is_no_finding(
    tmp_path: Path, old: str, store: list[str], capsys: Any
) -> None:
    named = model(tmp_path / "named", TRAINED, "license: mit\nbase_model: someone/Old")
    assert run(["check", named, "--against", old, "--json", *store]) == 0
    found = claims(capsys)
    assert values(found, "weights.relation")[0]["relation"] == "fine_tuned"
    assert rules(found) == []


def test_a_stranger_is_unrelated_and_no_finding(
    tmp_path: Path, old: str, store: list[str], capsys: Any
) -> None:
    stranger = model(tmp_path / "stranger", STRANGER)
    assert run(["check", stranger, "--against", old, *store]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "unrelated to old" in shown
    assert "undeclared-base" not in shown


def test_a_whole_store_is_searched_and_only_relations_are_told(
    tmp_path: Path, new: str, old: str, store: list[str], capsys: Any
) -> None:
    stranger = model(tmp_path / "stranger", STRANGER)
    for known in (old, stranger):
        assert run(["check", known, *store]) == 0
    capsys.readouterr()
    for place in ("store", store[1]):
        assert run(["check", new, "--against", place, "--json", *store]) == 0
        found = claims(capsys)
        assert [one["to"] for one in values(found, "weights.relation")] == ["old"]
        assert values(found, "weights.compared")[0]["related"] == 1
        assert values(found, "weights.compared")[0]["unrelated"] == 1


@pytest.mark.parametrize("form", ["name", "digest", "dossier"])
def test_a_known_model_may_be_gone(
    form: str, tmp_path: Path, new: str, old: str, store: list[str], capsys: Any
) -> None:
    run(["check", old, "--json", *store])
    document = capsys.readouterr().out
    (tmp_path / "dossier.json").write_text(document)
    digest = json.loads(document)["subject"]["digest"]
    Path(old, "model.safetensors").unlink()
    Path(old, "README.md").unlink()
    Path(old).rmdir()
    known = {"name": "old", "digest": digest, "dossier": str(tmp_path / "dossier.json")}[form]
    assert run(["check", new, "--against", known, "--json", *store]) == 0
    assert values(claims(capsys), "weights.relation")[0]["relation"] == "fine_tuned"


def test_two_checks_give_the_same_evidence(
    new: str, old: str, store: list[str], capsys: Any
) -> None:
    ids = []
    for _ in range(2):
        run(["check", new, "--against", old, "--json", *store])
        ids.append([item["id"] for item in claims(capsys)])
    assert ids[0] == ids[1]


def test_gguf_is_held_against_safetensors(
    tmp_path: Path, old: str, store: list[str], capsys: Any
) -> None:
    path = tmp_path / "other.Q8_0.gguf"
    path.write_bytes(as_gguf(BASE, "q8_0"))
    assert run(["check", str(path), "--against", old, *store]) == 0
    assert "quantised from old" in " ".join(capsys.readouterr().out.split())


def test_a_mixture_of_two_known_models_is_told(
    tmp_path: Path, old: str, new: str, store: list[str], capsys: Any
) -> None:
    other = noisy(BASE, 0.1)
    mean = {
        name: [
            [0.6 * a + 0.4 * b for a, b in zip(x, y, strict=True)]
            for x, y in zip(m, other[name], strict=True)
        ]
        for name, m in BASE.items()
    }
    merged = model(tmp_path / "merged", as_safetensors(mean))
    assert run(["check", merged, "--against", old, "--against", new, "--json", *store]) == 0
    found = values(claims(capsys), "weights.relation")
    assert {one["relation"] for one in found} == {"merged"}
    assert "0.60" in found[0]["why"] and "0.40" in found[1]["why"]


def test_a_model_nobody_knows_is_an_error_with_a_hint(
    new: str, store: list[str], capsys: Any
) -> None:
    assert run(["check", new, "--against", "no/such", *store]) == 2
    shown = capsys.readouterr().err
    assert "nothing is known of 'no/such'" in shown
    assert "hint:" in shown


def test_without_a_store_no_name_is_known(new: str, capsys: Any) -> None:
    assert run(["check", new, "--against", "store", "--store", "none"]) == 2
    assert "--store none knows no model" in capsys.readouterr().err


@pytest.mark.parametrize("sample", ["", "AAAA", "!", 7, None, "kwE=", "x" * 2_000_000])
def test_a_dossier_with_a_broken_sketch_leaves_a_gap(
    sample: object, tmp_path: Path, new: str, old: str, store: list[str], capsys: Any
) -> None:
    run(["check", old, "--json", *store])
    document = json.loads(capsys.readouterr().out)
    for item in document["evidence"]:
        if item["claim"].get("name") == "weights.sketch":
            item["claim"]["value"]["sample"] = sample
    path = tmp_path / "dossier.json"
    path.write_text(json.dumps(document))
    assert run(["check", new, "--against", str(path), "--json", *store]) == 0
    found = claims(capsys)
    assert [item["claim"]["name"] for item in found if item["claim"]["type"] == "gap"] == [
        "weights.not-compared"
    ]
