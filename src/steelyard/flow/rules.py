# SPDX-License-Identifier: Apache-2.0
"""The kinds of rules a policy is made of; each is a pure function of the evidence."""

from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatchcase
from typing import Any

import msgspec

from steelyard.core.claim import Fact, Finding, Gap, Measurement, Severity
from steelyard.core.evidence import Evidence
from steelyard.core.policy import Outcome, Ruling, best, worst
from steelyard.flow.examine import SETTINGS, completions


class _Kind(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind"
):
    """What every rule has.

    Attributes:
        id: Unique within the policy.
        page: Manual page: why the rule is there and what to do when it fails.
    """

    id: str
    page: str = ""

    def _ruling(self, outcome: Outcome, because: Iterable[Evidence], message: str) -> Ruling:
        ids = tuple(sorted({item.id for item in because}))
        return Ruling(rule=self.id, outcome=outcome, because=ids, message=message)


class Ceiling(_Kind, frozen=True, kw_only=True, tag="ceiling"):
    """No finding may be too severe, and the probes that would find it must have looked.

    Attributes:
        findings: Patterns of finding rules, such as `pickle.*` or `*`.
        spare: Patterns of finding rules that are not its business.
        fail: Findings of this severity or worse fail.
        warn: Findings of this severity or worse warn; never above `fail`.
        probes: Probes that must have looked to the end, as must every other probe that left
            evidence and is its business; else the outcome is `unknown`.
    """

    findings: tuple[str, ...]
    fail: Severity
    warn: Severity
    probes: tuple[str, ...]
    spare: tuple[str, ...] = ()

    def judge(self, evidence: Sequence[Evidence]) -> Ruling:
        """Rule on the evidence."""
        hits = [
            item
            for item in evidence
            if isinstance(item.claim, Finding) and self._minds(item.claim.rule)
        ]
        seen = {item.source.probe for item in evidence} - SETTINGS
        probes = {*self.probes, *(probe for probe in seen if self._minds(f"{probe}."))}
        looked, missing = _look(evidence, sorted(probes))
        due = [item for item in hits if _rank(item) >= self.fail.rank]
        if due:
            return self._ruling(Outcome.FAIL, due, _tally(due))
        due = [item for item in hits if _rank(item) >= self.warn.rank]
        if missing:
            return self._ruling(Outcome.UNKNOWN, due, missing)
        if due:
            return self._ruling(Outcome.WARN, due, _tally(due))
        return self._ruling(Outcome.PASS, looked, f"nothing of {self.warn} severity or worse")

    def _minds(self, rule: str) -> bool:
        return _any_match(rule, self.findings) and not _any_match(rule, self.spare)


class Complete(_Kind, frozen=True, kw_only=True, tag="complete"):
    """Nothing of this kind may have been left out.

    Attributes:
        gaps: Patterns of gap names, such as `coverage.*`.
        spare: Patterns of gap names that are not its business.
        otherwise: Outcome when there is such a gap.
        probes: Probes that must have looked to the end; else the outcome is `unknown`.
    """

    gaps: tuple[str, ...]
    probes: tuple[str, ...]
    spare: tuple[str, ...] = ()
    otherwise: Outcome = Outcome.UNKNOWN

    def judge(self, evidence: Sequence[Evidence]) -> Ruling:
        """Rule on the evidence."""
        holes = [
            item
            for item in evidence
            if isinstance(item.claim, Gap)
            and _any_match(item.claim.name, self.gaps)
            and not _any_match(item.claim.name, self.spare)
        ]
        looked, missing = _look(evidence, self.probes)
        if not holes and not missing:
            return self._ruling(Outcome.PASS, looked, "nothing was left out")
        outcomes = [self.otherwise] * bool(holes) + [Outcome.UNKNOWN] * bool(missing)
        named = f"{len(holes)} not assessed" if holes else ""
        return self._ruling(worst(outcomes), holes, "; ".join(filter(None, (named, missing))))


