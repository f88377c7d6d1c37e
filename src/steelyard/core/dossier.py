# SPDX-License-Identifier: Apache-2.0
"""The dossier: everything that is known of one subject, in one document."""

from typing import Literal

import msgspec

from steelyard.core.digest import Digest
from steelyard.core.evidence import Evidence
from steelyard.core.policy import Verdict
from steelyard.core.subject import Artifact

SCHEMA: Literal["steelyard.dossier/1"] = "steelyard.dossier/1"


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Who was examined.

    Attributes:
        kind: `model`.
        name: For people; it takes no part in the digest.
        digest: Digest of the manifest.
        artifacts: The files, sorted by path.
    """

    kind: str
    name: str
    digest: Digest
    artifacts: tuple[Artifact, ...]


class Dossier(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is known of one subject: what is shown, stored and signed.

    Attributes:
        schema: Id of the document's schema.
        subject: Who was examined.
        evidence: What was seen, in the order of the probes.
        verdict: What follows.
    """

    schema: Literal["steelyard.dossier/1"] = SCHEMA
    subject: Identity
    evidence: tuple[Evidence, ...]
    verdict: Verdict
