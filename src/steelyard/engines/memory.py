# SPDX-License-Identifier: Apache-2.0
"""How much memory there is, and whether what a sequence needs fits into it."""

import os
from pathlib import Path

from steelyard.core.errors import EngineError

_GROUP = Path("/sys/fs/cgroup")


def refuse(tokens: int, needed: int, free: int | None, hint: str) -> None:
    """Refuse sequences that there is no memory for.

    Args:
        tokens: Of the longest sequence.
        needed: Bytes that it takes beside what is taken already.
        free: Bytes that there are; None where nobody knows.
        hint: What helps.

    Raises:
        EngineError: More is needed than is free.
    """
    if free is not None and needed > free:
        raise EngineError(
            f"a sequence of {tokens:,} tokens needs {_gib(needed)} of memory beside the weights,"
            f" and there are {_gib(max(0, free))}",
            hint=hint,
        )


def free_memory(limit: int | None) -> int | None:
    """Return how many bytes this process may still take; None where the system does not tell.

    Args:
        limit: Bytes it may have resident at most, what it has already included; None for all that
            the machine, and the control group of the process, have free.
    """
    found = [value for value in (_of_machine(), _of_group()) if value is not None]
    if limit is not None:
        found.append(limit - _resident())
    return min(found, default=None)


def _of_machine() -> int | None:
    """Return what can be had without swapping: proc_meminfo(5), MemAvailable."""
    amount = _field(Path("/proc/meminfo"), "MemAvailable:")
    return None if amount is None else amount << 10


def _of_group() -> int | None:
    """Return what a control group of version 2 leaves; its page cache can be had back."""
    try:
        most = (_GROUP / "memory.max").read_text().strip()
    except OSError:
        return None
    taken = _field(_GROUP / "memory.stat", "anon")
    return int(most) - taken if most.isdecimal() and taken is not None else None


def _resident() -> int:
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def _field(path: Path, name: str) -> int | None:
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) for line in lines if line.startswith(f"{name} ")), None)


def _gib(size: int) -> str:
    return f"{size / (1 << 30):,.2f} GiB"
