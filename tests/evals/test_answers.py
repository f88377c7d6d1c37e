# SPDX-License-Identifier: Apache-2.0
"""Results come as packs are done; what is known is not computed again."""

from itertools import islice

from hypothesis import given
from hypothesis import strategies as st

from steelyard.core.engine import Sampling
from steelyard.engines.echo import Echo
from steelyard.evals.answers import answers, carry_out
from steelyard.evals.planner import Key, Plan, Result, Shape
from steelyard.evals.requests import Completion, Continuation, Likelihood, Request, Whole, Written

SHOTS = "Question: what is it?\nAnswer: nothing\n\n" * 3
REQUESTS: list[Request] = [
    *(
        Continuation(context=f"{SHOTS}Question: {n} {'x' * n}?\nAnswer:", text=text)
        for n in range(20)
        for text in (" A", " B", " none of these")
    ),
    Whole(text="a text of some length " * 10),
    *(
        Completion(context=f"{SHOTS}Question: {n}?", sampling=Sampling(most_tokens=5, seed=n % 2))
        for n in range(5)
    ),
]


class Counted:
    """Progress that is remembered."""

    def __init__(self) -> None:
        self.done: list[tuple[str, int, int]] = []

    def begin(self, what: str, total: int) -> None:
        self.done.append((what, total, 0))

    def advance(self, units: int) -> None:
        what, total, done = self.done[-1]
        self.done[-1] = (what, total, done + units)

    def end(self) -> None:
        _what, total, done = self.done[-1]
        assert total == done


def plan(engine: Echo) -> Plan:
    return Plan(REQUESTS, engine, Shape(pack=128))


@given(st.integers(0, 40))
def test_a_run_that_was_stopped_goes_on_where_it_was(stopped_after: int) -> None:
    whole = Echo()
    expected = answers(plan(whole), whole)
    first, second = Echo(), Echo()
    known: dict[Key, Result] = {}
    for batch in islice(carry_out(plan(first), first, known), stopped_after):
        known.update(batch.results)
    for batch in carry_out(plan(second), second, dict(known)):
        assert not batch.results.keys() & known.keys()
        known.update(batch.results)
    assert plan(second).answers(known) == expected
    assert second.computed <= whole.computed
    if stopped_after > 10:
        assert second.computed < whole.computed / 2


def test_what_is_known_in_part_is_computed_in_part() -> None:
    engine = Echo()
    asked = plan(engine)
    results: dict[Key, Result] = {}
    for batch in carry_out(asked, engine, {}):
        results.update(batch.results)
    for dropped in list(results)[::7]:
        known = {key: value for key, value in results.items() if key != dropped}
        again = Echo()
        (batch,) = carry_out(asked, again, known)
        assert batch.results == {dropped: results[dropped]}
        assert again.computed <= 400


def test_progress_comes_to_its_end() -> None:
    engine, progress = Echo(), Counted()
    answers(plan(engine), engine, progress)
    assert [what for what, _, _ in progress.done] == ["scoring", "writing"]
    assert progress.done[0][1] == plan(engine).counts.computed
    assert progress.done[1][1:] == (5, 5)


def test_progress_counts_what_is_left_to_do() -> None:
    engine, progress = Echo(), Counted()
    known = dict(next(iter(carry_out(plan(engine), engine, {}))).results)
    rest = Echo()
    for _ in carry_out(plan(rest), rest, known, progress):
        pass
    assert progress.done[0][1] == rest.computed


def test_no_requests_have_no_answers() -> None:
    engine = Echo()
    empty = Plan([], engine, Shape())
    assert answers(empty, engine) == []
    assert (empty.counts.computed, empty.counts.minimum, empty.counts.naive) == (0, 0, 0)


def test_answers_come_in_the_order_of_the_requests_and_equal_ones_are_asked_once() -> None:
    engine = Echo()
    asked: list[Request] = [
        Continuation(context="b", text="c"),
        Completion(context="a", sampling=Sampling(most_tokens=3)),
        Continuation(context="a", text="c"),
        Continuation(context="b", text="c"),
    ]
    found = answers(Plan(asked, engine, Shape()), engine)
    assert [type(answer) for answer in found] == [Likelihood, Written, Likelihood, Likelihood]
    assert found[0] == found[3] != found[2]
    assert len(Plan(asked, engine, Shape()).keys()) == 3


def test_an_empty_text_has_probability_one() -> None:
    engine = Echo(begins=False)
    asked = Plan([Whole(text="")], engine, Shape())
    assert answers(asked, engine) == [Likelihood(logprob=0.0, greedy=True, tokens=0)]


def test_the_root_names_what_is_asked_and_not_in_which_order() -> None:
    engine = Echo()
    turned = Plan(REQUESTS[::-1], engine, Shape(pack=64))
    assert plan(engine).root == turned.root
    assert Plan(REQUESTS[1:], engine, Shape()).root != turned.root


def test_the_greedy_text_is_greedy() -> None:
    engine = Echo()
    completion = Completion(context="once", sampling=Sampling(most_tokens=4))
    (written,) = answers(Plan([completion], engine, Shape()), engine)
    assert isinstance(written, Written)
    scored: list[Request] = [
        Continuation(context="once", text=written.text[: n + 1]) for n in (0, 1, 2)
    ]
    found = answers(Plan(scored, engine, Shape()), engine)
    assert [answer.greedy for answer in found if isinstance(answer, Likelihood)] == [True] * 3


def test_prompts_of_texts_are_counted_once_where_they_begin_alike() -> None:
    sampling = Sampling(most_tokens=3)
    engine = Echo()
    texts = [Completion(context=context, sampling=sampling) for context in ("abcd", "abx", "abcd")]
    made = Plan(texts, engine, Shape())
    assert made.prompts() == len(engine.encode("abcd")) + 1
    assert made.prompts(known=made.keys()) == 0
