# SPDX-License-Identifier: Apache-2.0
"""Probe `skops`: what would loading a skops archive import and call?"""

import functools
import re
from collections.abc import Iterator
from typing import Any

import msgspec

from steelyard.core.claim import Claim, Severity, exactly
from steelyard.core.probe import Context, Descriptor, place, probe
from steelyard.core.subject import Model
from steelyard.formats.paths import shown
from steelyard.formats.skops import SkopsSchema, nodes_of
from steelyard.knowledge import entry

_SHOWN = 20  # findings of one kind in one schema that are told one by one
_NAME = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")


class _Trusted(msgspec.Struct, frozen=True):
    """The file `knowledge/skops/types.json`.

    Attributes:
        libraries: Top-level modules whose types and functions are trusted, but for `refused`.
        names: By module, names that are trusted.
        refused: Names of those libraries that read, write or run.
        loaders: Loaders that skops has.
    """

    libraries: frozenset[str]
    names: dict[str, frozenset[str]]
    refused: frozenset[str]
    loaders: frozenset[str]


class _Standard(msgspec.Struct, frozen=True):
    modules: frozenset[str] = frozenset()


DANGEROUS = Descriptor(
    id="skops.dangerous-type",
    severity=Severity.CRITICAL,
    title="A node names something that runs",
    page="""
A node of the schema names a function, method or type of the standard library that is not data, or a function
of numpy or SciPy that reads or writes files. skops imports it and calls it with what the archive says, if the
user trusts it: `load` with `trusted=True`, or with a list of types that nobody read, as many examples do.

The trail shows the loader and what the node names.
""",
    remedy="Do not load the file, whatever types skops asks you to trust",
)
UNKNOWN = Descriptor(
    id="skops.unknown-type",
    severity=Severity.MEDIUM,
    title="A node names a type that skops does not trust",
    page="""
A node of the schema names a type of a library that is on no list of trusted ones. skops asks its user about
each of them before it loads the file.
""",
    remedy="Find out what the type does when it is made and filled, before you trust it",
)
LOADER = Descriptor(
    id="skops.unknown-loader",
    severity=Severity.HIGH,
    title="A node has a loader that skops does not have",
    page="""
`__loader__` names no loader of skops 0.13. Another version, or an add-on, decides what such a node does;
nothing can be said of it.
""",
    remedy="Have the model saved again with a current version of skops",
)


@probe("skops", version="1", descriptors=(DANGEROUS, UNKNOWN, LOADER), formats=("skops",))
def look(model: Model, context: Context) -> Iterator[Claim]:
    """Check what the nodes of a skops archive would import and call.

    ## What it looks at
    Every node of every `schema.json`: its loader, and the module and name it takes its type, function
    or method from.

    ## Why it matters
    skops was made so that loading runs nothing that the user has not trusted. The list of what to
    trust is long for real models, and is often passed on unread.

    ## How to read it
    `skops.nodes` counts the nodes. Models of scikit-learn, numpy and SciPy have no finding.

    ## What it cannot see
    What a type of another library does while it is filled with what the archive holds.

    ## Sources
    skops 0.13, io/_audit.py and io/_trusted_types.py; CVE-2025-54412, CVE-2025-54413, CVE-2025-54886.
    """
    del context
    for part, document in model.contents(SkopsSchema):
        told: dict[str, int] = {}
        count = 0
        for pointer, node in nodes_of(document.value):
            count += 1
            for kind, message in _judged(node):
                told[message] = told.get(message, 0) + 1
                if told[message] == 1 and len(told) <= _SHOWN:
                    trail = (f"{shown(str(node.get('__loader__')))[:100]}: {message}",)
                    yield kind.at(place(part.where, pointer=pointer), message, trail=trail)
        yield exactly("skops.nodes", count, "1", part.where)


def _judged(node: dict[str, Any]) -> Iterator[tuple[Descriptor, str]]:
    trusted = _trusted()
    loader = str(node.get("__loader__"))
    if loader not in trusted.loaders:
        yield LOADER, f"the loader {shown(loader)[:100]!r}"
    content = node.get("content")
    named = [(str(node.get("__module__")), str(node.get("__class__")))]
    if isinstance(content, dict):
        for module, name in (("module_path", "function"), ("__module__", "__class__")):
            if isinstance(content.get(module), str) and "__loader__" not in content:
                named.append((content[module], str(content.get(name))))
    if loader == "MethodNode" and isinstance(content, dict):
        named.append(
            (str(node.get("__module__")), f"{node.get('__class__')}.{content.get('func')}")
        )
    for module, name in named:
        kind = _standing(module, name, trusted)
        if kind is not None:
            yield kind, f"{shown(module)[:150]}.{shown(name)[:150]}"


def _standing(module: str, name: str, trusted: _Trusted) -> Descriptor | None:
    """Return the kind of finding that a name gives; None where it is trusted."""
    top = module.partition(".")[0]
    if name.partition(".")[0] in trusted.names.get(module, ()) and "__" not in name:
        return None
    if not _NAME.fullmatch(module) or not _NAME.fullmatch(name):
        return DANGEROUS
    if top in trusted.libraries:
        last = name.rpartition(".")[2]
        return DANGEROUS if last in trusted.refused or last.startswith("__") else None
    return DANGEROUS if top in _standard() else UNKNOWN


@functools.cache
def _trusted() -> _Trusted:
    return msgspec.json.decode(entry("skops", "types") or b"{}", type=_Trusted)


@functools.cache
def _standard() -> frozenset[str]:
    data = entry("globals", "standard_library") or b"{}"
    return msgspec.json.decode(data, type=_Standard).modules
