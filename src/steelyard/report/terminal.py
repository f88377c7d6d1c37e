# SPDX-License-Identifier: Apache-2.0
"""The page of a dossier on a terminal: the verdict, why, what to act on, what is worth knowing."""

from collections.abc import Iterable, Iterator

from steelyard.core.dossier import Dossier
from steelyard.report.summary.accepted import accepted
from steelyard.report.summary.amounts import count, size
from steelyard.report.summary.footprint import Footprint, Need, footprints
from steelyard.report.summary.groups import Group, descriptors_met, findings, gaps
from steelyard.report.summary.licence import LicenceText, Line, terms
from steelyard.report.summary.lineage import branches, descent
from steelyard.report.summary.lines import PageLine, labelled
from steelyard.report.summary.meaning import next_step
from steelyard.report.summary.scores import engines, scores
from steelyard.report.summary.text import clipped, counted, shown
from steelyard.report.summary.use import NOTE, Owed, use_said
from steelyard.report.summary.verdict import counts, reasons, sentence
from steelyard.report.summary.weights import compared, relations

WIDEST = 100  # columns; longer lines are hard to read
_GROUPS, _PLACES, _HOLES, _LINES, _TEXTS, _DUTIES = 8, 2, 8, 10, 3, 20
_BRANCHES, _SIBLINGS = 24, 9  # lines of the tree of ancestors, of one model's ancestors
_BRANCH = 76  # columns; a longer branch takes two lines
_CONTEXTS = (2_048, 8_192)  # tokens
_STEPS = 4  # of a trail
_TEXT = 400  # characters of one message
_LABEL = 18
_STYLES = {
    "fail": "bold red",
    "unknown": "bold magenta",
    "warn": "bold yellow",
    "pass": "bold green",
    "critical": "bold red",
    "high": "red",
    "medium": "yellow",
}

Row = tuple[str, str]


def lines(dossier: Dossier, width: int) -> Iterator[PageLine]:
    """Yield the lines of a dossier's page.

    Args:
        dossier: What to show.
        width: In columns; of more than `WIDEST` the rest is left free.
    """
    return _laid_out(_sections(dossier), width)


def use_lines(dossier: Dossier, width: int) -> Iterator[PageLine]:
    """Yield what the texts say of a use, and what to look at; see `lines`."""
    groups = tuple(
        group for group in findings(dossier, descriptors_met(dossier)) if group.rule[:4] == "use."
    )
    parts = [("Findings", list(_found(groups))), ("Use", list(_use(dossier)))]
    return _laid_out((part for part in parts if part[1]), width)


def _laid_out(sections: Iterable[tuple[str, list[Row]]], width: int) -> Iterator[PageLine]:
    for number, (heading, rows) in enumerate(sections):
        if number:
            yield PageLine("")
        if heading:
            yield PageLine(heading, "bold", 0, len(heading))
        indent = 2 if heading else 0
        yield from labelled(rows, min(width, WIDEST), indent=indent, styles=_STYLES)


def _sections(dossier: Dossier) -> Iterator[tuple[str, list[Row]]]:
    """Yield what there is to say: a heading and rows of a label and a text."""
    yield "", [(dossier.verdict.outcome.upper(), sentence(dossier)), ("", counts(dossier))]
    parts = [
        ("Why", _why(dossier)),
        ("Findings", _found(findings(dossier, descriptors_met(dossier)))),
        ("Accepted, and not counted", _accepted(dossier)),
        ("Not assessed", _holes(dossier)),
        ("Licence", _licence(dossier)),
        ("Lineage", _lineage(dossier)),
        ("Use", _use(dossier)),
        ("Weights", _descent(dossier)),
        ("Scores", _scores(dossier)),
        ("Footprint", _footprint(dossier)),
        ("Files", _files(dossier)),
        ("Next", [("", step) for step in next_step(dossier)]),
    ]
    for heading, rows in parts:
        made = list(rows)
        if made:
            yield heading, made


def _why(dossier: Dossier) -> Iterator[Row]:
    for reason in reasons(dossier, None):
        ruling = reason.ruling
        yield str(ruling.outcome), _clean(f"{ruling.rule}: {ruling.message}")


def _found(groups: tuple[Group, ...]) -> Iterator[Row]:
    for group in groups[:_GROUPS]:
        title = f": {group.title}" if group.title else ""
        yield str(group.severity), f"{_clean(group.rule)}{title}"
        for _, finding in group.items[:_PLACES]:
            yield "", _clean(finding.message)
            if finding.where:
                yield "", f"at {_clean(finding.where)}"
            yield from _trail(finding.trail)
        yield from _more(len(group.items) - _PLACES, "more place")
        if group.remedy:
            yield "", f"to do: {_clean(group.remedy)}"
    yield from _more(len(groups) - _GROUPS, "more kind", " of findings")


def _trail(trail: tuple[str, ...]) -> Iterator[Row]:
    """Yield the last steps, which are where it happens."""
    left = len(trail) - _STEPS
    if left > 0:
        yield "", f"  after {counted(left, 'earlier step')}"
    for step in trail[-_STEPS:]:
        yield "", f"  {_clean(step)}"


def _more(left: int, noun: str, rest: str = "", many: str = "") -> Iterator[Row]:
    if left > 0:
        yield "", f"and {counted(left, noun, many)}{rest}; steelyard report shows them"


def _accepted(dossier: Dossier) -> Iterator[Row]:
    aside = accepted(dossier)
    for one in aside[:_HOLES]:
        parts = (one.finding.rule, one.finding.where, one.acceptance.words)
        yield str(one.finding.severity), _clean(": ".join(filter(None, parts)))
    yield from _more(len(aside) - _HOLES, "more finding")


