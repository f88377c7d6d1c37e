# SPDX-License-Identifier: Apache-2.0
"""The verb `report`."""

from pathlib import Path

import click

from steelyard import report
from steelyard.cli import options, output
from steelyard.cli.catalogue import nearest
from steelyard.cli.documents import dossier_at, is_dossier
from steelyard.cli.keep import keep, store_at
from steelyard.cli.progress import progress
from steelyard.cli.verbs.check import Terms, check_one
from steelyard.core.dossier import Dossier
from steelyard.core.errors import UnreadableError, UsageError
from steelyard.core.plugins import extensions
from steelyard.flow.policies import policy as find_policy
from steelyard.flow.pools import free_cores
from steelyard.flow.settings import settings
from steelyard.report import Report


@click.command("report")
@click.argument("subject")
@click.option(
    "--as",
    "form",
    required=True,
    envvar="STEELYARD_AS",
    metavar="FORM",
    help="Rendering; `steelyard list reports` names them.",
)
@click.option(
    "-o",
    "--output",
    "target",
    type=click.Path(dir_okay=False, path_type=Path),
    default=None,
    envvar="STEELYARD_OUTPUT",
    help="File to write.  [default: stdout]",
)
@options.policy
@options.store
def command(subject: str, form: str, target: Path | None, policy: str, location: str | None) -> int:
    """Render what is known of a subject.

    SUBJECT is a dossier written by `check --json`, a digest or name already in the store, or a
    folder, file or hf:org/name@revision, which is then checked first.

    \b
    Examples:
      steelyard report ./model --as html -o model.html
      steelyard report sha256:0f518e45 --as sarif -o model.sarif
      steelyard report dossier.json --as md
    """
    chosen = _report(form)
    text = chosen.render(_dossier(subject, policy, location))
    if target is None:
        output.data(text)
    else:
        output.write(target, text)
    return 0


def _report(form: str) -> Report:
    known = {item.id: item for item in extensions(report, Report)}
    if form not in known:
        raise UsageError(f"no report {form!r}", hint=nearest(form, sorted(known)))
    return known[form]


def _dossier(subject: str, policy: str, location: str | None) -> Dossier:
    path = Path(subject)
    if is_dossier(path):
        return dossier_at(path)
    if path.exists() or subject.startswith("hf:"):
        dossier = check_one(
            subject,
            Terms(policy=find_policy(policy), settings=settings()),
            free_cores(),
            progress(),
        )
        keep(dossier, location)
        return dossier
    store = store_at(location)
    found = store.find(subject) if store is not None else None
    if found is None:
        raise UnreadableError(f"nothing is known of {subject!r}", hint=f"steelyard check {subject}")
    return found
