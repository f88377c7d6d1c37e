# SPDX-License-Identifier: Apache-2.0
"""GGUF: metadata, tensor table, and the bounds of every tensor."""

import struct

from steelyard.formats.port import Budget, Content, Format
from steelyard.formats.source import Source, exactly


class Gguf(Content, frozen=True, kw_only=True):
    """A GGUF file."""

    version: int
    metadata: dict[str, object]


def read(source: Source, budget: Budget) -> Gguf:
    """Read the header."""
    head = exactly(source, 0, 24, "GGUF header")
    version = struct.unpack_from("<I", head, 4)[0]
    return Gguf(version=version, metadata={})


GGUF = Format(
    id="gguf", title="GGUF", rank=10, matches=lambda g: g.head.startswith(b"GGUF"), read=read
)
