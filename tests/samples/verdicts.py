# SPDX-License-Identifier: Apache-2.0
"""The verdict on a file, as whoever asks `steelyard check` gets it."""

from pathlib import Path

from steelyard.core.limits import Limits
from steelyard.core.policy import Outcome
from steelyard.core.ports import Silent
from steelyard.flow.check import check
from steelyard.flow.policies import policy
from steelyard.flow.pools import Serial


def verdict(folder: Path, name: str, data: bytes) -> Outcome:
    """Return the outcome of a check of one file by the baseline policy.

    Args:
        folder: Where the file may be written.
        name: Its name.
        data: What it holds.
    """
    path = folder / name
    path.write_bytes(data)
    return verdict_on(path)


def verdict_on(path: Path) -> Outcome:
    """Return the outcome of a check of a file or folder by the baseline policy."""
    dossier = check(path, policy("baseline"), limits=Limits(), pool=Serial(), progress=Silent())
    return dossier.verdict.outcome
