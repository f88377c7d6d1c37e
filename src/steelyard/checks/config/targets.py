# SPDX-License-Identifier: Apache-2.0
"""What the callables that a document names may lead to."""

import functools
from collections.abc import Iterator, Mapping

import msgspec

from steelyard.checks.config import descriptors as d
from steelyard.core.claim import Claim, Severity
from steelyard.core.probe import Descriptor, place
from steelyard.formats.exported_program import ExportedProgram, targets_of
from steelyard.formats.json import JsonDocument
from steelyard.formats.paths import elsewhere, shown
from steelyard.formats.python_dangers import Dangers
from steelyard.formats.targets import Judge, Judgement, Libraries, Target, includes, tagged, targets
from steelyard.formats.yaml import YamlDocument
from steelyard.knowledge import entry

_TARGETS: Mapping[Judgement, Descriptor] = {
    "dangerous": d.DANGEROUS_TARGET,
    "standard": d.STANDARD_TARGET,
    "function": d.FUNCTION_TARGET,
    "unknown": d.UNKNOWN_TARGET,
}


def claims_of(where: str, content: JsonDocument | YamlDocument) -> Iterator[Claim]:
    """Yield what follows from the callables that a document names.

    Args:
        where: Place of the document.
        content: The document.
    """
    nodes: frozenset[str] = frozenset()
    if isinstance(content, ExportedProgram):  # the probe `exported` judges what its nodes call
        nodes = frozenset(pointer for pointer, _ in targets_of(content.value))
    found = [target for target in targets(content.value) if target.pointer not in nodes]
    for key, value in content.shadowed:
        found += targets({key: value})
    if isinstance(content, YamlDocument):
        found += tagged(content.tags)
        yield from _includes(where, content)
    for target in found:
        yield from _target(where, target)


@functools.cache
def _judge() -> Judge:
    libraries = msgspec.json.decode(entry("code", "targets") or b"", type=Libraries)
    dangers = msgspec.json.decode(entry("code", "effects") or b"", type=Dangers)
    return Judge(libraries, dangers)


def _target(where: str, target: Target) -> Iterator[Claim]:
    judgement = _judge().of(target.name)
    at = place(where, pointer=target.pointer, line=target.line)
    message = f"{target.key} names {target.name!r}" if target.pointer else f"tag {target.key!r}"
    if judgement in _TARGETS and not (target.loose and judgement in ("function", "unknown")):
        yield _TARGETS[judgement].at(at, message)
    if target.line and target.key.startswith("tag:"):
        severity = Severity.MEDIUM if judgement == "allowed" else None
        yield d.OBJECT_TAG.at(at, message, severity=severity)


def _includes(where: str, content: YamlDocument) -> Iterator[Claim]:
    for path, line in includes(content.tags):
        at, message = place(where, line=line), f"the file {shown(path)!r} is put in place of a tag"
        if elsewhere(path):
            yield d.INCLUDE.at(at, message)
        elif not path.lower().endswith((".yaml", ".yml")):
            yield d.INCLUDE.at(at, message, severity=Severity.MEDIUM)
