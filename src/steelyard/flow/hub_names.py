# SPDX-License-Identifier: Apache-2.0
"""Names of models on the hub: `hf:org/name@revision`."""

import re

import msgspec

from steelyard.core.errors import UsageError
from steelyard.core.patterns import late

PREFIX = "hf:"

_NAME = late(r"(?!.*(?:--|\.\.))\w[\w.-]*(?:/\w[\w.-]*)?", re.ASCII)
_REVISION = late(r"(?!.*\.\.)[\w.][\w./+-]*", re.ASCII)


class Reference(msgspec.Struct, frozen=True):
    """A model of the hub.

    Attributes:
        repository: `org/name`, or `name` alone.
        revision: Branch, tag or commit.
    """

    repository: str
    revision: str = "main"


def parse(subject: str) -> Reference:
    """Return the model of the hub that a subject names.

    Raises:
        UsageError: It names none.

    Example:
        >>> parse("hf:org/name@v1")
        Reference(repository='org/name', revision='v1')
    """
    repository, at, revision = subject.removeprefix(PREFIX).partition("@")
    if not _NAME.fullmatch(repository) or (at and not _REVISION.fullmatch(revision)):
        raise UsageError(
            f"{subject!r} names no model of the hub",
            hint="write hf:org/name or hf:org/name@revision",
        )
    return Reference(repository, revision) if at else Reference(repository)
