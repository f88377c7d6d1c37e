# SPDX-License-Identifier: Apache-2.0
"""The verb `check`."""

import functools
from pathlib import Path
from typing import Any

import click
import msgspec

from steelyard.cli import options, output
from steelyard.cli.checking import Terms, check_all, check_one, pool_of, rule_book, settings_for
from steelyard.cli.documents import dossier_at
from steelyard.cli.exits import EXIT_CODES, INTERRUPTED
from steelyard.cli.keep import keep
from steelyard.cli.progress import progress
from steelyard.core.dossier import Dossier
from steelyard.core.errors import UsageError
from steelyard.core.policy import worst
from steelyard.flow.policies import policy as find_policy
from steelyard.flow.pools import free_cores
from steelyard.flow.settings import NOTHING_SET, with_texts
from steelyard.report import json


class _Options(msgspec.Struct, frozen=True, kw_only=True):
    """The options of the verb, as its help explains them."""

    policy: str
    fail_on: str | None
    config: Path | None
    licence_texts: str | None
    use_file: Path | None
    baseline: Path | None
    against: tuple[str, ...]
    as_json: bool
    location: str | None
    headers: bool
    trust_hub: bool
    each: bool
    fresh: bool
    jobs: int | None
    pool: str


@click.command("check")
@click.argument("subjects", metavar="SUBJECT...", nargs=-1, required=True)
@options.policy
@options.fail_on
@options.config
@options.licence_texts
@options.use
@options.baseline
@options.against
@options.as_json
@options.store
@options.headers
@options.trust_hub
@options.each
@options.fresh
@options.jobs
@options.pool
def command(
    subjects: tuple[str, ...],
    **said: Any,  # noqa: ANN401 - those of _Options
) -> int:
    """Look at the files of a model and judge them; nothing of it runs.

    SUBJECT is a folder, a file, or hf:org/name@revision. Several are examined side by side. With
    --each it is a folder of models or a hub cache, and each model in it is examined. With
    --headers nothing but headers and small files is fetched from the hub; weights that nobody read
    leave it unknown what they are, unless --trust-hub takes the hub's word for it.

    \b
    Examples:
      steelyard check ./model
      steelyard check ./model --policy commercial --use use.toml
      steelyard check ./model --json > dossier.json
      steelyard check ./model --baseline dossier.json --fail-on medium
      steelyard check ./model --against ./older-model --against store
      steelyard check --each ~/.cache/huggingface/hub
    """
    chosen = _Options(**said)
    terms = _terms(chosen)
    if chosen.each:
        return _sweep(subjects, terms, chosen)
    if chosen.against:
        terms = _held_against(terms, chosen)
    workers = chosen.jobs or free_cores()
    dossiers = check_all(subjects, terms, workers, pool_of(chosen.pool, chosen.jobs))
    show(dossiers, chosen.as_json)
    for dossier in dossiers:
        keep(dossier, chosen.location)
    return EXIT_CODES[worst(dossier.verdict.outcome for dossier in dossiers)]


def _terms(said: _Options) -> Terms:
    """Return the terms of a command line.

    Raises:
        SteelyardError: Its options contradict each other, or a file cannot be read.
    """
    if said.each and said.headers:
        raise UsageError("--each takes folders, --headers models of the hub", hint="name one")
    if said.against and (said.each or said.headers):
        raise UsageError(
            "--against takes subjects one by one, and reads their weights",
            hint="leave out --each, or --headers",
        )
    found = settings_for(said.config, said.use_file)
    return Terms(
        policy=rule_book(said.policy, said.fail_on, trust_hub=said.trust_hub),
        settings=with_texts(found, said.licence_texts) if said.licence_texts else found,
        baseline=dossier_at(said.baseline) if said.baseline else None,
        headers=said.headers,
    )


def _sweep(roots: tuple[str, ...], terms: Terms, said: _Options) -> int:
    """Check every model below some folders, and return the exit code."""
    from steelyard.cli.each import check_each, sweep_of

    sweep = sweep_of(roots, terms, said.location, fresh=said.fresh, wanted=said.as_json)
    outcome = check_each(sweep, pool_of(said.pool, said.jobs), said.policy, as_json=said.as_json)
    return INTERRUPTED if outcome is None else EXIT_CODES[outcome]


def _held_against(terms: Terms, said: _Options) -> Terms:
    """Return the terms with the models that weights are held against.

    Raises:
        SteelyardError: There are none, or one of them cannot be read.
    """
    from steelyard.cli.against import others

    plainly = functools.partial(_plainly, said.jobs or free_cores())
    known = tuple(others(said.against, said.location, plainly))
    if not known:
        raise UsageError(
            "there is no sketch to hold weights against", hint="check other models first"
        )
    return msgspec.structs.replace(terms, against=known)


def _plainly(workers: int, subject: str) -> Dossier:
    """Return the dossier of a model that others are held against."""
    return check_one(
        subject, Terms(policy=find_policy("baseline"), settings=NOTHING_SET), workers, progress()
    )


def show(dossiers: list[Dossier], as_json: bool) -> None:
    """Print the dossiers: one document, or a page of text for each."""
    if not as_json:
        from steelyard.report import terminal

        for dossier in dossiers:
            output.page(functools.partial(terminal.lines, dossier))
    elif len(dossiers) == 1:
        output.data(json.render(dossiers[0]))
    else:
        document = {"schema": "steelyard.dossiers/1", "dossiers": dossiers}
        output.data(msgspec.json.format(msgspec.json.encode(document), indent=1).decode())