def _holes(dossier: Dossier) -> Iterator[Row]:
    items = [(holes.name, gap) for holes in gaps(dossier) for _, gap in holes.items]
    for name, gap in items[:_HOLES]:
        yield "gap", _clean(": ".join(filter(None, (name, gap.where, gap.reason))))
    yield from _more(len(items) - _HOLES, "more gap")


def _licence(dossier: Dossier) -> Iterator[Row]:
    said = terms(dossier)
    lines = (*said.declared, *said.answers, *said.others)
    yield from _few((_label(line.name), _said(line)) for line in lines[:_LINES])
    yield from _more(len(lines) - _LINES, "more statement")
    yield from _few(("terms", _asks(text)) for text in said.texts[:_TEXTS])


def _use(dossier: Dossier) -> Iterator[Row]:
    said = use_said(dossier)
    if said is None:
        return
    if not said.asked:
        yield "", "not asked: steelyard use SUBJECT asks what it is to be used for"
        yield "", "what is said of licences is not legal advice"
        return
    for answer in said.answers:
        yield answer.name, _clean(answer.words)
    yield from _few(("decided", _clean(one.words)) for one in said.decisions)
    yield from _few(("duty", _duty(owed)) for owed in said.duties[:_DUTIES])
    yield from _more(len(said.duties) - _DUTIES, "more duty", many="more duties")
    yield from _few(("if", _clean(one.words)) for one in said.conditions if one.open)
    yield from _few(("watch", _clean(one.words)) for one in said.conditions if not one.open)
    yield from _few(("read", _clean(one)) for one in said.read[:_LINES])
    yield "", NOTE


def _duty(owed: Owed) -> str:
    actions = ", ".join(owed.actions).replace("_", " ")
    return _clean(f"{owed.duty.replace('_', ' ')}: {owed.words} ({owed.source}; to {actions})")


def _asks(text: LicenceText) -> str:
    return _clean(f"{text.name or text.id}: {text.demands}; steelyard explain {text.id}")


def _said(line: Line) -> str:
    if line.answer or not line.where:  # where an answer comes from is said where it is declared
        return _clean(line.text)
    return _clean(f"{line.text} ({line.where})")


def _few(rows: Iterable[Row]) -> Iterator[Row]:
    """Yield rows, each label only where it differs from the one before."""
    last = ""
    for label, text in rows:
        yield ("" if label == last else label), text
        last = label


def _lineage(dossier: Dossier) -> Iterator[Row]:
    found = descent(dossier)
    if found is None:
        return
    yield "", found.sentence
    yield "", f"this {found.kin[''].what}"
    for branch in branches(found, most=_BRANCHES, each=_SIBLINGS):
        line = branch.strokes + branch.text
        if len(line) <= _BRANCH:
            yield "", line
        else:
            yield "", branch.strokes + branch.head
            yield "", f"{branch.strokes_beside}  {branch.about}"


def _descent(dossier: Dossier) -> Iterator[Row]:
    found = list(relations(dossier))
    several = len({where for where, _ in found}) > 1
    for where, relation in found[:_LINES]:
        if several:
            yield "of", _clean(where)
        yield "", f"{relation.words} {_clean(relation.to)}: {_clean(relation.why)}"
    yield from _more(len(found) - _LINES, "more relation")
    yield from (("", known.words) for _, known in compared(dossier) if known.words)


def _scores(dossier: Dossier) -> Iterator[Row]:
    found = list(scores(dossier))
    several = len(engines(found)) > 1
    for one in found[:_LINES]:
        by = f", {one.engine}" if several else ""
        yield "", _clean(f"{one.task} {one.metric}: {one.words}{by}")
    yield from _more(len(found) - _LINES, "more score")
    if found and not several:
        yield from (("", f"measured with {_clean(engine)}") for engine in engines(found))


def _footprint(dossier: Dossier) -> Iterator[Row]:
    known = [found for found in footprints(dossier) if found.tensors or found.needs]
    for found in known[:_LINES]:
        if found.where:
            yield "of", _clean(found.where)
        yield from _weights(found)
        yield from _few(("memory", _memory(need)) for need in _needs(found))
        yield from (("doubt", _clean(doubt)) for doubt in found.doubts)
    yield from _more(len(known) - _LINES, "more file")


def _weights(found: Footprint) -> Iterator[Row]:
    if found.tensors:
        total = found.total
        kinds = ", ".join(
            f"{size(stock.bytes)} {_clean(kind)}" for kind, stock in found.tensors[:4]
        )
        known = "" if found.parameters is None else f", {count(found.parameters)} parameters"
        yield "weights", f"{size(total.bytes)}{known} ({kinds})"


def _needs(found: Footprint) -> list[Need]:
    chosen = [need for need in map(found.need, _CONTEXTS) if need]
    return chosen or list(found.needs[:2])


def _memory(need: Need) -> str:
    return f"{size(need.steady)} at {need.context:,.0f} tokens, {size(need.worst)} at worst"


def _files(dossier: Dossier) -> Iterator[Row]:
    files = dossier.subject.artifacts
    kinds: dict[str, int] = {}
    for file in files:
        kinds[file.format] = kinds.get(file.format, 0) + 1
    ordered = sorted(kinds.items(), key=lambda kind: (-kind[1], kind[0]))
    named = ", ".join(f"{number:,} {_clean(form)}" for form, number in ordered[:8])
    total = size(sum(file.size for file in files))
    yield "", f"{counted(len(files), 'file')}, {total}" + (named and f": {named}")
    yield "", shown(dossier.subject.digest)


def _label(text: str) -> str:
    name = shown(text)
    return name if len(name) <= _LABEL else f"{name[: _LABEL - 1]}…"


def _clean(text: str) -> str:
    return clipped(shown(text), _TEXT)
