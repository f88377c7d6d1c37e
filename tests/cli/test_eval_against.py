# SPDX-License-Identifier: Apache-2.0
"""`steelyard eval --against` from outside."""

import itertools
import json
import pickle
from pathlib import Path

import msgspec
import pytest

from steelyard.cli.main import run
from steelyard.core.claim import Fact, Gap
from steelyard.core.dossier import Dossier
from steelyard.engines.echo import Echo
from steelyard.evals.statistics.intervals import estimate
from steelyard.flow.runs import load

TASK = """
task: NAME
dataset_path: json
dataset_kwargs: {data_files: {test: quiz.jsonl}}
test_split: test
output_type: multiple_choice
doc_to_text: "Question: {{q}}\\nNAME:"
doc_to_choice: "{{choices}}"
doc_to_target: "{{label}}"
metric_list: [{metric: acc, aggregation: mean, higher_is_better: true}]
"""
ROWS = 300


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Return a folder with a model, two tasks, and a run `old` of one of them."""
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "values.pkl").write_bytes(pickle.dumps([1, 2]))
    for name in ("quiz", "other"):
        (tmp_path / f"{name}.yaml").write_text(TASK.replace("NAME", name))
    rows = [
        {"q": f"{number}?", "choices": ["yes", f"{number + 1}", "no"], "label": number % 3}
        for number in range(ROWS)
    ]
    write(tmp_path / "quiz.jsonl", rows)
    monkeypatch.chdir(tmp_path)
    assert evaluate("--out", "old") == 0
    return tmp_path


def write(path: Path, rows: list[dict]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def evaluate(*more: str) -> int:
    return run(["eval", "model", "--engine", "echo", "--task", "quiz.yaml", *more])


def against(*more: str, out: str = "new") -> int:
    return evaluate("--against", "old", "--out", out, *more)


def rescored(place: Path, *scores: float) -> None:
    """Let the old run have scored these on its samples, in turn."""
    path = place / "old" / "samples.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    turns = itertools.cycle(scores)
    write(
        path, [line | {"scores": {"acc": score}} for line, score in zip(lines, turns, strict=False)]
    )


def claims(capsys) -> list:
    found = msgspec.json.decode(capsys.readouterr().out, type=Dossier)
    return [item.claim for item in found.evidence]


def test_the_same_model_passes_after_a_part_of_the_questions(place, capsys):
    capsys.readouterr()
    assert against("--margin", "5pp") == 0
    shown = capsys.readouterr()
    said = "quiz acc: settled after 168 of 300 questions: not worse than 5 points"
    assert said in " ".join(shown.out.split())
    assert said in shown.err
    assert "112 questions asked, the comparison still open" in shown.err
    assert "PASS: no score is worse by more than 5 points" in shown.out
    assert said in (place / "new" / "report.html").read_text()


def test_a_broken_model_fails_at_the_first_look(place, capsys):
    rescored(place, 1.0)
    assert against("--margin", "5pp") == 1
    assert load(place / "new")[0].stopping.looks == (50,)
    assert "worse by more than 5 points" in capsys.readouterr().err


def test_what_cannot_be_told_is_unknown_after_all_questions(place):
    scores = [sample.scores["acc"] for sample in load(place / "old")[1]]
    for was in (0.0, 1.0):  # eight better, eight worse
        for number in [number for number, score in enumerate(scores) if score == was][::12][:8]:
            scores[number] = 1 - was
    rescored(place, *scores)
    assert against("--margin", "1pp") == 3
    found, samples = load(place / "new")
    assert len(samples) == ROWS
    assert (found.stopping.rows[0].says, found.tasks[0].whole) == ("open", None)


def test_without_a_margin_it_stops_when_the_two_differ(place, capsys):
    rescored(place, 0.0)
    assert against() == 0
    assert load(place / "new")[0].stopping.rows[0].says == "better"


def test_the_run_says_that_it_stopped_by_what_rule_and_what_was_not_asked(place, capsys):
    capsys.readouterr()
    against("--margin", "5pp", "--json")
    found = claims(capsys)
    settled = next(c.value for c in found if isinstance(c, Fact) and c.name == "quiz.acc.settled")
    assert (settled["says"], settled["asked"], settled["of"]) == ("not worse", 168, 300)
    assert (settled["rule"], settled["seed"], settled["alpha"]) == ("betting.v1", 1234, 0.05)
    gap = next(c for c in found if isinstance(c, Gap) and c.name == "quiz.stopped")
    assert gap.reason.startswith("132 of its 300 samples were not asked")


def test_intervals_of_a_part_are_wider_and_other_tools_are_told(place):
    against("--margin", "5pp")
    part = load(place / "new")[0].tasks[0]
    acc, ece = part.metrics
    ordinary = estimate([1.0] * round(acc.value * part.n) + [0.0] * round((1 - acc.value) * part.n))
    assert acc.low < ordinary.low < ordinary.high < acc.high
    assert (acc.error, ece.low, ece.high) == (None, ece.value, ece.value)
    results = json.loads((place / "new" / "results.json").read_text())
    assert results["results"]["quiz"]["acc_stderr,none"] == "N/A"
    assert results["n-samples"]["quiz"] == {"original": 300, "effective": 168}
    assert results["config"]["stopped_early"] == {"quiz": {"asked": 168, "of": 300}}


def test_compare_pairs_the_part_that_was_asked_and_comes_to_the_same(place, capsys):
    against("--margin", "5pp")
    capsys.readouterr()
    assert run(["compare", "old", "new", "--margin", "5pp"]) == 0
    assert "none of 168 samples changed, of 300 there are" in " ".join(
        capsys.readouterr().out.split()
    )


def test_the_same_command_gives_the_same_evidence(place, capsys):
    ids = []
    for _ in range(2):
        capsys.readouterr()
        against("--margin", "5pp", "--json", "--scores", "none")
        found = msgspec.json.decode(capsys.readouterr().out, type=Dossier)
        ids.append({item.id for item in found.evidence if item.source.probe == "eval"})
    assert ids[0] == ids[1] != set()


def test_workers_of_their_own_settle_the_same(place, capsys):
    records = []
    for more in ([], ["--pool", "processes", "--jobs", "2", "--pack", "64"]):
        assert against("--margin", "5pp", "--scores", "none", *more, out=f"new{len(more)}") == 0
        found, samples = load(place / f"new{len(more)}")
        records.append((found.stopping, found.tasks, [sample.scores for sample in samples]))
    assert records[0] == records[1]


def test_completing_a_run_asks_only_the_rest(place, capsys):
    (place / "scores.sqlite").unlink(missing_ok=True)
    against("--margin", "5pp", "--scores", "scores.sqlite")
    evaluate("--scores", "scores.sqlite", "--out", "complete")
    part, complete = (load(place / name)[0] for name in ("new", "complete"))
    assert complete.spent.known == 3 * 168
    assert complete.spent.computed < part.spent.computed
    assert complete.tasks[0].samples == part.tasks[0].whole.samples
    assert complete.tasks[0].tokens == part.tasks[0].whole.tokens


def test_a_run_that_was_interrupted_settles_as_if_it_had_not_been(place, monkeypatch):
    honest = Echo.score
    calls = []

    def interrupted(self, group):
        calls.append(group)
        if len(calls) == 3:
            raise KeyboardInterrupt
        yield from honest(self, group)

    kept = ("--margin", "5pp", "--pack", "64", "--scores", "mine.sqlite")
    monkeypatch.setattr(Echo, "score", interrupted)
    assert against(*kept) == 130
    monkeypatch.setattr(Echo, "score", honest)
    assert against(*kept) == 0
    assert load(place / "new")[0].stopping.rows[0].asked == 168


def test_unlike_runs_are_refused_before_anything_is_computed(place, capsys, monkeypatch):
    def never(self, group):
        raise AssertionError("computed")

    monkeypatch.setattr(Echo, "score", never)
    capsys.readouterr()
    assert against("--limit", "100", "--scores", "none") == 2
    assert "they differ in samples of quiz" in capsys.readouterr().err
    rows = [{"q": f"Other {n}?", "choices": ["a", "b"], "label": 0} for n in range(ROWS)]
    write(place / "quiz.jsonl", rows)
    assert against("--scores", "none") == 2
    assert "they differ in data of quiz" in capsys.readouterr().err


def test_a_part_is_no_run_to_hold_others_against(place, capsys):
    against("--margin", "5pp")
    capsys.readouterr()
    assert evaluate("--against", "new", "--out", "newer") == 2
    shown = capsys.readouterr().err
    assert "the old run asked 168 of the 300 samples of quiz" in shown
    assert "run it again without --against" in shown


def test_a_task_that_the_old_run_lacks_is_asked_whole(place, capsys):
    assert against("--margin", "5pp", "--task", "other.yaml") == 0
    counts = {task.id: task.n for task in load(place / "new")[0].tasks}
    assert counts == {"quiz": 168, "other": 300}
    assert "other: asked whole, for the other run does not have it" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--margin", "1pp"], "--margin needs a run to compare with"),
        (["--despite", "engine"], "--despite needs a run to compare with"),
        (["--against", "old", "--out", "old"], "--out would overwrite the run 'old'"),
        (["--against", "old/run.json", "--out", "old"], "--out would overwrite the run"),
        (["--against", "nowhere"], "there is no run of 'nowhere'"),
        (["--against", "old", "--margin", "much"], "'much' is no margin"),
        (["--against", "old", "--despite", "data"], "--despite does not take 'data'"),
    ],
)
def test_what_makes_no_sense_is_said_at_once(place, capsys, arguments, said):
    capsys.readouterr()
    assert evaluate(*arguments) == 2
    shown = capsys.readouterr().err
    assert said in shown
    assert "hint:" in shown


def test_a_margin_in_the_environment_is_for_compare_as_well(place, monkeypatch):
    monkeypatch.setenv("STEELYARD_MARGIN", "1pp")
    assert evaluate("--out", "plain") == 0
