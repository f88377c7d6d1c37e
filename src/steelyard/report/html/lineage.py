# SPDX-License-Identifier: Apache-2.0
"""The drawing of a model's descent, in layers, the model itself first.

Layers stand beside each other, which leaves room for many bases; a long and slim line of descent runs
downwards, which leaves room for many steps.
"""

from collections.abc import Iterator, Sequence

import msgspec

from steelyard.report.html.findings import clean
from steelyard.report.summary.lineage import HINT, Branch, Descent, Kin, Link, branches
from steelyard.report.summary.text import counted

LAYER = 12
"""Boxes of a layer; the others are folded into one."""

_LAYERS = 9
_WIDTH, _HEIGHT, _EDGE = 196, 64, 8  # of a box, and around the drawing, in CSS pixels
_NAME, _SMALL = 21, 26  # characters that fit a box, of a name and of the lines around it
_LIST, _LIST_EACH = 400, 300
_SLIM = 3  # boxes of a layer, up to which layers lie below each other

_OWN = ""


class Box(msgspec.Struct, frozen=True, kw_only=True):
    """A model, a data set, or several that are folded away; positions in CSS pixels.

    Attributes:
        kind: `own` | `declared` | `presumed` | `unknown` | `again` | `more`.
        above: Small line: what it is, and whose.
        name: Its name.
        below: Small line: what is known of its terms.
        title: Everything without cuts.
    """

    kind: str
    x: int
    y: int
    width: int
    height: int
    above: str
    name: str
    below: str
    title: str


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """An edge: a path, and two lines of label at its end; positions in CSS pixels."""

    path: str
    relation: str
    strength: str
    x: int
    y: int
    words: str
    source: str


class Drawing(msgspec.Struct, frozen=True, kw_only=True):
    """The drawing, and the same as a list.

    Attributes:
        description: In a sentence, for whoever does not see it.
        boxes: Layer by layer.
        lines: From what was made to what it was made from.
        branches: The tree of ancestors.
    """

    width: int
    height: int
    description: str
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]
    branches: tuple[Branch, ...]


class _Spot(msgspec.Struct):
    """A box that is being placed: in which layer, and the links that lead to it."""

    id: str
    kind: str
    links: list[tuple["_Spot", Link | None]] = msgspec.field(default_factory=list)
    folded: int = 0
    along: int = 0
    across: int = 0


class _Frame(msgspec.Struct, frozen=True, kw_only=True):
    """How layers lie; all in CSS pixels.

    Attributes:
        down: Whether they lie below each other, else beside each other.
        size: Of a box, across its layer.
        pitch: From one layer to the next.
        port: What an incoming line with its label takes across the layer.
        space: Between boxes.
        label: Length of the end of a line on which a label stands.
    """

    down: bool
    size: int
    pitch: int
    port: int
    space: int
    label: int

    def slot(self, spot: _Spot) -> int:
        """Return what a box takes across its layer, with the lines that lead to it."""
        return max(self.size, self.port * len(spot.links)) + self.space

    def point(self, along: int, across: int) -> str:
        """Return a point of a path."""
        return f"{across} {along}" if self.down else f"{along} {across}"


_BESIDE = _Frame(down=False, size=_HEIGHT, pitch=_WIDTH + 210, port=36, space=14, label=146)
_BELOW = _Frame(down=True, size=_WIDTH, pitch=_HEIGHT + 72, port=150, space=24, label=40)


def drawing(found: Descent, name: str) -> Drawing:
    """Return the drawing of a model's descent.

    Args:
        found: What it was made from.
        name: Of the model itself.
    """
    layers = _layers(found)
    slim = len(layers) > 2 and max(map(len, layers)) <= _SLIM
    frame = _BELOW if slim else _BESIDE
    across = max(sum(map(frame.slot, layer)) for layer in layers) + 2 * _EDGE
    for number, layer in enumerate(layers):
        at = (across - sum(map(frame.slot, layer))) // 2
        for spot in layer:
            spot.along = _EDGE + number * frame.pitch
            spot.across = at + (frame.slot(spot) - frame.size) // 2
            at += frame.slot(spot)
    along = (len(layers) - 1) * frame.pitch + (_HEIGHT if frame.down else _WIDTH) + 2 * _EDGE
    spots = [spot for layer in layers for spot in layer]
    return Drawing(
        width=across if frame.down else along,
        height=along if frame.down else across,
        description=clean(found.sentence),
        boxes=tuple(_box(spot, frame, found, name) for spot in spots),
        lines=tuple(_line(spot, port, frame) for spot in spots for port in range(len(spot.links))),
        branches=tuple(branches(found, most=_LIST, each=_LIST_EACH)),
    )


