# SPDX-License-Identifier: Apache-2.0
"""What a plan asks is what the requests ask, once, and hardly more is computed than has to be."""

import random
from collections import Counter
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from steelyard.core.engine import Group, Tokens
from steelyard.engines.echo import Echo
from steelyard.evals.answers import answers, carry_out
from steelyard.evals.planner import Plan, Shape
from steelyard.evals.requests import Continuation, Request, Whole

words = st.text("ab", max_size=6)
requests = st.lists(
    st.builds(Continuation, context=words, text=st.text("ab", min_size=1, max_size=4))
    | st.builds(Whole, text=st.text("ab", max_size=40)),
    max_size=25,
)
shapes = st.builds(Shape, pack=st.integers(1, 40), call=st.integers(0, 30))


def asked(group: Group) -> list[tuple[Tokens, int]]:
    """Return each target of a group with all the tokens its node sees."""
    found = []
    for pack in group.packs:
        paths: list[Tokens] = []
        for token, parent in zip(pack.tokens, pack.parents, strict=True):
            assert parent < len(paths)
            paths.append((paths[parent] if parent >= 0 else group.prefix) + (token,))
        assert len(set(paths)) == len(paths)
        found += [(paths[node], token) for node, token in pack.targets]
    return found


def wanted(requests: Sequence[Request], engine: Echo) -> Counter[tuple[Tokens, int]]:
    """Return what requests ask for, a token at a time, by the plainest reading."""
    first = engine.begin()
    assert first is not None
    found: Counter[tuple[Tokens, int]] = Counter()
    for request in set(requests):
        if isinstance(request, Whole):
            sequence = (first, *engine.encode(request.text))
            start = 1
        elif isinstance(request, Continuation):
            sequence = (first, *(request.context + request.text).encode())
            start = 1 + len(request.context)
        found.update((sequence[:end], sequence[end]) for end in range(start, len(sequence)))
    return found


@given(requests, shapes)
def test_every_target_of_every_request_is_asked_and_nothing_else(
    asked_for: list[Request], shape: Shape
) -> None:
    engine = Echo(context=64)
    plan = Plan(asked_for, engine, shape)
    targets = [target for group, _ in plan.groups() for target in asked(group)]
    assert set(targets) == set(wanted(asked_for, engine))


@given(requests, shapes)
def test_each_thing_asked_is_answered_by_one_pack(asked_for: list[Request], shape: Shape) -> None:
    plan = Plan(asked_for, Echo(context=64), shape)
    keys = [key for _, steps in plan.groups() for step in steps for key in step.keys]
    assert sorted(keys) == sorted(plan.keys())


@given(requests, shapes, st.randoms(use_true_random=False))
def test_the_order_of_requests_changes_nothing(
    asked_for: list[Request], shape: Shape, shuffler: random.Random
) -> None:
    engine = Echo(context=64)
    other = list(asked_for)
    shuffler.shuffle(other)
    assert list(Plan(asked_for, engine, shape).groups()) == list(
        Plan(other, engine, shape).groups()
    )


@given(requests, shapes)
def test_scores_do_not_depend_on_how_a_run_is_cut(asked_for: list[Request], shape: Shape) -> None:
    engine = Echo(context=64)
    one = answers(Plan(asked_for, engine, shape), engine)
    alone = [
        answers(Plan([request], engine, Shape(pack=10_000)), engine)[0] for request in asked_for
    ]
    assert one == alone


@given(requests, shapes)
def test_the_plan_knows_what_the_engine_computes(asked_for: list[Request], shape: Shape) -> None:
    engine = Echo(context=64)
    plan = Plan(asked_for, engine, shape)
    computed = sum(batch.computed for batch in carry_out(plan, engine, {}))
    assert engine.computed == computed == plan.counts.computed
    assert plan.counts.minimum <= plan.counts.computed


@given(requests, shapes)
def test_a_pack_is_too_large_only_for_a_single_sequence(
    asked_for: list[Request], shape: Shape
) -> None:
    plan = Plan(asked_for, Echo(context=64), shape)
    for group, _ in plan.groups():
        for pack in group.packs:
            chain = list(range(-1, len(pack.tokens) - 1))
            assert len(pack.tokens) <= shape.pack or list(pack.parents) == chain
