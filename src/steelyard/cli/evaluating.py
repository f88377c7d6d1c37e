# SPDX-License-Identifier: Apache-2.0
"""What the options of `eval` come to: a subject, tasks, an engine, who computes, and a run."""

import functools
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from steelyard.cli import output, settling
from steelyard.cli.checking import Terms, check_one, pool_of
from steelyard.cli.keep import NOWHERE
from steelyard.cli.progress import counter, progress
from steelyard.core.dossier import Dossier
from steelyard.core.engine import Engine, Place, Wish
from steelyard.core.errors import UsageError
from steelyard.core.policy import Outcome
from steelyard.evals.comparison import Comparison, compare
from steelyard.evals.lock import NAME as LOCK
from steelyard.evals.planner import Shape
from steelyard.evals.record import Run, SampleRecord
from steelyard.evals.tasks.settings import Settings
from steelyard.evals.tasks.task import Task
from steelyard.flow.asking import Crew
from steelyard.flow.evaluate import Subject, evaluate
from steelyard.flow.policies import policy as find_policy
from steelyard.flow.pools import free_cores
from steelyard.flow.runs import runs_folder
from steelyard.flow.served import ENDPOINT
from steelyard.flow.settings import settings as project_settings
from steelyard.flow.sharding import Opening
from steelyard.flow.subjects import locate
from steelyard.flow.tasks import Picked, Wanted, opened
from steelyard.flow.until_settled import Against, evaluate_until_settled
from steelyard.stores.scores import ScoreStore

_SCORES = "scores.sqlite"


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """The options of the verb, as its help explains them."""

    names: tuple[str, ...]
    questions: tuple[Path, ...]
    lock: Path | None
    folders: tuple[Path, ...]
    data: Path
    limit: float | None
    num_fewshot: int | None
    engine: str
    dtype: str
    threads: int | None
    device: str
    model: str
    chat: bool
    multiturn: bool
    system: str
    seed: int
    allow_functions: bool
    load_anyway: bool
    pack: int
    memory: int | None
    scores: str | None
    pool: str
    jobs: int | None
    against: str | None
    margin: str | None
    despite: str
    out: Path | None


def held_against(
    against: Against | None, run: Run, samples: tuple[SampleRecord, ...]
) -> Comparison | None:
    """Return how a run compares with the one it was held against."""
    if against is None:
        return None
    margin = against.rule.margin
    return compare(against.old, (run, samples), margin=margin, despite=against.despite)


def subject_of(subject: str, said: Options) -> tuple[Dossier | None, Place]:
    """Return what is known of a subject, and where it is; files are checked before they are loaded.

    Of a server nothing is known before it is asked.

    Raises:
        UsageError: Its check failed, and nobody said to load it all the same.
    """
    if subject.startswith(("http://", "https://")):
        return None, Place(url=subject)
    baseline = Terms(policy=find_policy("baseline"), settings=project_settings())
    dossier = check_one(subject, baseline, free_cores(), progress())
    if dossier.verdict.outcome is Outcome.FAIL and not said.load_anyway:
        raise UsageError(
            f"{subject!r} fails the policy baseline, so it is not loaded",
            hint=f"steelyard check {subject} says why; --load-anyway loads it all the same",
        )
    digests = {artifact.path: artifact.digest for artifact in dossier.subject.artifacts}
    return dossier, Place(path=locate(subject, progress()), digests=digests)


def wanted_of(said: Options) -> Wanted:
    """Return which tasks are asked for, and how they are put.

    Raises:
        UsageError: None are.
    """
    names = [name for given in said.names for name in given.split(",") if name]
    if not names and not said.questions:
        raise UsageError("there is nothing to ask", hint="name --task, or --questions of your own")
    own_lock = Path(LOCK)
    return Wanted(
        names=names,
        questions=said.questions,
        lock=said.lock or (own_lock if own_lock.exists() else None),
        folders=said.folders,
        data=said.data,
        settings=Settings(
            num_fewshot=said.num_fewshot,
            seed=said.seed,
            system=said.system,
            multiturn=said.multiturn,
            limit=said.limit,
        ),
        allow_functions=said.allow_functions,
    )


def run_on(
    dossier: Dossier,
    engine: Engine,
    said: Options,
    asked: tuple[Wanted, Picked],
    crew: Crew | None,
    against: Against | None,
) -> tuple[Run, tuple[SampleRecord, ...]]:
    """Return what came of a run.

    Args:
        dossier: What is known of the subject.
        engine: Runs it.
        said: The options.
        asked: Which tasks.
        crew: Who computes; None leaves all to `engine`.
        against: What the model is held against, to stop once that is settled.
    """
    wanted, picked = asked
    with opened(wanted, engine.chat if said.chat else None, picked) as found:
        _say(found.tasks)
        scores = _scores(said.scores, engine)
        try:
            ask = (
                evaluate
                if against is None
                else functools.partial(
                    evaluate_until_settled,
                    against=against,
                    told=settling.Teller(against.rule.margin),
                )
            )
            return ask(
                Subject(
                    name=dossier.subject.name,
                    digest=dossier.subject.digest,
                    elsewhere=dossier.subject.kind == ENDPOINT,
                ),
                engine,
                found.tasks,
                found.groups,
                settings=_recorded(wanted.settings, chat=said.chat),
                scores=scores,
                progress=counter(),
                shape=Shape(pack=said.pack),
                crew=crew,
            )
        finally:
            if scores is not None:
                scores.close()


def _say(tasks: Sequence[Task]) -> None:
    """Say what tasks ask for that has no effect, each thing once."""
    notes: dict[str, list[str]] = {}
    for task in tasks:
        for note in task.notes:
            notes.setdefault(note, []).append(task.id)
    for note, names in notes.items():
        more = f" and {len(names) - 1:,} more" if len(names) > 1 else ""
        output.aside(f"note: {names[0]}{more}: {note}")


def crew_of(place: Place, said: Options) -> Crew | None:
    """Return who computes, where work is to be shared out; each with one thread unless told."""
    if said.pool == "none":
        return None
    workers = said.jobs or free_cores()
    wish = msgspec.structs.replace(wish_of(said), threads=said.threads or 1)
    opening = Opening(
        path=str(place.path.resolve()) if place.path else "",
        url=place.url,
        digests=dict(place.digests),
        wish=wish,
        name=said.engine,
    )
    return Crew(pool=pool_of(said.pool, said.jobs), workers=workers, opening=opening)


def wish_of(said: Options) -> Wish:
    """Return how the model is to be run; the key for a server comes from the environment."""
    key = os.environ.get("STEELYARD_API_KEY") or os.environ.get("OPENAI_API_KEY") or ""
    return Wish(
        dtype=said.dtype,
        threads=said.threads,
        device=said.device,
        model=said.model,
        key=key,
        memory=said.memory,
    )


def _scores(said: str | None, engine: Engine) -> ScoreStore | None:
    if said == NOWHERE:
        return None
    path = Path(said) if said else runs_folder().parent / _SCORES
    return ScoreStore(path, engine.card())


def _recorded(settings: Settings, *, chat: bool) -> Mapping[str, str]:
    """Return what of the settings changes what is asked, in words."""
    found = {
        "limit": "all" if settings.limit is None else f"{settings.limit:g}",
        "num_fewshot": "task" if settings.num_fewshot is None else str(settings.num_fewshot),
        "seed": str(settings.seed),
    }
    if chat:
        found["chat"] = "multiturn" if settings.multiturn else "yes"
    return {**found, "system": settings.system} if settings.system else found
