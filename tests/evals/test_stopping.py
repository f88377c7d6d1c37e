# SPDX-License-Identifier: Apache-2.0
"""In which order samples are asked, what is settled together, and when it stops."""

from collections.abc import Mapping, Sequence

import msgspec

from steelyard.core.digest import digest_bytes
from steelyard.evals.contests import Rule
from steelyard.evals.record import SampleRecord
from steelyard.evals.requests import Continuation
from steelyard.evals.scoring import Asked
from steelyard.evals.stopping import Stopper, in_order, looks
from steelyard.evals.tasks.group import Group, GroupMetric
from steelyard.evals.tasks.metrics import Metric
from steelyard.evals.tasks.sample import Sample

RULE = Rule(margin=0.05, seed=7)


class Task:
    """As much of a task as stopping looks at."""

    def __init__(self, name: str, metrics: Sequence[str], aggregation: str) -> None:
        self.id = name
        self.metrics = tuple(
            Metric(name=metric, aggregation=aggregation, higher_is_better=metric != "over_refusal")
            for metric in metrics
        )

    def higher_is_better(self, name: str) -> bool:
        return next(metric.higher_is_better for metric in self.metrics if metric.name == name)


def task(
    name: str,
    count: int = 200,
    metrics: Sequence[str] = ("acc",),
    aggregation: str = "mean",
    clusters: int = 0,
) -> Asked:
    samples = tuple(
        Sample(
            task=name,
            index=number,
            digest=digest_bytes(f"{name} {number}".encode()),
            origin=digest_bytes(f"row {number}".encode()),
            row={},
            target=0,
            requests=(Continuation(context="?", text="!"),),
            cluster=f"passage {number % clusters}"
            if clusters
            else digest_bytes(f"{name} {number}".encode()),
        )
        for number in range(count)
    )
    return Asked(task=Task(name, metrics, aggregation), samples=samples, skipped=())


def old_run(tasks: Sequence[Asked], scores: Mapping[str, float]) -> list[SampleRecord]:
    return [
        SampleRecord(task=sample.task, index=sample.index, sample=sample.digest, scores=scores)
        for one in tasks
        for sample in one.samples
    ]


def carried_out(stopper: Stopper, new: Mapping[str, Mapping[str, float]], names: Sequence[str]):
    """Return how many samples of each task are asked, where each gets the scores of its task."""
    asked = dict.fromkeys(names, 0)
    for some in stopper.rounds():
        stopper.see({place: new[names[place[0]]] for place in some})
        for number, _ in some:
            asked[names[number]] += 1
    return asked


def test_the_order_depends_on_the_seed_and_on_nothing_else() -> None:
    one = task("quiz")
    turned = msgspec.structs.replace(one, samples=one.samples[::-1])

    def order(asked: Asked, seed: int) -> list[str]:
        return [asked.samples[place].digest for ((_, place),) in in_order([asked], seed)]

    assert order(one, 1) == order(turned, 1)
    assert order(one, 1) != order(one, 2)
    assert sorted(order(one, 1)) == sorted(sample.digest for sample in one.samples)


def test_what_hangs_together_is_asked_together_in_all_tasks() -> None:
    tasks = [task("et", 60, clusters=20), task("qu", 60, clusters=20)]
    found = in_order(tasks, 3)
    assert len(found) == 20
    for places in found:
        assert {number for number, _ in places} == {0, 1}
        assert len({tasks[number].samples[place].cluster for number, place in places}) == 1


def test_the_same_row_put_another_way_is_asked_at_the_same_time() -> None:
    assert all(len(places) == 2 for places in in_order([task("a"), task("b")], 3))


def test_looks_begin_small_and_end_with_everything() -> None:
    assert looks(30) == [30]
    assert looks(14042)[:3] == [438, 657, 985]
    assert looks(14042)[-1] == 14042


def test_a_model_that_scores_alike_is_settled_before_the_end() -> None:
    tasks = [task("quiz", 400)]
    stopper = Stopper(tasks, (), old_run(tasks, {"acc": 1.0}), RULE)
    asked = carried_out(stopper, {"quiz": {"acc": 1.0}}, ["quiz"])
    assert [(row.says, row.asked, row.of) for row in stopper.rows] == [
        ("not worse", asked["quiz"], 400)
    ]
    assert stopper.looks[-1] == asked["quiz"] < 200


def test_a_broken_model_is_settled_at_the_first_look() -> None:
    tasks = [task("quiz", 400)]
    stopper = Stopper(tasks, (), old_run(tasks, {"acc": 1.0}), RULE)
    assert carried_out(stopper, {"quiz": {"acc": 0.0}}, ["quiz"]) == {"quiz": 50}
    assert stopper.rows[0].says == "worse"


