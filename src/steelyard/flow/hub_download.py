# SPDX-License-Identifier: Apache-2.0
"""Download a snapshot of the hub into the local hub cache, through huggingface_hub."""

from pathlib import Path
from typing import Any

from steelyard.core.errors import UnreadableError
from steelyard.core.ports import Progress
from steelyard.flow.jobs import Abandoned, apart


class _Teller:
    """Passes progress on, until nobody waits for the download any more."""

    def __init__(self, progress: Progress) -> None:
        self.wanted = True
        self._progress = progress

    def advance(self, units: float | None) -> None:
        """Tell of bytes that have come in, or end the work of the thread that tells."""
        if not self.wanted:
            raise Abandoned
        self._progress.advance(int(units or 0))


def fetch(repository: str, revision: str, progress: Progress) -> Path:
    """Download what is not in the cache yet and return the folder of the snapshot.

    HF_HOME, HF_HUB_CACHE, HF_ENDPOINT, HF_TOKEN and HF_HUB_OFFLINE hold, as huggingface_hub documents
    them. An interrupt ends the waiting at once; files that are half there are completed next time.

    Args:
        repository: `org/name`.
        revision: Branch, tag or commit.
        progress: Is told how many bytes have been downloaded.

    Raises:
        UnreadableError: The hub does not have it, does not give it, or cannot be reached.
    """
    teller = _Teller(progress)
    try:
        return apart(lambda: _fetch(repository, revision, progress, teller))
    except failures() as error:
        raise unreadable(repository, revision, error) from error
    finally:
        teller.wanted = False
        progress.end()


def _fetch(repository: str, revision: str, progress: Progress, teller: _Teller) -> Path:
    from huggingface_hub import HfApi, constants, snapshot_download

    endpoint = constants.ENDPOINT
    info = HfApi(endpoint=endpoint).model_info(repository, revision=revision, files_metadata=True)
    total = sum(file.size or 0 for file in info.siblings or ())
    progress.begin(f"downloading {repository}", total)
    folder = snapshot_download(
        repository,
        revision=revision,
        cache_dir=constants.HF_HUB_CACHE,
        endpoint=endpoint,
        tqdm_class=_bar(teller),
    )
    return Path(folder)


def _bar(teller: _Teller) -> Any:  # noqa: ANN401 - a class made for this download, of untyped tqdm
    """Return a progress bar that shows nothing and tells of the bytes that were written."""
    from huggingface_hub.utils.tqdm import tqdm

    class Bar(tqdm):
        """One of three: bytes received, bytes written, files done."""

        def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
            self._tells = kwargs.get("unit") == "B" and kwargs.get("desc") != "Downloading bytes"
            super().__init__(*args, **{**kwargs, "disable": True})  # type: ignore[no-untyped-call]

        def update(self, n: float | None = 1) -> None:
            """Tell of progress."""
            teller.advance(n if self._tells else 0)

    return Bar


def failures() -> tuple[type[Exception], ...]:
    """Return what huggingface_hub raises where the hub, or the way to it, fails."""
    from huggingface_hub import errors

    return (
        OSError,
        errors.HTTPError,  # type: ignore[attr-defined]  # of the HTTP library it was built with
        errors.EntryNotFoundError,
        RuntimeError,  # what hf_xet raises when its own transfer fails
    )


def unreadable(repository: str, revision: str, error: Exception) -> UnreadableError:
    """Return what an error of huggingface_hub means to a user."""
    from huggingface_hub import constants, errors

    name = f"hf:{repository}@{revision}"
    status = error.response.status_code if isinstance(error, errors.HfHubHTTPError) else 0
    if isinstance(error, errors.GatedRepoError) or status == 403:
        return UnreadableError(
            f"the hub does not give {name!r} to everybody",
            hint=f"accept its terms at {constants.ENDPOINT}/{repository}, then: hf auth login",
        )
    if isinstance(error, errors.RepositoryNotFoundError) or status == 401:
        return UnreadableError(
            f"the hub has no model {repository!r}, or does not show it to you",
            hint="check the name; for a private model: hf auth login",
        )
    if isinstance(error, errors.RevisionNotFoundError):
        return UnreadableError(
            f"{repository!r} has no revision {revision!r}", hint="name a branch, tag or commit"
        )
    if status:
        return UnreadableError(f"the hub answers {status} to {name!r}", hint="try again later")
    return _not_there(name, repository, error)


def _not_there(name: str, repository: str, error: Exception) -> UnreadableError:
    from huggingface_hub import constants, errors

    if constants.HF_HUB_OFFLINE or isinstance(error, errors.OfflineModeIsEnabled):
        return UnreadableError(
            f"{name!r} is not in the local hub cache, and HF_HUB_OFFLINE keeps the hub out of reach",
            hint=f"unset HF_HUB_OFFLINE, or bring it there: hf download {repository}",
        )
    if isinstance(error, OSError) and error.strerror:  # of this machine: disk full, no permission
        return UnreadableError(
            f"{name!r} cannot be kept in {constants.HF_HUB_CACHE!r}: {error.strerror}",
            hint="make room, or set HF_HUB_CACHE to a folder that has it",
        )
    return UnreadableError(
        f"{name!r} is not in the local hub cache, and {constants.ENDPOINT} cannot be reached: "
        f"{type(error.__cause__ or error).__name__}",
        hint=f"check the connection, or bring it there: hf download {repository}",
    )
