# SPDX-License-Identifier: Apache-2.0
"""Options that several verbs share; each mirrors to an environment variable."""

from collections.abc import Callable
from typing import Any

import click

Decorated = Callable[..., Any]

policy = click.option(
    "--policy",
    default="baseline",
    show_default=True,
    envvar="STEELYARD_POLICY",
    metavar="NAME|FILE",
    help="Policy that judges the evidence: a built-in one, or a TOML file.",
)
store = click.option(
    "--store",
    "location",
    default=None,
    envvar="STEELYARD_STORE",
    metavar="PATH|none",
    help="Where evidence is kept.  [default: your data folder]",
)
as_json = click.option(
    "--json",
    "as_json",
    is_flag=True,
    envvar="STEELYARD_JSON",
    help="Print one JSON document instead of text.",
)
jobs = click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=None,
    envvar="STEELYARD_JOBS",
    metavar="N",
    help="Files, or subjects, examined at once.  [default: one per free core]",
)
