# SPDX-License-Identifier: Apache-2.0
"""Evidence: a claim, about whom, by whom, and when."""

import msgspec

from steelyard.core.claim import Claim
from steelyard.core.digest import Digest, digest_of


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """What is needed to observe a claim again.

    Attributes:
        probe: Id of the probe.
        version: Version of the probe's meaning; a new one when the same bytes may give other claims.
        seed: Random seed, or None where chance plays no part.
        engine: Card of the engine that ran the model, or None where nothing ran.
        inputs: Digests of whatever else the claim rests on: data sets, use profile, knowledge.
    """

    probe: str
    version: str
    seed: int | None = None
    engine: str | None = None
    inputs: tuple[Digest, ...] = ()


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """One claim about one subject.

    Attributes:
        id: Digest of everything but `at`: observing the same thing twice gives the same id.
        subject: Digest of the subject.
        claim: What was seen.
        source: Who saw it.
        at: When, UTC, RFC 3339, whole seconds.
    """

    id: Digest
    subject: Digest
    claim: Claim
    source: Source
    at: str


def witness(subject: Digest, claim: Claim, source: Source, at: str) -> Evidence:
    """Return the evidence for a claim, with its id."""
    return Evidence(
        id=digest_of((subject, claim, source)), subject=subject, claim=claim, source=source, at=at
    )
