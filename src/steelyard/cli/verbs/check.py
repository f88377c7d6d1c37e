# SPDX-License-Identifier: Apache-2.0
"""The verb `check`."""

import functools
from pathlib import Path

import click
import msgspec

from steelyard.cli import options, output
from steelyard.cli.documents import dossier_at
from steelyard.cli.keep import keep
from steelyard.cli.progress import progress
from steelyard.core.claim import Severity
from steelyard.core.dossier import Dossier
from steelyard.core.limits import Limits
from steelyard.core.policy import Outcome, Policy, worst
from steelyard.core.ports import Progress, Silent
from steelyard.flow.check import check
from steelyard.flow.hub import resolve
from steelyard.flow.policies import failing_on
from steelyard.flow.policies import policy as find_policy
from steelyard.flow.pools import Processes, Threads, free_cores
from steelyard.flow.settings import Settings, settings
from steelyard.report import json, terminal

EXIT_CODES = {Outcome.PASS: 0, Outcome.WARN: 0, Outcome.FAIL: 1, Outcome.UNKNOWN: 3}


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """On what terms subjects are checked.

    Attributes:
        policy: Judges the evidence.
        settings: Findings that somebody accepted.
        baseline: An earlier dossier whose findings are known, or None.
    """

    policy: Policy
    settings: Settings
    baseline: Dossier | None = None


@click.command("check")
@click.argument("subjects", metavar="SUBJECT...", nargs=-1, required=True)
@options.policy
@options.fail_on
@options.config
@options.baseline
@options.as_json
@options.store
@options.jobs
def command(
    subjects: tuple[str, ...],
    policy: str,
    fail_on: str | None,
    config: Path | None,
    baseline: Path | None,
    as_json: bool,
    location: str | None,
    jobs: int | None,
) -> int:
    """Look at the files of a model and judge them; nothing of it runs.

    SUBJECT is a folder, a file, or hf:org/name@revision. Several are examined side by side.

    \b
    Examples:
      steelyard check ./model
      steelyard check ./model --policy commercial --json > dossier.json
      steelyard check ./model --baseline dossier.json --fail-on medium
      steelyard check ./models/*
    """
    rule_book = find_policy(policy)
    terms = Terms(
        policy=failing_on(rule_book, Severity(fail_on)) if fail_on else rule_book,
        settings=settings(config),
        baseline=dossier_at(baseline) if baseline else None,
    )
    dossiers = check_all(subjects, terms, jobs or free_cores())
    show(dossiers, as_json)
    for dossier in dossiers:
        keep(dossier, location)
    return EXIT_CODES[worst(dossier.verdict.outcome for dossier in dossiers)]


def check_all(subjects: tuple[str, ...], terms: Terms, workers: int) -> list[Dossier]:
    """Return the dossiers of some subjects, in their order.

    Raises:
        SteelyardError: One of them cannot be read.
    """
    if len(subjects) == 1:
        return [check_one(subjects[0], terms, workers, progress())]
    alone = functools.partial(check_one, terms=terms, workers=1, watched=Silent())
    return list(Processes(workers).map(alone, subjects))


def check_one(subject: str, terms: Terms, workers: int, watched: Progress) -> Dossier:
    """Return the dossier of one subject.

    Raises:
        SteelyardError: It cannot be read.
    """
    path = resolve(subject, watched)
    try:
        return check(
            path,
            terms.policy,
            settings=terms.settings,
            baseline=terms.baseline,
            limits=Limits(),
            pool=Threads(workers),
            progress=watched,
        )
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
