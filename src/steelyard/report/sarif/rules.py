# SPDX-License-Identifier: Apache-2.0
"""What SARIF calls reporting descriptors: the kinds of results, each with its page."""

from collections.abc import Iterator, Mapping

from steelyard.core.claim import Finding, Severity
from steelyard.core.evidence import Evidence
from steelyard.core.policy import Ruling
from steelyard.core.probe import Descriptor, Probe
from steelyard.report.sarif.places import Json
from steelyard.report.summary.text import clipped, paragraphs, shown
from steelyard.report.summary.verdict import Reason

_TEXT = 1_000  # characters; GitHub shows 1,024
LEVELS = {
    Severity.NOTE: "note",
    Severity.LOW: "note",
    Severity.MEDIUM: "warning",
    Severity.HIGH: "error",
    Severity.CRITICAL: "error",
}
# GitHub shows above 9.0 as critical, from 7.0 as high, from 4.0 as medium, above 0 as low.
SCORES = {
    Severity.NOTE: "0.1",
    Severity.LOW: "3.0",
    Severity.MEDIUM: "5.5",
    Severity.HIGH: "8.0",
    Severity.CRITICAL: "9.5",
}


def finding_rules(
    findings: list[tuple[Evidence, Finding]], known: Mapping[str, tuple[Probe, Descriptor]]
) -> Iterator[Json]:
    """Yield a descriptor for each kind of finding that occurs, by id, with its worst severity.

    Args:
        findings: The findings that occur.
        known: What `summary.groups.descriptors` returns.
    """
    worst: dict[str, Severity] = {}
    for _, finding in findings:
        before = worst.setdefault(finding.rule, finding.severity)
        worst[finding.rule] = max(before, finding.severity, key=lambda severity: severity.rank)
    for rule, severity in sorted(worst.items()):
        yield _rule(rule, severity, known[rule][1] if rule in known else None)


def _rule(id: str, severity: Severity, descriptor: Descriptor | None) -> Json:
    return {
        "id": shown(id),
        **(_unknown(id) if descriptor is None else _pages(descriptor)),
        "defaultConfiguration": {"level": LEVELS[severity]},
        "properties": {
            "tags": ["security", "model", clipped(shown(id.partition(".")[0]), 40)],
            "precision": "high",
            "security-severity": SCORES[severity],
            "severity": severity,
        },
    }


def _pages(descriptor: Descriptor) -> Json:
    text = f"{descriptor.page.strip()}\n\n## What to do\n{descriptor.remedy}."
    first = (paragraphs(descriptor.page) or [descriptor.title])[0]
    return {
        "shortDescription": {"text": descriptor.title},
        "fullDescription": {"text": clipped(first, _TEXT)},
        "help": {"text": text, "markdown": f"# {descriptor.title}\n\n{text}"},
    }


def _unknown(id: str) -> Json:
    text = "No probe that is installed here knows this rule"
    return {
        "shortDescription": {"text": clipped(shown(id), 200)},
        "fullDescription": {"text": text},
        "help": {"text": text},
    }


def ruling_rule(reason: Reason) -> Json:
    """Return the descriptor of a ruling that could not be made."""
    text = "A rule of the policy could not be judged: evidence is missing. It is not a pass."
    return {
        "id": ruling_id(reason.ruling),
        "shortDescription": {"text": f"Not known: {clipped(shown(reason.ruling.rule), 200)}"},
        "fullDescription": {"text": text},
        "help": {"text": text},
        "defaultConfiguration": {"level": "warning"},
        "properties": {"tags": ["security", "model", "unknown"], "security-severity": "5.5"},
    }


def ruling_id(ruling: Ruling) -> str:
    """Return the id under which a ruling that could not be made is listed."""
    return f"unknown.{shown(ruling.rule)}"
