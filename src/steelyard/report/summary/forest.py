# SPDX-License-Identifier: Apache-2.0
"""The geometry of forest plots: a dot and its interval a row, as percentages of the width."""

import math
from collections.abc import Sequence

import msgspec

_ROW = 46  # height of a row, in CSS pixels
_FOOT = 24  # below the last row, for the scale
_ROWS = 40
_LABEL = 48  # characters
_LEAST = 1e-6  # width of a scale


class Tick(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the grid: `grid`, `zero` or `edge`; `x` in percent of the width."""

    x: float
    label: str
    kind: str
    anchor: str


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """A row: a dot and its interval in percent of the width, `y` its upper edge in CSS pixels."""

    y: int
    label: str
    value: str
    kind: str
    x: float
    low: float
    high: float


class Forest(msgspec.Struct, frozen=True, kw_only=True):
    """A plot, with the same in a sentence for whoever does not see it."""

    id: str
    title: str
    description: str
    height: int
    rows: tuple[Mark, ...]
    ticks: tuple[Tick, ...]
    left_out: int


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """A value with its interval, and how it is called and written."""

    label: str
    written: str
    value: float
    low: float
    high: float
    kind: str = ""


def forest(
    id: str,
    title: str,
    description: str,
    points: Sequence[Point],
    *,
    edge: float | None = None,
    around_zero: bool = False,
) -> Forest:
    """Return the plot of some points on one scale.

    Args:
        id: Unique on the page.
        title: What it shows.
        description: The same in a sentence.
        points: From top to bottom; at least one. The first 40 are drawn.
        edge: A value to mark by a dashed line, or None.
        around_zero: Whether the scale is to hold zero, marked.
    """
    kept = points[:_ROWS]
    ends = [end for point in kept for end in (point.low, point.high)]
    if around_zero:
        ends += [0.0, *([] if edge is None else [edge])]
    elif min(ends) >= 0 and max(ends) <= 1:
        ends += [0.0, 1.0]
    ticks = _ticks(min(ends), max(ends))
    low, high = ticks[0], ticks[-1]

    def place(value: float) -> float:
        return round(100 * (value - low) / (high - low), 2)

    lines = [(tick, "zero" if around_zero and tick == 0 else "grid") for tick in ticks]
    marks = [
        Tick(x=place(value), label=_label(value), kind=kind, anchor=_anchor(place(value)))
        for value, kind in lines
    ]
    if edge is not None:
        marks.append(Tick(x=place(edge), label="", kind="edge", anchor="middle"))
    return Forest(
        id=id,
        title=title,
        description=description,
        height=_ROW * len(kept) + _FOOT,
        rows=tuple(
            Mark(
                y=number * _ROW,
                label=point.label if len(point.label) <= _LABEL else f"{point.label[:_LABEL]}…",
                value=point.written,
                kind=point.kind,
                x=place(point.value),
                low=place(point.low),
                high=place(point.high),
            )
            for number, point in enumerate(kept)
        ),
        ticks=tuple(marks),
        left_out=len(points) - len(kept),
    )


def _ticks(low: float, high: float) -> list[float]:
    """Return three to eight round values that hold an interval."""
    width = high - low if high - low > _LEAST else max(abs(high), _LEAST)
    step = 10.0 ** math.floor(math.log10(width))
    for factor in (1, 0.5, 0.25, 0.2):
        if width / (step * factor) >= 3:
            step *= factor
            break
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(number * step, 10) for number in range(first, max(last, first + 1) + 1)]


def _label(value: float) -> str:
    return f"{value:g}"


def _anchor(x: float) -> str:
    return "start" if x <= 2 else "end" if x >= 98 else "middle"
