# SPDX-License-Identifier: Apache-2.0
"""The verb `eval`."""

import functools
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import msgspec

from steelyard.cli import comparing, options, output, settling
from steelyard.cli.checking import Terms, check_one, pool_of
from steelyard.cli.exits import EXIT_CODES
from steelyard.cli.keep import NOWHERE, keep
from steelyard.cli.progress import counter, progress
from steelyard.cli.run_folder import write_run
from steelyard.cli.sizes import Size
from steelyard.core.digest import digest_of
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
from steelyard.flow.engines import open_engine
from steelyard.flow.evaluate import Subject, evaluate, testified
from steelyard.flow.policies import policy as find_policy
from steelyard.flow.pools import free_cores
from steelyard.flow.runs import prepare, runs_folder
from steelyard.flow.served import ENDPOINT, served
from steelyard.flow.settings import settings as project_settings
from steelyard.flow.sharding import Opening
from steelyard.flow.subjects import locate
from steelyard.flow.tasks import Picked, Wanted, opened, pick
from steelyard.flow.until_settled import Against, evaluate_until_settled
from steelyard.report import json
from steelyard.report.evaluation.terminal import draw_run, draw_verdict
from steelyard.stores.scores import ScoreStore

_SCORES = "scores.sqlite"


class _Options(msgspec.Struct, frozen=True, kw_only=True):
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


@click.command("eval")
@click.argument("subject")
@click.option(
    "--task",
    "names",
    multiple=True,
    envvar="STEELYARD_TASK",
    metavar="NAME|FILE[,...]",
    help="Tasks, groups, tags, patterns or YAML files; `steelyard list tasks` names them.",
)
@click.option(
    "--tasks-from",
    "folders",
    multiple=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    envvar="STEELYARD_TASKS_FROM",
    metavar="DIR",
    help="Further tasks: a folder of YAML files, or an lm-evaluation-harness checkout.",
)
@click.option(
    "--questions",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    envvar="STEELYARD_QUESTIONS",
    metavar="FILE",
    help="Your own questions: CSV, JSONL or Parquet with question, choices and answer; or a text.",
)
@click.option(
    "--lock",
    type=click.Path(dir_okay=False, path_type=Path),
    default=None,
    envvar="STEELYARD_LOCK",
    metavar="FILE",
    help="Pin the data here, and refuse other bytes.  [default: ./steelyard.lock if it is there]",
)
@click.option(
    "--data",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=Path(),
    envvar="STEELYARD_DATA",
    metavar="DIR",
    help="Folder the tasks' data lies in.  [default: the current folder]",
)
@click.option(
    "--limit",
    type=click.FloatRange(min=0, min_open=True),
    default=None,
    envvar="STEELYARD_LIMIT",
    metavar="N",
    help="Samples of each task, from the first; below 1 it is a share.  [default: all]",
)
@click.option(
    "--num-fewshot",
    type=click.IntRange(min=0),
    default=None,
    envvar="STEELYARD_NUM_FEWSHOT",
    metavar="N",
    help="Examples before each question.  [default: as the task says]",
)
@click.option(
    "--engine",
    default="",
    envvar="STEELYARD_ENGINE",
    metavar="NAME",
    help="llama, transformers or openai.  [default: the one that suits]",
)
@click.option("--dtype", default="", envvar="STEELYARD_DTYPE", help="float32 or bfloat16.")
@click.option(
    "--threads",
    type=click.IntRange(min=1),
    default=None,
    envvar="STEELYARD_THREADS",
    metavar="N",
    help="Threads of the engine; for a server, requests at once.  [default: one per free core]",
)
@click.option(
    "--device", default="", envvar="STEELYARD_DEVICE", help="cpu or cuda.  [default: what is there]"
)
@click.option(
    "--model", default="", envvar="STEELYARD_MODEL", help="Name of the model behind a server."
)
@click.option(
    "--chat", is_flag=True, envvar="STEELYARD_CHAT", help="Put questions by the model's template."
)
@click.option(
    "--multiturn",
    is_flag=True,
    envvar="STEELYARD_MULTITURN",
    help="With --chat: examples are turns of the conversation.",
)
@click.option(
    "--system", default="", envvar="STEELYARD_SYSTEM", help="Instruction before everything."
)
@click.option(
    "--seed",
    type=int,
    default=1234,
    show_default=True,
    envvar="STEELYARD_SEED",
    help="Of the examples that are drawn.",
)
@click.option(
    "--allow-functions",
    is_flag=True,
    envvar="STEELYARD_ALLOW_FUNCTIONS",
    help="Run the Python functions of task files, in a process of their own.",
)
@click.option(
    "--load-anyway",
    is_flag=True,
    envvar="STEELYARD_LOAD_ANYWAY",
    help="Load a model although its check failed.",
)
@click.option(
    "--pack",
    type=click.IntRange(min=16),
    default=512,
    show_default=True,
    envvar="STEELYARD_PACK",
    metavar="N",
    help="Tokens computed in one pass at most; scores do not depend on it.",
)
@click.option(
    "--memory",
    type=Size(),
    default=None,
    envvar="STEELYARD_MEMORY",
    metavar="SIZE",
    help="Memory to use at most, weights included, such as 8GiB; what does not fit is refused"
    " before it is computed.  [default: what is free]",
)
@click.option(
    "--scores",
    default=None,
    envvar="STEELYARD_SCORES",
    metavar="FILE|none",
    help="Where what was computed is kept.  [default: your data folder]",
)
@click.option(
    "--pool",
    type=click.Choice(["none", "processes", "ray"]),
    default="none",
    show_default=True,
    envvar="STEELYARD_POOL",
    help="Where work is shared out, each worker with the model loaded; ray needs the extra `scale`.",
)
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=None,
    envvar="STEELYARD_JOBS",
    metavar="N",
    help="Workers of --pool.  [default: one per free core]",
)
@click.option(
    "--against",
    default=None,
    envvar="STEELYARD_AGAINST",
    metavar="RUN",
    help="Ask in a random order, and stop once it is settled how this compares with an earlier run.",
)
@comparing.margin("With --against: stop once it is settled whether a score is worse by more.")
@comparing.despite
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=None,
    envvar="STEELYARD_OUT",
    metavar="DIR",
    help="Where the run is written, with its page and lm-eval's files.  [default: your data folder]",
)
@click.option(
    "--policy",
    default=None,
    envvar="STEELYARD_POLICY",
    metavar="NAME|FILE",
    help="Policy that judges all evidence.  [default: baseline; for a server none]",
)
@options.as_json
@options.store
def command(
    subject: str,
    policy: str | None,
    as_json: bool,
    location: str | None,
    **said: Any,  # noqa: ANN401 - those of _Options
) -> int:
    """Run a model on tasks, and record what it scores.

    SUBJECT is a GGUF file, a folder with config.json and safetensors, hf:org/name@revision, or the
    address of a server such as http://localhost:8000/v1. Tasks are those of lm-evaluation-harness,
    read as they are; all that they share is computed once. What was computed is kept: the same
    command goes on where it was interrupted.

    \b
    Examples:
      steelyard eval model.gguf --task truthfulqa_mc1 --data ./data --limit 100
      steelyard eval ./model --task mmlu --dtype bfloat16 --out ./run
      steelyard eval ./model --task my_task.yaml --tasks-from ~/lm-evaluation-harness
      steelyard eval model.gguf --questions my.csv
      steelyard eval http://localhost:8000/v1 --model mine --task gsm8k --chat
      steelyard eval new.gguf --task mmlu --against ./old-run --margin 1pp

    \b
    The exit code is that of the policy over all evidence, as for check; with --margin also that of
    the comparison, as for compare, whichever is worse.
    """
    chosen = _Options(**said)
    judge = find_policy(policy or "baseline")
    if chosen.multiturn and not chosen.chat:
        raise UsageError("--multiturn is of no use without --chat", hint="add --chat")
    against = settling.against(
        chosen.against, chosen.margin, chosen.despite, chosen.seed, chosen.out
    )
    prepare(chosen.out or runs_folder())
    wanted = _wanted(chosen)
    picked = pick(wanted)
    checked, place = _subject(subject, chosen)
    engine = open_engine(place, _wish(chosen), chosen.engine)
    try:
        dossier = checked or served(place.url, engine.card().model, judge)
        run, samples = _run(
            dossier, engine, chosen, (wanted, picked), _crew(place, chosen), against
        )
    except KeyboardInterrupt as error:
        if chosen.scores == NOWHERE:
            raise
        raise click.Abort("what was computed is kept: the same command goes on from it") from error
    finally:
        engine.close()
    folder = chosen.out or runs_folder() / _folder_name(run)
    write_run(folder, run, samples)
    dossier = testified(dossier, run, judge)
    keep(dossier, location)
    held = _held(against, run, samples)
    if as_json:
        output.data(json.render(dossier))
    else:
        output.rich(functools.partial(draw_run, run))
        if held is not None and held.outcome is not None:
            output.rich(functools.partial(draw_verdict, held))
        output.hint(f"{folder / 'report.html'} shows each sample; steelyard compare takes the run")
    # of a server there are no files that baseline could be about
    judged = None if place.url and policy is None else dossier.verdict.outcome
    return EXIT_CODES[settling.worst((judged, held.outcome if held is not None else None))]


