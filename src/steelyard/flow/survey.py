# SPDX-License-Identifier: Apache-2.0
"""Survey one file: its digest, its format, and every layer inside it, in one pass."""

import hashlib
import os
from pathlib import Path

import msgspec

from steelyard.core.errors import ChangedError, UnreadableError
from steelyard.core.limits import Limits
from steelyard.core.ports import Progress
from steelyard.core.subject import Artifact, Part, Skipped
from steelyard.flow.model import Surveyed, open_regular, stamp
from steelyard.formats.nesting import parts
from steelyard.formats.port import Budget
from steelyard.formats.source import BytesSource, DescriptorSource, Source

_WHOLE = 4 << 20  # bytes; smaller files are read once, and hashed and parsed in memory
_BLOCK = 256 << 10  # bytes; a block stays in the processor's cache between reading and hashing


class Entry(msgspec.Struct, frozen=True):
    """A file to survey.

    Attributes:
        name: Its path in the subject, see `Artifact.path`.
        path: Where it lies, links resolved.
        size: In bytes, as listed.
    """

    name: str
    path: Path
    size: int


def survey(entry: Entry, limits: Limits, progress: Progress) -> Surveyed | Skipped:
    """Read one file.

    The bytes are read through once, for the digest; readers see headers and what they must walk,
    from the same memory (up to 4 MiB) or the same open file, whose stamp must not change meanwhile.
    """
    try:
        descriptor = open_regular(entry.path)
    except UnreadableError as error:
        return Skipped(path=entry.name, kind="unreadable", reason=error.message)
    try:
        return _read(entry, descriptor, limits, progress)
    except ChangedError as error:
        return Skipped(path=entry.name, kind="changed", reason=error.message)
    except OSError as error:
        return Skipped(path=entry.name, kind="unreadable", reason=error.strerror or str(error))
    finally:
        os.close(descriptor)


def _read(entry: Entry, descriptor: int, limits: Limits, progress: Progress) -> Surveyed:
    before = stamp(descriptor)
    source: Source = DescriptorSource(descriptor, before.size)
    if before.size <= _WHOLE:
        source = BytesSource(source.read(0, before.size))
    layers: tuple[Part, ...] = tuple(parts(entry.name, source, Budget(limits)))
    digest = _digest(source, progress)
    if stamp(descriptor) != before:
        raise ChangedError("it changed while it was being read")
    artifact = Artifact(path=entry.name, digest=digest, size=before.size, format=layers[0].format)
    return Surveyed(artifact, layers, entry.path, before)


def _digest(source: Source, progress: Progress) -> str:
    digest = hashlib.sha256()
    for offset in range(0, source.size, _BLOCK):
        block = source.read(offset, _BLOCK)
        digest.update(block)
        progress.advance(len(block))
    return f"sha256:{digest.hexdigest()}"
