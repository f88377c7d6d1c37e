# SPDX-License-Identifier: Apache-2.0
"""Pickles, protocols 0 to 5, several in a row, in whatever file they lie."""

from collections.abc import Iterator

from steelyard.core.limits import Limits
from steelyard.formats.pickle_machine import Machine
from steelyard.formats.pickle_payloads import payload_source
from steelyard.formats.pickle_streams import Pickle, Stream, read_streams
from steelyard.formats.pickle_table import OPCODES
from steelyard.formats.pickle_trial import calls_something, imports_something, trial
from steelyard.formats.port import Budget, Format, Glimpse, Member
from steelyard.formats.ranges import first_filled, gap_member
from steelyard.formats.source import Source

__all__ = ["PICKLE", "Pickle", "Stream", "pickle_members"]

_HIGHEST = b"\x08"  # protocol that is expected; unpicklers refuse what is higher than theirs
_IN_A_ROW = 64  # pickles without effect that are followed to tell them from text

_SUFFIXES = frozenset({"bin", "ckpt", "dat", "dill", "joblib", "p", "pickle", "pkl", "pt", "pth"})
"""Names under which loaders unpickle what others may take for text."""


def read(source: Source, budget: Budget) -> Pickle:
    """Follow the pickles a layer begins with."""
    return read_streams(source, budget)[0]


def pickle_members(content: Pickle, source: Source, budget: Budget) -> Iterator[Member]:
    """Yield the pickles that are handed to an unpickler as bytes, then what lies behind the last.

    Raises:
        LimitError: They are more than may be read.
        MalformedError: A text that stands for bytes does not.
    """
    for stream in content.streams:
        for number, held in enumerate(stream.payloads):
            name = f"bytes@{held.at}" if len(stream.payloads) == 1 else f"bytes@{held.at}.{number}"
            yield Member(name=name, source=payload_source(held, source, budget))
    if content.tail >= 0:
        yield gap_member(source, content.tail, source.size)


def _is_pickle(glimpse: Glimpse) -> bool:
    head = glimpse.head
    if not head or head[0] not in OPCODES:
        return False
    declared = head[0] == 0x80 and head[1:2] <= _HIGHEST
    machine = trial(glimpse.source, 0)
    if calls_something(machine):
        return True
    imports = imports_something(machine)
    if imports and glimpse.suffix in _SUFFIXES:
        return True
    noise = machine.acts and not imports
    if machine.stopped:
        return declared or (not noise and _goes_on(glimpse.source, machine))
    if not machine.error:
        return not noise
    return declared and machine.opcodes > 1 and machine.error_at >= glimpse.source.size


def _goes_on(source: Source, machine: Machine) -> bool:
    """Tell whether a first pickle without effect and without a magic number is one all the same."""
    for _ in range(_IN_A_ROW):
        at = first_filled(source, machine.state.end, source.size, Budget(Limits()))
        if at >= source.size:
            return True
        machine = trial(source, at)
        if calls_something(machine):
            return True
        if not machine.stopped:
            return False
    return True


PICKLE = Format(
    id="pickle",
    title="Python pickle",
    rank=30,
    matches=_is_pickle,
    read=read,
    members=pickle_members,
)
