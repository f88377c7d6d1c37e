# SPDX-License-Identifier: Apache-2.0
"""What a user names: a path, or a model of the hub, `hf:org/name@revision`."""

from pathlib import Path

from steelyard.core.ports import Progress
from steelyard.flow.hub_names import PREFIX


def locate(subject: str, progress: Progress) -> Path:
    """Return the folder or file that a subject names; a snapshot of the hub is fetched if need be.

    Args:
        subject: A path, or `hf:org/name@revision`; the revision is `main` where none is given.
        progress: Is told how many bytes have been downloaded.

    Raises:
        UsageError: It begins with `hf:`, but names no model.
        UnreadableError: The hub does not have it, does not give it, or cannot be reached.
    """
    if not subject.startswith(PREFIX):
        return Path(subject)
    from steelyard.flow.hub import snapshot

    return snapshot(subject, progress)
