# SPDX-License-Identifier: Apache-2.0
"""`steelyard eval` and `steelyard compare` from outside."""

import json
import pickle
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from steelyard.cli.main import run
from steelyard.core.claim import Fact, Gap, Measurement
from steelyard.core.dossier import Dossier
from tests.samples.completions import serving

HOSTILE = b"cos\nsystem\n(S'touch /tmp/steelyard-ran'\ntR."
TASK = """
task: quiz
dataset_path: json
dataset_kwargs: {data_files: {test: quiz.jsonl}}
test_split: test
output_type: multiple_choice
doc_to_text: "Question: {{q}}\\nAnswer:"
doc_to_choice: "{{choices}}"
doc_to_target: "{{label}}"
metric_list: [{metric: acc, aggregation: mean, higher_is_better: true}]
metadata: {version: 1.0}
"""

OWN_QUESTIONS = """question,A,B,C,D,answer
What is the capital of France?,Rome,Paris,Berlin,Madrid,B
How many legs has a spider?,six,four,eight,ten,C
Which of these is a fruit?,apple,hammer,river,cloud,A
What is frozen water called?,steam,sand,oil,ice,D
Which planet do we live on?,Mars,Earth,Venus,Jupiter,B
What colour is a clear sky at noon?,green,black,blue,red,C
"""


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Return a folder with a model and a task, which is the current one."""
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "values.pkl").write_bytes(pickle.dumps([1, 2]))
    (tmp_path / "quiz.yaml").write_text(TASK)
    rows = [
        {"q": f"What follows {number}?", "choices": ["yes", f"{number + 1}", "no"], "label": 1}
        for number in range(12)
    ]
    write(tmp_path / "quiz.jsonl", rows)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(path: Path, rows: list[dict]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def evaluate(*more: str, subject: str = "model", engine: str = "echo") -> int:
    return run(["eval", subject, "--engine", engine, "--task", "quiz.yaml", *more])


def document(capsys) -> Dossier:
    return msgspec.json.decode(capsys.readouterr().out, type=Dossier)


def test_a_run_prints_its_scores_and_what_it_took(place, capsys):
    assert evaluate() == 0
    shown = capsys.readouterr()
    assert "quiz" in shown.out
    assert "tokens" in shown.out
    assert "report.html" in shown.err


def test_scores_are_measurements_named_by_task_and_metric(place, capsys):
    assert evaluate("--json") == 0
    claims = [item.claim for item in document(capsys).evidence]
    found = {claim.metric: claim for claim in claims if isinstance(claim, Measurement)}
    assert found["quiz.acc"].n == 12
    assert found["quiz.acc"].low < found["quiz.acc"].high
    assert found["tokens.computed"].value <= 1.03 * found["tokens.minimum"].value
    assert found["cpu.seconds"].value >= 0
    facts = {claim.name: claim.value for claim in claims if isinstance(claim, Fact)}
    assert set(facts["quiz.asked"]) >= {"data", "task", "tokens", "samples"}


def test_the_same_run_gives_the_same_evidence_of_scores(place, capsys):
    ids = []
    for _ in range(2):
        evaluate("--json", "--scores", "none")
        ids.append({item.id for item in document(capsys).evidence if item.source.probe == "eval"})
    assert ids[0] == ids[1] != set()


def test_what_was_computed_is_not_computed_again(place, capsys):
    evaluate("--json")
    capsys.readouterr()
    evaluate("--json")
    claims = [item.claim for item in document(capsys).evidence]
    computed = [c.value for c in claims if getattr(c, "metric", "") == "tokens.computed"]
    assert computed == [0]


def test_a_run_that_was_interrupted_goes_on_where_it_was(place, capsys, monkeypatch):
    from steelyard.engines.echo import Echo

    honest = Echo.score

    def interrupted(self, group):
        yield next(honest(self, group))
        raise KeyboardInterrupt

    monkeypatch.setattr(Echo, "score", interrupted)
    assert evaluate("--pack", "64") == 130
    assert "what was computed is kept" in capsys.readouterr().err
    assert evaluate("--pack", "64", "--scores", "none") == 130
    assert "nothing was kept" in capsys.readouterr().err
    monkeypatch.setattr(Echo, "score", honest)
    capsys.readouterr()
    evaluate("--pack", "64", "--json")
    claims = {getattr(i.claim, "metric", ""): i.claim for i in document(capsys).evidence}
    assert 0 < claims["tokens.computed"].value < claims["tokens.minimum"].value


@pytest.mark.parametrize("pool", ["processes", pytest.param("ray", marks=pytest.mark.ray)])
def test_a_run_that_is_shared_out_gives_the_same_evidence(place, pool):
    if pool == "ray":
        pytest.importorskip("ray", reason="Ray is not installed: pip install ray")
    alone = shared_out()
    assert alone == shared_out("--pool", pool, "--jobs", "2")


def shared_out(*more: str) -> set[str]:
    """Return the ids of the evidence of a run in a process of its own, which Ray leaves untidy."""
    return run_apart("model", "--engine", "echo", "--task", "quiz.yaml", "--pack", "64", *more)


def run_apart(*arguments: str) -> set[str]:
    """Return the ids of the evidence of scores of a run in a process of its own."""
    command = [sys.executable, "-m", "steelyard", "eval", "--json", "--scores", "none", *arguments]
    done = subprocess.run(command, capture_output=True, check=True)
    found = msgspec.json.decode(done.stdout, type=Dossier)
    ids = {item.id for item in found.evidence if item.source.probe == "eval"}
    assert ids
    return ids


@pytest.mark.model
def test_a_real_model_gives_the_same_evidence_each_time(tmp_path, real_model):
    pytest.importorskip("xllamacpp")
    (tmp_path / "own.csv").write_text(OWN_QUESTIONS)
    asked = ("--engine", "llama", "--threads", "1", "--questions", str(tmp_path / "own.csv"))
    assert run_apart(str(real_model), *asked) == run_apart(str(real_model), *asked)


def test_data_that_is_locked_may_not_change(place, capsys):
    assert evaluate("--lock", "steelyard.lock") == 0
    write(place / "quiz.jsonl", [{"q": "Other?", "choices": ["a", "b"], "label": 0}])
    capsys.readouterr()
    assert evaluate() == 2
    assert "has changed since it was locked" in capsys.readouterr().err


def test_own_questions_need_no_task_file(place, capsys):
    (place / "own.csv").write_text("question,A,B,answer\nOne and one?,two,three,A\n")
    assert run(["eval", "model", "--engine", "echo", "--questions", "own.csv", "--json"]) == 0
    claims = [item.claim for item in document(capsys).evidence]
    assert [c.n for c in claims if getattr(c, "metric", "") == "own.acc"] == [1]


def test_the_run_is_written_with_a_page_and_the_files_of_other_tools(place, capsys):
    assert evaluate("--out", "run") == 0
    names = {path.name for path in (place / "run").iterdir()}
    assert names == {
        "run.json",
        "samples.jsonl",
        "report.html",
        "results.json",
        "samples_quiz.jsonl",
    }
    results = json.loads((place / "run" / "results.json").read_text())
    assert 0 <= results["results"]["quiz"]["acc,none"] <= 1
    assert len((place / "run" / "samples_quiz.jsonl").read_text().splitlines()) == 12


def test_a_folder_holds_the_files_of_its_last_run_alone(place, capsys):
    (place / "own.csv").write_text("question,A,B,answer\nOne and one?,two,three,A\n")
    assert evaluate("--questions", "own.csv", "--out", "run") == 0
    (place / "run" / "samples_notes.jsonl").write_text("not ours")
    assert evaluate("--out", "run") == 0
    names = {path.name for path in (place / "run").glob("samples_*")}
    assert names == {"samples_quiz.jsonl", "samples_notes.jsonl"}


def test_a_model_that_fails_its_check_is_not_loaded(place, capsys):
    (place / "model" / "weights.bin").write_bytes(HOSTILE)
    assert evaluate() == 2
    assert "--load-anyway" in capsys.readouterr().err
    assert evaluate("--load-anyway") == 1


def test_a_row_that_cannot_be_asked_is_a_gap_and_not_a_wrong_answer(place, capsys):
    rows = [
        {"q": "One?", "choices": ["a", "b"], "label": 0},
        {"q": "Two?", "choices": ["a", ""], "label": 0},
    ]
    write(place / "quiz.jsonl", rows)
    evaluate("--json")
    claims = [item.claim for item in document(capsys).evidence]
    assert [c.n for c in claims if getattr(c, "metric", "") == "quiz.acc"] == [1]
    gaps = [claim for claim in claims if isinstance(claim, Gap) and claim.name == "quiz.skipped"]
    assert "option 2 is empty" in gaps[0].reason


def test_a_right_answer_that_is_no_option_is_told(place, capsys):
    labels = (0, 5, -1, None)
    write(place / "quiz.jsonl", [{"q": "?", "choices": ["a", "b"], "label": it} for it in labels])
    assert evaluate("--out", "run") == 0
    assert "stray    3 samples of quiz" in capsys.readouterr().out
    evaluate("--json")
    claims = [item.claim for item in document(capsys).evidence]
    gaps = [claim for claim in claims if isinstance(claim, Gap) and claim.name == "quiz.answer"]
    assert "3 samples have a right answer that is none" in gaps[0].reason


def test_a_name_that_is_wrong_is_told_before_the_model_is_looked_at(place, capsys):
    (place / "model" / "weights.bin").write_bytes(HOSTILE)
    assert run(["eval", "model", "--engine", "echo", "--task", "quizz"]) == 2
    assert "no task, group or tag is named 'quizz'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--task", "quizz"), "no task, group or tag is named 'quizz'"),
        (("--engine", "ecko", "--task", "quiz.yaml"), "no engine 'ecko'"),
        (("--task", "quiz.yaml"), "no engine runs 'model'"),
        (("--engine", "llama", "--task", "quiz.yaml"), "there is no GGUF model in"),
        (("--engine", "openai", "--task", "quiz.yaml"), "is no server"),
    ],
)
def test_what_cannot_be_run_is_an_error_that_says_so(place, capsys, arguments, said):
    engine = () if "--engine" in arguments or "quizz" not in arguments else ("--engine", "echo")
    assert run(["eval", "model", *engine, *arguments]) == 2
    shown = capsys.readouterr().err
    assert said in shown
    assert "hint:" in shown


def test_a_function_that_judges_is_refused_before_anything_is_computed(place, capsys, monkeypatch):
    from steelyard.engines.echo import Echo

    (place / "own.py").write_text("def judge(doc, results):\n    return {'acc': 1.0}\n")
    (place / "quiz.yaml").write_text(TASK + "process_results: !function own.judge\n")
    monkeypatch.setattr(Echo, "score", None)
    assert evaluate() == 2
    shown = capsys.readouterr().err
    assert "own.judge" in shown
    assert str(Path("own.py")) in shown
    assert "--allow-functions" in shown


def test_a_folder_that_cannot_be_written_is_refused_before_anything_is_computed(
    place, capsys, monkeypatch
):
    from steelyard.engines.echo import Echo

    monkeypatch.setattr(Echo, "score", None)
    (place / "taken").write_text("a file\n")
    assert evaluate("--out", "taken/run") == 2
    assert "cannot write to 'taken/run'" in capsys.readouterr().err
    assert evaluate("--scores", "taken/scores.sqlite") == 2
    assert "the score store 'taken/scores.sqlite' cannot be used" in capsys.readouterr().err


def test_what_has_no_effect_is_said(place, capsys):
    (place / "quiz.yaml").write_text(TASK + "num_fewshot: 0\n")
    assert evaluate("--num-fewshot", "2") == 0
    assert "note: quiz: num_fewshot is 0 in the task's file" in capsys.readouterr().err
    assert evaluate("--multiturn") == 2
    assert "--chat" in capsys.readouterr().err


def test_a_server_is_asked_and_believed(place, capsys):
    rows = [{"q": "Is it so?", "choices": ["yes", "gravel"], "label": 0}] * 3
    write(place / "quiz.jsonl", rows)
    with serving() as (url, seen):
        evaluate("--model", "m", "--json", subject=url, engine="openai")
    claims = [item.claim for item in document(capsys).evidence]
    assert [c.value for c in claims if getattr(c, "metric", "") == "quiz.acc"] == [1.0]
    assert {body["model"] for body in seen} == {"m"}
    gaps = [claim for claim in claims if isinstance(claim, Gap) and claim.name == "energy.joules"]
    assert "ran on a server" in gaps[0].reason
    assert not [c for c in claims if getattr(c, "metric", "").startswith("energy")]


def test_the_only_model_of_a_server_is_the_same_subject_whether_named_or_not(place, capsys):
    subjects = []
    with serving(models=[{"id": "mine"}]) as (url, _):
        for named in ((), ("--model", "mine")):
            assert evaluate("--json", *named, subject=url, engine="openai") == 0
            subjects.append(document(capsys).subject)
    assert subjects[0] == subjects[1]
    assert subjects[0].name == f"mine at {url}"


def test_a_run_compared_with_itself_passes_and_a_worse_one_fails(place, capsys):
    evaluate("--out", "old")
    assert run(["compare", "old", "old", "--margin", "1pp"]) == 0
    lines = (place / "old" / "samples.jsonl").read_text().splitlines()
    for name, score in (("right", 1.0), ("wrong", 0.0)):
        (place / name).mkdir()
        (place / name / "run.json").write_text((place / "old" / "run.json").read_text())
        changed = [json.loads(line) | {"scores": {"acc": score}} for line in lines]
        write(place / name / "samples.jsonl", changed)
    capsys.readouterr()
    arguments = ["right", "wrong", "--margin", "1pp", "--html", "page.html"]
    assert run(["compare", *arguments]) == 1
    assert "FAIL" in capsys.readouterr().out
    assert "Samples that changed" in (place / "page.html").read_text()
    assert run(["compare", "old", "wrong", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["schema"] == "steelyard.comparison/1"


def test_runs_on_other_data_are_not_compared(place, capsys):
    evaluate("--out", "old")
    rows = [{"q": "Other?", "choices": ["a", "b"], "label": 0}] * 12
    write(place / "quiz.jsonl", rows)
    evaluate("--out", "new")
    capsys.readouterr()
    assert run(["compare", "old", "new"]) == 2
    assert "they differ in data of quiz" in capsys.readouterr().err


@pytest.mark.parametrize("margin", ["many", "-1pp", "200pp"])
def test_a_margin_that_is_none_is_refused(place, capsys, margin):
    evaluate("--out", "old")
    assert run(["compare", "old", "old", f"--margin={margin}"]) == 2
    assert "margin" in capsys.readouterr().err
