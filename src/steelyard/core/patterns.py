# SPDX-License-Identifier: Apache-2.0
"""Regular expressions that are compiled when they are first used; to compile one takes half a millisecond."""

import re
from typing import AnyStr, cast


class _WhenUsed:
    """Stands for a compiled pattern, and takes its methods from it one by one as they are asked for."""

    def __init__(self, text: str | bytes, flags: int) -> None:
        self._text = text
        self._flags = flags

    def __getattr__(self, name: str) -> object:
        found: object = getattr(re.compile(self._text, self._flags), name)
        setattr(self, name, found)
        return found


def late(text: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """Return what behaves as `re.compile(text, flags)` does, and compiles it when it is first used.

    It is for modules that are always imported and whose patterns are seldom used.

    Example:
        >>> late("v([0-9]+)").sub("", "v2 of it")
        ' of it'
    """
    return cast("re.Pattern[AnyStr]", _WhenUsed(text, flags))
