# SPDX-License-Identifier: Apache-2.0
"""The verb `report`."""

from pathlib import Path

import click
import msgspec

from steelyard import report
from steelyard.cli import options, output
from steelyard.cli.checking import Terms, check_one, settings_for
from steelyard.cli.documents import dossier_at, is_dossier
from steelyard.cli.keep import keep, store_at
from steelyard.cli.nearest import nearest
from steelyard.cli.progress import progress
from steelyard.cli.repository import folder_in_repository
from steelyard.core.dossier import Dossier
from steelyard.core.errors import UnreadableError, UsageError
from steelyard.core.plugins import extensions
from steelyard.flow.policies import policy as find_policy
from steelyard.flow.pools import free_cores
from steelyard.flow.suppress import counting
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
@click.option(
    "--policy",
    default=None,
    envvar="STEELYARD_POLICY",
    metavar="NAME|FILE",
    help="Judge the evidence by this policy.  [default: as it was judged, or baseline]",
)
@click.option(
    "--located",
    type=click.Path(path_type=Path),
    default=None,
    envvar="STEELYARD_LOCATED",
    metavar="PATH",
    help="Where the model lies in a repository, for paths of SARIF.  [default: SUBJECT, if a path]",
)
@options.use
@options.store
def command(
    subject: str,
    form: str,
    target: Path | None,
    policy: str | None,
    located: Path | None,
    use_file: Path | None,
    location: str | None,
) -> int:
    """Render what is known of a subject.

    SUBJECT is a dossier written by `check --json`, a digest or name already in the store, or a
    folder, file or hf:org/name@revision, which is then checked first. With --policy, what is known
    already is judged anew; its files need not be there.

    \b
    Examples:
      steelyard report ./model --as html -o model.html
      steelyard report sha256:0f518e45 --as sarif --located ./model -o model.sarif
      steelyard report dossier.json --as md --policy strict
      steelyard report ./model --as notice --use use.toml
    """
    chosen = _report(form)
    dossier = _dossier(subject, policy, use_file, location)
    if chosen.render_in is None:
        text = chosen.render(dossier)
    else:
        text = chosen.render_in(dossier, _folder(subject, located))
    if target is None:
        output.data(text)
    else:
        output.write(target, text)
    return 0


def _folder(subject: str, located: Path | None) -> str:
    """Return the model's folder in its repository; empty where it is not known where it lies."""
    path = located or Path(subject)
    known = path.exists() and (located is not None or not is_dossier(path))
    return folder_in_repository(path) if known else ""


def _report(form: str) -> Report:
    known = {item.id: item for item in extensions(report, Report)}
    if form not in known:
        raise UsageError(f"no report {form!r}", hint=nearest(form, sorted(known)))
    return known[form]


def _dossier(
    subject: str, policy: str | None, use_file: Path | None, location: str | None
) -> Dossier:
    path = Path(subject)
    known = is_dossier(path)
    if not known and (path.exists() or subject.startswith("hf:")):
        found = settings_for(None, use_file)
        terms = Terms(policy=find_policy(policy or "baseline"), settings=found)
        dossier = check_one(subject, terms, free_cores(), progress())
        keep(dossier, location)
        return dossier
    if use_file is not None:
        raise UsageError(
            "--use needs the files: what is known already was asked for another use",
            hint=f"name the folder, or steelyard check FOLDER --use {use_file} first",
        )
    return _judged(dossier_at(path) if known else _kept(subject, location), policy)


def _kept(subject: str, location: str | None) -> Dossier:
    """Return the dossier of a digest or name in the store."""
    store = store_at(location)
    found = store.find(subject) if store is not None else None
    if found is None:
        raise UnreadableError(f"nothing is known of {subject!r}", hint=f"steelyard check {subject}")
    return found


def _judged(dossier: Dossier, policy: str | None) -> Dossier:
    """Return a dossier with the verdict of another policy on the same evidence."""
    if policy is None:
        return dossier
    verdict = find_policy(policy).judge(counting(dossier.evidence))
    return msgspec.structs.replace(dossier, verdict=verdict)
