# SPDX-License-Identifier: Apache-2.0
"""`steelyard report`: from a dossier, a digest, or a model; files are whole or not there."""

import json

import pytest

from steelyard.cli.main import run


@pytest.fixture
def model(tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text('{"model_type": "llama"}')
    return folder


@pytest.mark.parametrize("form", ["json", "sarif", "md", "junit", "html"])
def test_every_report_is_written_for_a_model(model, tmp_path, form):
    target = tmp_path / "out" / "report"
    target.parent.mkdir()
    assert run(["report", str(model), "--as", form, "-o", str(target), "--store", "none"]) == 0
    assert target.stat().st_size > 100
    assert [path.name for path in target.parent.iterdir()] == ["report"]


def test_a_dossier_file_renders_like_the_model_it_is_of(model, tmp_path, capsys):
    dossier = tmp_path / "dossier.json"
    run(["check", str(model), "--json", "--store", "none"])
    dossier.write_text(capsys.readouterr().out)
    assert run(["report", str(dossier), "--as", "json"]) == 0
    assert capsys.readouterr().out == dossier.read_text()


def test_known_evidence_is_judged_by_another_policy_without_the_files(model, tmp_path, capsys):
    store = str(tmp_path / "store.sqlite")
    run(["check", str(model), "--json", "--store", store])
    before = json.loads(capsys.readouterr().out)
    (model / "config.json").unlink()
    digest = before["subject"]["digest"]
    assert run(["report", digest, "--as", "json", "--policy", "strict", "--store", store]) == 0
    after = json.loads(capsys.readouterr().out)
    assert after["evidence"] == before["evidence"]
    assert (before["verdict"]["outcome"], before["verdict"]["policy"]) == ("pass", "baseline")
    assert (after["verdict"]["outcome"], after["verdict"]["policy"]) == ("unknown", "strict")


def test_a_broken_dossier_is_an_error(model, tmp_path, capsys):
    dossier = tmp_path / "dossier.json"
    run(["check", str(model), "--json", "--store", "none"])
    document = json.loads(capsys.readouterr().out)
    document["verdict"]["outcome"] = "splendid"
    dossier.write_text(json.dumps(document))
    assert run(["report", str(dossier), "--as", "md"]) == 2
    assert "no whole dossier" in capsys.readouterr().err


def paths(text: str) -> set[str]:
    (run,) = json.loads(text)["runs"]
    return {artifact["location"]["uri"] for artifact in run["artifacts"]}


def test_sarif_names_files_as_the_repository_does(tmp_path, capsys, monkeypatch):
    folder = tmp_path / "repo" / "models" / "small"
    folder.mkdir(parents=True)
    (tmp_path / "repo" / ".git").mkdir()
    (folder / "config.json").write_text("{}")
    run(["report", str(folder), "--as", "sarif", "--store", "none"])
    assert paths(capsys.readouterr().out) == {"models/small/config.json"}
    run(["report", str(folder / "config.json"), "--as", "sarif", "--store", "none"])
    assert paths(capsys.readouterr().out) == {"models/small/config.json"}
    monkeypatch.chdir(folder)
    run(["check", ".", "--json", "--store", "none"])
    dossier = tmp_path / "dossier.json"
    dossier.write_text(capsys.readouterr().out)
    run(["report", str(dossier), "--as", "sarif", "--located", "."])
    assert paths(capsys.readouterr().out) == {"models/small/config.json"}
    run(["report", str(dossier), "--as", "sarif"])
    assert paths(capsys.readouterr().out) == {"config.json"}


def test_without_a_repository_sarif_names_files_from_the_current_folder(
    model, tmp_path, capsys, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    run(["report", "model", "--as", "sarif", "--store", "none"])
    assert paths(capsys.readouterr().out) == {"model/config.json"}
    monkeypatch.chdir(model)
    run(["report", str(model), "--as", "sarif", "--store", "none"])
    assert paths(capsys.readouterr().out) == {"config.json"}


def test_a_report_that_nobody_knows_is_an_error(model, capsys):
    assert run(["report", str(model), "--as", "htlm"]) == 2
    assert "did you mean 'html'?" in capsys.readouterr().err


def test_an_unknown_subject_says_what_to_do(tmp_path, capsys):
    store = str(tmp_path / "store.sqlite")
    assert run(["report", "sha256:" + "0" * 64, "--as", "md", "--store", store]) == 2
    assert "hint: steelyard check" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_an_error_and_leaves_nothing(model, tmp_path, capsys):
    target = tmp_path / "nowhere" / "report.md"
    assert run(["report", str(model), "--as", "md", "-o", str(target), "--store", "none"]) == 2
    assert "cannot write" in capsys.readouterr().err
