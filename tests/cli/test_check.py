# SPDX-License-Identifier: Apache-2.0
"""`steelyard check` from outside: what it prints, where, and with which exit code."""

import json
import os
import pickle
import signal
import subprocess
import sys

import msgspec
import pytest

from steelyard.cli.main import run
from steelyard.core.dossier import Dossier

HOSTILE = b"cos\nsystem\n(S'touch /tmp/steelyard-ran'\ntR."


@pytest.fixture
def good(tmp_path):
    folder = tmp_path / "good"
    folder.mkdir()
    (folder / "README.md").write_text("---\nlicense: mit\n---\nA model.\n")
    (folder / "config.json").write_text('{"model_type": "llama"}')
    (folder / "values.pkl").write_bytes(pickle.dumps({"a": [1, 2.5, "x"]}))
    return folder


@pytest.fixture
def hostile(tmp_path):
    folder = tmp_path / "hostile"
    folder.mkdir()
    (folder / "weights.bin").write_bytes(HOSTILE)
    return folder


@pytest.fixture
def unknown(tmp_path):
    folder = tmp_path / "unknown"
    folder.mkdir()
    (folder / "model.onnx").write_bytes(bytes(range(1, 256)) * 20)
    return folder


def test_a_harmless_model_passes_with_exit_code_0(good, capsys):
    assert run(["check", str(good), "--store", "none"]) == 0
    shown = capsys.readouterr()
    assert "pass" in shown.out.lower()
    assert shown.err == ""


def test_a_hostile_model_fails_with_exit_code_1_and_the_place(hostile, capsys):
    assert run(["check", str(hostile), "--store", "none"]) == 1
    shown = capsys.readouterr().out
    assert "os.system" in shown
    assert "weights.bin byte:" in shown
    assert "steelyard explain pickle.call" in shown


def test_what_could_not_be_read_is_unknown_with_exit_code_3(unknown, capsys):
    assert run(["check", str(unknown), "--store", "none"]) == 3
    assert "model.onnx" in capsys.readouterr().out


def test_json_is_one_dossier_document_and_nothing_else(good, capsys):
    assert run(["check", str(good), "--json", "--store", "none"]) == 0
    shown = capsys.readouterr()
    dossier = msgspec.json.decode(shown.out, type=Dossier)
    assert dossier.schema == "steelyard.dossier/1"
    assert [artifact.path for artifact in dossier.subject.artifacts] == [
        "README.md",
        "config.json",
        "values.pkl",
    ]
    assert shown.err == ""


def test_two_runs_give_the_same_evidence(good, capsys):
    ids = []
    for _ in range(2):
        run(["check", str(good), "--json", "--store", "none"])
        ids.append([item["id"] for item in json.loads(capsys.readouterr().out)["evidence"]])
    assert ids[0] == ids[1]


def test_another_hash_seed_and_another_folder_give_the_same_evidence(good, tmp_path):
    ids = []
    for seed in ("1", "2"):
        place = tmp_path / f"elsewhere{seed}" / "good"
        place.parent.mkdir()
        subprocess.run(["cp", "-r", str(good), str(place)], check=True)
        done = subprocess.run(
            [sys.executable, "-m", "steelyard", "check", str(place), "--json", "--store", "none"],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        )
        ids.append([item["id"] for item in json.loads(done.stdout)["evidence"]])
    assert ids[0] == ids[1]


def test_several_subjects_end_with_the_worst_of_their_exit_codes(good, unknown, hostile, capsys):
    assert run(["check", str(good), str(unknown), "--json", "--store", "none"]) == 3
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "steelyard.dossiers/1"
    assert [entry["subject"]["name"] for entry in document["dossiers"]] == ["good", "unknown"]
    assert run(["check", str(good), str(unknown), str(hostile), "--store", "none"]) == 1


@pytest.mark.parametrize("arguments", [["/nowhere/at/all"], ["."], ["{empty}"]])
def test_a_subject_that_is_none_is_an_error_with_a_hint(arguments, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "inner" / "empty").mkdir(parents=True)
    subject = arguments[0].format(empty=tmp_path / "inner" / "empty")
    assert run(["check", subject, "--store", "none"]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("error: ")
    assert "\n\nhint: " in shown.err


def test_an_error_is_json_where_json_was_asked_for(capsys):
    assert run(["check", "/nowhere", "--json"]) == 2
    assert set(json.loads(capsys.readouterr().err)) == {"error", "hint"}


def test_a_policy_that_is_not_there_is_an_error(good, capsys):
    assert run(["check", str(good), "--policy", "basline"]) == 2
    assert "did you mean 'baseline'" in capsys.readouterr().err


def test_options_are_read_from_the_environment(good, capsys, monkeypatch):
    monkeypatch.setenv("STEELYARD_POLICY", "strict")
    monkeypatch.setenv("STEELYARD_STORE", "none")
    monkeypatch.setenv("STEELYARD_JSON", "1")
    run(["check", str(good)])
    assert json.loads(capsys.readouterr().out)["verdict"]["policy"] == "strict"


def test_a_misspelt_verb_is_guessed(capsys):
    assert run(["chek"]) == 2
    assert "did you mean 'check'?" in capsys.readouterr().err


def test_a_dossier_is_kept_and_found_again(good, tmp_path, capsys):
    store = str(tmp_path / "store.sqlite")
    assert run(["check", str(good), "--json", "--store", store]) == 0
    first = capsys.readouterr().out
    digest = json.loads(first)["subject"]["digest"]
    assert run(["report", digest[:20], "--as", "json", "--store", store]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(first)
    assert run(["verify", "--store", store]) == 0
    assert "chain whole" in capsys.readouterr().out


def test_a_store_that_cannot_be_used_does_not_swallow_the_verdict(good, tmp_path, capsys):
    store = tmp_path / "store.sqlite"
    store.write_text("this is no store, but a text that somebody named wrongly\n" * 100)
    assert run(["check", str(good), "--store", str(store)]) == 2
    shown = capsys.readouterr()
    assert "pass" in shown.out.lower()
    assert shown.err.startswith("error: ")
    assert store.read_text().startswith("this is no store")


def test_hostile_file_names_do_not_steer_the_terminal(tmp_path, capsys):
    folder = tmp_path / "m"
    folder.mkdir()
    (folder / "\x1b[2J\x1b]0;owned\x07.pkl").write_bytes(HOSTILE)
    assert run(["check", str(folder), "--store", "none"]) == 1
    assert "\x1b" not in capsys.readouterr().out


class CtrlC:
    """Progress that presses Ctrl-C as soon as reading has begun."""

    def begin(self, what, total):
        pass

    def advance(self, units):
        signal.raise_signal(signal.SIGINT)

    def end(self):
        pass


def test_ctrl_c_ends_the_run_with_130_and_keeps_nothing(tmp_path, monkeypatch, capsys):
    folder = tmp_path / "big"
    folder.mkdir()
    for number in range(4):
        with (folder / f"{number}.bin").open("wb") as file:
            file.truncate(8 << 30)
    store = tmp_path / "store.sqlite"
    monkeypatch.setattr("steelyard.cli.checking.progress", CtrlC)
    assert run(["check", str(folder), "--store", str(store)]) == 130
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.endswith("error: interrupted\n\nhint: nothing was kept; run it again\n")
    assert not store.exists()


def test_a_reader_that_goes_away_is_no_crash(good):
    done = subprocess.run(
        f"{sys.executable} -m steelyard check {good} --json --store none | head -c 10",
        shell=True,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Traceback" not in done.stderr
