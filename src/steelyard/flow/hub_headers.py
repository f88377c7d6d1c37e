# SPDX-License-Identifier: Apache-2.0
"""A model of the hub without its weights: small files whole, of large ones what readers ask for."""

import functools
import hashlib
import re
import time
from typing import Any

import msgspec

from steelyard.core.errors import ChangedError, UnreadableError
from steelyard.core.limits import Limits
from steelyard.core.ports import Pool, Progress
from steelyard.core.subject import Artifact, Skipped
from steelyard.flow.http_ranges import Patience, RemoteFile
from steelyard.flow.hub_download import failures, unreadable
from steelyard.flow.hub_names import parse
from steelyard.flow.jobs import check_wanted
from steelyard.flow.model import FileModel, Surveyed
from steelyard.flow.names import shown
from steelyard.flow.ranges import RangeSource
from steelyard.flow.survey import survey_bytes
from steelyard.formats.nesting import parts
from steelyard.formats.port import Budget

HEADER_ONLY = "header-only"
"""Kind of `Skipped`: not all of the file was read, and its digest is the hub's claim."""

_SMALL = 4 << 20  # bytes; what has fewer is read whole
_MOST = 256 << 20  # bytes fetched of one file; headers of safetensors have at most 100 MB
_SHA256 = re.compile(r"[0-9a-f]{64}")
_REASON = "only what its structure asks for was read; its digest is what the hub says it is"


class Listed(msgspec.Struct, frozen=True):
    """A file as the hub lists it.

    Attributes:
        name: Path in the repository.
        size: In bytes.
        sha256: Of its bytes, 64 digits; empty where the hub does not say.
        blob: Git's name of its bytes, 40 digits; empty where the hub does not say.
    """

    name: str
    size: int
    sha256: str = ""
    blob: str = ""


def remote(
    subject: str,
    *,
    limits: Limits,
    pool: Pool,
    progress: Progress,
    patience: Patience | None = None,
) -> FileModel:
    """Return a model of the hub as far as its headers and small files tell.

    Files of 4 MiB and more whose SHA-256 the hub states are read where their readers look, by range
    requests. Their digest is the hub's claim, which `Model.skipped` says of each, and which is part of
    the model's digest: it is another subject than the same model read whole.

    Args:
        subject: `hf:org/name@revision`.
        limits: Bounds on what is read.
        pool: Fetches from several files at once; its workers share this process.
        progress: Is told how many files have been read.
        patience: How long to wait for the hub.

    Raises:
        UsageError: It names no model.
        UnreadableError: The hub does not have it, does not give it, or cannot be reached.
    """
    reference = parse(subject)
    patience = patience or Patience()
    listed, open_file = _listing(reference.repository, reference.revision, patience)
    look = functools.partial(_survey, open_file=open_file, limits=limits, progress=progress)
    surveyed: list[Surveyed] = []
    skipped = _too_many(listed, limits)
    progress.begin(f"reading {reference.repository}", len(listed))
    try:
        for seen, missing in pool.map(look, listed[: limits.files]):
            surveyed += seen
            skipped += missing
    finally:
        progress.end()
    if not surveyed:
        reason = f": {skipped[0].path}: {skipped[0].reason}" if skipped else ": it is empty"
        raise UnreadableError(f"{subject!r} holds no file that can be read{reason}")
    return FileModel(reference.repository, surveyed, skipped)


_Found = tuple[list[Surveyed], list[Skipped]]


def _too_many(listed: list[Listed], limits: Limits) -> list[Skipped]:
    if len(listed) <= limits.files:
        return []
    reason = f"more than {limits.files:,} entries; the rest was not read"
    return [Skipped(path="...", kind="too-many", reason=reason)]


def _listing(repository: str, revision: str, patience: Patience) -> tuple[list[Listed], Any]:
    """Return the files of a model, and what opens one of them."""
    from huggingface_hub import HfApi, constants, hf_hub_url
    from huggingface_hub.utils import (  # type: ignore[attr-defined]  # it exports them lazily
        build_hf_headers,
        get_session,
    )

    endpoint = constants.ENDPOINT
    try:
        info = HfApi(endpoint=endpoint).model_info(
            repository, revision=revision, files_metadata=True, timeout=patience.silence_s
        )
        listed = [_listed(file) for file in info.siblings or ()]
    except failures() as error:
        raise unreadable(repository, revision, error) from error
    client, headers, commit = get_session(), build_hf_headers(), info.sha or revision

    def open_file(file: Listed) -> RemoteFile:
        url = hf_hub_url(repository, file.name, revision=commit, endpoint=endpoint)
        return RemoteFile(client, failures(), url, file.size, headers=headers, patience=patience)

    return sorted(listed, key=lambda file: file.name), open_file


def _listed(sibling: Any) -> Listed:  # noqa: ANN401 - a class of huggingface_hub without a stable name
    digest = str(getattr(sibling.lfs, "sha256", "") or "")
    return Listed(
        name=str(sibling.rfilename),
        size=int(sibling.size if sibling.size is not None else -1),
        sha256=digest if _SHA256.fullmatch(digest) else "",
        blob="" if digest else str(sibling.blob_id or ""),
    )


def _survey(file: Listed, *, open_file: Any, limits: Limits, progress: Progress) -> _Found:  # noqa: ANN401
    name = shown(file.name)
    try:
        if file.size < 0:
            raise UnreadableError("the hub does not say how large it is")
        if file.size < _SMALL or not file.sha256:
            return [_whole(file, name, open_file(file), limits)], []
        return _headers(file, name, open_file(file), limits)
    except ChangedError as error:
        return [], [Skipped(path=name, kind="changed", reason=error.message)]
    except UnreadableError as error:
        return [], [Skipped(path=name, kind="unreadable", reason=error.message)]
    finally:
        progress.advance(1)


def _whole(file: Listed, name: str, opened: RemoteFile, limits: Limits) -> Surveyed:
    if file.size > _MOST:
        raise UnreadableError("the hub states no SHA-256 for it, and it is too large to be fetched")
    data = opened.fetch(0, file.size) if file.size else b""
    git = hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
    if file.sha256 not in ("", hashlib.sha256(data).hexdigest()) or file.blob not in ("", git):
        raise ChangedError("its bytes are not those whose digest the hub states")
    return survey_bytes(name, data, limits)


def _headers(file: Listed, name: str, opened: RemoteFile, limits: Limits) -> _Found:
    source = RangeSource(opened.fetch, file.size, _MOST)
    layers = tuple(parts(name, source, Budget(limits, _clock)))
    digest = f"sha256:{file.sha256}"
    artifact = Artifact(path=name, digest=digest, size=file.size, format=layers[0].format)
    return [Surveyed(artifact, layers)], [Skipped(path=name, kind=HEADER_ONLY, reason=_REASON)]


def _clock() -> float:
    check_wanted()
    return time.thread_time()
