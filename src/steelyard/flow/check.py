# SPDX-License-Identifier: Apache-2.0
"""The main job: discover, examine, judge."""

from datetime import UTC, datetime
from pathlib import Path

from steelyard.core.dossier import Dossier
from steelyard.core.limits import Limits
from steelyard.core.policy import Policy
from steelyard.core.ports import Pool, Progress
from steelyard.core.probe import Context
from steelyard.flow.discover import discover
from steelyard.flow.examine import examine, known_probes


def check(path: Path, policy: Policy, *, limits: Limits, pool: Pool, progress: Progress) -> Dossier:
    """Return the dossier of a folder or file; nothing of the subject runs.

    Args:
        path: Folder or file.
        policy: Judges the evidence.
        limits: Bounds on what is read.
        pool: Surveys several files at once; its workers share this process.
        progress: Is told how many bytes have been read.

    Raises:
        UnreadableError: There is nothing that could be read.
    """
    model = discover(path, limits=limits, pool=pool, progress=progress)
    context = Context(limits=limits)
    evidence = examine(model, known_probes(), context, now=datetime.now(UTC))
    return Dossier(subject=model.identity(), evidence=evidence, verdict=policy.judge(evidence))