def test_where_less_is_better_more_is_worse() -> None:
    tasks = [task("safe", 400, metrics=["over_refusal"])]
    stopper = Stopper(tasks, (), old_run(tasks, {"over_refusal": 0.0}), RULE)
    carried_out(stopper, {"safe": {"over_refusal": 1.0}}, ["safe"])
    assert stopper.rows[0].says == "worse"


def test_without_a_margin_equal_models_are_asked_everything() -> None:
    tasks = [task("quiz", 400)]
    rule = msgspec.structs.replace(RULE, margin=None)
    stopper = Stopper(tasks, (), old_run(tasks, {"acc": 1.0}), rule)
    assert carried_out(stopper, {"quiz": {"acc": 1.0}}, ["quiz"]) == {"quiz": 400}
    assert stopper.rows[0].says == "open"


def test_a_task_goes_on_when_another_is_settled() -> None:
    tasks = [task("good", 400), task("bad", 400)]
    stopper = Stopper(tasks, (), old_run(tasks, {"acc": 1.0}), RULE)
    asked = carried_out(stopper, {"good": {"acc": 1.0}, "bad": {"acc": 0.0}}, ["good", "bad"])
    assert asked["bad"] == 50 < asked["good"]


def test_a_group_that_is_a_mean_over_samples_is_settled_as_one() -> None:
    names = [f"subject{number}" for number in range(8)]
    tasks = [task(name, 40) for name in names]
    group = Group(
        name="all",
        alias="all",
        version="",
        tasks=tuple(names),
        metrics=(GroupMetric(metric="acc"),),
    )
    stopper = Stopper(tasks, (group,), old_run(tasks, {"acc": 1.0}), RULE)
    carried_out(stopper, {name: {"acc": 1.0} for name in names}, names)
    assert [(row.name, row.of) for row in stopper.rows] == [("all", 320)]
    unweighed = msgspec.structs.replace(group, metrics=(GroupMetric(metric="acc", weighted=False),))
    stopper = Stopper(tasks, (unweighed,), old_run(tasks, {"acc": 1.0}), RULE)
    assert [row.name for row in stopper.rows] == names


def test_more_scores_need_more_evidence_each() -> None:
    tasks = [task("quiz", metrics=("acc", "acc_norm")), task("other")]
    known = old_run(tasks[:1], {"acc": 1.0, "acc_norm": 1.0}) + old_run(tasks[1:], {"acc": 1.0})
    assert Stopper(tasks, (), known, RULE).bar == 3 * Stopper(tasks[1:], (), known, RULE).bar


def test_tasks_that_cannot_be_stopped_are_asked_whole_and_last_and_say_why() -> None:
    tasks = [
        task("text", 30, metrics=["perplexity"], aggregation="perplexity"),
        task("pairs", 30, metrics=["likelihood_diff"]),
        task("corpus", 30, metrics=["bleu"], aggregation="bleu"),
        task("fresh", 30),
        task("quiz", 400),
    ]
    names = [one.task.id for one in tasks]
    known = [
        *old_run(tasks[:1], {"perplexity": -3.0}),
        *old_run(tasks[1:2], {"likelihood_diff": 3.0}),
        *old_run(tasks[2:3], {}),
        *old_run(tasks[4:], {"acc": 1.0}),
    ]
    stopper = Stopper(tasks, (), known, RULE)
    rounds = []
    for some in stopper.rounds():
        rounds.append({names[number] for number, _ in some})
        stopper.see({place: {"acc": 1.0} for place in some})
    assert rounds[-1] == set(names[:4])
    assert all(asked == {"quiz"} for asked in rounds[:-1])
    assert stopper.entire == {
        "text": "perplexity is not known to be a mean of values between 0 and 1",
        "pairs": "likelihood_diff is not known to be a mean of values between 0 and 1",
        "corpus": "none of its scores is a mean over questions",
        "fresh": "the other run does not have it",
    }


def test_scores_beyond_what_their_name_allows_settle_nothing() -> None:
    tasks = [task("quiz", 400)]
    stopper = Stopper(tasks, (), old_run(tasks, {"acc": 1.0}), RULE)
    assert carried_out(stopper, {"quiz": {"acc": -7.0}}, ["quiz"]) == {"quiz": 400}
    assert [(row.says, row.low, row.high) for row in stopper.rows] == [("open", -1, 1)]
