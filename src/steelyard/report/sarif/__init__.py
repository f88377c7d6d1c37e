# SPDX-License-Identifier: Apache-2.0
"""Report `sarif`: SARIF 2.1.0, the format of static-analysis results.

Source: OASIS, Static Analysis Results Interchange Format (SARIF) Version 2.1.0 plus errata 01; what
GitHub code scanning wants of it: docs.github.com, "SARIF support for code scanning".
"""

from urllib.parse import quote

import msgspec

from steelyard import __version__
from steelyard.core.claim import Finding, Gap
from steelyard.core.dossier import Dossier
from steelyard.core.evidence import Evidence
from steelyard.core.policy import Outcome
from steelyard.report import Report
from steelyard.report.sarif.places import ROOT, Files, Json, clean, location
from steelyard.report.sarif.results import finding_result, open_result
from steelyard.report.sarif.rules import finding_rules, ruling_rule
from steelyard.report.summary.accepted import acceptances
from steelyard.report.summary.groups import claims, descriptors_met, unassessed
from steelyard.report.summary.text import counted, shown
from steelyard.report.summary.verdict import reasons, sentence

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_RESULTS = 25_000  # GitHub refuses a file with more
_NOTICES = 1_000


def render(dossier: Dossier) -> str:
    """Return the log, indented, with a newline at its end; the model lies at the root."""
    return render_in(dossier, "")


def render_in(dossier: Dossier, folder: str) -> str:
    """Return the log of a model that lies in a folder of a repository.

    Args:
        dossier: What is known of the model.
        folder: Its folder, relative to the root, with `/`; empty for the root.
    """
    files = Files((file.path for file in dossier.subject.artifacts), folder)
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [_run(dossier, files)]}
    return msgspec.json.format(msgspec.json.encode(log), indent=1).decode() + "\n"


def _run(dossier: Dossier, files: Files) -> Json:
    unjudged = [r for r in reasons(dossier, None) if r.ruling.outcome is Outcome.UNKNOWN]
    made = sorted(claims(dossier, Finding), key=lambda pair: -pair[1].severity.rank)
    room = _RESULTS - len(unjudged)
    rules = [*finding_rules(made, descriptors_met(dossier)), *map(ruling_rule, unjudged)]
    results = [open_result(reason, files) for reason in unjudged]
    aside = acceptances(dossier)
    results += [finding_result(i, f, files, aside.get(i.id)) for i, f in made[:room]]
    return {
        "tool": {"driver": _driver(rules)},
        "automationDetails": {"id": _category(dossier)},
        "invocations": [_invocation(dossier, files, max(0, len(made) - room))],
        "originalUriBaseIds": {ROOT: {"description": {"text": "The root of the repository"}}},
        "artifacts": _artifacts(dossier, files),
        "columnKind": "unicodeCodePoints",
        "results": _numbered(results, rules),
        "properties": {
            "subject": dossier.subject.digest,
            "policy": shown(dossier.verdict.policy),
            "policyDigest": dossier.verdict.policy_digest,
            "outcome": dossier.verdict.outcome,
            "verdict": sentence(dossier),
        },
    }


def _numbered(results: list[Json], rules: list[Json]) -> list[Json]:
    """Return the results, each with the place of its rule in the list of rules."""
    index = {rule["id"]: number for number, rule in enumerate(rules)}
    return [result | {"ruleIndex": index[result["ruleId"]]} for result in results]


def _driver(rules: list[Json]) -> Json:
    return {
        "name": "steelyard",
        "version": __version__,
        "semanticVersion": __version__,
        "shortDescription": {"text": "Weighs open-weight AI models"},
        "rules": rules,
    }


def _category(dossier: Dossier) -> str:
    """Return what tells this run from those of other subjects: the part before the last slash."""
    return f"steelyard/{quote(dossier.verdict.policy, '')}/{quote(dossier.subject.name, '')}/"


def _artifacts(dossier: Dossier, files: Files) -> list[Json]:
    return [
        {
            "location": files.artifact(file.path),
            "length": file.size,
            "hashes": {"sha-256": file.digest.removeprefix("sha256:")},
            "properties": {"format": file.format},
        }
        for file in dossier.subject.artifacts
    ]


def _invocation(dossier: Dossier, files: Files, left_out: int) -> Json:
    holes = list(unassessed(dossier))
    notices = [_notice(item, gap, files) for item, gap in holes[:_NOTICES]]
    if len(holes) > _NOTICES:
        notices.append(_more(counted(len(holes) - _NOTICES, "more gap")))
    if left_out:
        notices.append(_more(counted(left_out, "more finding")))
    invocation: Json = {
        "executionSuccessful": not any(_is_failure(gap) for _, gap in holes),
        "toolExecutionNotifications": notices,
    }
    if dossier.evidence:
        invocation["endTimeUtc"] = max(item.at for item in dossier.evidence)
    return invocation


def _is_failure(gap: Gap) -> bool:
    return gap.name.endswith(".failed")


def _notice(item: Evidence, gap: Gap, files: Files) -> Json:
    return {
        "descriptor": {"id": shown(gap.name) or "gap"},
        "level": "error" if _is_failure(gap) else "warning",
        "message": {
            "text": clean(": ".join(filter(None, ("Not assessed", gap.where, gap.reason))))
        },
        "locations": [location(gap.where, files)],
        "properties": {"evidence": item.id},
    }


def _more(what: str) -> Json:
    text = f"{what}, not listed here; the dossier document holds everything"
    return {"descriptor": {"id": "report.cut"}, "level": "warning", "message": {"text": text}}


SARIF = Report(
    id="sarif",
    title="SARIF 2.1.0",
    suffix=".sarif",
    render=render,
    render_in=render_in,
    page="""
SARIF 2.1.0, which GitHub code scanning, GitLab, Azure DevOps and editors show beside the files.

Each finding is a result, with the severity as level and as `security-severity`, the file as location,
and the layer inside the file as logical location. A rule of the policy that could not be judged is a
result of kind `open`, and each gap is a notification of the run, so that an empty list of results
never stands for something that was not looked at. A line of 1 stands for files that have no lines.

Code scanning shows a result beside a file when its path is that of the repository. `steelyard report`
finds the repository around the model, or around what `--located` names, and leads every path with the
model's folder in it.

Alerts are known again by rule, place and message (`primaryLocationLineHash`), also after other files
of the model have changed; `steelyardEvidence/v1` is the id of the evidence in the dossier.
""",
)
