# SPDX-License-Identifier: Apache-2.0
"""Examine a subject: run the probes, wrap their claims into evidence."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime

from steelyard import checks
from steelyard.core.claim import Claim, Fact, Finding, Gap, Severity
from steelyard.core.digest import Digest, digest_of
from steelyard.core.errors import MalformedError, UnreadableError
from steelyard.core.evidence import Evidence, Source, witness
from steelyard.core.index import Listed, listed
from steelyard.core.plugins import scan, third_party
from steelyard.core.probe import Card, Context, Probe
from steelyard.core.subject import Part, Subject
from steelyard.flow.bugs import until_bug

COMPLETED = "probe.completed"
"""Name of the fact that a probe leaves when it has looked to the end."""


SETTINGS = frozenset({"suppression", "override"})
"""Sources of evidence that are no probes: what somebody put into the settings. They never look."""


def known_probes() -> list[Probe]:
    """Return the probes of this package and of others, by id, all of them imported.

    A plugin that does not load becomes a probe whose only claim is the gap it leaves.
    """
    return sorted([*scan(checks, Probe), *_plugins()], key=lambda probe: probe.id)


def ready_probes() -> list[Probe]:
    """Return the same probes to look and no more: those of this package are imported when they do.

    Until then nothing is known of their descriptors and manual pages.
    """
    found = [_when_asked(entry) for entry in listed(checks, Probe, Card)]
    return sorted([*found, *_plugins()], key=lambda probe: probe.id)


def probes_named(ids: Collection[str]) -> list[Probe]:
    """Return the probes of some ids, by id, as `known_probes` does; no other of this package is imported."""
    found = [entry.load() for entry in listed(checks, Probe, Card) if entry.card.id in ids]
    named = [probe for probe in _plugins() if probe.id in ids]
    return sorted([*found, *named], key=lambda probe: probe.id)


def examine(
    subject: Subject, probes: Iterable[Probe], context: Context, *, now: datetime
) -> tuple[Evidence, ...]:
    """Return the evidence that the probes find, in the order of the probes.

    Args:
        subject: Who is examined.
        probes: Who looks; those for another kind of subject are passed over.
        context: What they may know besides.
        now: Time to write on the evidence; it takes no part in the ids.
    """
    at = written(now)
    evidence: dict[str, Evidence] = {}
    formats = _formats(subject)
    for probe in probes:
        if probe.on != subject.kind:
            continue
        source = Source(probe=probe.id, version=probe.version, inputs=_inputs(probe, context))
        passed = idle(probe, formats, context)
        for claim in passed_over(probe) if passed else claims(probe, subject, context):
            item = witness(subject.digest, claim, source, at)
            evidence.setdefault(item.id, item)
    return tuple(evidence.values())


def _formats(subject: Subject) -> frozenset[str]:
    """Return the formats of all parts; none where a subject has no parts."""
    parts: Callable[[], Sequence[Part]] = getattr(subject, "parts", tuple)
    return frozenset(part.format for part in parts())


def idle(probe: Probe, formats: frozenset[str], context: Context) -> bool:
    """Tell whether a probe has nothing to look at, so that it need not be imported."""
    if probe.only_with and getattr(context, probe.only_with) is None:
        return True
    return bool(probe.formats) and formats.isdisjoint(probe.formats)


def passed_over(probe: Probe) -> Iterator[Claim]:
    """Yield what a probe claims that need not look, as there is nothing of what it looks at."""
    yield from probe.otherwise
    yield Fact(name=COMPLETED, value=probe.id)


def _inputs(probe: Probe, context: Context) -> tuple[Digest, ...]:
    """Return the digests of what a probe needs besides its subject, where it is there."""
    needed = [getattr(context, need) for need in probe.needs]
    return tuple(digest_of(value) for value in needed if value is not None)


def written(now: datetime) -> str:
    """Return a time as evidence carries it: UTC, RFC 3339, whole seconds."""
    return now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def claims(probe: Probe, subject: Subject, context: Context) -> Iterator[Claim]:
    """Yield what one probe claims; hostile bytes end in a finding, a bug in a gap.

    The last claim of a probe that looked to the end is the fact `probe.completed`.
    """
    bug = f"{probe.id}.failed"
    found = until_bug(lambda: probe.look(subject, context), lambda why: Gap(name=bug, reason=why))
    done = True
    try:
        for claim in found:
            done = not (isinstance(claim, Gap) and claim.name == bug)
            yield claim
    except MalformedError as error:
        yield Finding(
            rule=f"{probe.id}.malformed",
            severity=Severity.HIGH,
            where="",
            message=error.message,
            remedy="Do not load the file: loaders that are less strict may misread it",
        )
    except (UnreadableError, OSError) as error:
        yield Gap(name=f"{probe.id}.unreadable", reason=str(error))
    else:
        if done:
            yield Fact(name=COMPLETED, value=probe.id)


def _plugins() -> Iterator[Probe]:
    for name, thing in third_party(Probe):
        yield thing if isinstance(thing, Probe) else _absent(name, thing)


def _when_asked(entry: Listed[Card, Probe]) -> Probe:
    def look(subject: Subject, context: Context) -> Iterator[Claim]:
        yield from entry.load().look(subject, context)

    card = entry.card
    return Probe(
        id=card.id,
        version=card.version,
        on=card.on,
        formats=card.formats,
        only_with=card.only_with,
        otherwise=card.otherwise,
        needs=card.needs,
        descriptors=(),
        look=look,
    )


def _absent(name: str, error: Exception) -> Probe:
    def look(subject: Subject, context: Context) -> Iterator[Claim]:
        raise error

    return Probe(id=name, version="0", on="model", descriptors=(), look=look)


def completions(evidence: Sequence[Evidence]) -> dict[str, Evidence]:
    """Return, by probe, the evidence that it looked to the end."""
    return {
        item.source.probe: item
        for item in evidence
        if isinstance(item.claim, Fact) and item.claim.name == COMPLETED
    }
