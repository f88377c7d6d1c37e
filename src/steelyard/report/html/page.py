# SPDX-License-Identifier: Apache-2.0
"""The page as data: everything the template shows, in the order in which it shows it."""

import re
from collections.abc import Container, Sequence

import msgspec

from steelyard import __version__
from steelyard.core.dossier import Dossier
from steelyard.core.subject import Artifact
from steelyard.report.html.charts import Chart, charts
from steelyard.report.html.evidence import Looked, Why, looked, whys
from steelyard.report.html.findings import (
    GROUPS,
    ITEMS,
    Item,
    Kind,
    Spot,
    accepted_items,
    clean,
    finding_kinds,
    gap_kinds,
    spot,
)
from steelyard.report.html.lineage import Drawing, drawing
from steelyard.report.summary.amounts import measured, size
from steelyard.report.summary.footprint import Footprint, footprints
from steelyard.report.summary.forest import Forest
from steelyard.report.summary.groups import unassessed
from steelyard.report.summary.licence import LicenceText, Line, label, terms
from steelyard.report.summary.lineage import descent
from steelyard.report.summary.meaning import caveats, next_step
from steelyard.report.summary.scores import COLUMNS, Score, engines, plots, scores
from steelyard.report.summary.text import counted, written
from steelyard.report.summary.use import UseSaid, use_said
from steelyard.report.summary.verdict import headline, policy_of, score, tally
from steelyard.report.summary.weights import Relation, compared, relations

_SECONDS = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d):\d\dZ")
_FILES, _FOOTPRINTS, _FIGURES, _LINES, _SCORES = 300, 12, 12, 60, 300


