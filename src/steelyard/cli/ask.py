# SPDX-License-Identifier: Apache-2.0
"""Ask somebody at a terminal, one question after the other, and take what can be taken for an answer."""

import re
from collections.abc import Callable, Iterable

import click
import msgspec

from steelyard.cli import output
from steelyard.core.errors import UsageError
from steelyard.core.use import Use
from steelyard.flow.profile import profile
from steelyard.knowledge.questions import Kind, Question

_YES, _NO = frozenset({"y", "yes", "true"}), frozenset({"n", "no", "false"})
_FIGURE = re.compile(r"(\d+(?:\.\d+)?)(k|m|b|bn)?")
_TIMES = {"": 1, "k": 10**3, "m": 10**6, "b": 10**9, "bn": 10**9}
_FORM: dict[Kind, str] = {
    "yes-no": "y/n",
    "figure": "number",
    "place": "place",
    "places": "places",
    "words": "word",
    "name": "name",
}


def answered(ask: Callable[[Use], Iterable[Question]], known: Use) -> Use:
    """Return a profile with the answers of somebody; what he leaves empty stays not known.

    Args:
        ask: Yields what matters, given what is known.
        known: What is known already.
    """
    asked: set[str] = set()
    while question := next((one for one in ask(known) if one.key not in asked), None):
        asked.add(question.key)
        known = _answer(question, known)
    return known


def _answer(question: Question, known: Use) -> Use:
    """Return a profile with the answer to one question, asked again until it makes sense."""
    output.aside(f"\n{question.ask}\n  matters for: {'; '.join(question.because)}")
    while True:
        said = click.prompt(
            f"  {question.key} [{_FORM[question.kind]}, or empty]",
            default="",
            show_default=False,
            err=True,
        )
        if not str(said).strip():
            return known
        try:
            value = taken(str(said), question.kind)
            given = {k: v for k, v in msgspec.to_builtins(known).items() if v is not None}
            return profile({**given, question.key: value}, "your answer")
        except UsageError as error:
            output.aside(f"  {error.message}; {error.hint}")


def taken(said: str, kind: Kind) -> object:
    """Return what an answer means.

    Args:
        said: The answer, not empty.
        kind: What was asked for.

    Raises:
        UsageError: It means nothing.

    Example:
        >>> taken("y", "yes-no"), taken("1.5M", "figure"), taken("EU, US", "places")
        (True, 1500000, ['EU', 'US'])
    """
    plain = said.strip()
    if kind == "yes-no":
        word = plain.lower()
        if word in _YES | _NO:
            return word in _YES
        raise UsageError(f"{plain!r} is neither yes nor no", hint="say y or n")
    if kind == "figure":
        match = _FIGURE.fullmatch(re.sub(r"[\s,_$]", "", plain.lower()))
        if match:
            return int(float(match[1]) * _TIMES[match[2] or ""])
        raise UsageError(f"{plain!r} is no number", hint="such as 250000, 250k or 1.5M")
    if kind == "places":
        return [word for word in re.split(r"[\s,;]+", plain) if word]
    return plain
