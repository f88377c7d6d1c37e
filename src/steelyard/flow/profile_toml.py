# SPDX-License-Identifier: Apache-2.0
"""Write a use profile as the table `[use]` of a TOML document, and leave the rest of it as it stands."""

import json
import re

import msgspec

from steelyard.core.use import Use

_TABLE = re.compile(r"^[ \t]*\[use\][^\n]*\n(?:(?![ \t]*\[)[^\n]*(?:\n|\Z))*", re.MULTILINE)
_LEAD = "# What the models are to be used for; a key that is left out is not known."


def with_profile(document: str, use: Use) -> str:
    r"""Return a TOML document whose table `[use]` is that of a profile.

    Example:
        >>> print(with_profile("[use]\nmau = 1\n", Use(mau=5, commercial=True)), end="")
        [use]
        # What the models are to be used for; a key that is left out is not known.
        commercial = true
        mau = 5
    """
    table = _table(use)
    if _TABLE.search(document):
        return _TABLE.sub(lambda found: table + _blank_lines_of(found[0]), document, count=1)
    gap = "\n" if document.strip() else ""
    return f"{document.rstrip()}\n{gap}{table}" if document.strip() else table


def _blank_lines_of(text: str) -> str:
    return "\n" * (len(text) - len(text.rstrip("\n")) - 1)


def _table(use: Use) -> str:
    given = ((key, value) for key, value in msgspec.to_builtins(use).items() if value is not None)
    lines = ["[use]", _LEAD, *(f"{key} = {_value(value)}" for key, value in given)]
    return "\n".join(lines) + "\n"


def _value(value: object) -> str:
    """Return a value as TOML 1.0 has it; its basic strings are those of JSON, but for DEL."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
