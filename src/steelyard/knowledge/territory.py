# SPDX-License-Identifier: Apache-2.0
"""Countries and groups of countries, as far as licences speak of them."""

import functools
import re
from collections.abc import Mapping

import msgspec

from steelyard import knowledge


class _Regions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    schema: int
    as_of: str
    source: str
    groups: dict[str, tuple[str, ...]]
    everywhere: str
    names: dict[str, str]


def region(word: str) -> str | None:
    """Return the code of a country or group: ISO 3166-1 alpha-2, `EU`, `WORLD`, ...; None for none.

    Example:
        >>> region("Germany"), region("uk"), region("eu"), region("atlantis")
        ('DE', 'GB', 'EU', None)
    """
    wanted = " ".join(word.lower().replace("_", " ").split())
    known = _known()
    if wanted in known.names:
        return known.names[wanted]
    code = wanted.upper()
    if code in known.groups or re.fullmatch("[A-Z]{2}", code):
        return code
    return None


def names() -> tuple[str, ...]:
    """Return the words that name a country or group."""
    known = _known()
    return (*known.names, *(group.lower() for group in known.groups))


def meet(code: str, others: tuple[str, ...]) -> bool:
    """Tell whether a country or group shares a country with any of others.

    Args:
        code: As `region` gives it.
        others: Words that `region` knows.

    Example:
        >>> meet("DE", ("EU",)), meet("WORLD", ("KR",)), meet("JP", ("EU", "UK"))
        (True, True, False)
    """
    codes = [found for other in others if (found := region(other))]
    everywhere = _known().everywhere
    if everywhere in (code, *codes):
        return True
    return any(_countries(code) & _countries(other) for other in codes)


@functools.cache
def _known() -> _Regions:
    return msgspec.json.decode(knowledge.entry("regions", "regions") or b"", type=_Regions)


@functools.cache
def _countries(code: str) -> frozenset[str]:
    groups: Mapping[str, tuple[str, ...]] = _known().groups
    if code not in groups:
        return frozenset({code})
    return frozenset().union(*(_countries(part) for part in groups[code]))
