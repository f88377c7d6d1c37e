# SPDX-License-Identifier: Apache-2.0
"""Set accepted findings aside: they stay in the dossier and take no part in the verdict."""

from collections.abc import Iterator, Sequence
from datetime import date

from steelyard.core.claim import Claim, Fact, Finding, Severity
from steelyard.core.digest import Digest, digest_of
from steelyard.core.dossier import Dossier, Identity
from steelyard.core.evidence import Evidence, Source, witness
from steelyard.core.probe import Descriptor
from steelyard.flow import overrule
from steelyard.flow.settings import Settings, Suppression

SUPPRESSED = "suppression.accepted"
"""Name of the fact that sets one piece of evidence aside; its value names the evidence."""

_PROBE = "suppression"

EXPIRED = Descriptor(
    id="suppression.expired",
    severity=Severity.NOTE,
    title="The last day of an accepted finding has passed",
    page="""
An entry `[[suppress]]` of `steelyard.toml` names a finding that is still there, but its `until` has
passed. The finding counts again, as if the entry were not there. That is what the day is for: somebody
looks again.
""",
    remedy="Look at the finding again, then renew the entry in steelyard.toml or remove it",
)


def accept(
    identity: Identity, evidence: Sequence[Evidence], settings: Settings, today: date, at: str
) -> tuple[Evidence, ...]:
    """Return the evidence on which findings the settings accept, and on what they say in vain.

    Args:
        identity: Who was examined.
        evidence: What was found.
        settings: Which findings are accepted; one whose day has passed accepts nothing more.
        today: The day that counts.
        at: Time to write on the evidence.
    """
    source = Source(probe=_PROBE, version="1", inputs=(settings.digest,))
    files = {artifact.path: artifact.digest for artifact in identity.artifacts}
    return tuple(
        witness(identity.digest, claim, source, at)
        for suppression in settings.suppress
        for claim in _claims(suppression, evidence, files, today)
    )


def accept_known(
    identity: Identity, evidence: Sequence[Evidence], baseline: Dossier, at: str
) -> tuple[Evidence, ...]:
    """Return the evidence on which findings an earlier dossier has already.

    A finding is known when its rule, place and message, and the content of its file, are the same.
    """
    known = {mark for _, mark in _marks(baseline.subject, baseline.evidence)}
    source = Source(probe=_PROBE, version="1", inputs=(baseline.subject.digest,))
    reason = f"known from the baseline, {baseline.subject.name}"
    return tuple(
        witness(identity.digest, _accepted(item, reason, None), source, at)
        for item, mark in _marks(identity, evidence)
        if mark in known
    )


def counting(evidence: Sequence[Evidence]) -> list[Evidence]:
    """Return the evidence that counts: all but what was accepted, or decided otherwise, by a person."""
    aside = {
        item.claim.value["evidence"]
        for item in evidence
        if item.source.probe == _PROBE
        and isinstance(item.claim, Fact)
        and item.claim.name == SUPPRESSED
    }
    aside |= overrule.aside(evidence)
    return [item for item in evidence if item.id not in aside]


def _claims(
    suppression: Suppression, evidence: Sequence[Evidence], files: dict[str, Digest], today: date
) -> Iterator[Claim]:
    hits = [
        item
        for item in evidence
        if isinstance(item.claim, Finding)
        and item.claim.rule == suppression.rule
        and files.get(artifact_of(item.claim.where, files)) == suppression.file
    ]
    if hits and today > suppression.until:
        where = artifact_of(getattr(hits[0].claim, "where", ""), files)
        was = f"{suppression.rule} was accepted until {suppression.until}: {suppression.reason}"
        yield EXPIRED.at(where, was)
        return
    for item in hits:
        yield _accepted(item, suppression.reason, suppression.until)


def _accepted(item: Evidence, reason: str, until: date | None) -> Fact:
    value = {"evidence": item.id, "reason": reason}
    return Fact(name=SUPPRESSED, value=value | ({"until": until.isoformat()} if until else {}))


def _marks(identity: Identity, evidence: Sequence[Evidence]) -> Iterator[tuple[Evidence, Digest]]:
    """Yield each finding with what tells it from others, however the rest of the model changes."""
    files = {artifact.path: artifact.digest for artifact in identity.artifacts}
    for item in evidence:
        if isinstance(item.claim, Finding):
            claim = item.claim
            content = files.get(artifact_of(claim.where, files), "")
            yield item, digest_of((claim.rule, claim.where, claim.message, content))


def artifact_of(where: str, files: dict[str, Digest]) -> str:
    """Return the path of the file that a place lies in, or the place itself if it is none of them.

    Args:
        where: As in `Finding.where`.
        files: Digest by path.
    """
    path = where.partition("!")[0]
    while path not in files and " " in path:
        path = path.rpartition(" ")[0]
    return path if path in files else where