def _held(
    against: Against | None, run: Run, samples: tuple[SampleRecord, ...]
) -> Comparison | None:
    """Return how a run compares with the one it was held against."""
    if against is None:
        return None
    margin = against.rule.margin
    return compare(against.old, (run, samples), margin=margin, despite=against.despite)


def _subject(subject: str, said: _Options) -> tuple[Dossier | None, Place]:
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


def _wanted(said: _Options) -> Wanted:
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


def _run(
    dossier: Dossier,
    engine: Engine,
    said: _Options,
    asked: tuple[Wanted, Picked],
    crew: Crew | None,
    against: Against | None,
) -> tuple[Run, tuple[SampleRecord, ...]]:
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


def _crew(place: Place, said: _Options) -> Crew | None:
    """Return who computes, where work is to be shared out; each with one thread unless told."""
    if said.pool == "none":
        return None
    workers = said.jobs or free_cores()
    wish = msgspec.structs.replace(_wish(said), threads=said.threads or 1)
    opening = Opening(
        path=str(place.path.resolve()) if place.path else "",
        url=place.url,
        digests=dict(place.digests),
        wish=wish,
        name=said.engine,
    )
    return Crew(pool=pool_of(said.pool, said.jobs), workers=workers, opening=opening)


def _wish(said: _Options) -> Wish:
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


def _folder_name(run: Run) -> str:
    asked = digest_of([run.card, [task.tokens for task in run.tasks], run.settings])
    return f"{run.subject[7:19]}-{asked[7:19]}"