class Known(_Kind, frozen=True, kw_only=True, tag="fact"):
    """A fact must be there, with one of the values that are accepted.

    Attributes:
        fact: Name of the fact.
        instead: Name of another one, looked at where the fact is absent; empty for none.
        accept: Values that pass.
        warn: Values that warn.
        refuse: Values that fail; any other value is `unknown`, as is none at all.
    """

    fact: str
    instead: str = ""
    accept: tuple[Any, ...] = ()
    warn: tuple[Any, ...] = ()
    refuse: tuple[Any, ...] = ()

    def judge(self, evidence: Sequence[Evidence]) -> Ruling:
        """Rule on the evidence; of several values the worst counts."""
        facts = _named(evidence, self.fact) or _named(evidence, self.instead)
        if not facts:
            return self._ruling(Outcome.UNKNOWN, (), f"nothing is known of {self.fact}")
        outcome = worst(self._outcome(claim.value) for _, claim in facts)
        due = [(item, claim) for item, claim in facts if self._outcome(claim.value) is outcome]
        values = ", ".join(sorted({str(claim.value) for _, claim in due}))
        return self._ruling(outcome, (item for item, _ in due), f"{due[0][1].name} is {values}")

    def _outcome(self, value: object) -> Outcome:
        if value in self.refuse:
            return Outcome.FAIL
        if value in self.warn:
            return Outcome.WARN
        return Outcome.PASS if value in self.accept else Outcome.UNKNOWN


class Bound(_Kind, frozen=True, kw_only=True, tag="bound"):
    """A measurement must stay inside bounds, its whole interval included.

    Attributes:
        metric: Name of the measurement.
        at_most: Upper bound, in the metric's unit; None for none.
        at_least: Lower bound, in the metric's unit; None for none.
    """

    metric: str
    at_most: float | None = None
    at_least: float | None = None

    def judge(self, evidence: Sequence[Evidence]) -> Ruling:
        """Rule on the evidence; of several measurements the worst counts."""
        measured = [
            (item, item.claim)
            for item in evidence
            if isinstance(item.claim, Measurement) and item.claim.metric == self.metric
        ]
        if not measured:
            return self._ruling(Outcome.UNKNOWN, (), f"{self.metric} was not measured")
        outside = [item for item, claim in measured if not self._holds(claim)]
        if outside:
            return self._ruling(Outcome.FAIL, outside, f"{self.metric} is out of bounds")
        return self._ruling(Outcome.PASS, (item for item, _ in measured), f"{self.metric} holds")

    def _holds(self, claim: Measurement) -> bool:
        return (self.at_most is None or claim.high <= self.at_most) and (
            self.at_least is None or claim.low >= self.at_least
        )


class AllOf(_Kind, frozen=True, kw_only=True, tag="all_of"):
    """Every one of some rules must hold: the worst outcome counts.

    Attributes:
        rules: The rules, at least one.
    """

    rules: tuple["AnyRule", ...]

    def judge(self, evidence: Sequence[Evidence]) -> Ruling:
        """Rule on the evidence."""
        return _combine(self.id, [rule.judge(evidence) for rule in self.rules], worst)


class AnyOf(_Kind, frozen=True, kw_only=True, tag="any_of"):
    """One of some rules must hold: the best outcome counts.

    Attributes:
        rules: The rules, at least one.
    """

    rules: tuple["AnyRule", ...]

    def judge(self, evidence: Sequence[Evidence]) -> Ruling:
        """Rule on the evidence."""
        return _combine(self.id, [rule.judge(evidence) for rule in self.rules], best)


AnyRule = Ceiling | Complete | Known | Bound | AllOf | AnyOf


def _combine(
    id: str, rulings: list[Ruling], choose: Callable[[Iterable[Outcome]], Outcome]
) -> Ruling:
    outcome = choose(ruling.outcome for ruling in rulings)
    due = [ruling for ruling in rulings if ruling.outcome is outcome]
    because = tuple(sorted({digest for ruling in due for digest in ruling.because}))
    message = "; ".join(f"{ruling.rule}: {ruling.message}" for ruling in due)
    return Ruling(rule=id, outcome=outcome, because=because, message=message or "asks nothing")


def _named(evidence: Sequence[Evidence], name: str) -> list[tuple[Evidence, Fact]]:
    return [
        (item, item.claim)
        for item in evidence
        if isinstance(item.claim, Fact) and item.claim.name == name
    ]


def _any_match(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _look(evidence: Sequence[Evidence], probes: Sequence[str]) -> tuple[list[Evidence], str]:
    """Return the evidence that probes looked to the end, and a sentence on those that did not."""
    done = completions(evidence)
    missing = sorted(set(probes) - done.keys())
    looked = [done[probe] for probe in probes if probe in done]
    return looked, f"not examined by {', '.join(missing)}" if missing else ""


def _rank(item: Evidence) -> int:
    return item.claim.severity.rank if isinstance(item.claim, Finding) else -1


def _tally(items: Sequence[Evidence]) -> str:
    rules = sorted({item.claim.rule for item in items if isinstance(item.claim, Finding)})
    noun = "finding" if len(items) == 1 else "findings"
    return f"{len(items)} {noun}: {', '.join(rules)}"
