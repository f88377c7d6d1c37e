# SPDX-License-Identifier: Apache-2.0
"""Several pickles in a row, and what lies behind the last one."""

from collections.abc import Sequence

import msgspec

from steelyard.core.errors import LimitError
from steelyard.formats.pickle_events import Event
from steelyard.formats.pickle_machine import Machine
from steelyard.formats.pickle_payloads import Payload, payload
from steelyard.formats.pickle_values import Global
from steelyard.formats.port import Budget, Content
from steelyard.formats.ranges import first_filled
from steelyard.formats.source import Source

_STREAMS = 10_000  # pickles in a row


class Stream(msgspec.Struct, frozen=True, kw_only=True):
    """One pickle.

    Attributes:
        at: Byte offset of its first opcode.
        end: Byte offset behind its STOP; of one that cannot be followed so far, the offset of the
            opcode at which no unpickler goes on.
        protocol: Highest protocol it declares; 0 where it declares none.
        opcodes: How many were followed.
        error: Why it cannot be followed to a STOP; empty where it can.
        events: What it does, in order.
        hidden: What it does besides to a loader that takes the bytes of joblib's arrays for opcodes.
        reread: The same for joblib's arrays of objects.
        payloads: Bytes it holds and hands to an unpickler.
        persistent: How many things it wants from its loader.
    """

    at: int
    end: int
    protocol: int
    opcodes: int
    error: str = ""
    events: tuple[Event, ...] = ()
    hidden: tuple[Event, ...] = ()
    reread: tuple[Event, ...] = ()
    payloads: tuple[Payload, ...] = ()
    persistent: int = 0

    @property
    def inert(self) -> bool:
        """Tell whether no unpickler does anything with it but make plain values, or fail."""
        return not self.events

    @property
    def imports(self) -> list[Global]:
        """Return what it imports by constant names."""
        return [event.target for event in self.events if event.kind == "import"]


class Pickle(Content, frozen=True, kw_only=True):
    """Pickles in a row.

    Attributes:
        streams: The pickles.
        tail: Offset of the first byte behind them that is not zero; -1 where there is none.
    """

    streams: tuple[Stream, ...]
    tail: int = -1


def stream_of(machine: Machine, start: int) -> Stream:
    """Return what a machine found out."""
    return Stream(
        at=start,
        end=machine.error_at if machine.error else machine.state.end,
        protocol=machine.state.protocol,
        opcodes=machine.opcodes,
        error=machine.error,
        events=tuple(machine.log.events),
        hidden=tuple(machine.hidden),
        reread=tuple(machine.reread),
        payloads=tuple(held for call in machine.log.payloads if (held := payload(call))),
        persistent=len(machine.state.persistent),
    )


def read_streams(source: Source, budget: Budget, at: int = 0) -> tuple[Pickle, list[Machine]]:
    """Follow pickles in a row, zeros between them passed over.

    Args:
        source: The layer that holds them.
        budget: What may be spent.
        at: Where the first one begins.

    Returns:
        What they are, and their machines, which hold their values.
    """
    machines: list[Machine] = []
    streams: list[Stream] = []
    tail = -1
    try:
        while (at := first_filled(source, at, source.size, budget)) < source.size or not streams:
            machine = Machine(source, at, budget).run()
            if streams and not machine.stopped and not machine.acts:
                tail = at
                break
            machines.append(machine)
            streams.append(stream_of(machine, at))
            if machine.error:
                break
            at = machine.state.end
            if len(streams) >= _STREAMS:
                raise LimitError(f"more than {_STREAMS:,} pickles in a row", at=at)
    except LimitError as error:
        content = Pickle(streams=tuple(streams), incomplete=error.message, incomplete_at=max(at, 0))
        return content, machines
    problem, where = first_error(streams)
    content = Pickle(streams=tuple(streams), tail=tail, incomplete=problem, incomplete_at=where)
    return content, machines


def first_error(streams: Sequence[Stream]) -> tuple[str, int]:
    """Return why the first pickle that cannot be followed to its end cannot, and where."""
    for stream in streams:
        if stream.error:
            return f"the pickle at byte {stream.at} cannot be followed: {stream.error}", stream.end
    return "", -1
