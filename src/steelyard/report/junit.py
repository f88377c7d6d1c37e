# SPDX-License-Identifier: Apache-2.0
"""Report `junit`: JUnit XML for the test page of a build server."""

from collections.abc import Iterable, Iterator

import msgspec

from steelyard.core.dossier import Dossier
from steelyard.core.evidence import Evidence
from steelyard.core.policy import Outcome
from steelyard.core.probe import Descriptor, Probe
from steelyard.flow.examine import completions
from steelyard.report import Report
from steelyard.report.summary.accepted import accepted
from steelyard.report.summary.groups import Group, Holes, descriptors, findings, gaps
from steelyard.report.summary.text import clipped, counted, shown
from steelyard.report.summary.verdict import Reason, reasons, sentence

_PLACES = 50
_TEXT = 2_000  # characters of one message


class _Case(msgspec.Struct, frozen=True, kw_only=True):
    """One test case; `result` is `failure`, `error`, `skipped`, or empty where it passed."""

    suite: str
    name: str
    result: str = ""
    message: str = ""
    text: str = ""


def render(dossier: Dossier) -> str:
    """Return the document."""
    suites = [
        (f"policy {dossier.verdict.policy}", list(_rulings(dossier))),
        ("findings", list(_findings(dossier))),
        ("not assessed", [_left_out(holes) for holes in gaps(dossier)]),
    ]
    at = max((item.at for item in dossier.evidence), default="")
    stamp = _attributes(timestamp=at.removesuffix("Z")) if at else ""
    everything = [case for _, cases in suites for case in cases]
    head = _attributes(name=f"steelyard {dossier.subject.name}", **_totals(everything))
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f"<testsuites{head}>"]
    for name, cases in suites:
        if cases:
            lines.append(f" <testsuite{_attributes(name=name, **_totals(cases))}{stamp}>")
            if name.startswith("policy "):
                lines += _properties(dossier)
            lines += (line for case in cases for line in _drawn(case))
            lines.append(" </testsuite>")
    return "\n".join([*lines, "</testsuites>"]) + "\n"


def _rulings(dossier: Dossier) -> Iterator[_Case]:
    results = {Outcome.FAIL: "failure", Outcome.UNKNOWN: "error"}
    for reason in reasons(dossier, None):
        ruling = reason.ruling
        yield _Case(
            suite=f"policy.{dossier.verdict.policy}",
            name=ruling.rule,
            result=results.get(ruling.outcome, ""),
            message=f"{ruling.outcome}: {ruling.message}",
            text="" if ruling.outcome is Outcome.PASS else _cited(reason),
        )


def _cited(reason: Reason) -> str:
    lines = [_line(item) for item in reason.evidence[:_PLACES]]
    return _cut(lines, len(reason.evidence))


def _line(item: Evidence) -> str:
    claim = item.claim
    what = getattr(claim, "message", "") or getattr(claim, "reason", "") or type(claim).__name__
    return f"{claim.where}: {what} [{item.id}]" if claim.where else f"{what} [{item.id}]"


def _cut(lines: list[str], total: int) -> str:
    more = total - len(lines)
    return "\n".join(lines + ([f"and {more:,} more, in the dossier document"] if more else []))


def _findings(dossier: Dossier) -> Iterator[_Case]:
    """Yield a case for each kind of finding: those made, and those looked for in vain.

    A report does not judge: a kind fails where a ruling that failed rests on it.
    """
    known = descriptors()
    groups = findings(dossier, known)
    fatal = _because(dossier, Outcome.FAIL)
    for group in groups:
        failed = any(item.id in fatal for item, _ in group.items)
        yield _Case(
            suite=f"findings.{group.severity}",
            name=group.rule,
            result="failure" if failed else "",
            message=_title(group),
            text=_places(group),
        )
    aside = accepted(dossier)
    for one in aside:
        yield _Case(
            suite="accepted",
            name=one.finding.rule,
            result="skipped",
            message=f"accepted: {one.acceptance.words}",
            text=_line(one.item),
        )
    made = {group.rule for group in groups} | {one.finding.rule for one in aside}
    for probe, descriptor in _looked_for(dossier, known.values()):
        if descriptor.id not in made:
            yield _Case(suite=f"findings.{probe.id}", name=descriptor.id)


