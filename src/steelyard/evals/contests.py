# SPDX-License-Identifier: Apache-2.0
"""What is to be settled between two runs: metrics of tasks, or of groups taken as one."""

from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence

import msgspec

from steelyard.core.digest import Digest
from steelyard.evals.record import Said, Settled
from steelyard.evals.scoring import Asked
from steelyard.evals.statistics.betting import (
    ALPHA,
    Bounds,
    evidence_above,
    evidence_below,
    interval,
    totals,
)
from steelyard.evals.tasks.group import Group
from steelyard.evals.tasks.sample import Sample

_SHARES = frozenset(
    {
        *("acc", "acc_norm", "acc_bytes", "acc_mutual_info", "exact_match"),
        *("acc_ambig", "acc_disambig", "pct_stereotype", "over_refusal", "harmful_compliance"),
    }
)

Known = Mapping[tuple[str, Digest], Mapping[str, float]]
"""Scores of the old run, by task and sample."""


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be settled, and in which order it is asked.

    Attributes:
        margin: How much worse the new one may be, as a share; None asks for any difference.
        seed: Of the order.
        alpha: Chance of saying anything wrong by stopping, at most.
    """

    margin: float | None
    seed: int
    alpha: float = ALPHA


def is_share(metric: str) -> bool:
    """Tell whether each value of a metric is known to lie between 0 and 1, by its definition."""
    return metric.partition(",")[0] in _SHARES


def bond(sample: Sample) -> str:
    """Return what samples that depend on this one share with it; variations share their row."""
    return sample.origin if sample.cluster == sample.digest else sample.cluster


def largest_bond(bonds: Iterable[str]) -> int:
    """Return how many hang together at most; 1 where there are none."""
    return max(Counter(bonds).values(), default=1)


class Contest:
    """A metric of a task, or of a group whose samples are taken together.

    Attributes:
        name: Of the task or the group.
        metric: Name of the metric.
        tasks: Ids of the tasks whose samples count.
        of: How many samples have it in the old run.
    """

    def __init__(
        self, name: str, metric: str, members: Sequence[Asked], known: Known, *, upwards: bool
    ) -> None:
        self.name = name
        self.metric = metric
        self.tasks = frozenset(one.task.id for one in members)
        bonds = [
            bond(sample)
            for one in members
            for sample in one.samples
            if metric in known.get((one.task.id, sample.digest), {})
        ]
        self.of = len(bonds)
        self._bounds = Bounds(low=-1, high=1, largest=largest_bond(bonds))
        self._sign = 1 if upwards else -1
        self._gains: list[float] = []
        self._bonds: list[str] = []
        self._bounded = True

    def see(self, key: str, old: float, new: float) -> None:
        """Count a sample that both have answered."""
        self._bounded = self._bounded and 0 <= old <= 1 and 0 <= new <= 1
        self._gains.append(self._sign * (new - old))
        self._bonds.append(key)

    def standing(self, rule: Rule, bar: float) -> Settled:
        """Return how it stands; what turns out to have other bounds than said is never settled."""
        edge = -(rule.margin or 0.0)
        seen = totals(self._gains, self._bonds)
        above, below = 1.0, 1.0
        low, high = self._bounds.low, self._bounds.high
        if self._bounded:
            above = evidence_above(seen, edge, self._bounds)
            below = evidence_below(seen, edge, self._bounds)
            low, high = interval(seen, self._bounds)
        says: Said = "open"
        if above >= bar:
            says = "better" if rule.margin is None else "not worse"
        elif below >= bar:
            says = "worse"
        return Settled(
            name=self.name,
            metric=self.metric,
            asked=len(self._gains),
            of=self.of,
            low=low,
            high=high,
            evidence=float(f"{max(above, below):.4g}"),
            says=says,
        )


def unfit(one: Asked, known: Known) -> str:
    """Return why a task cannot be stopped; empty where it can."""
    metrics = _metrics(one, known)
    if not metrics:
        had = any(task == one.task.id for task, _ in known)
        return (
            "none of its scores is a mean over questions"
            if had
            else "the other run does not have it"
        )
    for name in metrics:
        if not is_share(name) or not _is_mean(one, name):
            return f"{name} is not known to be a mean of values between 0 and 1"
    return ""


def _metrics(one: Asked, known: Known) -> list[str]:
    found: dict[str, None] = {}
    for sample in one.samples:
        found.update(dict.fromkeys(known.get((one.task.id, sample.digest), {})))
    return list(found)


def _is_mean(one: Asked, name: str) -> bool:
    plain = name.partition(",")[0]
    return all(m.aggregation == "mean" for m in one.task.metrics if m.name == plain)


def contests(
    all_asked: Sequence[Asked], groups: Sequence[Group], known: Known, entire: Container[str]
) -> list[Contest]:
    """Return what is to be settled: of groups that are means over samples the group, else each task."""
    fit = {one.task.id: one for one in all_asked if one.task.id not in entire}
    left = dict(fit)
    found: list[Contest] = []
    for group in sorted(groups, key=lambda group: -len(group.tasks)):
        members = [left[task] for task in group.tasks if task in left]
        metrics = list(dict.fromkeys(name for one in members for name in _metrics(one, known)))
        if len(members) < len(set(group.tasks)) or not _pools(group, metrics):
            continue
        found += [_contest(group.name, metric, members, known) for metric in metrics]
        for one in members:
            del left[one.task.id]
    for one in left.values():
        found += [_contest(one.task.id, metric, [one], known) for metric in _metrics(one, known)]
    return found


def _pools(group: Group, metrics: Sequence[str]) -> bool:
    """Tell whether a group has each of these metrics, as a mean over all of its samples."""

    def pooled(name: str) -> bool:
        plain, _, chosen = name.partition(",")
        return any(
            wanted.weighted
            and wanted.metric == plain
            and (not wanted.filters or (chosen or "none") in wanted.filters)
            for wanted in group.metrics
        )

    return bool(metrics) and all(map(pooled, metrics))


def _contest(name: str, metric: str, members: Sequence[Asked], known: Known) -> Contest:
    upwards = members[0].task.higher_is_better(metric)
    return Contest(name, metric, members, known, upwards=upwards)
