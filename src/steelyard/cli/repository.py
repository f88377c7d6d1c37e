# SPDX-License-Identifier: Apache-2.0
"""Where a model lies in the repository that holds it."""

from pathlib import Path


def folder_in_repository(subject: Path) -> str:
    """Return the model's folder relative to the root of its repository, with `/`; empty at the root.

    Without a repository it is relative to the current folder, and empty where it lies outside of it.

    Args:
        subject: Folder or file that holds the model.
    """
    lies = subject.resolve()
    folder = lies if lies.is_dir() else lies.parent
    repository = next((up for up in (folder, *folder.parents) if (up / ".git").exists()), None)
    root = repository or Path.cwd()
    if not folder.is_relative_to(root):
        return ""
    inside = folder.relative_to(root).as_posix()
    return "" if inside == "." else inside
