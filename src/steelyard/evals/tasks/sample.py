# SPDX-License-Identifier: Apache-2.0
"""A question as it is put to a model, and one that could not be put."""

from collections.abc import Mapping
from typing import Any

import msgspec

from steelyard.core.digest import Digest
from steelyard.evals.requests import Request


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """One question of a task.

    Attributes:
        task: Id of the task.
        index: Place of its row in the split, from 0.
        digest: Of row and requests; the same question put the same way, in whichever run.
        origin: Digest of the row as it stands in the data; variations of a question share it.
        row: The row it was made of.
        target: The right answer: an index into the choices, a text, or several of either.
        choices: The options, empty where there are none.
        requests: What the model is asked, in the order in which `judge` wants the answers.
        cluster: Samples with the same one depend on each other; their own digest where none is
            known.
        slices: What results are broken down by, such as `language`.
    """

    task: str
    index: int
    digest: Digest
    origin: Digest
    row: Mapping[str, Any]
    target: Any
    choices: tuple[str, ...] = ()
    requests: tuple[Request, ...]
    cluster: str
    slices: Mapping[str, str] = {}


class Skipped(msgspec.Struct, frozen=True, kw_only=True):
    """A row that no question could be made of; it is counted as a gap, and never as wrong.

    Attributes:
        task: Id of the task.
        index: Place of its row in the split, from 0.
        reason: What is wrong with it, with file and row.
    """

    task: str
    index: int
    reason: str
