# SPDX-License-Identifier: Apache-2.0
"""Everything that can go wrong in a way a user can act on.

    SteelyardError
    ├── UsageError          the command cannot be carried out as it was given
    │   └── AbsentError     data that a task asks about is not there
    ├── UnreadableError     a subject, or a file of it, cannot be read
    │   ├── ChangedError    a file changed while it was being read, or since it was locked
    │   └── MalformedError  bytes contradict the format they claim to be
    │       └── LimitError  bytes ask for more than the limits allow
    ├── EngineError         a model cannot be run, or what it computes is no number
    ├── PolicyError         a policy cannot be used
    ├── RefusedError        a guarded loader was kept from what did not pass
    └── StoreError          the store cannot be read or written
        └── ChainError      the store's hash chain is broken

Only these become messages; any other exception is a bug and shows its traceback.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from steelyard.core.dossier import Dossier


class SteelyardError(Exception):
    """A failure a user can act on.

    Args:
        message: What went wrong, where, with the offending value; no full stop.
        hint: What to do next; empty when there is nothing to say.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(SteelyardError):
    """The command cannot be carried out as it was given."""


class AbsentError(UsageError):
    """Data that a task asks about is not there."""


class UnreadableError(SteelyardError):
    """A subject, or a file of it, cannot be read."""


class ChangedError(UnreadableError):
    """A file changed while it was being read, or since it was locked."""


class MalformedError(UnreadableError):
    """Bytes contradict the format they claim to be.

    Args:
        message: What contradicts what.
        at: Byte offset of the contradiction within the layer being read; -1 when there is none.
    """

    def __init__(self, message: str, at: int = -1) -> None:
        super().__init__(message)
        self.at = at


class LimitError(MalformedError):
    """Bytes ask for more than the limits allow; what lies beyond was not read."""


class EngineError(SteelyardError):
    """A model cannot be run, or what it computes is no number."""


class PolicyError(SteelyardError):
    """A policy cannot be used."""


class RefusedError(SteelyardError):
    """A guarded loader was kept from what did not pass.

    Args:
        message: Which loader, which file, and the findings.
        hint: What to do next.
        dossier: What was seen and what follows; None where nothing could be looked at.
    """

    def __init__(self, message: str, hint: str = "", dossier: "Dossier | None" = None) -> None:
        super().__init__(message, hint)
        self.dossier = dossier


class StoreError(SteelyardError):
    """The store cannot be read or written."""


class ChainError(StoreError):
    """The store's hash chain is broken: something was changed after it was written."""
