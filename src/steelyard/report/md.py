# SPDX-License-Identifier: Apache-2.0
"""Report `md`: Markdown for the comment of a pull request."""

import re
from collections.abc import Iterator

from steelyard.core.dossier import Dossier
from steelyard.core.policy import Outcome
from steelyard.report import Report
from steelyard.report.summary.accepted import accepted
from steelyard.report.summary.amounts import count, size
from steelyard.report.summary.footprint import Footprint, footprints
from steelyard.report.summary.groups import Group, Holes, descriptors_met, findings, gaps
from steelyard.report.summary.licence import terms
from steelyard.report.summary.lineage import Branch, branches, descent
from steelyard.report.summary.meaning import next_step
from steelyard.report.summary.scores import COLUMNS, engines, scores
from steelyard.report.summary.text import clipped, counted, shown
from steelyard.report.summary.use import NOTE, use_said
from steelyard.report.summary.verdict import counts, reasons, sentence
from steelyard.report.summary.weights import relations

# GitHub takes comments of at most 65,536 characters; these bounds keep the worst case below.
_GROUPS = 10
_PLACES = 4
_LINES = 16
_TEXT = 160  # characters of a code span
_LONGEST_FENCE = 3  # backticks


def render(dossier: Dossier) -> str:
    """Return the comment."""
    groups, holes = findings(dossier, descriptors_met(dossier)), gaps(dossier)
    blocks = [
        *_head(dossier),
        *_why(dossier),
        *_found(groups),
        *_accepted(dossier),
        *_left_out(holes),
        *_licence(dossier),
        *_lineage(dossier),
        *_use(dossier),
        *_weights(dossier),
        *_scores(dossier),
        *_footprint(dossier),
        *_files(dossier),
        *_foot(dossier),
    ]
    return "\n\n".join(blocks) + "\n"


