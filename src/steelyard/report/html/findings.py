# SPDX-License-Identifier: Apache-2.0
"""Findings and gaps as the page shows them."""

from collections.abc import Container

import msgspec

from steelyard.core.dossier import Dossier
from steelyard.core.evidence import Evidence
from steelyard.report.summary.accepted import accepted
from steelyard.report.summary.groups import Group, Holes, descriptors_met, findings, gaps
from steelyard.report.summary.places import locate
from steelyard.report.summary.text import clipped, paragraphs, shown

GROUPS, ITEMS = 60, 25
_TRAIL = 60
_TEXT = 2_000  # characters of one text

Span = tuple[str, bool]


class Spot(msgspec.Struct, frozen=True, kw_only=True):
    """A place: file, layers inside it, position; all empty for the whole subject."""

    path: str
    layers: tuple[str, ...]
    position: str


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """A finding or a gap at one place."""

    anchor: str
    id: str
    spot: Spot
    message: str
    trail: tuple[str, ...] = ()
    trail_left_out: int = 0


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """Findings of one rule, or gaps of one name."""

    rule: str
    severity: str
    title: str
    about: tuple[tuple[Span, ...], ...]
    remedy: str
    items: tuple[Item, ...]
    total: int

    @property
    def left_out(self) -> int:
        """Return how many items are not shown."""
        return self.total - len(self.items)


def clean(text: str) -> str:
    """Return a text fit for the page: visible, and not longer than a page can bear."""
    return clipped(shown(text), _TEXT)


def anchor(id: str) -> str:
    """Return the fragment by which the page refers to a piece of evidence."""
    return f"e{''.join(char for char in id.removeprefix('sha256:') if char.isalnum())[:24]}"


def spans(text: str) -> tuple[Span, ...]:
    """Return a line of a manual page as texts, each with whether it stands in a code span."""
    parts = text.split("`")
    return tuple((part, bool(number % 2)) for number, part in enumerate(parts) if part)


def spot(where: str, paths: Container[str]) -> Spot:
    """Return a place fit for the page."""
    place = locate(where, paths)
    layers = tuple(clean(layer) for layer in place.layers)
    return Spot(path=clean(place.path), layers=layers, position=clean(place.position))


def finding_kinds(dossier: Dossier, paths: Container[str]) -> list[Kind]:
    """Return the findings in groups, the most severe first."""
    return [_finding_kind(group, paths) for group in findings(dossier, descriptors_met(dossier))]


def _finding_kind(group: Group, paths: Container[str]) -> Kind:
    page = group.known.page if group.known else ""
    return Kind(
        rule=clean(group.rule),
        severity=group.severity,
        title=group.title,
        about=tuple(map(spans, paragraphs(page))),
        remedy=clean(group.remedy),
        items=tuple(
            _item(item, finding.where, finding.message, paths, finding.trail)
            for item, finding in group.items[:ITEMS]
        ),
        total=len(group.items),
    )


def accepted_items(dossier: Dossier, paths: Container[str]) -> list[tuple[str, str, Item]]:
    """Return the findings that were accepted: severity, reason, and the finding."""
    return [
        (
            str(one.finding.severity),
            clean(one.acceptance.words),
            _item(one.item, one.finding.where, f"{one.finding.rule}: {one.finding.message}", paths),
        )
        for one in accepted(dossier)
    ]


def gap_kinds(dossier: Dossier, paths: Container[str]) -> list[Kind]:
    """Return the gaps in groups, by name."""
    return [_gap_kind(holes, paths) for holes in gaps(dossier)]


def _gap_kind(holes: Holes, paths: Container[str]) -> Kind:
    return Kind(
        rule=clean(holes.name),
        severity="gap",
        title="",
        about=(),
        remedy="",
        items=tuple(_item(item, gap.where, gap.reason, paths) for item, gap in holes.items[:ITEMS]),
        total=len(holes.items),
    )


def _item(
    item: Evidence, where: str, message: str, paths: Container[str], trail: tuple[str, ...] = ()
) -> Item:
    return Item(
        anchor=anchor(item.id),
        id=clean(item.id),
        spot=spot(where, paths),
        message=clean(message),
        trail=tuple(clean(step) for step in trail[:_TRAIL]),
        trail_left_out=max(0, len(trail) - _TRAIL),
    )
