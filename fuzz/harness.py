# SPDX-License-Identifier: Apache-2.0
"""What must hold for any bytes: a reader gives content or a refusal, soon, in bounded memory.

Nothing here mutates; `fuzz.mutate` and `fuzz.atheris_target` both throw bytes at it.
"""

import hashlib
from functools import cache
from pathlib import Path

from steelyard.core.errors import MalformedError
from steelyard.core.limits import Limits
from steelyard.core.probe import Context, Probe
from steelyard.core.subject import Artifact
from steelyard.flow.examine import claims, known_probes
from steelyard.flow.model import FileModel, Stamp, Surveyed
from steelyard.formats.nesting import known_formats, parts
from steelyard.formats.port import HEAD_BYTES, Budget, Format, Glimpse
from steelyard.formats.source import BytesSource

LIMITS = Limits(
    depth=6,
    members=2_000,
    expanded_bytes=64 << 20,
    header_bytes=8 << 20,
    text_bytes=1 << 20,
    opcodes=1_000_000,
    seconds=4.0,
)
"""Small enough that no input within them may take 5 seconds."""


class BugError(AssertionError):
    """A reader or a probe did what it never may."""


@cache
def form(id: str) -> Format:
    """Return a format by its id."""
    return next(form for form in known_formats() if form.id == id)


@cache
def _probes() -> tuple[Probe, ...]:
    return tuple(probe for probe in known_probes() if probe.on == "model")


def read(id: str, data: bytes) -> None:
    """Give some bytes to one reader, whatever they are, and what it yields to the readers inside.

    Raises:
        Exception: The reader raised something that no reader may raise.
    """
    source = BytesSource(data)
    chosen = form(id)
    chosen.matches(Glimpse(name="sample", head=data[:HEAD_BYTES], source=source))
    budget = Budget(LIMITS)
    try:
        content = chosen.read(source, budget)
        for member in chosen.members(content, source, budget):
            budget.spend_member()
            if member.source is not None and not member.format:
                for _ in parts(member.name, member.source, budget):
                    pass
    except MalformedError:
        pass


def examine(name: str, data: bytes) -> None:
    """Give some bytes to the whole flow, as a file of this name: identify, read, and every probe.

    Raises:
        BugError: A probe failed, which the flow would have reported as a gap.
        Exception: A reader raised something that no reader may raise.
    """
    layers = tuple(parts(name, BytesSource(data), Budget(LIMITS)))
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
    artifact = Artifact(path=name, digest=digest, size=len(data), format=layers[0].format)
    model = FileModel("fuzz", [Surveyed(artifact, layers, Path(name), Stamp(0, 0, 0, 0, 0))], [])
    for probe in _probes():
        for claim in claims(probe, model, Context(limits=LIMITS)):
            if getattr(claim, "name", "") == f"{probe.id}.failed":
                raise BugError(f"probe {probe.id}: {claim.reason}")
