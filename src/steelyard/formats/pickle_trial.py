# SPDX-License-Identifier: Apache-2.0
"""Tell a pickle from text and noise that begin with the same bytes."""

import re

from steelyard.core.limits import Limits
from steelyard.formats.pickle_events import Event
from steelyard.formats.pickle_machine import Machine
from steelyard.formats.pickle_values import Global
from steelyard.formats.port import Budget
from steelyard.formats.source import Source

_TRIAL = Limits(opcodes=1_000_000, seconds=5.0)
_STEPS = 2  # windows of a trial, 68 KiB
_NAME = re.compile(r"[^\W\d][\w-]*(\.[^\W\d][\w-]*)*")


def trial(source: Source, at: int) -> Machine:
    """Follow what may be a pickle for a while, or until it calls something that can exist."""
    machine = Machine(source, at, Budget(_TRIAL))
    for _ in range(_STEPS):
        if not machine.step() or calls_something(machine):
            break
    return machine


def calls_something(machine: Machine) -> bool:
    """Tell whether a pickle calls, builds or fills something, and all it imports can have its name.

    Chance opcodes in text or noise import things no module can be called.
    """
    events = machine.log.events
    imported = all(_exists(event) for event in events if event.kind == "import")
    return imported and any(event.kind in ("call", "build", "fill", "name") for event in events)


def _exists(event: Event) -> bool:
    target = event.target
    return (
        isinstance(target, Global)
        and _NAME.fullmatch(target.module) is not None
        and _NAME.fullmatch(target.name) is not None
    )
