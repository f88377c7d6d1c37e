# SPDX-License-Identifier: Apache-2.0
"""What passed in this process, so that nothing is looked at twice."""

import threading
from collections.abc import Mapping

import msgspec

from steelyard.core.digest import Digest
from steelyard.core.dossier import Dossier
from steelyard.core.policy import Outcome
from steelyard.core.subject import Part
from steelyard.flow.model import FileModel, Stamp
from steelyard.formats.pickle_streams import Pickle

LETS_THROUGH = (Outcome.PASS, Outcome.WARN)

_MOST = 100_000  # files and byte strings; about 50 MB

Name = Stamp | Digest
"""What stands for some bytes: the stamp of the file that holds them, or their digest."""


class Pass(msgspec.Struct, frozen=True):
    """What is known of bytes that passed.

    Attributes:
        format: By content.
        starts: Offsets at which a pickle of a row begins, or the row ends.
    """

    format: str
    starts: frozenset[int] = frozenset((0,))


class Passes:
    """A memory of what passed, by policy; any thread may use it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[tuple[Digest, Name], Pass] = {}

    def find(self, policy: Digest, name: Name) -> Pass | None:
        """Return what is known of some bytes if they passed, else None."""
        with self._lock:
            return self._known.get((policy, name))

    def note(self, model: FileModel, dossier: Dossier) -> None:
        """Remember the files of a model if it passed."""
        if dossier.verdict.outcome not in LETS_THROUGH:
            return
        policy, stamps = dossier.verdict.policy_digest, model.stamps()
        starts = _starts(model)
        with self._lock:
            if len(self._known) > _MOST:
                self._known.clear()
            for artifact in model.artifacts():
                known = Pass(artifact.format, starts.get(artifact.path, frozenset((0,))))
                self._known[policy, artifact.digest] = known
                if artifact.path in stamps:
                    self._known[policy, stamps[artifact.path]] = known


PASSES = Passes()
"""The memory of this process: a file is one file, whoever asks for it."""


def _starts(model: FileModel) -> Mapping[str, frozenset[int]]:
    return {
        part.where: frozenset((0, *_ends(part, content)))
        for part, content in model.contents(Pickle)
        if part.where == part.artifact
    }


def _ends(part: Part, content: Pickle) -> list[int]:
    starts = {stream.at for stream in content.streams}
    return [
        stream.end for stream in content.streams if stream.end in starts or stream.end == part.size
    ]
