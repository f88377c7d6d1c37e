# SPDX-License-Identifier: Apache-2.0
"""Where a pickle stands while it is followed: window, stack, marks, memo."""

from collections.abc import Callable

from steelyard.core.errors import MalformedError
from steelyard.formats.pickle_events import Log
from steelyard.formats.pickle_values import (
    PLAIN,
    Blob,
    Call,
    Container,
    Global,
    Persistent,
    Value,
)
from steelyard.formats.source import Source

INLINE = 1024  # bytes; longer constants are passed over
EXECUTED_KEY = "_parse_arg_template"
"""Attribute whose text scipy's distributions execute when BUILD restores them."""

_SCAN = 1 << 20  # bytes that are searched at a time for the end of a long line
_SHORT = 128  # bytes; most lines of a pickle are shorter
_HEAD = 60  # bytes of a long constant that are kept for people


class Stopped(Exception):
    """STOP was reached."""


class State:
    """Where a pickle stands.

    Handlers of opcodes get it together with the window and the position behind the opcode, and
    return the position behind the argument. Popping from an empty stack raises IndexError, a
    missing memo entry KeyError; the machine makes an error of the pickle of them.

    Args:
        source: The layer that holds the pickle.
        offset: Where it begins.
        log: What it does.
        first_items: How many items of a container are kept whatever they are.

    Attributes:
        source: The layer that holds the pickle.
        log: What it does.
        base: Offset in the source of the first byte of the window.
        data: The window.
        at: Offset in the source of the opcode; not kept up by the most frequent ones.
        stack: Values above the last mark.
        marks: Stacks below the marks, outermost first.
        memo: Values by memo index.
        protocol: Highest protocol it declares.
        persistent: What it wants from its loader, in order.
        result: What STOP left.
        end: Offset behind STOP; -1 before it.
        raw_array: Passes over the bytes of an array that joblib put into the stream; given the
            wrapper, its state and the offset behind BUILD, it returns the offset where opcodes go on.
    """

    def __init__(self, source: Source, offset: int, log: Log, first_items: int) -> None:
        self.source = source
        self.log = log
        self.base = offset
        self.data = b""
        self.at = offset
        self.stack: list[Value] = []
        self.marks: list[list[Value]] = []
        self.memo: dict[int, Value] = {}
        self.protocol = 0
        self.persistent: list[Persistent] = []
        self.result: Value = None
        self.end = -1
        self._first_items = first_items
        self.raw_array: Callable[[Call, Value, int], int] | None = None

    def pop_mark(self) -> list[Value]:
        """Take the values above the last mark, and the mark."""
        items, self.stack = self.stack, self.marks.pop()
        return items

    def broken(self, message: str) -> MalformedError:
        """Return the error that ends the pickle at this opcode."""
        return MalformedError(message, at=self.at)

    def counted(self, kind: str, size: int, pos: int) -> tuple[bytes | Blob, int]:
        """Return a constant of a given length, and the position behind it."""
        end = pos + size
        if 0 <= size <= INLINE and end <= len(self.data):
            return self.data[pos:end], end
        start = self.base + pos
        if size < 0 or start + size > self.source.size:
            raise self.broken(f"a constant ({kind}) of {size:,} bytes exceeds the file")
        if size <= INLINE:
            return self.source.read(start, size), end
        head = self.data[pos : pos + _HEAD].decode("latin-1")
        return Blob(kind, start, size, head), end

    def line(self, kind: str, pos: int) -> tuple[bytes | Blob, int]:
        """Return what stands before the next line feed, and the position behind that.

        Where there is none the C unpickler raises, and the Python one cuts off the last byte.
        """
        end = self.data.find(b"\n", pos)
        if end < 0:
            end = self._far_end(pos)
        if end - pos <= INLINE and end <= len(self.data):
            return self.data[pos:end], end + 1
        if end - pos <= INLINE:
            return self.source.read(self.base + pos, end - pos), end + 1
        head = self.data[pos : pos + _HEAD].decode("latin-1")
        return Blob(kind, self.base + pos, end - pos, head), end + 1

    def short_line(self, pos: int) -> bytes | None:
        """Return what stands before the next line feed, where it is short and in the window."""
        end = self.data.find(b"\n", pos, pos + _SHORT)
        return self.data[pos:end] if end >= 0 else None

    def _far_end(self, pos: int) -> int:
        """Return the position of a line feed that is not in the window, or of the last byte."""
        for offset in range(self.base + pos, self.source.size, _SCAN):
            found = self.source.read(offset, _SCAN).find(b"\n")
            if found >= 0:
                return offset + found - self.base
        return max(pos, self.source.size - self.base - 1)

    def handed_on(self, value: Value, op: str) -> None:
        """Note that an imported thing becomes part of another value."""
        self.log.changed("value", value, None, self.at, op)

    def filled(self, target: Value, kind: str, items: list[Value], op: str) -> None:
        """Put values into whatever is to be filled: a method of it is called by name.

        Args:
            target: What is filled.
            kind: What the opcode is meant for: `list`, `dict` or `set`.
            items: The values; of a dict keys and values in turn.
            op: The opcode.
        """
        if not items:
            return  # the C unpickler then does not even look at what is to be filled
        if kind == "dict" and len(items) % 2:
            raise self.broken(f"{op} with a key that has no value")
        if type(target) is Container:
            if target.kind != kind and (target.kind, kind) != ("list", "dict"):
                raise self.broken(f"{op} on a {target.kind}")
            self.grow(target, items, op)
            return
        if type(target) in PLAIN or type(target) in (tuple, Blob):
            raise self.broken(f"{op} on a {type(target).__name__}")
        self.log.changed("fill", target, tuple(items[:2]), self.at, op)
        if type(target) is Call and not target.shared:
            if target.filled is None:
                target.filled = Container(kind, self.at)
            self.grow(target.filled, items, op)
        elif Global in set(map(type, items)):
            self.grow(Container(kind, self.at), items, op)

    def grow_plainly(self, target: Value, kind: str, *items: Value) -> bool:
        """Put plain values into a container of a kind, as `filled` would; return whether it could."""
        if type(target) is not Container or target.kind != kind:
            return False
        for item in items:
            if type(item) not in PLAIN or item == EXECUTED_KEY:
                return False
        target.count += len(items)
        if len(target.items) < self._first_items:
            target.items += items[: self._first_items - len(target.items)]
        return True

    def grow(self, container: Container, batch: list[Value], op: str) -> None:
        """Put values into a container; of a dict keys and values in turn."""
        kinds = set(map(type, batch))
        items = container.items
        container.count += len(batch)
        if Global in kinds:
            for item in batch:
                if type(item) is Global:
                    self.handed_on(item, op)
        if container.kind == "dict" and (EXECUTED_KEY in batch or Call in kinds):
            self._entries(batch, op)
        room = self._first_items - len(items)
        if room > 0:
            items += batch[:room]
            batch = batch[room:]
        if not kinds <= PLAIN and batch:
            items += _notable(batch, pairs=container.kind == "dict")

    def _entries(self, batch: list[Value], op: str) -> None:
        for key, value in zip(batch[::2], batch[1::2], strict=False):
            if type(key) is Call or key == EXECUTED_KEY:
                self.log.changed("entry", value, (key,), self.at, op)


def _notable(batch: list[Value], *, pairs: bool) -> list[Value]:
    if not pairs:
        return [item for item in batch if type(item) not in PLAIN]
    kept: list[Value] = []
    for key, value in zip(batch[::2], batch[1::2], strict=False):
        if type(value) not in PLAIN or type(key) not in PLAIN:
            kept += (key, value)
    return kept
