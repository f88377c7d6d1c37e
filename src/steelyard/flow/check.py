# SPDX-License-Identifier: Apache-2.0
"""The main job: discover, examine, judge."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from steelyard.core.dossier import Dossier
from steelyard.core.limits import Limits
from steelyard.core.policy import Policy
from steelyard.core.ports import Pool, Progress
from steelyard.core.probe import Context, Probe
from steelyard.flow.discover import discover
from steelyard.flow.examine import examine, ready_probes, written
from steelyard.flow.model import FileModel
from steelyard.flow.overrule import overrule
from steelyard.flow.settings import NOTHING_SET, Settings
from steelyard.flow.suppress import accept, accept_known, counting

if TYPE_CHECKING:
    from steelyard.flow.against import Known


def check(
    path: Path,
    policy: Policy,
    *,
    limits: Limits,
    pool: Pool,
    progress: Progress,
    settings: Settings = NOTHING_SET,
    baseline: Dossier | None = None,
    against: "Sequence[Known]" = (),
) -> Dossier:
    """Return the dossier of a folder or file; nothing of the subject runs.

    Args:
        path: Folder or file.
        policy: Judges the evidence.
        limits: Bounds on what is read.
        pool: Surveys several files at once; its workers share this process.
        progress: Is told how many bytes have been read.
        settings: Use profile, accepted findings, decisions of a person.
        baseline: An earlier dossier whose findings are known, or None.
        against: Models that its weights are held against.

    Raises:
        UnreadableError: There is nothing that could be read.
    """
    model = discover(path, limits=limits, pool=pool, progress=progress)
    return judge(
        model, policy, limits=limits, settings=settings, baseline=baseline, against=against
    )


def judge(
    model: FileModel,
    policy: Policy,
    *,
    limits: Limits,
    settings: Settings = NOTHING_SET,
    baseline: Dossier | None = None,
    against: "Sequence[Known]" = (),
    probes: Sequence[Probe] | None = None,
) -> Dossier:
    """Return the dossier of a model that was surveyed.

    Args:
        model: What was surveyed.
        policy: Judges the evidence.
        limits: Bounds on what is read.
        settings: Use profile, accepted findings, decisions of a person.
        baseline: An earlier dossier whose findings are known, or None.
        against: Models that its weights are held against.
        probes: Who looks; None for all that are known, which takes a millisecond to find out.
    """
    now = datetime.now(UTC)
    identity = model.identity()
    context = Context(limits=limits, use=settings.use)
    evidence = examine(model, ready_probes() if probes is None else probes, context, now=now)
    if against:
        from steelyard.flow.against import hold_against

        evidence += hold_against(identity, evidence, against, written(now))
    accepted = accept(identity, evidence, settings, now.date(), written(now))
    if baseline is not None:
        accepted += accept_known(identity, evidence, baseline, written(now))
    evidence += accepted
    evidence += overrule(
        identity.digest, evidence, settings.override, settings.digest, written(now)
    )
    return Dossier(subject=identity, evidence=evidence, verdict=policy.judge(counting(evidence)))
