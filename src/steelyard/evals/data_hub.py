# SPDX-License-Identifier: Apache-2.0
"""Data sets of the Hugging Face hub, through its own client and cache."""

from collections.abc import Sequence
from pathlib import Path

from steelyard.core.errors import AbsentError


class HuggingFace:
    """The hub. Nothing is fetched but the files of the splits that are asked for."""

    def files(self, name: str, revision: str) -> tuple[str, Sequence[str]]:
        """Return the commit of a revision, and the names of the files it has.

        Raises:
            AbsentError: There is no such data set, or no way to ask.
        """
        from huggingface_hub import HfApi, constants

        try:
            info = HfApi(endpoint=constants.ENDPOINT).dataset_info(name, revision=revision or None)
        except _failures() as error:
            raise _absent(f"the data set '{name}'", error) from error
        return info.sha or revision, [each.rfilename for each in info.siblings or ()]

    def fetch(self, name: str, commit: str, file: str) -> Path:
        """Return the local copy of a file, fetched where there is none.

        Raises:
            AbsentError: It cannot be fetched.
        """
        from huggingface_hub import hf_hub_download

        try:
            return Path(hf_hub_download(name, file, repo_type="dataset", revision=commit))
        except _failures() as error:
            raise _absent(f"'{file}' of the data set '{name}'", error) from error


def _failures() -> tuple[type[Exception], ...]:
    """Return what huggingface_hub raises where the hub, or the way to it, fails."""
    from huggingface_hub import errors

    return (
        OSError,
        errors.HTTPError,  # type: ignore[attr-defined]  # of the HTTP library it was built with
        errors.EntryNotFoundError,
        errors.HFValidationError,
    )


def _absent(what: str, error: Exception) -> AbsentError:
    reason = str(error).strip().partition("\n")[0] or type(error).__name__
    return AbsentError(
        f"{what} cannot be fetched: {reason}",
        "Put its files into a folder, and name the folder with --data",
    )
