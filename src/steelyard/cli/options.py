# SPDX-License-Identifier: Apache-2.0
"""Options that several verbs share; each mirrors to an environment variable."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from steelyard.core.claim import Severity

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
fail_on = click.option(
    "--fail-on",
    type=click.Choice([severity.value for severity in Severity]),
    default=None,
    envvar="STEELYARD_FAIL_ON",
    help="Also fail on any finding of this severity or worse.",
)
config = click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    default=None,
    envvar="STEELYARD_CONFIG",
    metavar="FILE",
    help="Settings, such as accepted findings.  [default: ./steelyard.toml if it is there]",
)
use = click.option(
    "--use",
    "use_file",
    type=click.Path(dir_okay=False, path_type=Path),
    default=None,
    envvar="STEELYARD_USE",
    metavar="FILE",
    help="Use profile, TOML or JSON.  [default: [use] in the settings]",
)
baseline = click.option(
    "--baseline",
    type=click.Path(dir_okay=False, path_type=Path),
    default=None,
    envvar="STEELYARD_BASELINE",
    metavar="DOSSIER",
    help="Dossier written by an earlier check --json; the findings in it are known.",
)
against = click.option(
    "--against",
    multiple=True,
    envvar="STEELYARD_AGAINST",
    metavar="OLD|store",
    help="Hold the weights against those of OLD, a model, dossier or store; may be repeated.",
)
each = click.option(
    "--each",
    is_flag=True,
    envvar="STEELYARD_EACH",
    help="SUBJECT is a folder of models, or a hub cache: check each model in it.",
)
fresh = click.option(
    "--fresh",
    is_flag=True,
    envvar="STEELYARD_FRESH",
    help="With --each: read again what has not changed since it was kept.",
)
pool = click.option(
    "--pool",
    type=click.Choice(["processes", "threads", "ray"]),
    default="processes",
    show_default=True,
    envvar="STEELYARD_POOL",
    help="Where several models are examined; ray needs the extra `scale`.",
)
headers = click.option(
    "--headers",
    is_flag=True,
    envvar="STEELYARD_HEADERS",
    help="Read a model of the hub without its weights: headers and small files only.",
)
trust_hub = click.option(
    "--trust-hub",
    is_flag=True,
    envvar="STEELYARD_TRUST_HUB",
    help="With --headers: weights that were not read are what the hub says they are.",
)
