# SPDX-License-Identifier: Apache-2.0
"""The verb `check`."""

import functools
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from steelyard.cli import options, output
from steelyard.cli.documents import dossier_at
from steelyard.cli.exits import EXIT_CODES, INTERRUPTED
from steelyard.cli.keep import keep
from steelyard.cli.progress import counter, progress
from steelyard.core.claim import Severity
from steelyard.core.dossier import Dossier
from steelyard.core.errors import UsageError
from steelyard.core.limits import Limits
from steelyard.core.policy import Policy, worst
from steelyard.core.ports import Pool, Progress, Silent
from steelyard.flow.check import check, judge
from steelyard.flow.policies import failing_on, trusting_hub
from steelyard.flow.policies import policy as find_policy
from steelyard.flow.pools import Processes, Threads, free_cores
from steelyard.flow.profile import profile_at
from steelyard.flow.settings import NOTHING_SET, Settings, settings, with_texts
from steelyard.flow.subjects import PREFIX, locate
from steelyard.report import json

if TYPE_CHECKING:
    from steelyard.flow.against import Known

_AT_ONCE = 8  # files that are fetched at once, most of which wait for the hub


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """On what terms subjects are checked.

    Attributes:
        policy: Judges the evidence.
        settings: Findings that somebody accepted.
        baseline: An earlier dossier whose findings are known, or None.
        headers: Whether to read models of the hub without their weights.
        against: Models that weights are held against.
    """

    policy: Policy
    settings: Settings
    baseline: Dossier | None = None
    headers: bool = False
    against: "tuple[Known, ...]" = ()


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
    policy: str,
    fail_on: str | None,
    config: Path | None,
    licence_texts: str | None,
    use_file: Path | None,
    baseline: Path | None,
    against: tuple[str, ...],
    as_json: bool,
    location: str | None,
    headers: bool,
    trust_hub: bool,
    each: bool,
    fresh: bool,
    jobs: int | None,
    pool: str,
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
    found = settings_for(config, use_file)
    terms = Terms(
        policy=rule_book(policy, fail_on, trust_hub=trust_hub),
        settings=with_texts(found, licence_texts) if licence_texts else found,
        baseline=dossier_at(baseline) if baseline else None,
        headers=headers,
    )
    workers = pool_of(pool, jobs)
    if each and headers:
        raise UsageError("--each takes folders, --headers models of the hub", hint="name one")
    if against and (each or headers):
        raise UsageError(
            "--against takes subjects one by one, and reads their weights",
            hint="leave out --each, or --headers",
        )
    if each:
        from steelyard.cli.each import check_each, sweep_of

        sweep = sweep_of(subjects, terms, location, fresh=fresh, wanted=as_json)
        outcome = check_each(sweep, workers, policy, as_json=as_json)
        return INTERRUPTED if outcome is None else EXIT_CODES[outcome]
    if against:
        from steelyard.cli.against import others

        known = tuple(others(against, location, functools.partial(_plainly, jobs or free_cores())))
        if not known:
            raise UsageError(
                "there is no sketch to hold weights against", hint="check other models first"
            )
        terms = msgspec.structs.replace(terms, against=known)
    dossiers = check_all(subjects, terms, jobs or free_cores(), workers)
    show(dossiers, as_json)
    for dossier in dossiers:
        keep(dossier, location)
    return EXIT_CODES[worst(dossier.verdict.outcome for dossier in dossiers)]


def settings_for(config: Path | None, use_file: Path | None) -> Settings:
    """Return the settings in force, with the use profile of a file of its own if there is one.

    Raises:
        UsageError: A file cannot be read, or is none of ours.
    """
    found = settings(config)
    return msgspec.structs.replace(found, use=profile_at(use_file)) if use_file else found


def _plainly(workers: int, subject: str) -> Dossier:
    """Return the dossier of a model that others are held against."""
    return check_one(
        subject, Terms(policy=find_policy("baseline"), settings=NOTHING_SET), workers, progress()
    )


def rule_book(reference: str, fail_on: str | None, *, trust_hub: bool) -> Policy:
    """Return the policy that was asked for.

    Raises:
        PolicyError: There is none.
    """
    policy = find_policy(reference)
    if trust_hub:
        policy = trusting_hub(policy)
    return failing_on(policy, Severity(fail_on)) if fail_on else policy


def pool_of(name: str, workers: int | None) -> Pool:
    """Return the pool of a name.

    Args:
        name: `processes`, `threads` or `ray`.
        workers: How many at once; None for as many as there are cores.

    Raises:
        UsageError: It is not installed.
    """
    if name == "ray":
        from steelyard.flow.ray_pool import Ray

        return Ray(workers)
    return (Threads if name == "threads" else Processes)(workers or free_cores())


def check_all(subjects: tuple[str, ...], terms: Terms, workers: int, pool: Pool) -> list[Dossier]:
    """Return the dossiers of some subjects, in their order.

    Raises:
        SteelyardError: One of them cannot be read.
    """
    if len(subjects) == 1:
        return [check_one(subjects[0], terms, workers, progress())]
    alone = functools.partial(check_one, terms=terms, workers=1, watched=Silent())
    return list(pool.map(alone, subjects))


def check_one(subject: str, terms: Terms, workers: int, watched: Progress) -> Dossier:
    """Return the dossier of one subject.

    Raises:
        SteelyardError: It cannot be read.
    """
    if terms.headers:
        return check_headers(subject, terms, workers, watched)
    try:
        return check(
            locate(subject, watched),
            terms.policy,
            settings=terms.settings,
            baseline=terms.baseline,
            against=terms.against,
            limits=Limits(),
            pool=Threads(workers),
            progress=watched,
        )
    finally:
        watched.end()


def check_headers(subject: str, terms: Terms, workers: int, watched: Progress) -> Dossier:
    """Return the dossier of a model of the hub, read without its weights.

    Raises:
        SteelyardError: It is none, or cannot be read.
    """
    if not subject.startswith(PREFIX):
        raise UsageError(
            f"{subject!r} is not on the hub", hint="--headers takes hf:org/name@revision"
        )
    from steelyard.flow.hub_headers import remote

    limits = Limits()
    model = remote(subject, limits=limits, pool=Threads(max(_AT_ONCE, workers)), progress=counter())
    return judge(
        model, terms.policy, limits=limits, settings=terms.settings, baseline=terms.baseline
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
