# SPDX-License-Identifier: Apache-2.0
"""Check many models, in whatever process, and tell those that have not changed since the last time."""

import functools
import importlib.util
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

import steelyard
from steelyard.core.digest import Digest, digest_of
from steelyard.core.dossier import Dossier
from steelyard.core.limits import Limits
from steelyard.core.policy import Policy
from steelyard.core.ports import Silent
from steelyard.core.probe import Probe
from steelyard.core.subject import Skipped
from steelyard.flow.check import judge
from steelyard.flow.discover import discover
from steelyard.flow.examine import ready_probes
from steelyard.flow.model import FileModel, Stamp, stamp_of
from steelyard.flow.pools import Serial
from steelyard.flow.settings import NOTHING_SET, Settings
from steelyard.flow.walk import walk
from steelyard.formats.nesting import listed_formats

_TICK = (
    20_000_000  # ns; a file that changed this short a time ago may change again within its stamp
)
_OPTIONAL = ("lz4", "zstandard")  # packages with which more can be read


class Task(msgspec.Struct, frozen=True):
    """A model to examine.

    Attributes:
        path: Where it lies.
        files: What `Seen.files` was the last time, under the same terms; empty to read it anyway.
    """

    path: str
    files: Digest = ""


class Seen(msgspec.Struct, frozen=True):
    """What came of a model.

    Attributes:
        document: Its dossier as JSON; empty where its files are those of the last time.
        files: Tells whether its files are still the same; empty where nothing can.
    """

    document: bytes
    files: Digest


class Round(msgspec.Struct, frozen=True, kw_only=True):
    """On what terms models are examined; a call examines one.

    Attributes:
        policy: Judges the evidence.
        settings: Findings that somebody accepted.
        baseline: An earlier dossier whose findings are known, or None.
        limits: Bounds on what is read.
    """

    policy: Policy
    settings: Settings = NOTHING_SET
    baseline: Dossier | None = None
    limits: Limits = msgspec.field(default_factory=Limits)

    def __call__(self, task: Task) -> Seen:
        """Return what came of a model, without a look into files that are those of the last time.

        Raises:
            UnreadableError: There is nothing that could be read.
        """
        path = Path(task.path)
        if task.files and task.files == self._files_now(path):
            return Seen(b"", task.files)
        model = discover(path, limits=self.limits, pool=Serial(), progress=Silent())
        dossier = judge(
            model,
            self.policy,
            limits=self.limits,
            settings=self.settings,
            baseline=self.baseline,
            probes=_probes(),
        )
        return Seen(msgspec.json.encode(dossier), _files_read(model))

    def terms(self) -> Digest:
        """Return the digest of all that a dossier depends on, but the files."""
        return digest_of(
            {
                "version": steelyard.__version__,
                "probes": [(probe.id, probe.version) for probe in _probes()],
                "formats": [form.card.id for form in listed_formats()],
                "packages": [name for name in _OPTIONAL if importlib.util.find_spec(name)],
                "policy": self.policy.digest,
                "settings": self.settings.digest,
                "use": self.settings.use,
                "today": datetime.now(UTC).date().isoformat() if self.settings.suppress else "",
                "baseline": digest_of(self.baseline) if self.baseline else "",
                "limits": self.limits,
            }
        )

    def _files_now(self, path: Path) -> Digest:
        stamps: dict[str, Stamp] = {}
        skipped: list[Skipped] = []
        for found in walk(path, self.limits):
            if isinstance(found, Skipped):
                skipped.append(found)
            elif (now := stamp_of(found.path)) is not None:
                stamps[found.name] = now
        return _digest(stamps, skipped)


@functools.cache
def _probes() -> tuple[Probe, ...]:
    return tuple(ready_probes())


def _files_read(model: FileModel) -> Digest:
    """Return what tells that the files are those that were read; empty where the clock is too coarse."""
    stamps = dict(model.stamps())
    newest = max(stamp.changed_ns for stamp in stamps.values())
    return _digest(stamps, model.skipped()) if newest < time.time_ns() - _TICK else ""


def _digest(stamps: dict[str, Stamp], skipped: Sequence[Skipped]) -> Digest:
    # The number of a device may be another one after a restart, so it takes no part.
    files = sorted(
        (name, now.inode, now.size, now.modified_ns, now.changed_ns) for name, now in stamps.items()
    )
    return digest_of((files, sorted((entry.path, entry.kind) for entry in skipped)))
