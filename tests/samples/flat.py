# SPDX-License-Identifier: Apache-2.0
"""A writer of small TensorFlow Lite models, which are FlatBuffers."""

import struct
from collections.abc import Sequence


class _Flat:
    """Puts tables one behind the other; offsets lead forward, so what refers comes first."""

    def __init__(self) -> None:
        self.data = bytearray(b"\0\0\0\0TFL3")

    def table(self, fields: Sequence[tuple[int, str]]) -> tuple[int, dict[int, int]]:
        """Add a table of empty fields; return its offset, and that of each field."""
        count = max((index for index, _ in fields), default=-1) + 1
        offsets, size = [0] * count, 4
        for index, code in fields:
            offsets[index] = size
            size += max(4, struct.calcsize(code))
        entry = len(self.data)
        self.data += struct.pack(f"<HH{count}H", 4 + 2 * count, size, *offsets)
        self.data += bytes(-len(self.data) % 4)
        at = len(self.data)
        self.data += struct.pack("<i", at - entry) + bytes(size - 4)
        return at, {index: at + offsets[index] for index, _ in fields}

    def put(self, at: int, code: str, value: int) -> None:
        struct.pack_into(f"<{code}", self.data, at, value)

    def lead(self, at: int) -> None:
        """Have an offset lead to what is added next."""
        self.data += bytes(-len(self.data) % 4)
        self.put(at, "I", len(self.data) - at)

    def vector(self, at: int, items: bytes, count: int) -> int:
        """Add a vector to which an offset leads; return where its items begin."""
        self.lead(at)
        self.data += struct.pack("<I", count) + items
        return len(self.data) - len(items)

    def tables(self, at: int, count: int) -> list[int]:
        """Add a vector of offsets to tables; return where they are."""
        start = self.vector(at, bytes(4 * count), count)
        return [start + 4 * n for n in range(count)]

    def leads_to_table(self, at: int, fields: Sequence[tuple[int, str]]) -> dict[int, int]:
        table, places = self.table(fields)
        self.put(at, "I", table - at)
        return places


def tflite(names: Sequence[str], raw: bytes = b"", elements: int = -1) -> bytes:
    """Return a model with operators by name (built in where empty) and one tensor of bytes."""
    flat = _Flat()
    model = flat.leads_to_table(0, [(0, "I"), (1, "I"), (2, "I"), (4, "I")])
    flat.put(model[0], "I", 3)
    for at, name in zip(flat.tables(model[1], len(names)), names, strict=True):
        code = flat.leads_to_table(at, [(0, "B"), (1, "I")] if name else [(0, "B")])
        flat.put(code[0], "B", 32 if name else 0)
        if name:
            flat.vector(code[1], name.encode() + b"\0", len(name))
    (graph,) = flat.tables(model[2], 1)
    (tensor,) = flat.tables(flat.leads_to_table(graph, [(0, "I")])[0], 1)
    places = flat.leads_to_table(tensor, [(0, "I"), (1, "B"), (2, "I")])
    flat.put(places[1], "B", 3)
    flat.put(places[2], "I", 1)
    flat.vector(places[0], struct.pack("<i", len(raw) if elements < 0 else elements), 1)
    first, second = flat.tables(model[4], 2)
    flat.leads_to_table(first, [])
    flat.vector(flat.leads_to_table(second, [(0, "I")])[0], raw, len(raw))
    return bytes(flat.data)
