# SPDX-License-Identifier: Apache-2.0
"""Tell a pickle from text and noise that begin with the same bytes."""

import itertools
import re
from collections.abc import Iterator

from steelyard.core.limits import Limits
from steelyard.formats.pickle_events import Event
from steelyard.formats.pickle_machine import Machine
from steelyard.formats.pickle_values import COMPUTED_NAME, Blob, Call, Extension, Global, Unknown
from steelyard.formats.port import Budget
from steelyard.formats.source import Source

_TRIAL = Limits(opcodes=1_000_000, seconds=5.0)
_STEPS = 2  # windows of a trial, 68 KiB
_MODULE = re.compile(r"[\w-]+(\.[\w-]+)*")
_NAME = re.compile(r"[^\W\d][\w-]*(\.[^\W\d][\w-]*)*")


def trial(source: Source, at: int) -> Machine:
    """Follow what may be a pickle for a while, or until it calls something that can exist."""
    machine = Machine(source, at, Budget(_TRIAL))
    for _ in range(_STEPS):
        if not machine.step() or calls_something(machine):
            break
    return machine


def calls_something(machine: Machine) -> bool:
    """Tell whether a pickle calls, builds or fills something before an unpickler gives up."""
    return any(_is_effect(event) for event in _reached(machine))


def imports_something(machine: Machine) -> bool:
    """Tell whether a pickle imports something that can exist, or does more."""
    return any(
        event.kind in ("import", "extension") or _is_effect(event) for event in _reached(machine)
    )


def _reached(machine: Machine) -> Iterator[Event]:
    """Return what a pickle does before it imports something of a name that nothing can have.

    Chance opcodes in text or noise import such things; no unpickler goes on behind one. Blanks
    around a name may be line ends that a transfer changed.
    """
    return itertools.takewhile(_is_possible, machine.log.events)


def _is_effect(event: Event) -> bool:
    """Tell whether an event changes anything.

    What a persistent id brings, few loaders know; extension codes stand for nothing in most processes.
    """
    if event.kind == "name":
        return True
    target = event.target
    found = isinstance(target, Global | Call) or target == Unknown(
        COMPUTED_NAME, getattr(target, "at", -1)
    )
    return found and event.kind in ("call", "build", "fill")


def _is_possible(event: Event) -> bool:
    if event.kind == "name":
        return not any(isinstance(part, Blob | Extension) for part in event.args)
    if event.kind != "import":
        return True
    target = event.target
    return (
        isinstance(target, Global)
        and _MODULE.fullmatch(target.module.strip()) is not None
        and _NAME.fullmatch(target.name.strip()) is not None
    )