def _looked_for(
    dossier: Dossier, known: Iterable[tuple[Probe, Descriptor]]
) -> Iterator[tuple[Probe, Descriptor]]:
    """Yield the kinds of findings that a probe of the same version would have made."""
    done = completions(dossier.evidence)
    for probe, descriptor in known:
        if probe.id in done and done[probe.id].source.version == probe.version:
            yield probe, descriptor


def _because(dossier: Dossier, outcome: Outcome) -> set[str]:
    return {
        id
        for ruling in dossier.verdict.rulings
        if ruling.outcome is outcome
        for id in ruling.because
    }


def _title(group: Group) -> str:
    return f"{counted(len(group.items), 'finding')} of severity {group.severity}" + (
        group.title and f": {group.title}"
    )


def _places(group: Group) -> str:
    lines = [_line(item) for item, _ in group.items[:_PLACES]]
    remedy = [f"what to do: {group.remedy}"] if group.remedy else []
    return "\n".join([_cut(lines, len(group.items)), *remedy])


def _left_out(holes: Holes) -> _Case:
    lines = [_line(item) for item, _ in holes.items[:_PLACES]]
    return _Case(
        suite="gaps",
        name=holes.name,
        result="skipped",
        message=f"{counted(len(holes.items), 'place')} not assessed",
        text=_cut(lines, len(holes.items)),
    )


def _totals(cases: list[_Case]) -> dict[str, int]:
    results = [case.result for case in cases]
    return {
        "tests": len(cases),
        "failures": results.count("failure"),
        "errors": results.count("error"),
        "skipped": results.count("skipped"),
    }


def _properties(dossier: Dossier) -> list[str]:
    held = {
        "subject": dossier.subject.digest,
        "policy": dossier.verdict.policy_digest,
        "outcome": dossier.verdict.outcome,
        "verdict": sentence(dossier),
    }
    rows = [f"   <property{_attributes(name=name, value=value)}/>" for name, value in held.items()]
    return ["  <properties>", *rows, "  </properties>"]


def _drawn(case: _Case) -> Iterator[str]:
    head = f"  <testcase{_attributes(classname=f'steelyard.{case.suite}', name=case.name)}"
    if not (case.message or case.text):
        yield f"{head}/>"
        return
    yield f"{head}>"
    if case.result:
        about = _attributes(message=case.message, type=case.result)
        yield f"   <{case.result}{about}>{_text(case.text)}</{case.result}>"
    else:
        yield f"   <system-out>{_text(case.message)}\n{_text(case.text)}</system-out>"
    yield "  </testcase>"


def _attributes(**values: object) -> str:
    from html import escape

    return "".join(
        f' {name}="{escape(clipped(shown(str(value)), _TEXT))}"' for name, value in values.items()
    )


def _text(text: str) -> str:
    """Return text that XML 1.0 (section 2.2) allows: what cannot be seen is written out."""
    from html import escape

    return "\n".join(escape(clipped(shown(line), _TEXT), quote=False) for line in text.split("\n"))


JUNIT = Report(
    id="junit",
    title="JUnit XML",
    suffix=".xml",
    render=render,
    page="""
JUnit XML, which build servers (Jenkins, GitLab, Azure Pipelines and others) show as tests.

Each rule of the policy is a test case: one that fails is a failure, one that could not be judged is
an error (never a skip, which would read as harmless), one that warns passes and says why in its
output. Each kind of finding is a test case, too: it fails where a failed rule rests on it, and passes
where its probe looked to the end and found none. Findings that somebody accepted, and gaps, are
skipped test cases.
""",
)
