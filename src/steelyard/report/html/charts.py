# SPDX-License-Identifier: Apache-2.0
"""The geometry of the charts: bars as percentages of the width, so that text keeps its size."""

from collections.abc import Sequence

import msgspec

from steelyard.report.summary.amounts import share, size
from steelyard.report.summary.footprint import Footprint, Need, Stock
from steelyard.report.summary.text import shown

_ROW = 46  # height of a row, in CSS pixels
_ROWS = 12


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a row; `x` and `width` in percent of the chart."""

    kind: str
    x: float
    width: float


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A row: a label and a value above, bars below; `y` is its upper edge in CSS pixels."""

    y: int
    label: str
    value: str
    bars: tuple[Bar, ...]
    marks: tuple[Bar, ...] = ()


class Chart(msgspec.Struct, frozen=True, kw_only=True):
    """A chart, with the same figures in words and as a table.

    Attributes:
        id: Unique on the page.
        title: What it shows.
        description: The same in a sentence, for whoever does not see it.
        height: In CSS pixels.
        rows: From top to bottom.
        legend: Kind and name of each series.
        columns: Heads of the table.
        cells: Rows of the table.
        left_out: How many rows are left out.
    """

    id: str
    title: str
    description: str
    height: int
    rows: tuple[Row, ...]
    legend: tuple[tuple[str, str], ...]
    columns: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]
    left_out: int


def tensor_chart(id: str, found: Footprint) -> Chart:
    """Return the bytes of the tensors by element type."""
    total, kept = found.total, found.tensors[:_ROWS]
    rows = [_stock_row(number, entry, total.bytes) for number, entry in enumerate(kept)]
    largest, stock = kept[0]
    part = share(stock.bytes, total.bytes)
    return Chart(
        id=id,
        title="Tensor bytes by element type",
        description=f"{part:.0%} of {size(total.bytes)} is {_name(largest)}.",
        height=_ROW * len(rows),
        rows=tuple(rows),
        legend=(),
        columns=("Type", "Tensors", "Parameters", "Bytes"),
        cells=tuple(
            (_name(kind), f"{held.count:,.0f}", f"{held.parameters:,.0f}", f"{held.bytes:,.0f}")
            for kind, held in kept
        ),
        left_out=len(found.tensors) - len(kept),
    )


def _stock_row(number: int, entry: tuple[str, Stock], total: float) -> Row:
    kind, stock = entry
    part = share(stock.bytes, total)
    return Row(
        y=number * _ROW,
        label=_name(kind, 16),
        value=f"{size(stock.bytes)}, {part:.1%}",
        bars=(_bar("weights", 0, part),),
    )


def _name(kind: str, limit: int = 40) -> str:
    name = shown(kind)
    return name if len(name) <= limit else f"{name[: limit - 1]}…"


def memory_chart(id: str, found: Footprint) -> Chart:
    """Return the memory that running takes, by context length."""
    kept = found.needs[:_ROWS]
    most = max(need.most for need in kept)
    first, last = kept[0], kept[-1]
    return Chart(
        id=id,
        title="Memory by context length",
        description=(
            f"Steady {size(first.steady)} at {_tokens(first)}, {size(last.steady)} at "
            f"{_tokens(last)}; at worst {size(last.worst)}."
        ),
        height=_ROW * len(kept),
        rows=tuple(_need_row(number, need, most) for number, need in enumerate(kept)),
        legend=(
            *((_series(name), name) for name, _ in first.parts),
            ("worst", "at worst"),
        ),
        columns=("Context", "Weights", "KV cache", "Compute", "Steady", "At worst"),
        cells=tuple(_need_cells(need) for need in kept),
        left_out=len(found.needs) - len(kept),
    )


def _need_row(number: int, need: Need, most: float) -> Row:
    bars, x = [], 0.0
    for name, value in need.parts:
        bars.append(_bar(_series(name), x, share(value, most)))
        x += share(value, most)
    return Row(
        y=number * _ROW,
        label=_tokens(need),
        value=f"{size(need.steady)}, worst {size(need.worst)}",
        bars=tuple(bars),
        marks=(_bar("worst", x, max(0.0, share(need.worst, most) - x)),),
    )


def _need_cells(need: Need) -> tuple[str, ...]:
    values = (need.weights, need.kv, need.compute, need.steady, need.worst)
    return (_tokens(need), *(size(value) for value in values))


def _tokens(need: Need) -> str:
    return f"{need.context:,.0f} tokens"


def _series(name: str) -> str:
    return name.lower().replace(" ", "-")


def _bar(kind: str, x: float, width: float) -> Bar:
    return Bar(kind=kind, x=round(100 * x, 2), width=round(100 * min(width, 1 - x), 2))


def charts(number: int, found: Footprint) -> Sequence[Chart]:
    """Return the charts that a footprint allows.

    Args:
        number: Of the footprint on the page, for the ids.
        found: The footprint.
    """
    made = []
    if found.tensors:
        made.append(tensor_chart(f"tensors-{number}", found))
    if found.needs:
        made.append(memory_chart(f"memory-{number}", found))
    return made
