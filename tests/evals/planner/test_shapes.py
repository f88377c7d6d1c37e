# SPDX-License-Identifier: Apache-2.0
"""Shapes of well-known tasks: a plan computes hardly more than each different token once.

No clock: what is asserted are tokens. Texts are made up; a token is a byte, and lengths are those
of the tasks in tokens of a common tokenizer.
"""

import random
from collections.abc import Callable, Iterator

import pytest

from steelyard.engines.echo import Echo
from steelyard.evals.planner import Plan, Shape
from steelyard.evals.requests import Continuation, Request, Whole

LETTERS = "abcdefghijklmnopqrstuvwxyz "


def words(draw: random.Random, mean: int, spread: float = 0.4) -> str:
    size = max(3, int(draw.lognormvariate(0, spread) * mean))
    return "".join(draw.choices(LETTERS, k=size)).strip() or "x"


def mmlu(draw: random.Random) -> Iterator[Request]:
    """Five shots a subject, one-token options; one subject has passages longer than a pack."""
    for subject in range(6):
        shots = f"The following are questions about {subject}.\n\n" + words(draw, 500)
        for _ in range(60):
            question = words(draw, 700 if subject == 5 else 90, 0.6)
            for option in "ABCD":
                yield Continuation(context=f"{shots}\n\n{question}\nAnswer:", text=option)


def truthfulqa(draw: random.Random) -> Iterator[Request]:
    """The same shots for all, several answers of a dozen tokens; mc1 asks a part of mc2."""
    shots = words(draw, 110)
    for _ in range(150):
        question = f"{shots}\n\nQ: {words(draw, 14)}\nA:"
        answers = [f"_{words(draw, 10)}" for _ in range(draw.randint(3, 12))]
        for answer in answers + answers[:4]:
            yield Continuation(context=question, text=answer)


def bbq(draw: random.Random) -> Iterator[Request]:
    """Two questions and a longer context behind the same beginning, three answers each."""
    for _ in range(200):
        scene, more = words(draw, 30), words(draw, 25)
        for context in (scene, scene + more):
            for question in (words(draw, 12), words(draw, 12)):
                for answer in ("_A", "_B", "_nobody"):
                    yield Continuation(context=f"{context}\n{question}", text=answer)


def pairs(draw: random.Random) -> Iterator[Request]:
    """Two sentences that differ in a word, scored whole."""
    for _ in range(400):
        start, end = words(draw, 8), words(draw, 8)
        for word in ("he", "she"):
            yield Continuation(context="", text=f"{start} {word} {end}")


def copa(draw: random.Random) -> Iterator[Request]:
    """A premise and two continuations, no shots."""
    for _ in range(400):
        premise = words(draw, 15)
        for _ in range(2):
            yield Continuation(context=premise, text=f"_{words(draw, 10)}")


def endings(draw: random.Random) -> Iterator[Request]:
    """Long endings, four of which are larger than a pack."""
    for _ in range(40):
        context = words(draw, 120)
        for _ in range(4):
            yield Continuation(context=context, text=f"_{words(draw, 200)}")


def documents(draw: random.Random) -> Iterator[Request]:
    """Texts longer than the model's context."""
    for _ in range(5):
        yield Whole(text=words(draw, 6000))


def everything(draw: random.Random) -> Iterator[Request]:
    for task in (mmlu, truthfulqa, bbq, pairs, copa, endings, documents):
        yield from task(draw)


@pytest.mark.parametrize("pack", [512, 1024])
@pytest.mark.parametrize(
    "task", [mmlu, truthfulqa, bbq, pairs, copa, endings, documents, everything]
)
def test_a_plan_computes_at_most_three_percent_more_than_it_must(
    task: Callable[[random.Random], Iterator[Request]], pack: int
) -> None:
    counts = Plan(task(random.Random(1)), Echo(context=2048), Shape(pack=pack)).counts
    assert counts.computed <= 1.03 * counts.minimum
    assert counts.naive >= counts.minimum


def test_one_short_context_does_not_spoil_what_all_others_share() -> None:
    shots = words(random.Random(1), 400, 0)
    asked: list[Request] = [
        Continuation(context=f"{shots}{number:04}", text="x") for number in range(1000)
    ]
    asked.append(Continuation(context=shots[:5], text=shots[5:9]))
    counts = Plan(asked, Echo(), Shape()).counts
    assert counts.computed <= 1.03 * counts.minimum
