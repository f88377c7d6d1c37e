# SPDX-License-Identifier: Apache-2.0
"""When to stop: samples in a random order, looks that grow, and what is settled at each.

The rule is fixed before anything is seen. What hangs together is asked together, the order comes
from a seed and from what samples are made of, and decisions fall between rounds alone, so that
`evals.statistics.betting` holds whatever the scores are.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence

from steelyard.evals.contests import Known, Rule, bond, contests, unfit
from steelyard.evals.record import SampleRecord
from steelyard.evals.scoring import Asked
from steelyard.evals.statistics.betting import family_bar
from steelyard.evals.tasks.group import Group

_FIRST = 50  # what hangs together, at the first look; fewer settle nothing but the grossest
_SHARE = 32  # the first look is at one in so many

Place = tuple[int, int]
"""Number of a task, and of a sample in it."""


def looks(count: int) -> list[int]:
    """Return after how many of `count` one looks: a small share first, then half as many again.

    Example:
        >>> looks(400)
        [50, 75, 112, 168, 252, 378, 400]
    """
    found = [min(count, max(_FIRST, count // _SHARE))]
    while found[-1] < count:
        found.append(min(count, found[-1] * 3 // 2))
    return found


def in_order(all_asked: Sequence[Asked], seed: int) -> list[list[Place]]:
    """Return all samples in a random order, each time those together that hang together.

    The order depends on the seed and on what samples are made of, never on scores. The same
    question in two tasks comes at the same time.
    """
    found: dict[str, list[Place]] = {}
    for number, one in enumerate(all_asked):
        for place, sample in enumerate(one.samples):
            found.setdefault(bond(sample), []).append((number, place))
    chance = {key: hashlib.sha256(f"{seed}\n{key}".encode()).digest() for key in found}
    return [found[key] for key in sorted(found, key=lambda key: (chance[key], key))]


class Stopper:
    """Says what to ask next, until nothing is left open.

    Args:
        all_asked: The tasks, each with all its samples.
        groups: Of these tasks.
        old: Samples of the run it is held against.
        rule: What is to be settled.

    Attributes:
        bar: What evidence has to reach.
        entire: Tasks that are asked whole, with why.
        rows: How each metric stands.
        looks: How many samples had been asked at each look.
    """

    def __init__(
        self,
        all_asked: Sequence[Asked],
        groups: Sequence[Group],
        old: Sequence[SampleRecord],
        rule: Rule,
    ) -> None:
        self._asked = all_asked
        self._rule = rule
        self._known: Known = {(sample.task, sample.sample): sample.scores for sample in old}
        self.entire = {one.task.id: why for one in all_asked if (why := unfit(one, self._known))}
        self._contests = contests(all_asked, groups, self._known, self.entire)
        self.bar = family_bar(max(1, len(self._contests)), rule.alpha)
        self.rows = tuple(one.standing(rule, self.bar) for one in self._contests)
        self.looks: list[int] = []

    def rounds(self) -> Iterator[list[Place]]:
        """Yield the samples to ask in each round; those of tasks that are asked whole come last."""
        order = [
            [place for place in places if self._name(place) not in self.entire]
            for places in in_order(self._asked, self._rule.seed)
        ]
        order = [places for places in order if places]
        done = 0
        for look in looks(len(order)):
            open_tasks = self._open()
            some = [place for places in order[done:look] for place in places]
            done = look
            if some := [place for place in some if self._name(place) in open_tasks]:
                yield some
        rest = [
            (number, place)
            for number, one in enumerate(self._asked)
            if one.task.id in self.entire
            for place in range(len(one.samples))
        ]
        if rest:
            yield rest

    def see(self, scores: Mapping[Place, Mapping[str, float]]) -> None:
        """Look at the scores of a round."""
        self.looks.append(len(scores) + (self.looks[-1] if self.looks else 0))
        for place in sorted(scores):
            sample = self._asked[place[0]].samples[place[1]]
            old = self._known.get((sample.task, sample.digest), {})
            for contest in self._contests:
                if sample.task in contest.tasks and contest.metric in old:
                    new = scores[place].get(contest.metric)
                    if new is not None:
                        contest.see(bond(sample), old[contest.metric], new)
        self.rows = tuple(one.standing(self._rule, self.bar) for one in self._contests)

    def _name(self, place: Place) -> str:
        return self._asked[place[0]].task.id

    def _open(self) -> frozenset[str]:
        """Return the tasks of which something is not settled."""
        rows = zip(self._contests, self.rows, strict=True)
        return frozenset(
            task for contest, row in rows if row.says == "open" for task in contest.tasks
        )
