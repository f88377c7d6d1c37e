# SPDX-License-Identifier: Apache-2.0
"""Text of the subject, made fit to be looked at."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

import msgspec

from steelyard.core.digest import canonical

T = TypeVar("T")

_NAME = 120  # characters of a name within a sentence
_EMPTY: tuple[object, ...] = (None, "", (), [], {})
_DEPTH = 4  # of lists and mappings within each other; deeper ones are written as JSON


def shown(text: str) -> str:
    r"""Return a text in which characters that cannot be seen are written out.

    File names and messages hold whatever the subject's author chose: control characters that steer
    a terminal, and marks that reverse the order of letters (Trojan Source, CVE-2021-42574).

    Example:
        >>> shown("gpj.\u202elmth")
        'gpj.\\u202elmth'
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _written_out(char) for char in text)


def _written_out(char: str) -> str:
    if char.isspace() and char > "\x7f":
        return " "
    return char.encode("unicode_escape").decode("ascii")


def clipped(text: str, limit: int) -> str:
    """Return a text of at most about `limit` characters; what is left off is counted.

    Args:
        text: Any text.
        limit: In characters, at least 1.
    """
    if len(text) <= limit:
        return text
    return f"{text[:limit].rstrip()} … ({len(text) - limit:,} more characters)"


def brief(text: str) -> str:
    """Return a name as it may stand within a sentence."""
    return clipped(shown(text), _NAME)


def written(value: object, limit: int = 300) -> str:
    """Return the value of a fact as one line, whatever its shape.

    Args:
        value: What a probe put into a fact.
        limit: In characters, at least 1.

    Example:
        >>> written({"F32": {"count": 61, "bytes": 140544}, "tied": True})
        'F32 (bytes 140,544, count 61), tied yes'
    """
    return clipped(shown(_plain(value, _DEPTH)), limit)


def _plain(value: object, depth: int) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "none"}[value]
    if isinstance(value, int):
        return f"{value:,}"
    if depth and isinstance(value, Mapping):
        return ", ".join(
            f"{key} {_enclosed(held, depth)}"
            for key, held in sorted(value.items(), key=_by_name)
            if held not in _EMPTY
        )
    if depth and isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return ", ".join(_enclosed(held, depth) for held in value)
    return canonical(value).decode()


def _enclosed(value: object, depth: int) -> str:
    plain = _plain(value, depth - 1)
    return f"({plain})" if isinstance(value, Mapping | list | tuple) else plain


def _by_name(entry: tuple[object, object]) -> str:
    return str(entry[0])


def counted(number: int, one: str, many: str = "") -> str:
    """Return a number with its noun.

    Example:
        >>> counted(1, "file"), counted(2500, "file")
        ('1 file', '2,500 files')
    """
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def paragraphs(page: str) -> list[str]:
    """Return the paragraphs of a manual page, headings left out, each on one line."""
    blocks = (" ".join(block.split()) for block in page.strip().split("\n\n"))
    return [block for block in blocks if block and not block.startswith("#")]


def as_shape(value: object, kind: type[T]) -> T | None:
    """Return the value of a fact in a shape that is known here, or None where it has another."""
    try:
        made: T = msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return None
    return made
