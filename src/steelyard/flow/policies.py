# SPDX-License-Identifier: Apache-2.0
"""Read policies: those of this package by id, and a user's own from a file."""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from steelyard import knowledge
from steelyard.core.claim import Severity
from steelyard.core.digest import Digest, digest_bytes, digest_of
from steelyard.core.errors import PolicyError
from steelyard.core.policy import Policy, Rule
from steelyard.flow.rules import AllOf, AnyOf, AnyRule, Ceiling, Complete


class _Document(msgspec.Struct, forbid_unknown_fields=True):
    id: str
    title: str
    page: str = ""
    rules: tuple[AnyRule, ...] = ()


class _Read(msgspec.Struct):
    """What a policy of this package says, without its TOML being parsed; `make docs` writes it.

    Attributes:
        digest: Digest of the TOML it was read from; it stands for no other.
        document: What that says.
    """

    digest: Digest
    document: _Document


def known_policies() -> tuple[Policy, ...]:
    """Return the policies of this package, by id."""
    return tuple(_of_package(name, data) for name, data in knowledge.entries("policies"))


def policy(reference: str) -> Policy:
    """Return a policy by the id of a built-in one, or by the path of a TOML file.

    Raises:
        PolicyError: There is none, or it is not a policy.
    """
    data = knowledge.entry("policies", reference)
    if data is not None:
        return _of_package(reference, data)
    path = Path(reference)
    if path.suffix != ".toml":
        ids = [name for name, _ in knowledge.entries("policies")]
        import difflib

        near = difflib.get_close_matches(reference, ids, n=1)
        meant = f"did you mean {near[0]!r}? " if near else ""
        raise PolicyError(
            f"no policy {reference!r}",
            hint=f"{meant}built in: {', '.join(ids)}; or name a .toml file of your own",
        )
    try:
        return read(path.read_bytes(), reference)
    except OSError as error:
        raise PolicyError(
            f"cannot read policy {reference!r}: {error.strerror}", hint="check the path"
        ) from error


def failing_on(policy: Policy, severity: Severity) -> Policy:
    """Return a policy that also fails on any finding of a severity or worse.

    Args:
        policy: What it asks besides; it can only become stricter.
        severity: From which severity on findings fail.
    """
    rule = Ceiling(
        id=f"fail-on-{severity}",
        page="Asked for with --fail-on.",
        findings=("*",),
        fail=severity,
        warn=severity,
        probes=("manifest",),
    )
    return msgspec.structs.replace(
        policy, rules=(*policy.rules, rule), digest=digest_of((policy.digest, rule))
    )


def trusting_hub(policy: Policy) -> Policy:
    """Return a policy that takes the hub's word for bytes that nobody read.

    Of a file that was read by its header, structure and digest must be what the hub says they are;
    no rule counts that as a gap any more.
    """
    rules = tuple(_sparing(rule, "manifest.header-only") for rule in policy.rules)
    return msgspec.structs.replace(
        policy, rules=rules, digest=digest_of((policy.digest, "trusting the hub"))
    )


def _sparing(rule: Rule, gap: str) -> Rule:
    if isinstance(rule, Complete):
        return msgspec.structs.replace(rule, spare=(*rule.spare, gap))
    if isinstance(rule, AllOf | AnyOf):
        inner = tuple(_sparing(part, gap) for part in rule.rules)
        return msgspec.structs.replace(rule, rules=inner)
    return rule


def written() -> Iterator[tuple[str, bytes]]:
    """Yield the id of each policy of this package, and its `_Read` as JSON."""
    for name, data in knowledge.entries("policies"):
        ready = _Read(digest_bytes(data), _parsed(data, name))
        yield name, msgspec.json.encode(ready)


def _of_package(name: str, data: bytes) -> Policy:
    ready = knowledge.entry("policies_read", name)
    if ready is not None:
        found = msgspec.json.decode(ready, type=_Read)
        if found.digest == digest_bytes(data):
            return _policy(found.document, found.digest)
    return read(data, name)


def read(data: bytes, origin: str) -> Policy:
    """Return the policy that a TOML document holds.

    Args:
        data: The document.
        origin: Where it comes from, for messages.

    Raises:
        PolicyError: It is no policy, or one without rules.
    """
    return _policy(_parsed(data, origin), digest_bytes(data))


def _policy(document: _Document, digest: Digest) -> Policy:
    return Policy(
        id=document.id,
        title=document.title,
        page=document.page.strip(),
        rules=document.rules,
        digest=digest,
    )


def _parsed(data: bytes, origin: str) -> _Document:
    import tomllib

    try:
        document = msgspec.convert(tomllib.loads(data.decode("utf-8")), _Document)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise PolicyError(
            f"policy {origin!r}: {error}",
            hint="steelyard explain baseline shows how one is written",
        ) from error
    _refuse_empty(document.rules, origin)
    return document


def _refuse_empty(rules: tuple[AnyRule, ...], origin: str) -> None:
    ids = [rule.id for rule in rules]
    if len(set(ids)) != len(ids):
        raise PolicyError(f"policy {origin!r}: two rules have the same id", hint="rename one")
    for rule in rules:
        if isinstance(rule, AllOf | AnyOf):
            if not rule.rules:
                raise PolicyError(
                    f"policy {origin!r}: rule {rule.id!r} has no rules inside",
                    hint="all_of nothing would pass everything: give it at least one rule",
                )
            _refuse_empty(rule.rules, origin)