def code(text: str, limit: int = _TEXT) -> str:
    """Return a text as a code span, in which Markdown, links, images and mentions mean nothing.

    Source: CommonMark 0.31, section 6.1: the fence is longer than any run of backticks inside.
    """
    text = clipped(shown(text), limit) or "(nothing)"
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    if longest > _LONGEST_FENCE:
        text, longest = text.replace("`", "'"), 0
    fence = "`" * (longest + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def _head(dossier: Dossier) -> Iterator[str]:
    verdict = dossier.verdict
    yield f"### steelyard: {verdict.outcome}"
    yield f"{sentence(dossier, code)}."
    yield f"{counts(dossier).capitalize()}. Subject {code(dossier.subject.digest)}."


def _why(dossier: Dossier) -> Iterator[str]:
    lines = [
        f"- **{reason.ruling.outcome}** {code(reason.ruling.rule)}: {code(reason.ruling.message)}"
        for reason in reasons(dossier, None)
    ]
    if lines:
        yield "#### Why"
        yield _list(lines, _LINES, "ruling")


def _list(lines: list[str], limit: int, noun: str) -> str:
    left = len(lines) - limit
    more = [f"- and {counted(left, f'more {noun}', f'more {noun}s')}, in the dossier document"]
    return "\n".join(lines[:limit] + (more if left > 0 else []))


def _found(groups: tuple[Group, ...]) -> Iterator[str]:
    if not groups:
        return
    yield "#### Findings"
    for group in groups[:_GROUPS]:
        yield _group(group)
    if len(groups) > _GROUPS:
        yield f"And {counted(len(groups) - _GROUPS, 'more kind', 'more kinds')} of findings, in the dossier document."


def _group(group: Group) -> str:
    head = f"**{group.severity}** {code(group.rule)}" + (group.title and f": {group.title}")
    lines = [f"- {_place(item.where)}{code(item.message)}" for _, item in group.items]
    parts = [f"{head} ({counted(len(group.items), 'place')})", _list(lines, _PLACES, "place")]
    if group.remedy:
        ours = group.known is not None and group.known.remedy == group.remedy
        parts.append(f"What to do: {group.remedy if ours else code(group.remedy)}")
    return "\n\n".join(parts)


def _place(where: str) -> str:
    return f"{code(where)}: " if where else ""


def _accepted(dossier: Dossier) -> Iterator[str]:
    lines = [
        f"- {one.finding.severity} {code(one.finding.rule)} {_place(one.finding.where)}"
        f"{code(one.acceptance.words)}"
        for one in accepted(dossier)
    ]
    if lines:
        yield "#### Accepted, and not counted"
        yield _list(lines, _PLACES, "finding")


def _left_out(holes: tuple[Holes, ...]) -> Iterator[str]:
    if not holes:
        return
    yield "#### Not assessed"
    lines = [
        f"- {code(hole.name)} {_place(gap.where)}{code(gap.reason)}"
        for hole in holes
        for _, gap in hole.items
    ]
    yield _list(lines, _LINES, "gap")


def _licence(dossier: Dossier) -> Iterator[str]:
    said = terms(dossier)
    lines = [
        f"- {_word(line.name)}: {code(line.text)}"
        + (f" ({code(line.where)})" if line.where else "")
        for line in (*said.declared, *said.answers, *said.others)
    ]
    lines += [f"- {code(text.name or text.id)}: {text.demands}" for text in said.texts]
    if lines:
        yield "#### Licence"
        yield _list(lines, _LINES, "statement")
        yield "What texts and labels declare. Not legal advice."


def _lineage(dossier: Dossier) -> Iterator[str]:
    found = descent(dossier)
    if found is None:
        return
    yield "#### Lineage"
    lines = [
        f"{'  ' * branch.depth}- {_branch(branch)}"
        for branch in branches(found, most=_LINES, each=9)
    ]
    yield "\n".join([f"- This {found.kin[''].what}. {found.sentence}", *lines])


def _branch(branch: Branch) -> str:
    if branch.link is None or branch.kin is None:
        return branch.text
    return f"{_word(branch.link.words)} {code(branch.kin.name)}: {code(branch.about)}"


def _use(dossier: Dossier) -> Iterator[str]:
    said = use_said(dossier)
    if said is None or not said.asked:
        return
    yield "#### Use"
    rows = [f"| {one.name} | **{code(one.answer)}** | {_cell(one.why)} |" for one in said.answers]
    yield "\n".join(["| action | answer | why |", "|---|---|---|", *rows])
    lines = [f"- decided: {code(one.words)}" for one in said.decisions]
    lines += [
        f"- {_word(owed.duty.replace('_', ' '))}: {code(owed.words)} ({code(owed.source)})"
        for owed in said.duties
    ]
    lines += [f"- read: {code(one)}" for one in said.read]
    lines += [f"- {'if' if one.open else 'watch'}: {code(one.words)}" for one in said.conditions]
    if lines:
        yield _list(lines, _LINES, "line")
    yield NOTE


def _cell(text: str) -> str:
    """Return a text as a code span in a table, where a bar would end the cell."""
    return code(text.replace("|", "/")) if text else ""


def _word(name: str) -> str:
    return name if re.fullmatch(r"[a-z0-9 -]{1,40}", name) else code(name)


def _weights(dossier: Dossier) -> Iterator[str]:
    lines = [
        f"- {_place(where)}{_word(one.words)} {code(one.to)}: {code(one.why)}"
        for where, one in relations(dossier)
    ]
    if lines:
        yield "#### Weights"
        yield _list(lines, _LINES, "relation")


def _scores(dossier: Dossier) -> Iterator[str]:
    found = list(scores(dossier))
    if not found:
        return
    yield "#### Scores"
    rows = [f"| {' | '.join(map(_cell, one.cells))} |" for one in found[:_LINES]]
    yield "\n".join([f"| {' | '.join(COLUMNS)} |", "|---|---|--:|--:|--:|", *rows])
    lines = [f"- engine: {code(engine)}" for engine in engines(found)]
    if len(found) > _LINES:
        more = counted(len(found) - _LINES, "more score")
        lines.append(f"- and {more}, in the dossier document")
    if lines:
        yield "\n".join(lines)


def _footprint(dossier: Dossier) -> Iterator[str]:
    known = [found for found in footprints(dossier) if found.tensors or found.needs]
    if known:
        yield "#### Footprint"
        yield _list([_size(found) for found in known], _LINES, "file")


def _size(found: Footprint) -> str:
    parts = []
    if found.tensors:
        total = found.total
        known = "" if found.parameters is None else f"{count(found.parameters)} parameters in "
        parts.append(f"{known}{size(total.bytes)} of tensors")
    parts += [
        f"memory at {need.context:,.0f} tokens: {size(need.steady)} steady, {size(need.worst)} at worst"
        for need in found.needs[:3]
    ]
    parts += [code(doubt) for doubt in found.doubts]
    return f"- {_place(found.where)}{'; '.join(parts)}"


def _files(dossier: Dossier) -> Iterator[str]:
    files = dossier.subject.artifacts
    lines = [f"- {code(file.path)} {code(file.format)} {size(file.size)}" for file in files]
    total = size(sum(file.size for file in files))
    yield (
        f"<details><summary>{counted(len(files), 'file')}, {total}</summary>\n\n"
        f"{_list(lines, _LINES, 'file')}\n\n</details>"
    )


def _foot(dossier: Dossier) -> Iterator[str]:
    note = "A pass means that no rule of the policy was broken, not that the model is safe. "
    if dossier.verdict.outcome is Outcome.UNKNOWN:
        note = "Unknown is not a pass: what was not assessed may hold anything. "
    steps = ", ".join(code(step) for step in next_step(dossier))
    yield f"{note}The files were read, not run. Next: {steps}"


MD = Report(
    id="md",
    title="Markdown comment",
    suffix=".md",
    render=render,
    page="""
Markdown for the comment of a pull request or an issue: the verdict, why, the findings with place and
remedy, what was not assessed, licence, weights, scores, footprint, and the files folded away.

Whatever comes from the model (names, messages, labels) stands in code spans, so that it can neither
mention people nor load images nor forge a heading. Long lists are cut with a count; the dossier
document (`--as json`) holds everything. The comment stays below the 65,536 characters GitHub takes.
""",
)
