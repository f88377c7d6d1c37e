# SPDX-License-Identifier: Apache-2.0
"""The verb `eval`."""

import functools
from pathlib import Path
from typing import Any

import click

from steelyard.cli import comparing, options, output, settling
from steelyard.cli.evaluating import (
    Options,
    crew_of,
    held_against,
    run_on,
    subject_of,
    wanted_of,
    wish_of,
)
from steelyard.cli.exits import EXIT_CODES
from steelyard.cli.keep import NOWHERE, keep
from steelyard.cli.run_folder import folder_name, write_run
from steelyard.cli.sizes import Size
from steelyard.core.errors import UsageError
from steelyard.flow.engines import open_engine
from steelyard.flow.evaluate import testified
from steelyard.flow.policies import policy as find_policy
from steelyard.flow.runs import prepare, runs_folder
from steelyard.flow.served import served
from steelyard.flow.tasks import pick
from steelyard.report import json
from steelyard.report.evaluation.terminal import draw_run, draw_verdict


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
    "--model",
    default="",
    envvar="STEELYARD_MODEL",
    help="Name of the model behind a server.  [default: its only one]",
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
    **said: Any,  # noqa: ANN401 - those of Options
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
    chosen = Options(**said)
    judge = find_policy(policy or "baseline")
    if chosen.multiturn and not chosen.chat:
        raise UsageError("--multiturn is of no use without --chat", hint="add --chat")
    against = settling.against(
        chosen.against, chosen.margin, chosen.despite, chosen.seed, chosen.out
    )
    prepare(chosen.out or runs_folder())
    wanted = wanted_of(chosen)
    picked = pick(wanted)
    checked, place = subject_of(subject, chosen)
    engine = open_engine(place, wish_of(chosen), chosen.engine)
    try:
        dossier = checked or served(place.url, engine.card().model, judge)
        run, samples = run_on(
            dossier, engine, chosen, (wanted, picked), crew_of(place, chosen), against
        )
    except KeyboardInterrupt as error:
        if chosen.scores == NOWHERE:
            raise
        raise click.Abort("what was computed is kept: the same command goes on from it") from error
    finally:
        engine.close()
    folder = chosen.out or runs_folder() / folder_name(run)
    write_run(folder, run, samples)
    dossier = testified(dossier, run, judge)
    keep(dossier, location)
    held = held_against(against, run, samples)
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
