# SPDX-License-Identifier: Apache-2.0
"""`steelyard use`, `check --use` and the notice from outside."""

import io
import json
import sys

import pytest

from steelyard.cli.ask import answered, taken
from steelyard.cli.main import run
from steelyard.core.errors import UsageError
from steelyard.core.use import Use
from steelyard.knowledge.licence import licence
from steelyard.knowledge.questions import questions
from tests.samples.licences import MIT

CARD = "---\nlicense: llama3.1\nbase_model: meta-llama/Llama-3.1-8B\n---\nA model.\n"


@pytest.fixture
def model(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "README.md").write_text(CARD)
    (folder / "config.json").write_text('{"model_type": "llama"}')
    return folder


def evidence(capsys):
    return json.loads(capsys.readouterr().out)["evidence"]


def check(model, *more):
    return run(["check", str(model), "--store", "none", *more])


def test_the_same_profile_gives_the_same_evidence(model, tmp_path, capsys):
    ids = []
    for name, text in (("a", "mau = 5"), ("b", "[use]\nmau = 5"), ("c", "mau = 6")):
        (tmp_path / f"{name}.toml").write_text(text)
        check(model, "--use", f"{name}.toml", "--json")
        ids.append([item["id"] for item in evidence(capsys)])
    assert ids[0] == ids[1]
    assert ids[0] != ids[2]


def test_a_profile_is_an_input_of_the_evidence_that_rests_on_it(model, tmp_path, capsys):
    (tmp_path / "steelyard.toml").write_text("[use]\nmau = 5\n")
    check(model, "--json")
    inputs = {item["source"]["probe"]: item["source"]["inputs"] for item in evidence(capsys)}
    assert len(inputs["use"]) == 1
    assert inputs["licence"] == []


def test_a_page_shows_action_answer_duty_and_condition(model, tmp_path, capsys):
    (tmp_path / "use.toml").write_text("commercial = true\nhost = true\nmau_at_release = 10\n")
    assert check(model, "--use", "use.toml") == 0
    page = " ".join(capsys.readouterr().out.split())
    assert "offer as a service if: with duties: include licence, aup, display" in page
    assert "display: Built with Llama (llama-3.1, section 1.b.i" in page
    assert "more than 700,000,000 monthly active users" in page
    assert "Not legal advice" in page
    assert "duties: " in page


def test_without_a_profile_the_page_says_how_to_get_an_answer(model, capsys):
    check(model)
    assert "not asked: steelyard use SUBJECT" in capsys.readouterr().out


def test_a_decision_by_a_person_is_shown_as_one(model, tmp_path, capsys):
    (tmp_path / "steelyard.toml").write_text(
        "[use]\ncommercial = true\nmau_at_release = 800000000\n"
        '[[override]]\naction = "run"\nreason = "a licence of our own"\ndate = 2026-11-01\nby = "Ada"\n'
    )
    assert check(model) == 0
    page = " ".join(capsys.readouterr().out.split())
    assert "run it yes: decided by Ada; the texts: no" in page
    assert "in place of no, decided by Ada on 2026-11-01: a licence of our own" in page


@pytest.mark.parametrize(
    ("policy", "profile", "code"),
    [
        ("commercial", "", 0),
        ("commercial", "mau_at_release = 800000000", 1),
        ("commercial", "commercial = false\nmau_at_release = 1", 0),
        ("redistribute", "", 3),
        ("redistribute", "distribute = true\nmau_at_release = 1", 0),
        ("eu", "", 3),
        ("eu", "mau_at_release = 1\ncommercial = true", 0),
    ],
)
def test_policies_judge_by_the_answers(model, tmp_path, policy, profile, code):
    use = tmp_path / "use.toml"
    use.write_text(profile)
    more = ["--use", "use.toml"] if profile else []
    assert check(model, "--policy", policy, *more) == code


def test_the_eu_policy_fails_where_the_text_shuts_the_union_out(model, tmp_path):
    (model / "README.md").write_text("---\nlicense: llama4\n---\n")
    (model / "config.json").write_text('{"model_type": "llama4"}')
    (tmp_path / "use.toml").write_text('domicile = "US"\nmau_at_release = 1\n')
    assert check(model, "--policy", "eu", "--use", "use.toml") == 1


def test_a_wrong_profile_could_not_run_and_names_the_nearest_key(model, tmp_path, capsys):
    (tmp_path / "use.toml").write_text("comercial = true\n")
    assert check(model, "--use", "use.toml") == 2
    assert "did you mean 'commercial'?" in capsys.readouterr().err


def test_a_notice_holds_sentences_words_and_names_within_eighty_columns(model, tmp_path, capsys):
    (tmp_path / "steelyard.toml").write_text(
        "[use]\ncommercial = true\ndistribute = true\nfine_tune = true\n"
    )
    assert run(["report", str(model), "--as", "notice", "--store", "none"]) == 0
    text = capsys.readouterr().out
    flat = " ".join(text.split())
    assert "Llama 3.1 is licensed under the Llama 3.1 Community License, Copyright (c)" in flat
    assert "Built with Llama [llama-3.1, section 1.b.i" in flat
    assert "include the whole text of Llama 3.1 Community License" in flat
    assert "Not legal advice" in flat
    assert max(map(len, text.splitlines())) <= 80


