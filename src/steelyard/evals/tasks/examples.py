# SPDX-License-Identifier: Apache-2.0
"""Which examples stand before a question: drawn with a seed as lm-eval draws them, or the first.

Semantics: samplers of lm-eval 0.4.13; `random.Random` of the standard library draws the same
numbers for the same seed in every version since Python 3.2.
"""

import random
from collections.abc import Callable, Sequence

from steelyard.core.errors import MalformedError
from steelyard.evals.data import Row

Sampler = Callable[[int, Row | None], Sequence[int]]
"""Gives the places in the pool of some examples; a row is kept from being its own example."""
SAMPLERS = ("default", "first_n")


def sampler(name: str, pool: Sequence[Row], seed: int | None) -> Sampler:
    """Return what chooses examples, question after question.

    Args:
        name: `default` or `first_n`.
        pool: What they are chosen from.
        seed: Of the drawing; the same for all questions of a task, drawn one after the other.

    Raises:
        MalformedError: There is no such sampler.
    """
    if name == "first_n":
        return _first(pool)
    if name == "default":
        return _drawn(pool, random.Random(seed))  # noqa: S311 reproducible, not secret
    raise MalformedError(f"'fewshot_config.sampler': {name!r} is neither 'default' nor 'first_n'")


def _first(pool: Sequence[Row]) -> Sampler:
    def choose(count: int, asked: Row | None) -> Sequence[int]:
        chosen: list[int] = []
        for place, row in enumerate(pool):
            if len(chosen) == count:
                break
            if asked is None or row != asked:
                chosen.append(place)
        return _enough(chosen, count)

    return choose


def _drawn(pool: Sequence[Row], draws: random.Random) -> Sampler:
    def choose(count: int, asked: Row | None) -> Sequence[int]:
        wanted = count + 1 if asked else count
        if wanted > len(pool):
            _enough(range(len(pool)), wanted)
        chosen = draws.sample(range(len(pool)), wanted)
        if not asked:
            return chosen
        chosen = [place for place in chosen if pool[place] != asked][:count]
        if len(chosen) < count:
            others = [place for place, row in enumerate(pool) if row != asked]
            chosen = [others[at] for at in draws.sample(range(len(others)), count)]
        return chosen

    return choose


def _enough(chosen: Sequence[int], count: int) -> Sequence[int]:
    if len(chosen) < count:
        raise MalformedError(f"{count} examples are wanted, and there are {len(chosen)}")
    return chosen
