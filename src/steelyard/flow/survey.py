# SPDX-License-Identifier: Apache-2.0
"""Survey one file: its digest, its format, and every layer inside it, in one pass."""

import hashlib
import os
import time

import msgspec

from steelyard.core.digest import Digest, digest_bytes
from steelyard.core.errors import ChangedError, UnreadableError
from steelyard.core.limits import Limits
from steelyard.core.ports import Progress
from steelyard.core.subject import Artifact, Part, Skipped
from steelyard.flow.bugs import until_bug
from steelyard.flow.jobs import check_wanted
from steelyard.flow.model import Stamp, Surveyed, open_regular, stamp
from steelyard.formats.nesting import parts
from steelyard.formats.port import Budget
from steelyard.formats.source import BytesSource, DescriptorSource, Source

_WHOLE = 4 << 20  # bytes; smaller files are read once, and hashed and parsed in memory
_BLOCK = 256 << 10  # bytes; a block stays in the processor's cache between reading and hashing
_STRIDE = 4 << 20  # bytes between two looks at the clock and two words of progress


class Entry(msgspec.Struct, frozen=True):
    """A file to survey.

    Attributes:
        name: Its path in the subject, see `Artifact.path`.
        path: Where it lies, links resolved.
        size: In bytes, as listed.
    """

    name: str
    path: str
    size: int


def survey(entry: Entry, limits: Limits, progress: Progress) -> Surveyed | Skipped:
    """Read one file.

    The bytes are read through once, for the digest; readers see headers and what they must walk,
    from the same memory (up to 4 MiB) or the same open file, whose stamp must not change meanwhile.
    """
    try:
        descriptor, before = open_regular(entry.path)
        try:
            return _read(entry, descriptor, before, limits, progress)
        finally:
            os.close(descriptor)
    except ChangedError as error:
        return Skipped(path=entry.name, kind="changed", reason=error.message)
    except UnreadableError as error:
        return Skipped(path=entry.name, kind="unreadable", reason=error.message)
    except OSError as error:
        return Skipped(path=entry.name, kind="unreadable", reason=error.strerror or str(error))


def survey_bytes(name: str, data: bytes, limits: Limits) -> Surveyed:
    """Read bytes in memory as if they were a file.

    Args:
        name: What to call them; see `Artifact.path`.
        data: All of them.
        limits: Bounds on what is read.
    """
    layers = _layers(name, BytesSource(data), limits)
    artifact = Artifact(
        path=name, digest=digest_bytes(data), size=len(data), format=layers[0].format
    )
    return Surveyed(artifact, layers)


def _read(
    entry: Entry, descriptor: int, before: Stamp, limits: Limits, progress: Progress
) -> Surveyed:
    source: Source = DescriptorSource(descriptor, before.size)
    if before.size <= _WHOLE:
        data = source.read(0, before.size)
        digest, source = digest_bytes(data), BytesSource(data)
        progress.advance(before.size)
    else:
        digest = _digest(source, Budget(limits, _clock), progress)
    layers = _layers(entry.name, source, limits)
    if os.pread(descriptor, 1, before.size) or stamp(descriptor) != before:
        raise ChangedError("it changed while it was being read")
    artifact = Artifact(path=entry.name, digest=digest, size=before.size, format=layers[0].format)
    return Surveyed(artifact, layers, entry.path, before)


def _layers(name: str, source: Source, limits: Limits) -> tuple[Part, ...]:
    """Return every layer; a bug in a reader ends them with one that was not read."""

    def admit(why: str) -> Part:
        return Part(where=name, format="unread", size=source.size, unread=f"reader failed: {why}")

    return tuple(until_bug(lambda: parts(name, source, Budget(limits, _clock)), admit))


def _digest(source: Source, budget: Budget, progress: Progress) -> Digest:
    """Return the digest of a large file.

    Reading into one reused buffer is no faster than taking a new one for each block: both cost
    6 % beyond hashing. A memory map would cost 2 %, but ends the process where a file shrinks.

    Raises:
        LimitError: Time is up, as with a sparse file whose size has no bounds.
    """
    digest = hashlib.sha256()
    for start in range(0, source.size, _STRIDE):
        end = min(start + _STRIDE, source.size)
        for offset in range(start, end, _BLOCK):
            digest.update(source.read(offset, min(_BLOCK, end - offset)))
        budget.check_time()
        progress.advance(end - start)
    return f"sha256:{digest.hexdigest()}"


def _clock() -> float:
    """Return the CPU time of this thread in seconds; ends its work when nobody waits for it."""
    check_wanted()
    return time.thread_time()
