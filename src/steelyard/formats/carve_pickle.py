# SPDX-License-Identifier: Apache-2.0
"""Tell whether bytes at some offset are a pickle that imports something.

Bytes that merely look like opcodes soon underflow the stack or name no opcode; what an unpickler that
starts here would import, it imports before that.
"""

import re

import msgspec

from steelyard.core.errors import LimitError
from steelyard.formats.pickle_events import Event
from steelyard.formats.pickle_machine import Machine
from steelyard.formats.pickle_table import may_act
from steelyard.formats.pickle_values import Global
from steelyard.formats.port import Budget
from steelyard.formats.source import SliceSource, Source

_SIEVE = 256  # bytes that are looked at first
_NEAR = 64 << 10  # bytes in which most pickles show what they are
_LOOK = 16  # steps that a look costs at least
_STEPS = 2_500_000  # opcodes followed in one layer
_FAR = 64  # looks beyond that in one layer
_NAME = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")


class Found(msgspec.Struct, frozen=True):
    """A pickle that imports something.

    Attributes:
        end: Offset behind it: behind its STOP, or where it breaks off.
        name: The first name it imports.
        called: Whether it calls or changes anything.
    """

    end: int
    name: str
    called: bool


class Seeker:
    """Looks for pickles in one layer.

    Args:
        source: The layer.
        budget: What may be spent.
    """

    def __init__(self, source: Source, budget: Budget) -> None:
        self._source = source
        self._budget = budget
        self._steps = _STEPS
        self._far = _FAR

    def at(self, offset: int) -> Found | None:
        """Return the pickle that begins at an offset, if an unpickler reaches an import in it.

        Raises:
            LimitError: Too much looks like a pickle and is none.
        """
        self._take(_LOOK)
        if not may_act(self._source.read(offset, _SIEVE)):
            return None
        near = min(_NEAR, self._source.size - offset)
        machine = self._follow(SliceSource(self._source, offset, near), 0)
        imported = _imported(machine.log.events)
        cut = not machine.stopped and offset + near < self._source.size
        if not cut:
            end = machine.state.end if machine.stopped else machine.error_at
            return _found(offset + max(end, 1), imported, machine)
        if imported is None and machine.error_at < near - _SIEVE:
            return None
        self._far -= 1
        if self._far < 0:
            raise LimitError(f"more than {_FAR} things in it look like long pickles", at=offset)
        machine = self._follow(self._source, offset)
        end = machine.state.end if machine.stopped else max(machine.error_at, offset + 1)
        return _found(end, _imported(machine.log.events), machine)

    def _follow(self, source: Source, offset: int) -> Machine:
        machine = Machine(source, offset, self._budget).run()
        self._take(machine.opcodes)
        return machine

    def _take(self, steps: int) -> None:
        self._steps -= steps
        if self._steps < 0:
            raise LimitError("too much in it looks like a pickle and is none")


def _found(end: int, imported: Global | None, machine: Machine) -> Found | None:
    if imported is None:
        return None
    called = any(event.kind in ("call", "build", "fill") for event in machine.log.events)
    return Found(end, imported.dotted, called)


def _imported(events: list[Event]) -> Global | None:
    """Return the first import of a proper name; a name made of noise cannot be imported."""
    for event in events:
        thing = event.target
        if event.kind == "import" and _NAME.fullmatch(thing.module) and _NAME.fullmatch(thing.name):
            found: Global = thing
            return found
    return None
