# SPDX-License-Identifier: Apache-2.0
"""Python source: kept as text, parsed to its syntax tree on demand, never compiled or run."""

import ast
import re
import warnings

from steelyard.core.errors import LimitError, MalformedError
from steelyard.formats.port import Budget, Format, Glimpse
from steelyard.formats.source import Source
from steelyard.formats.text import Text
from steelyard.formats.text import read as read_text

LONGEST = 512 << 10  # characters; the longest modules of transformers have 300,000
_SUFFIXES = frozenset({"py", "pyi", "pyw"})
_INTERPRETER = re.compile(rb"#![^\n]{0,80}python")
_CODING = re.compile(r"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
_PLAIN = frozenset({"utf8", "ascii", "latin1", "iso88591", "cp1252", "usascii", "utf8sig"})


class PythonSource(Text, frozen=True, kw_only=True):
    """The text of a Python module."""


def read(source: Source, budget: Budget) -> PythonSource:
    """Decode a module; only the first `text_bytes` of it, if it is longer."""
    text = read_text(source, budget)
    return PythonSource(
        text=text.text,
        encoding=text.encoding,
        incomplete=text.incomplete,
        incomplete_at=text.incomplete_at,
    )


def parse(text: str) -> ast.Module:
    """Return the syntax tree of a module.

    Raises:
        MalformedError: It is no Python of the version that runs this.
        LimitError: It is too long, or nested too deep.
    """
    if len(text) > LONGEST:
        raise LimitError(f"module of {len(text):,} characters, more than {LONGEST:,}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except SyntaxError as error:
        raise MalformedError(f"no Python from line {error.lineno or 1} on") from error
    except ValueError as error:
        raise MalformedError("no Python: it has null bytes") from error
    except (RecursionError, MemoryError) as error:
        raise LimitError("module nested too deep to be parsed") from error


def odd_encoding(text: str) -> str:
    """Return the encoding that a module declares, if its text then differs from what is seen here.

    Source:
        PEP 263; `utf-7` or `unicode_escape` turn what looks like a comment into code.
    """
    for line in text.splitlines()[:2]:
        if found := _CODING.match(line):
            plain = re.sub(r"[-_.]", "", found[1].lower())
            return "" if plain in _PLAIN else found[1]
    return ""


def _is_python(glimpse: Glimpse) -> bool:
    if b"\0" in glimpse.head or not glimpse.head:
        return False
    return glimpse.suffix in _SUFFIXES or _INTERPRETER.match(glimpse.head) is not None


PYTHON = Format(id="python", title="Python source", rank=45, matches=_is_python, read=read)
