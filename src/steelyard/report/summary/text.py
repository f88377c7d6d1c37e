# SPDX-License-Identifier: Apache-2.0
"""Text of the subject, made fit to be looked at."""

from steelyard.core.digest import canonical


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


def written(value: object, limit: int = 300) -> str:
    """Return the value of a fact as one line, whatever its shape.

    Args:
        value: What a probe put into a fact.
        limit: In characters, at least 1.
    """
    if isinstance(value, str):
        return clipped(shown(value), limit)
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "none"}[value]
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        return clipped(shown(", ".join(value)), limit)
    return clipped(shown(canonical(value).decode()), limit)


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
