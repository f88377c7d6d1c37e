# SPDX-License-Identifier: Apache-2.0
"""The verb `check`."""

import functools

import click
import msgspec

from steelyard.cli import options, output
from steelyard.cli.keep import keep
from steelyard.cli.progress import progress
from steelyard.core.dossier import Dossier
from steelyard.core.limits import Limits
from steelyard.core.policy import Outcome, Policy, worst
from steelyard.core.ports import Progress, Silent
from steelyard.flow.check import check
from steelyard.flow.hub import resolve
from steelyard.flow.policies import policy as find_policy
from steelyard.flow.pools import Processes, Threads, free_cores
from steelyard.report import json, terminal

EXIT_CODES = {Outcome.PASS: 0, Outcome.WARN: 0, Outcome.FAIL: 1, Outcome.UNKNOWN: 3}


@click.command("check")
@click.argument("subjects", metavar="SUBJECT...", nargs=-1, required=True)
@options.policy
@options.as_json
@options.store
@options.jobs
def command(
    subjects: tuple[str, ...], policy: str, as_json: bool, location: str | None, jobs: int | None
) -> int:
    """Look at the files of a model and judge them; nothing of it runs.

    SUBJECT is a folder, a file, or hf:org/name@revision. Several are examined side by side.

    \b
    Examples:
      steelyard check ./model
      steelyard check ./model --policy commercial --json > dossier.json
      steelyard check ./models/*
    """
    rule_book = find_policy(policy)
    workers = jobs or free_cores()
    if len(subjects) == 1:
        dossiers = [examine(subjects[0], rule_book, workers, progress())]
    else:
        alone = functools.partial(examine, policy=rule_book, workers=1, watched=Silent())
        dossiers = list(Processes(workers).map(alone, subjects))
    show(dossiers, as_json)
    for dossier in dossiers:
        keep(dossier, location)
    return EXIT_CODES[worst(dossier.verdict.outcome for dossier in dossiers)]


def examine(subject: str, policy: Policy, workers: int, watched: Progress) -> Dossier:
    """Return the dossier of one subject.

    Raises:
        SteelyardError: It cannot be read.
    """
    path = resolve(subject, watched)
    try:
        return check(path, policy, limits=Limits(), pool=Threads(workers), progress=watched)
    finally:
        watched.end()


def show(dossiers: list[Dossier], as_json: bool) -> None:
    """Print the dossiers: one document, or a page of text for each."""
    if not as_json:
        for dossier in dossiers:
            output.rich(functools.partial(terminal.draw, dossier))
    elif len(dossiers) == 1:
        output.data(json.render(dossiers[0]))
    else:
        document = {"schema": "steelyard.dossiers/1", "dossiers": dossiers}
        output.data(msgspec.json.format(msgspec.json.encode(document), indent=1).decode())
