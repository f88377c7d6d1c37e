# SPDX-License-Identifier: Apache-2.0
"""The results: findings, and rulings that could not be made."""

from steelyard.core.claim import Finding
from steelyard.core.digest import digest_of
from steelyard.core.evidence import Evidence
from steelyard.report.sarif.places import Files, Json, clean, location
from steelyard.report.sarif.rules import LEVELS, SCORES, ruling_id
from steelyard.report.summary.accepted import Acceptance
from steelyard.report.summary.places import locate
from steelyard.report.summary.text import shown
from steelyard.report.summary.verdict import Reason


def open_result(reason: Reason, files: Files) -> Json:
    """Return a ruling that could not be made as a result, lest an empty list read as safe."""
    ruling = reason.ruling
    where = reason.evidence[0].claim.where if reason.evidence else ""
    return {
        "ruleId": ruling_id(ruling),
        "kind": "open",
        "level": "none",
        "message": {"text": clean(f"Not known whether {ruling.rule} holds: {ruling.message}")},
        "locations": [location(where, files)],
        "partialFingerprints": {"primaryLocationLineHash": _stable(ruling.rule)},
    }


def finding_result(
    item: Evidence, finding: Finding, files: Files, acceptance: Acceptance | None
) -> Json:
    """Return a finding as a result; suppressed, where somebody accepted it."""
    remedy = f". {finding.remedy}" if finding.remedy else ""
    trail = {"trail": [clean(step) for step in finding.trail]} if finding.trail else {}
    return {
        "ruleId": shown(finding.rule),
        "kind": "fail",
        "level": LEVELS[finding.severity],
        "message": {"text": clean(f"{_inside(finding, files)}{finding.message}{remedy}")},
        "locations": [location(finding.where, files)],
        "partialFingerprints": {
            "steelyardEvidence/v1": item.id,
            # GitHub knows an alert again by this one; unlike an id, it outlives edits elsewhere.
            "primaryLocationLineHash": _stable(finding.rule, finding.where, finding.message),
        },
        "properties": {
            "severity": finding.severity,
            "security-severity": SCORES[finding.severity],
            "where": shown(finding.where),
            "probe": shown(item.source.probe),
            **trail,
        },
        **(_suppressed(acceptance) if acceptance else {}),
    }


def _suppressed(acceptance: Acceptance) -> Json:
    return {"suppressions": [{"kind": "external", "justification": clean(acceptance.words)}]}


def _inside(finding: Finding, files: Files) -> str:
    """Return the place as a preface where SARIF's region cannot say it."""
    place = locate(finding.where, files)
    if place.layers or place.pointer:
        return f"{'!'.join(place.layers)} {place.position}".strip() + ": "
    return f"{place.position}: " if place.byte >= 0 else ""


def _stable(*parts: str) -> str:
    return digest_of(parts).removeprefix("sha256:")[:32]
