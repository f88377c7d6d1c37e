# SPDX-License-Identifier: Apache-2.0
"""Digests of the files an engine loads: what its card calls weights and tokenizer."""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from steelyard.core.digest import Digest, digest_of
from steelyard.core.errors import UnreadableError


def digest_files(paths: Iterable[Path], known: Mapping[str, Digest]) -> Digest:
    """Return one digest of some files, by name and content.

    Args:
        paths: The files, all of one folder.
        known: Digests that a check took already, by the file's name; the others are read.

    Raises:
        UnreadableError: A file cannot be read.
    """
    return digest_of({path.name: digest_file(path, known) for path in paths})


def digest_file(path: Path, known: Mapping[str, Digest]) -> Digest:
    """Return the digest of a file, whatever its name.

    Args:
        path: The file.
        known: As in `digest_files`.

    Raises:
        UnreadableError: It cannot be read.
    """
    if path.name in known:
        return known[path.name]
    try:
        with path.open("rb") as file:
            return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
    except OSError as error:
        raise UnreadableError(f"cannot read {str(path)!r}: {error.strerror}") from error
