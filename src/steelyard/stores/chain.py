# SPDX-License-Identifier: Apache-2.0
"""The hash chain: what an entry is, how it follows from the one before it, what a dossier becomes.

Every store keeps the same entries, so that the head of a chain means the same wherever it lies:

- `subject`: the identity of a subject, kept once however often it is examined;
- `evidence`: subject, claim and source of one piece of evidence, kept once; the digest of these
  bytes is the id of the evidence;
- `verdict`: one run. It names the entries it stands on, when each piece of evidence was seen, and
  the digest of the whole dossier.
"""

from collections.abc import Iterable
from typing import Literal

import msgspec

from steelyard.core.claim import Claim
from steelyard.core.digest import Digest, canonical, digest_bytes, digest_of
from steelyard.core.dossier import Dossier, Identity
from steelyard.core.errors import ChainError, StoreError
from steelyard.core.evidence import Evidence, Source
from steelyard.core.policy import Verdict
from steelyard.core.ports import Head

Kind = Literal["subject", "evidence", "verdict"]

NOTHING: Digest = f"sha256:{0:064}"
EMPTY = Head(entries=0, digest=NOTHING)


class Entry(msgspec.Struct, frozen=True):
    """One link of the chain.

    Attributes:
        number: Position, from 1.
        kind: What the body is.
        subject: Digest of the subject it is about.
        name: Of a verdict, the name of its subject; else empty.
        content: Digest of the body.
        body: Canonical bytes.
        previous: Digest of the entry before it; of the first, `NOTHING`.
        digest: Digest of all of the above, the body standing in it by its own digest.
    """

    number: int
    kind: Kind
    subject: Digest
    name: str
    content: Digest
    body: bytes
    previous: Digest
    digest: Digest


class Span(msgspec.Struct, frozen=True, array_like=True):
    """Entries of evidence that follow each other and were seen at the same time.

    Attributes:
        first: Number of the first entry.
        last: Number of the last entry.
        at: When they were seen, see `Evidence.at`.
    """

    first: int
    last: int
    at: str


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """Body of a verdict entry: one dossier, said by reference.

    Attributes:
        seal: Digest of what the references lead to, see `seal`.
        identity: Number of the subject's entry.
        evidence: Entries of the evidence, in the dossier's order.
        verdict: What followed.
    """

    seal: Digest
    identity: int
    evidence: tuple[Span, ...]
    verdict: Verdict


def link(head: Head, kind: Kind, subject: Digest, body: bytes, name: str = "") -> Entry:
    """Return the entry that follows the head of a chain."""
    number, content = head.entries + 1, digest_bytes(body)
    digest = digest_of((number, kind, subject, name, content, head.digest))
    return Entry(number, kind, subject, name, content, body, head.digest, digest)


def follow(head: Head, entry: Entry) -> Head:
    """Return the head of a chain that an entry has been found at the end of.

    Raises:
        ChainError: It does not follow: something of it was changed, or an entry before it is gone.
    """
    if not isinstance(entry.body, bytes) or entry != link(
        head, entry.kind, entry.subject, entry.body, entry.name
    ):
        raise ChainError(
            f"entry {head.entries + 1:,} is not what was written: it, or its place in the chain, "
            "was changed",
            hint=f"the {head.entries:,} entries before it are whole; compare with a copy",
        )
    return Head(entries=entry.number, digest=entry.digest)


def check_dossier(dossier: Dossier) -> None:
    """Check that a dossier can be kept: each id is that of its evidence, each reason is there.

    Raises:
        StoreError: It cannot.
    """
    ids = {item.id for item in dossier.evidence}
    for item in dossier.evidence:
        if item.id != digest_bytes(evidence_body(item)):
            raise StoreError(f"evidence {item.id} does not have the id that its content gives")
    for ruling in dossier.verdict.rulings:
        if missing := set(ruling.because) - ids:
            raise StoreError(
                f"rule {ruling.rule!r} rests on evidence that is not there: {min(missing)}"
            )


def evidence_body(item: Evidence) -> bytes:
    """Return the bytes whose digest is the id of the evidence."""
    return canonical((item.subject, item.claim, item.source))


def evidence_of(body: bytes, at: str) -> Evidence:
    """Return the evidence that was kept as these bytes."""
    subject, claim, source = msgspec.json.decode(body, type=tuple[Digest, Claim, Source])
    return Evidence(id=digest_bytes(body), subject=subject, claim=claim, source=source, at=at)


def spans(seen: Iterable[tuple[int, str]]) -> tuple[Span, ...]:
    """Return numbers of entries, each with its time, as spans in the same order."""
    found: list[Span] = []
    for number, at in seen:
        if found and found[-1].last + 1 == number and found[-1].at == at:
            found[-1] = Span(found[-1].first, number, at)
        else:
            found.append(Span(number, number, at))
    return tuple(found)


def seal(identity: bytes, evidence: Iterable[Evidence]) -> Digest:
    """Return the digest of a dossier's identity, and of the id and time of each piece of evidence.

    It is taken of the bytes as they were kept, so that a later steelyard, whose claims may have
    more fields, finds them whole.
    """
    return digest_of((digest_bytes(identity), [(item.id, item.at) for item in evidence]))


def dossier_of(run: Run, identity: bytes, evidence: tuple[Evidence, ...]) -> Dossier:
    """Return the dossier of a run, exactly as it was kept.

    Raises:
        ChainError: It is no longer the same.
    """
    if seal(identity, evidence) != run.seal:
        raise ChainError(
            "the dossier is not what was written", hint="steelyard verify says what was changed"
        )
    subject = msgspec.json.decode(identity, type=Identity)
    return Dossier(subject=subject, evidence=evidence, verdict=run.verdict)
