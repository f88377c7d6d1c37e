# SPDX-License-Identifier: Apache-2.0
"""Check subjects on the terms that a command line names."""

import functools
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from steelyard.cli.progress import counter, progress
from steelyard.core.claim import Severity
from steelyard.core.dossier import Dossier
from steelyard.core.errors import UsageError
from steelyard.core.limits import Limits
from steelyard.core.policy import Policy
from steelyard.core.ports import Pool, Progress, Silent
from steelyard.flow.check import check, judge
from steelyard.flow.hub_names import PREFIX
from steelyard.flow.policies import failing_on, trusting_hub
from steelyard.flow.policies import policy as find_policy
from steelyard.flow.pools import Processes, Threads, free_cores
from steelyard.flow.profile import profile_at
from steelyard.flow.settings import Settings, settings
from steelyard.flow.subjects import locate

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


def settings_for(config: Path | None, use_file: Path | None) -> Settings:
    """Return the settings in force, with the use profile of a file of its own if there is one.

    Raises:
        UsageError: A file cannot be read, or is none of ours.
    """
    found = settings(config)
    return msgspec.structs.replace(found, use=profile_at(use_file)) if use_file else found


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
