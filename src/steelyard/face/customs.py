# SPDX-License-Identifier: Apache-2.0
"""Look at what a loader was given, before the loader does."""

import io
import os
from pathlib import Path
from typing import Any

from steelyard.core.claim import Finding, Gap
from steelyard.core.digest import digest_bytes
from steelyard.core.dossier import Dossier
from steelyard.core.errors import RefusedError, UnreadableError
from steelyard.core.limits import Limits
from steelyard.core.policy import Policy
from steelyard.core.ports import Silent
from steelyard.face.doors import Door
from steelyard.face.passes import LETS_THROUGH, PASSES, Name
from steelyard.flow.check import judge
from steelyard.flow.discover import discover
from steelyard.flow.model import FileModel, open_regular, stamp
from steelyard.flow.names import shown
from steelyard.flow.pools import Serial
from steelyard.flow.survey import survey_bytes

_SHOWN = 5  # findings in a message; the dossier has all of them
_PLAIN = (io.BufferedReader, io.BufferedRandom, io.FileIO)


def admit(given: Any, door: Door, policy: Policy) -> None:  # noqa: ANN401 - whatever was given
    """Let through what passes.

    Args:
        given: A path, a file that is open, or bytes.
        door: Which loader it was given.
        policy: What it must pass.

    Raises:
        RefusedError: It does not pass, or cannot be looked at.
        OSError: It cannot be opened, as the loader itself would say.
    """
    if door.in_memory:
        _admit_bytes(bytes(given), "bytes", door, policy)
    elif isinstance(given, str | bytes | os.PathLike):
        _admit_file(Path(os.fsdecode(given)), 0, door, policy)
    elif (path := _plain_file(given)) is not None:
        _admit_file(path, given.tell(), door, policy)
    else:
        _admit_bytes(_rest(given, door), _name(given), door, policy)


def _admit_file(path: Path, offset: int, door: Door, policy: Policy) -> None:
    with path.open("rb") as file:  # it fails as the loader would
        now = stamp(file.fileno())
    if now.size == 0:
        return  # nothing to load: the loader says so
    known = PASSES.find(policy.digest, now)
    if known is None:
        model = _discovered(path, door)
        dossier = _passed(model, str(path), door, policy)
        if model.stamps() != {model.artifacts()[0].path: now}:
            raise RefusedError(f"{door.name} was kept from {str(path)!r}: it is being changed")
        PASSES.note(model, dossier)
        known = PASSES.find(policy.digest, now)
    if known is not None and offset not in known.starts:
        with path.open("rb") as file:
            file.seek(offset)
            _admit_bytes(file.read(), str(path), door, policy)
    elif known is not None:
        _fits(known.format, str(path), door)


def _admit_bytes(data: bytes, name: str, door: Door, policy: Policy) -> None:
    if not data:
        return
    key: Name = digest_bytes(data)
    known = PASSES.find(policy.digest, key)
    if known is None:
        model = FileModel(shown(name), [survey_bytes(shown(name), data, Limits())], [])
        PASSES.note(model, _passed(model, name, door, policy))
        known = PASSES.find(policy.digest, key)
    if known is not None:
        _fits(known.format, name, door)


def _discovered(path: Path, door: Door) -> FileModel:
    try:
        return discover(path, limits=Limits(), pool=Serial(), progress=Silent())
    except UnreadableError as error:
        raise RefusedError(
            f"{door.name} was kept from {str(path)!r}: {error.message}", error.hint
        ) from error


def _passed(model: FileModel, name: str, door: Door, policy: Policy) -> Dossier:
    """Return the dossier of what passes.

    Raises:
        RefusedError: It does not.
    """
    dossier = judge(model, policy, limits=Limits())
    outcome = dossier.verdict.outcome
    if outcome in LETS_THROUGH:
        return dossier
    reasons = "".join(f"\n  {line}" for line in _reasons(dossier))
    raise RefusedError(
        f"{door.name} was kept from {name!r}: {outcome} by policy {policy.id}{reasons}",
        hint="steelyard check shows the whole, steelyard explain RULE what a finding means",
        dossier=dossier,
    )


def _reasons(dossier: Dossier) -> list[str]:
    because = {id for ruling in dossier.verdict.rulings for id in ruling.because}
    claims = [item.claim for item in dossier.evidence if item.id in because]
    found = sorted(
        (claim for claim in claims if isinstance(claim, Finding)),
        key=lambda claim: -claim.severity.rank,
    )
    lines = [f"{claim.severity} {claim.rule} at {claim.where}: {claim.message}" for claim in found]
    gaps = [claim for claim in claims if isinstance(claim, Gap)]
    lines += [f"unread {claim.name} at {claim.where}: {claim.reason}" for claim in gaps]
    more = len(lines) - _SHOWN
    return [*lines[:_SHOWN], f"and {more:,} more"] if more > 0 else lines


def _fits(format: str, name: str, door: Door) -> None:
    if format not in door.reads:
        raise RefusedError(
            f"{door.name} was kept from {name!r}: it would unpickle what by its content is {format}",
            hint="load it with a loader of its own format",
        )


def _plain_file(given: Any) -> Path | None:  # noqa: ANN401 - whatever was given
    """Return the path of an open file, if what it gives are the bytes of that path and no others.

    A file that unpacks or decrypts what it reads gives other bytes than lie there.
    """
    if type(given) not in _PLAIN or not isinstance(given.name, str | bytes):
        return None
    if not isinstance(getattr(given, "raw", given), io.FileIO):
        return None
    path = os.fsdecode(given.name)
    try:
        descriptor, there = open_regular(os.path.realpath(path))
    except UnreadableError:
        return None
    os.close(descriptor)
    return Path(path) if there == stamp(given.fileno()) else None


def _rest(given: Any, door: Door) -> bytes:  # noqa: ANN401 - whatever was given
    try:
        here = given.tell()
        data = given.read()
        given.seek(here)
    except (AttributeError, OSError, ValueError) as error:
        raise RefusedError(
            f"{door.name} was kept from {_name(given)!r}: it cannot be read twice, "
            "so nobody can look at it before it is loaded",
            hint="read it into memory first: io.BytesIO(stream.read())",
        ) from error
    if not isinstance(data, bytes):
        raise RefusedError(f"{door.name} was kept from {_name(given)!r}: it does not give bytes")
    return data


def _name(given: object) -> str:
    name = getattr(given, "name", "")
    return name if isinstance(name, str) and name else type(given).__name__