def _layers(found: Descent) -> list[list[_Spot]]:
    """Return the boxes by layer: each model once, in the first layer that a link leads to."""
    first = [_Spot(id=_OWN, kind="own")]
    layers = [first]
    placed: dict[str, int] = {_OWN: 0}
    while len(layers) < _LAYERS:
        layer = _next(found, layers[-1], placed, len(layers))
        if not layer:
            break
        layers.append(layer)
    return layers


def _next(
    found: Descent, children: Sequence[_Spot], placed: dict[str, int], number: int
) -> list[_Spot]:
    """Return the layer that the links of another lead to; what stands elsewhere is named again."""
    layer: dict[str, _Spot] = {}
    more = _Spot(id="", kind="more")
    for child, link in _links(found, children):
        spot = layer.get(link.parent)
        if spot is not None:
            spot.links.append((child, link))
        elif len(layer) >= LAYER:
            placed.setdefault(link.parent, number)
            more.folded += 1
            if not any(other is child for other, _ in more.links):
                more.links.append((child, None))
        else:
            again = link.parent in placed
            spot = _Spot(id=link.parent, kind="again" if again else "kin", links=[(child, link)])
            placed.setdefault(link.parent, number)
            layer[link.parent] = spot
    return [*layer.values(), *([more] if more.folded else [])]


def _links(found: Descent, children: Sequence[_Spot]) -> Iterator[tuple[_Spot, Link]]:
    for child in children:
        if child.kind in ("own", "kin"):
            for link in found.links.get(child.id, ()):
                yield child, link


def _box(spot: _Spot, frame: _Frame, found: Descent, name: str) -> Box:
    kin = found.kin.get(spot.id, Kin(id=spot.id))
    above, label, below = _texts(spot, kin, name)
    if spot.kind == "own":
        below = counted(found.ancestors, "ancestor")
    kind = spot.kind if spot.kind != "kin" else (kin.basis if kin.resolved else "unknown")
    return Box(
        kind=kind if kind in ("own", "declared", "presumed", "again", "more") else "unknown",
        x=spot.across if frame.down else spot.along,
        y=spot.along if frame.down else spot.across,
        width=_WIDTH,
        height=_HEIGHT,
        above=_cut(clean(above), _SMALL),
        name=_cut(clean(label), _NAME),
        below=_cut(clean(below), _SMALL),
        title=clean(f"{label} ({above}): {below}" if spot.kind != "more" else label),
    )


def _texts(spot: _Spot, kin: Kin, name: str) -> tuple[str, str, str]:
    """Return what stands in a box: what it is and whose, its name, what is known of its terms."""
    if spot.kind == "more":
        return "", f"{spot.folded:,} more", "in the list below"
    if spot.kind == "own":
        return f"this {kin.what}", name, ""
    owner, slash, last = kin.name.rpartition("/")
    inside = owner in ("", ".") or not kin.resolved
    above = kin.what if inside else f"{kin.what} of {owner}"
    label = kin.name if inside or not slash else last
    return above, label, "shown before" if spot.kind == "again" else kin.terms


def _line(spot: _Spot, port: int, frame: _Frame) -> Line:
    child, link = spot.links[port]
    start = child.along + (_HEIGHT if frame.down else _WIDTH)
    leaves = child.across + frame.size // 2
    bend = spot.along - frame.label
    half = (start + bend) // 2
    # The lines that lead to a box are spread around its middle, a label each.
    arrives = spot.across + frame.size // 2
    arrives += int((port - (len(spot.links) - 1) / 2) * frame.port)
    curve = ",".join(frame.point(*at) for at in ((half, leaves), (half, arrives), (bend, arrives)))
    return Line(
        path=f"M{frame.point(start, leaves)}C{curve}L{frame.point(spot.along, arrives)}",
        relation=link.relation if link and link.relation in _RELATIONS else "derived_from",
        strength=_strength(link),
        x=(arrives if frame.down else bend) + 7,
        y=spot.along - 21 if frame.down else arrives,
        words=_cut(clean(link.words), _NAME) if link else "",
        source=_cut(clean(link.source), _NAME) if link else "",
    )


_RELATIONS = frozenset({"derived_from", "trained_on", "trained_on_outputs_of", "contains"})


def _strength(link: Link | None) -> str:
    if link is None or link.strength >= HINT:
        return "hint"
    return "strong" if link.strength <= 2 else "said"


def _cut(text: str, limit: int) -> str:
    """Return a text with its middle cut out, where it is too long: both ends of a name tell."""
    if len(text) <= limit:
        return text
    tail = limit // 3
    return f"{text[: limit - tail - 1]}…{text[-tail:]}"
