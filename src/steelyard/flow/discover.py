# SPDX-License-Identifier: Apache-2.0
"""Discover a subject: list its files, survey them, give it its digest."""

import functools
from pathlib import Path

from steelyard.core.errors import UnreadableError
from steelyard.core.limits import Limits
from steelyard.core.ports import Pool, Progress
from steelyard.core.subject import Skipped
from steelyard.flow.model import FileModel, Surveyed
from steelyard.flow.survey import Entry, survey
from steelyard.flow.walk import walk


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
    if not entries:
        reason = f"only {skipped[0].reason}" if skipped else "it is empty"
        raise UnreadableError(
            f"{str(path)!r} holds no file that can be read: {reason}",
            hint="name the folder or file that holds the model",
        )
    progress.begin("reading", sum(entry.size for entry in entries))
    surveyed: list[Surveyed] = []
    for result in pool.map(functools.partial(survey, limits=limits, progress=progress), entries):
        if isinstance(result, Surveyed):
            surveyed.append(result)
        else:
            skipped.append(result)
    progress.end()
    return FileModel(shown_name(path), surveyed, skipped)


def shown_name(path: Path) -> str:
    """Return a name for people: of a snapshot in a hub cache `org/name`, else the last component."""
    path = path.resolve()
    repository = path.parent.parent.name
    if path.parent.name == "snapshots" and repository.startswith("models--"):
        return repository.removeprefix("models--").replace("--", "/")
    return path.name
