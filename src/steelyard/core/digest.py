# SPDX-License-Identifier: Apache-2.0
"""Digests and the canonical bytes they are taken of."""

import hashlib
import re

import msgspec

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")

Digest = str
"""A digest as text: ``sha256:`` and 64 hexadecimal digits, lower case."""

_canonical = msgspec.json.Encoder(order="deterministic")


def canonical(value: object) -> bytes:
    """Return the canonical JSON of a value: keys sorted, no white space, UTF-8.

    Two equal values give the same bytes on every machine and in every run.

    Args:
        value: Structs, and what JSON knows; numbers finite.
    """
    return _canonical.encode(value)


def digest_bytes(data: bytes) -> Digest:
    """Return the SHA-256 digest of some bytes.

    Example:
        >>> digest_bytes(b"")[:14]
        'sha256:e3b0c44'
    """
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def digest_of(value: object) -> Digest:
    """Return the digest of a value's canonical bytes."""
    return digest_bytes(canonical(value))


def is_digest(text: str) -> bool:
    """Tell whether a text is a whole digest."""
    return _DIGEST.fullmatch(text) is not None
