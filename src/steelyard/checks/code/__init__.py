# SPDX-License-Identifier: Apache-2.0
"""Probe `code`: code that comes with the model, or that it asks for."""

from collections.abc import Iterator

import msgspec

from steelyard.checks.code import descriptors as d
from steelyard.checks.code.weight import imported_modules, weigh
from steelyard.core.claim import Claim, Gap, Severity, exactly
from steelyard.core.errors import MalformedError
from steelyard.core.probe import Context, place, probe
from steelyard.core.subject import Model
from steelyard.formats.json import JsonDocument
from steelyard.formats.python import PythonSource, odd_encoding
from steelyard.formats.python_acts import Act, Module, examine
from steelyard.formats.python_dangers import Dangers
from steelyard.formats.remote_code import Reference, references, trusts
from steelyard.formats.targets import Judge, Libraries
from steelyard.knowledge import entry

_MOST = 5  # findings of one kind for one file; the message of the last one counts the rest


@probe(
    "code",
    version="1",
    descriptors=d.DESCRIPTORS,
    formats=("exported-program", "json", "keras-config", "python", "skops"),
    otherwise=(exactly("code.files", 0, "1"), exactly("code.imported-files", 0, "1")),
)
def look(model: Model, context: Context) -> Iterator[Claim]:
    """Find the code that comes with a model, and say what it does and when.

    ## What it looks at
    References of configurations to code: `auto_map`, `custom_pipelines`, `auto_mapping`, `modules.json`,
    `model_index.json`, `trust_remote_code`. Every Python file, inside archives too: it is parsed, never
    compiled or run. Names are followed through imports, aliases, attributes, containers, `getattr`,
    `__import__` and what functions return, and texts through concatenation, `join`, `chr` and base64,
    so that a call counts as what it is.

    ## Why it matters
    A model that needs `trust_remote_code` runs its own Python files with all rights of the user, and the
    worst place for a surprise is the part that runs on import, before anybody asked for anything.

    ## How to read it
    `code.files` counts the Python files, `code.imported-files` those that a loader may import: named by a
    configuration, named as such files are, or imported by one of these. What happens on import weighs
    most; inside functions it is for a person to review. Ordinary model code gives nothing beyond the
    review of `auto_map`. `line:` is where it happens, the trail says what the expression comes to.

    ## What it cannot see
    What functions do with what they are given; code in other languages; code that a package on this
    machine contains. Names that are only known at run time are reported as such where they matter.
    Files are parsed as the Python that runs steelyard parses them.

    ## Sources
    transformers, `dynamic_module_utils`; PEP 263; CWE-94, CWE-829; the callables listed in
    `knowledge/code/effects.json`.
    """
    del context
    dangers = msgspec.json.decode(entry("code", "effects") or b"", type=Dangers)
    libraries = msgspec.json.decode(entry("code", "targets") or b"", type=Libraries)
    judge = Judge(libraries, dangers)
    modules = _modules(model, dangers)
    there = {_stem(where) for where in modules}
    named = []
    for part, document in model.contents(JsonDocument):
        for reference in references(part.where, document):
            yield from _referred(part.where, reference, judge, libraries, there)
            named.append(reference.module)
        for pointer in trusts(document):
            yield d.TRUST.at(place(part.where, pointer=pointer), "trust_remote_code is true")
    imports: dict[str, list[str]] = {}
    for where, module in modules.items():
        if isinstance(module, Module):
            imports.setdefault(_stem(where), []).extend(module.imports)
    imported = imported_modules(named, imports)
    for part, source in model.contents(PythonSource):
        if encoding := odd_encoding(source.text):
            message = f"the file declares the encoding {encoding!r}"
            yield d.ENCODING.at(place(part.where, line=1), message)
        yield from _acts(part.where, modules[part.where], imported)
    yield exactly("code.files", len(modules), "1")
    yield exactly("code.imported-files", len(imported & there), "1")


def _modules(model: Model, dangers: Dangers) -> dict[str, Module | MalformedError]:
    found: dict[str, Module | MalformedError] = {}
    for part, source in model.contents(PythonSource):
        try:
            found[part.where] = examine(source.text, dangers)
        except MalformedError as error:
            found[part.where] = error
    return found


def _referred(
    where: str, reference: Reference, judge: Judge, libraries: Libraries, there: set[str]
) -> Iterator[Claim]:
    at = place(where, pointer=reference.pointer)
    if reference.repository:
        yield d.FOREIGN.at(at, f"{reference.key} names {reference.name!r}, of another repository")
    elif _stem(reference.module) in there:
        message = f"{reference.key} names {reference.name!r}, a file of this model"
        yield d.LOCAL.at(at, message)
    elif reference.key in ("auto_map", "custom_pipelines"):
        message = f"{reference.key} names {reference.name!r}, which is not among the files"
        yield d.LOCAL.at(at, message)
    else:
        yield from _imported(at, reference, judge, libraries)


def _imported(at: str, reference: Reference, judge: Judge, libraries: Libraries) -> Iterator[Claim]:
    library = reference.name.rpartition(".")[0]
    if reference.key == "model_index.json" and library in libraries.pipelines:
        return
    judgement = judge.of(reference.name)
    if judgement == "allowed" or library.startswith("transformers_modules."):
        return
    severity = Severity.HIGH if judgement in ("standard", "dangerous") else Severity.MEDIUM
    message = f"{reference.key} names {reference.name!r} to be imported"
    yield d.IMPORTED.at(at, message, severity=severity)


def _acts(where: str, module: Module | MalformedError, imported: frozenset[str]) -> Iterator[Claim]:
    if isinstance(module, MalformedError):
        yield d.MALFORMED.at(where, module.message)
        yield Gap(name="code.unreadable", reason=module.message, where=where)
        return
    counts: dict[tuple[str, str], int] = {}
    for act in module.acts:
        weight = weigh(act, imported=_stem(where) in imported)
        if weight is None:
            continue
        descriptor, severity = weight
        key = (act.kind, act.when)
        counts[key] = counts.get(key, 0) + 1
        if counts[key] <= _MOST:
            rest = sum((other.kind, other.when) == key for other in module.acts) - _MOST
            more = f"; and {rest} more like it" if counts[key] == _MOST and rest > 0 else ""
            message = f"{_occasion(act)}: {act.written}{more}"
            at = place(where, line=act.line)
            yield descriptor.at(at, message, severity=severity, trail=act.trail)


def _occasion(act: Act) -> str:
    occasions = {
        "import": "when it is imported",
        "script": "when it is run as a script",
        "call": "when a function is called",
    }
    return occasions[act.when]


def _stem(where: str) -> str:
    last = where.replace("!", "/").rpartition("/")[2]
    return last.removesuffix(".py").rpartition(".")[2] if last.endswith(".py") else last
