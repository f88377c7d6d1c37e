# SPDX-License-Identifier: Apache-2.0
"""Options of verbs that hold one run against another, and what they mean."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from steelyard.core.errors import UsageError
from steelyard.evals.comparability import MAY_DIFFER

Command = TypeVar("Command", bound=Callable[..., Any])

despite = click.option(
    "--despite",
    default="",
    envvar="STEELYARD_DESPITE",
    metavar="WHAT[,...]",
    help=f"Compare although these differ: {', '.join(MAY_DIFFER)}.",
)


def margin(says: str) -> Callable[[Command], Command]:
    """Return the option `--margin`, with its help."""
    return click.option(
        "--margin", default=None, envvar="STEELYARD_MARGIN", metavar="POINTS", help=says
    )


def aspects(text: str) -> frozenset[str]:
    """Return in what two runs may differ.

    Raises:
        UsageError: One of the words is no such aspect.
    """
    found = frozenset(filter(None, (word.strip() for word in text.split(","))))
    unknown = sorted(found - set(MAY_DIFFER))
    if unknown:
        raise UsageError(
            f"--despite does not take {unknown[0]!r}", hint=f"one of {', '.join(MAY_DIFFER)}"
        )
    return found


def share(text: str | None) -> float | None:
    """Return a margin as a share: `1pp` and `1%` are 0.01.

    Raises:
        UsageError: It is none.
    """
    if text is None:
        return None
    number = text.strip().lower().removesuffix("pp").removesuffix("%").strip()
    try:
        value = float(number) / (1 if number == text.strip().lower() else 100)
    except ValueError as error:
        raise UsageError(f"{text!r} is no margin", hint="such as 1pp, or 0.01") from error
    if not 0 <= value < 1:
        raise UsageError(f"a margin of {text!r} is no share", hint="one point is 1pp, or 0.01")
    return value
