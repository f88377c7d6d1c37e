# SPDX-License-Identifier: Apache-2.0
"""The verb `use`."""

import functools
import sys
from pathlib import Path

import click
import msgspec

from steelyard.checks.licence.use import licences_at_hand
from steelyard.cli import options, output
from steelyard.cli.ask import answered
from steelyard.cli.keep import keep
from steelyard.cli.progress import progress
from steelyard.core.errors import UsageError
from steelyard.core.limits import Limits
from steelyard.core.use import Use
from steelyard.flow.check import judge
from steelyard.flow.discover import discover
from steelyard.flow.model import FileModel
from steelyard.flow.policies import policy
from steelyard.flow.pools import Threads, free_cores
from steelyard.flow.profile_toml import with_profile
from steelyard.flow.settings import FILE_NAME, Settings, read, settings
from steelyard.flow.subjects import locate
from steelyard.knowledge.questions import questions


@click.command("use")
@click.argument("subject")
@click.option(
    "-o",
    "--output",
    "target",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path(FILE_NAME),
    show_default=True,
    envvar="STEELYARD_OUTPUT",
    help="TOML file whose table [use] is written; the rest of it stays as it stands.",
)
@options.store
def command(subject: str, target: Path, location: str | None) -> int:
    """Ask what a model is to be used for, and show what the texts say of that.

    SUBJECT is a folder, a file, or hf:org/name@revision. Only what the licences at hand make matter
    is asked; an empty answer means that it is not known. The answers are written down, so that every
    later check knows them. What the file says already is not asked again.

    \b
    Examples:
      steelyard use ./model
      steelyard use ./model -o use.toml
      steelyard check ./model --use use.toml --policy commercial
    """
    found = settings(target) if target.exists() else Settings()
    known = found.use or Use()
    model = _surveyed(subject)
    licences = licences_at_hand(model)
    if not sys.stdin.isatty():
        for question in questions(licences, known):
            output.data(f"{question.key}: {question.ask} ({'; '.join(question.because)})")
        raise UsageError(
            "there is no terminal to ask at",
            hint=f"write the keys into {str(target)!r} under [use]; steelyard explain use",
        )
    use = answered(functools.partial(questions, licences), known)
    text = with_profile(target.read_text("utf-8") if target.exists() else "", use)
    now = msgspec.structs.replace(read(text.encode(), str(target)), use=use)
    output.write(target, text)
    dossier = judge(model, policy("baseline"), limits=Limits(), settings=now)
    from steelyard.report import terminal

    output.page(functools.partial(terminal.use_lines, dossier))
    keep(dossier, location)
    return 0


def _surveyed(subject: str) -> FileModel:
    watched = progress()
    try:
        path = locate(subject, watched)
        return discover(path, limits=Limits(), pool=Threads(free_cores()), progress=watched)
    finally:
        watched.end()
