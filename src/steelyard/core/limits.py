# SPDX-License-Identifier: Apache-2.0
"""Bounds on what is read of hostile bytes. Readers take them as arguments."""

import msgspec


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds; what lies beyond one is reported as a gap, never taken for safe.

    Attributes:
        files: Entries of a subject: files, folders and links.
        depth: Layers nested in each other, the file itself being the first.
        members: Members of all archives of a file together.
        expanded_bytes: Bytes that decompression may make of a file, all layers together.
        ratio: Bytes that decompression may make of one compressed byte, beyond the first MiB.
        header_bytes: Length of a header or a central directory (safetensors' own bound is 100 MB).
        text_bytes: Length of a text file that is read whole.
        opcodes: Pickle opcodes of a file.
        seconds: CPU time for a file, checked between steps.
    """

    files: int = 1_000_000
    depth: int = 12
    members: int = 200_000
    expanded_bytes: int = 8 << 30
    ratio: int = 1_100
    header_bytes: int = 100_000_000
    text_bytes: int = 16 << 20
    opcodes: int = 100_000_000
    seconds: float = 600.0