class File(msgspec.Struct, frozen=True, kw_only=True):
    """A file of the subject."""

    path: str
    format: str
    size: str
    digest: str


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is said of licence or descent."""

    name: str
    word: str
    text: str
    spot: Spot
    answer: str


class Size(msgspec.Struct, frozen=True, kw_only=True):
    """Size and memory of one place: figures and notes of name and value, and charts."""

    spot: Spot
    figures: tuple[tuple[str, str], ...]
    notes: tuple[tuple[str, str], ...]
    charts: Sequence[Chart]


class Kinship(msgspec.Struct, frozen=True, kw_only=True):
    """How weights relate to those of another model."""

    words: str
    to: str
    why: str
    spot: Spot


class Scores(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured of its behaviour: plots, and the same as a table."""

    engines: tuple[str, ...]
    forests: tuple[Forest, ...]
    columns: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]
    left_out: int


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the page shows; each `more_` counts what was left out of the list before it."""

    name: str
    digest: str
    outcome: str
    headline: str
    score: str
    policy: str
    policy_title: str
    seen_at: str
    version: str
    tally: list[tuple[str, int]]
    gap_count: int
    whys: list[Why]
    findings: list[Kind]
    more_findings: int
    accepted: list[tuple[str, str, Item]]
    more_accepted: int
    gaps: list[Kind]
    more_gaps: int
    declared: list[Said]
    answers: list[Said]
    other_terms: list[Said]
    more_terms: int
    texts: tuple[LicenceText, ...]
    lineage: Drawing | None
    use: UseSaid | None
    weights: list[Kinship]
    held_against: list[str]
    more_weights: int
    scores: Scores | None
    sizes: list[Size]
    more_sizes: int
    files: list[File]
    more_files: int
    files_summary: str
    looked: list[Looked]
    anchors: frozenset[str]
    looked_to_the_end: list[str]
    caveats: list[tuple[str, str]]
    next_step: list[str]


def page(dossier: Dossier) -> Page:
    """Return the page of a dossier."""
    paths = {file.path for file in dossier.subject.artifacts}
    policy = policy_of(dossier)
    found, gaps = finding_kinds(dossier, paths), gap_kinds(dossier, paths)
    aside = accepted_items(dossier, paths)
    said = terms(dossier)
    found_kin = descent(dossier)
    known = [entry for entry in footprints(dossier) if entry.tensors or entry.needs]
    related = list(relations(dossier))
    files = dossier.subject.artifacts
    probes = looked(dossier, paths)
    return Page(
        name=clean(dossier.subject.name),
        digest=clean(dossier.subject.digest),
        outcome=dossier.verdict.outcome,
        headline=headline(dossier),
        score=score(dossier.verdict),
        policy=clean(dossier.verdict.policy),
        policy_title=policy.title if policy else "",
        seen_at=_time(max((item.at for item in dossier.evidence), default="")),
        version=__version__,
        tally=tally(dossier),
        gap_count=sum(1 for _ in unassessed(dossier)),
        whys=whys(dossier, policy, paths),
        findings=found[:GROUPS],
        more_findings=max(0, len(found) - GROUPS),
        accepted=aside[:ITEMS],
        more_accepted=max(0, len(aside) - ITEMS),
        gaps=gaps[:GROUPS],
        more_gaps=max(0, len(gaps) - GROUPS),
        declared=_said(said.declared, paths),
        answers=_said(said.answers, paths),
        other_terms=_said(said.others, paths),
        more_terms=sum(
            max(0, len(lines) - _LINES) for lines in (said.declared, said.answers, said.others)
        ),
        texts=tuple(map(_text, said.texts[:_LINES])),
        lineage=drawing(found_kin, dossier.subject.name) if found_kin else None,
        use=_use(dossier),
        weights=[_kinship(where, one, paths) for where, one in related[:_LINES]],
        held_against=[one.words for _, one in compared(dossier) if one.words][:_LINES],
        more_weights=max(0, len(related) - _LINES),
        scores=_scores(list(scores(dossier))),
        sizes=[_size(number, entry, paths) for number, entry in enumerate(known[:_FOOTPRINTS])],
        more_sizes=max(0, len(known) - _FOOTPRINTS),
        files=[_file(file) for file in files[:_FILES]],
        more_files=max(0, len(files) - _FILES),
        files_summary=f"{counted(len(files), 'file')}, {size(sum(f.size for f in files))}",
        looked=probes,
        anchors=_anchors([*found[:GROUPS], *gaps[:GROUPS]], aside[:ITEMS], probes),
        looked_to_the_end=sorted(entry.probe for entry in probes if entry.to_the_end),
        caveats=caveats(dossier, policy),
        next_step=next_step(dossier),
    )


def _anchors(
    kinds: Sequence[Kind], aside: Sequence[tuple[str, str, Item]], probes: Sequence[Looked]
) -> frozenset[str]:
    """Return the fragments that links on the page may lead to."""
    items = {item.anchor for kind in kinds for item in kind.items}
    items |= {item.anchor for _, _, item in aside}
    rows = {row.anchor for entry in probes for row in entry.rows if not row.elsewhere}
    return frozenset(items | rows)


def _time(at: str) -> str:
    """Return a time of evidence for people; what is none is shown as it is."""
    match = _SECONDS.fullmatch(at)
    return f"{match[1]} {match[2]} UTC" if match else clean(at)


def _said(lines: Sequence[Line], paths: Container[str]) -> list[Said]:
    return [
        Said(
            name=clean(line.name),
            word=line.word,
            text=clean(line.text).removeprefix(line.word),
            spot=spot(line.where, paths),
            answer=line.answer,
        )
        for line in lines[:_LINES]
    ]


def _text(text: LicenceText) -> LicenceText:
    return msgspec.structs.replace(
        text,
        id=clean(text.id),
        name=clean(text.name),
        read=clean(text.read),
        as_of=clean(text.as_of),
        duties=tuple(map(clean, text.duties[:_LINES])),
        thresholds=tuple(map(clean, text.thresholds[:_LINES])),
    )


def _use(dossier: Dossier) -> UseSaid | None:
    said = use_said(dossier)
    if said is None:
        return None
    return msgspec.structs.replace(
        said,
        profile=tuple((clean(key), written(value)) for key, value in said.profile),
        duties=said.duties[:_LINES],
        conditions=said.conditions[:_LINES],
    )


def _kinship(where: str, one: Relation, paths: Container[str]) -> Kinship:
    return Kinship(
        words=clean(one.words), to=clean(one.to), why=clean(one.why), spot=spot(where, paths)
    )


def _scores(found: Sequence[Score]) -> Scores | None:
    if not found:
        return None
    return Scores(
        engines=tuple(map(clean, engines(found)[:_LINES])),
        forests=plots(found)[:_FIGURES],
        columns=COLUMNS,
        cells=tuple(tuple(map(clean, one.cells)) for one in found[:_SCORES]),
        left_out=max(0, len(found) - _SCORES),
    )


def _size(number: int, found: Footprint, paths: Container[str]) -> Size:
    # A figure for each context length is in the chart and its table.
    single = [claim for claim in found.measurements if not claim.metric[-1:].isdigit()]
    figures = [(label(claim.metric), measured(claim)) for claim in single[:_FIGURES]]
    notes = [(label(note.name), written(note.value)) for note in found.notes[:_FIGURES]]
    return Size(
        spot=spot(found.where, paths),
        figures=tuple((clean(name), clean(value)) for name, value in figures),
        notes=tuple((clean(name), value) for name, value in notes),
        charts=charts(number, found),
    )


def _file(file: Artifact) -> File:
    return File(
        path=clean(file.path),
        format=clean(file.format),
        size=size(file.size),
        digest=clean(file.digest),
    )