def test_a_notice_names_the_file_that_holds_a_text_or_where_to_get_it(model, tmp_path, capsys):
    (tmp_path / "steelyard.toml").write_text("[use]\ncommercial = true\ndistribute = true\n")
    (model / "README.md").write_text("---\nlicense: mit\n---\n")
    command = ["report", str(model), "--as", "notice", "--store", "none"]
    assert run(command) == 0
    flat = " ".join(capsys.readouterr().out.split())
    assert "File: no file that was looked at holds this text: get it from https://" in flat
    (model / "LICENSE").write_text(MIT)
    assert run(command) == 0
    flat = " ".join(capsys.readouterr().out.split())
    assert "File: the text stands in LICENSE, word for word, sha256:" in flat


def test_a_notice_without_a_profile_says_what_is_missing(model, capsys):
    run(["report", str(model), "--as", "notice", "--store", "none"])
    assert "There is no use profile" in capsys.readouterr().out


def test_without_a_terminal_the_questions_are_printed(model, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    assert run(["use", str(model), "--store", "none"]) == 2
    shown = capsys.readouterr()
    assert "mau_at_release: How many monthly active users" in shown.out
    assert "dau:" not in shown.out
    assert "steelyard explain use" in shown.err
    assert not (tmp_path / "steelyard.toml").exists()


class Answers:
    """Somebody who answers at a terminal."""

    def __init__(self, *lines):
        self.lines = list(lines)
        self.asked = []

    def __call__(self, text, **_):
        self.asked.append(text.split()[0])
        return self.lines.pop(0) if self.lines else ""


@pytest.fixture
def somebody(monkeypatch):
    def sits_down(*lines):
        answers = Answers(*lines)
        monkeypatch.setattr("click.prompt", answers)
        monkeypatch.setattr(sys, "stdin", type("Terminal", (), {"isatty": lambda self: True})())
        return answers

    return sits_down


def test_the_answers_are_written_down_and_used(model, tmp_path, capsys, somebody):
    (tmp_path / "steelyard.toml").write_text(
        '[[override]]\naction = "host"\nreason = "r"\ndate = 2026-01-01\nby = "Ada"\n'
    )
    somebody("y", "n", "perhaps", "n", "y")
    assert run(["use", str(model), "--store", "none"]) == 0
    text = (tmp_path / "steelyard.toml").read_text()
    assert "[[override]]" in text
    assert "commercial = true\n" in text and "fine_tune = false\n" in text
    shown = capsys.readouterr()
    assert "'perhaps' is neither yes nor no" in shown.err
    assert "decided by Ada" in " ".join(shown.out.split())
    assert "mau" not in text.replace("mau_at_release", "")


def test_what_the_file_says_is_not_asked_again(model, tmp_path, somebody):
    (tmp_path / "use.toml").write_text("[use]\ncommercial = false\n")
    answers = somebody()
    assert run(["use", str(model), "-o", "use.toml", "--store", "none"]) == 0
    assert "commercial" not in answers.asked
    assert "host" in answers.asked


def test_only_what_the_licences_make_relevant_is_asked():
    def keys(id, **use):
        return [one.key for one in questions([licence(id)], Use(**use))]

    assert keys("MIT") == ["fine_tune", "distribute"]
    assert "revenue_year_usd" in keys("lfm-1.0", commercial=True)
    assert "revenue_year_usd" not in keys("lfm-1.0", commercial=False)
    assert {"domicile", "serves"} <= set(keys("tencent-hunyuan-3d-2.0"))
    assert "serves" not in keys("tencent-hunyuan-3d-2.0", host=False, distribute=False)
    assert "competes" in keys("hyperclova-x-seed")
    assert "runs_model_as_a_service" in keys("kimi-k3")


def test_an_empty_answer_stays_not_known(somebody):
    somebody("", "", "")
    known = answered(lambda use: questions([licence("llama-3.1")], use), Use())
    assert known == Use()


@pytest.mark.parametrize(
    ("said", "kind", "value"),
    [
        ("Y", "yes-no", True),
        ("no", "yes-no", False),
        ("1,200,000", "figure", 1_200_000),
        ("$2.5 M", "figure", 2_500_000),
        ("3bn", "figure", 3_000_000_000),
        ("eu; us", "places", ["eu", "us"]),
        (" Llama Cook ", "name", "Llama Cook"),
    ],
)
def test_answers_are_taken_as_people_write_them(said, kind, value):
    assert taken(said, kind) == value


@pytest.mark.parametrize(("said", "kind"), [("ja", "yes-no"), ("many", "figure"), ("-3", "figure")])
def test_an_answer_that_means_nothing_is_refused(said, kind):
    with pytest.raises(UsageError):
        taken(said, kind)


@pytest.mark.parametrize("action", ["run", "host", "train_on_outputs"])
def test_every_action_has_a_page(action, capsys):
    assert run(["explain", f"use.{action}"]) == 0
    assert "Not legal advice" in capsys.readouterr().out


def test_a_report_takes_a_profile_only_where_it_can_look_again(model, tmp_path, capsys):
    (tmp_path / "use.toml").write_text("host = true\n")
    more = ["--as", "notice", "--use", "use.toml", "--store", "none"]
    assert run(["report", str(model), *more]) == 0
    assert "Built with Llama" in capsys.readouterr().out
    check(model, "--json")
    (tmp_path / "dossier.json").write_text(capsys.readouterr().out)
    assert run(["report", str(tmp_path / "dossier.json"), *more]) == 2
    assert "--use needs the files" in capsys.readouterr().err


def test_the_page_for_a_browser_shows_answers_duties_and_the_note(model, tmp_path, capsys):
    (tmp_path / "use.toml").write_text("commercial = true\nhost = true\n")
    run(["report", str(model), "--as", "html", "--use", "use.toml", "--store", "none"])
    page = capsys.readouterr().out
    assert '<h2 id="use">Use</h2>' in page
    assert "<q>Built with Llama</q>" in page
    assert "not legal advice" in page
