# SPDX-License-Identifier: Apache-2.0
"""A verdict in words: what follows, and what it rests on."""

from collections.abc import Callable

import msgspec

from steelyard.core.claim import Severity
from steelyard.core.dossier import Dossier
from steelyard.core.evidence import Evidence
from steelyard.core.policy import Outcome, Policy, Ruling, Verdict
from steelyard.flow.policies import known_policies
from steelyard.report.summary.accepted import accepted
from steelyard.report.summary.groups import counting, duties, unassessed
from steelyard.report.summary.text import brief, paragraphs


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """A ruling and what stands behind it.

    Attributes:
        ruling: What one rule says.
        asks: What the rule asks, one paragraph; empty where the policy is not known here.
        evidence: What it rests on, in the dossier's order.
        missing: How many of its reasons are not in the dossier.
    """

    ruling: Ruling
    asks: str
    evidence: tuple[Evidence, ...]
    missing: int


def sentence(dossier: Dossier, mark: Callable[[str], str] = brief) -> str:
    """Return the verdict as one sentence, without a full stop.

    Args:
        dossier: Whose verdict.
        mark: Makes the names of subject and policy, which others chose, fit for the page.
    """
    return f"{headline(dossier, mark)}: {score(dossier.verdict)}"


def headline(dossier: Dossier, mark: Callable[[str], str] = brief) -> str:
    """Return what follows for the subject, in a few words; see `sentence`."""
    verdict = dossier.verdict
    name, policy = mark(dossier.subject.name), mark(verdict.policy)
    match verdict.outcome:
        case Outcome.FAIL:
            return f"{name} fails the policy {policy}"
        case Outcome.UNKNOWN:
            return f"It is not known whether {name} meets the policy {policy}"
        case Outcome.WARN:
            return f"{name} meets the policy {policy}, with something to review"
        case _:
            return f"{name} meets the policy {policy}"


_DONE = {
    Outcome.FAIL: ("is broken", "are broken"),
    Outcome.UNKNOWN: ("could not be judged", "could not be judged"),
    Outcome.WARN: ("warns", "warn"),
    Outcome.PASS: ("holds", "hold"),
}


def score(verdict: Verdict) -> str:
    """Return in words how many rules hold, and how many do not."""
    total = len(verdict.rulings)
    if not total:
        return "it made no ruling"
    if total == 1:
        return f"its one rule {_DONE[verdict.outcome][0]}"
    if verdict.outcome is Outcome.PASS:
        return "both rules hold" if total == 2 else f"all {total} rules hold"
    counts = {
        outcome: sum(ruling.outcome is outcome for ruling in verdict.rulings) for outcome in _DONE
    }
    parts = [
        f"{number} {_DONE[outcome][number != 1]}" for outcome, number in counts.items() if number
    ]
    return f"of {total} rules, {', '.join(parts)}"


def tally(dossier: Dossier) -> list[tuple[str, int]]:
    """Return how many findings count, by each severity that occurs, the worst first."""
    counts = dict.fromkeys(reversed(Severity), 0)
    for _, finding in counting(dossier):
        counts[finding.severity] += 1
    return [(str(severity), number) for severity, number in counts.items() if number]


def counts(dossier: Dossier) -> str:
    """Return in words how many findings and gaps there are.

    It says so, too, when there are none.
    """
    found = ", ".join(f"{number:,} {severity}" for severity, number in tally(dossier))
    holes = sum(1 for _ in unassessed(dossier))
    aside = len(accepted(dossier))
    parts = [f"findings: {found or 'none'}"]
    if aside:
        parts.append(f"accepted: {aside:,}")
    if owed := duties(dossier):
        parts.append(f"duties: {owed:,}")
    return "; ".join([*parts, f"not assessed: {f'{holes:,}' if holes else 'nothing'}"])


def policy_of(dossier: Dossier) -> Policy | None:
    """Return the built-in policy that the verdict is of, told by its digest; or None."""
    digest = dossier.verdict.policy_digest
    return next((policy for policy in known_policies() if policy.digest == digest), None)


def reasons(dossier: Dossier, policy: Policy | None) -> tuple[Reason, ...]:
    """Return the rulings with what they rest on, the worst first.

    Args:
        dossier: Whose verdict.
        policy: What `policy_of` returns.
    """
    pages = {rule.id: getattr(rule, "page", "") for rule in policy.rules} if policy else {}
    by_id = {item.id: (position, item) for position, item in enumerate(dossier.evidence)}
    made = [
        _reason(ruling, pages.get(ruling.rule, ""), by_id) for ruling in dossier.verdict.rulings
    ]
    return tuple(sorted(made, key=lambda reason: -reason.ruling.outcome.rank))


def _reason(ruling: Ruling, page: str, by_id: dict[str, tuple[int, Evidence]]) -> Reason:
    cited = set(ruling.because)
    found = sorted((by_id[id] for id in cited if id in by_id), key=lambda entry: entry[0])
    return Reason(
        ruling=ruling,
        asks=(paragraphs(page) or [""])[0],
        evidence=tuple(item for _, item in found),
        missing=len(cited) - len(found),
    )
