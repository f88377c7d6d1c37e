# SPDX-License-Identifier: Apache-2.0
"""Where a snapshot of the hub lies, `hf:org/name@revision`.

A snapshot that lies in the local hub cache is taken as it is, without asking the hub, so that what is
examined is what a loader on this machine would load; else it is downloaded into that cache.
"""

import re
from pathlib import Path

import msgspec

from steelyard.core.errors import UnreadableError
from steelyard.core.ports import Progress
from steelyard.flow import hub_download
from steelyard.flow.hub_names import Reference, parse

_COMMIT = re.compile(r"[0-9a-f]{40}")


class _Listing(msgspec.Struct):
    """What huggingface_hub keeps of the files of a commit, `trees/<commit>.json`."""

    files: dict[str, object]


def snapshot(subject: str, progress: Progress) -> Path:
    """Return the folder of a snapshot, from the local hub cache, or fetched into it if need be.

    Args:
        subject: `hf:org/name@revision`; the revision is `main` where none is given.
        progress: Is told how many bytes have been downloaded.

    Raises:
        UsageError: It names no model.
        UnreadableError: The hub does not have it, does not give it, or cannot be reached.
    """
    reference = parse(subject)
    here = cached(reference)
    if here is None:
        return hub_download.fetch(reference.repository, reference.revision, progress)
    missing = missing_files(here)
    if not missing:
        return here
    try:
        return hub_download.fetch(reference.repository, reference.revision, progress)
    except UnreadableError as error:
        count = f"{len(missing):,} file{'s' if len(missing) > 1 else ''}"
        raise UnreadableError(
            f"the snapshot of {subject!r} in the local hub cache lacks {count}, such as "
            f"{missing[0]!r}, which cannot be fetched: {error.message}",
            hint=f"to examine what is there, name its folder: {here}",
        ) from error


def cached(reference: Reference) -> Path | None:
    """Return the folder of a snapshot in the local hub cache, or None where there is none.

    Source:
        The cache layout as huggingface_hub documents it, "Understand caching".
    """
    from huggingface_hub import constants

    name = "models--" + reference.repository.replace("/", "--")
    repository = Path(constants.HF_HUB_CACHE) / name
    commit = reference.revision
    if not _COMMIT.fullmatch(commit):
        try:
            commit = (repository / "refs" / commit).read_text("ascii").strip()
        except (OSError, UnicodeDecodeError):
            return None
    snapshot = repository / "snapshots" / commit
    return snapshot if _COMMIT.fullmatch(commit) and snapshot.is_dir() else None


def missing_files(snapshot: Path) -> list[str]:
    """Return which files of its commit a snapshot lacks, sorted; none where that is not known.

    A download that was broken off leaves such a snapshot. Loaders that fetch only the files they
    want leave no listing: then what is there is what they load.
    """
    listing = snapshot.parent.parent / "trees" / f"{snapshot.name}.json"
    try:
        files = msgspec.json.decode(listing.read_bytes(), type=_Listing).files
    except (OSError, msgspec.MsgspecError):
        return []
    return sorted(name for name in files if not (snapshot / name).exists())
