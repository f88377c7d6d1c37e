# SPDX-License-Identifier: Apache-2.0
"""Policies: what follows. A policy turns evidence into a verdict and opens no file."""

import enum
from collections.abc import Iterable, Sequence
from typing import Protocol

import msgspec

from steelyard.core.digest import Digest
from steelyard.core.errors import PolicyError
from steelyard.core.evidence import Evidence


class Outcome(enum.StrEnum):
    """pass < warn < unknown < fail. It has no truth value: compare it by name."""

    PASS = "pass"  # noqa: S105 - an outcome, not a password
    WARN = "warn"
    UNKNOWN = "unknown"
    FAIL = "fail"

    @property
    def rank(self) -> int:
        """Return the position in the order pass < warn < unknown < fail, 0 to 3."""
        return _RANKS[self]

    def __bool__(self) -> bool:
        raise TypeError("an outcome has no truth value: compare it by name")


_RANKS = {outcome: rank for rank, outcome in enumerate(Outcome)}


def worst(outcomes: Iterable[Outcome]) -> Outcome:
    """Return the worst of some outcomes; of none, `unknown`."""
    return max(outcomes, key=lambda outcome: outcome.rank, default=Outcome.UNKNOWN)


def best(outcomes: Iterable[Outcome]) -> Outcome:
    """Return the best of some outcomes; of none, `unknown`."""
    return min(outcomes, key=lambda outcome: outcome.rank, default=Outcome.UNKNOWN)


class Ruling(msgspec.Struct, frozen=True, kw_only=True):
    """What one rule says.

    Attributes:
        rule: Id of the rule within its policy.
        outcome: What follows.
        because: Ids of the evidence it rests on, sorted.
        message: Why, in one sentence.
    """

    rule: str
    outcome: Outcome
    because: tuple[Digest, ...]
    message: str


class Rule(Protocol):
    """One sentence of a policy; a pure function of the evidence."""

    @property
    def id(self) -> str:
        """Return the id, unique within the policy."""

    def judge(self, evidence: Sequence[Evidence]) -> Ruling:
        """Rule on the evidence; more evidence of harm never gives a better outcome."""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What a policy says of a subject.

    Attributes:
        policy: Id of the policy.
        policy_digest: Digest of its text, so that the verdict can be traced to it.
        outcome: The worst ruling; `unknown` when there is none.
        rulings: One for each rule, in the policy's order.
    """

    policy: str
    policy_digest: Digest
    outcome: Outcome
    rulings: tuple[Ruling, ...]


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """Rules that must hold.

    Attributes:
        id: One word, lower case.
        title: What it stands for.
        page: Manual page, Markdown.
        rules: At least one.
        digest: Digest of its text.
    """

    id: str
    title: str
    page: str
    rules: tuple[Rule, ...]
    digest: Digest

    def __post_init__(self) -> None:
        if not self.rules:
            raise PolicyError(
                f"policy {self.id!r} has no rules",
                hint="a policy that asks nothing would pass everything: give it at least one [[rules]]",
            )

    def judge(self, evidence: Sequence[Evidence]) -> Verdict:
        """Return the verdict on the evidence."""
        rulings = tuple(rule.judge(evidence) for rule in self.rules)
        return Verdict(
            policy=self.id,
            policy_digest=self.digest,
            outcome=worst(ruling.outcome for ruling in rulings),
            rulings=rulings,
        )
