# SPDX-License-Identifier: Apache-2.0
"""Discover a subject: list its files, survey them, give it its digest."""

import functools
import itertools
from pathlib import Path

from steelyard.core.errors import UnreadableError
from steelyard.core.limits import Limits
from steelyard.core.ports import Pool, Progress
from steelyard.core.subject import Skipped
from steelyard.flow.model import FileModel, Surveyed
from steelyard.flow.names import shown
from steelyard.flow.survey import Entry, survey
from steelyard.flow.walk import walk

_WORTH_A_THREAD = (
    256 << 10
)  # bytes; of a smaller file most of the work holds the interpreter's lock


def discover(path: Path, *, limits: Limits, pool: Pool, progress: Progress) -> FileModel:
    """Return the model that a folder or a single file is.

    Args:
        path: Folder or file; a link to one is followed.
        limits: Bounds on what is read.
        pool: Surveys several files at once; its workers share this process.
        progress: Is told how many bytes have been read.

    Raises:
        UnreadableError: There is nothing there, or it may not be read.
    """
    entries: list[Entry] = []
    skipped: list[Skipped] = []
    for found in walk(path, limits):
        if isinstance(found, Entry):
            entries.append(found)
        else:
            skipped.append(found)
    surveyed: list[Surveyed] = []
    look = functools.partial(survey, limits=limits, progress=progress)
    small = [entry for entry in entries if entry.size < _WORTH_A_THREAD]
    large = sorted(  # the largest first, lest one worker begins it when the others have done
        (entry for entry in entries if entry.size >= _WORTH_A_THREAD),
        key=lambda entry: entry.size,
        reverse=True,
    )
    progress.begin("reading", sum(entry.size for entry in entries))
    try:
        for result in itertools.chain(map(look, small), pool.map(look, large)):
            if isinstance(result, Surveyed):
                surveyed.append(result)
            else:
                skipped.append(result)
    finally:
        progress.end()
    if not surveyed:
        raise UnreadableError(
            f"{str(path)!r} holds no file that can be read{_why(skipped)}",
            hint="name the folder or file that holds the model, and check its permissions",
        )
    return FileModel(shown_name(path), surveyed, skipped)


def _why(skipped: list[Skipped]) -> str:
    if not skipped:
        return ": it is empty"
    first = skipped[0]
    more = f", and {len(skipped) - 1:,} more" if len(skipped) > 1 else ""
    return f": {first.path}: {first.reason}{more}"


def shown_name(path: Path) -> str:
    """Return a name for people: of a snapshot in a hub cache `org/name`, else the last component."""
    if path.is_file():
        return shown(path.name)
    path = path.resolve()
    repository = path.parent.parent.name
    if path.parent.name == "snapshots" and repository.startswith("models--"):
        return shown(repository.removeprefix("models--").replace("--", "/"))
    return shown(path.name) or path.anchor
