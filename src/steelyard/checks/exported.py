# SPDX-License-Identifier: Apache-2.0
"""Probe `exported`: what would a graph of torch.export call, evaluate or import once it is loaded?"""

import functools
import re
from collections.abc import Iterator

import msgspec

from steelyard.core.claim import Claim, Fact, Severity
from steelyard.core.probe import Context, Descriptor, place, probe
from steelyard.core.subject import Model
from steelyard.formats.exported_program import (
    ExportedProgram,
    expressions_of,
    guards_of,
    imports_of,
    targets_of,
)
from steelyard.formats.paths import shown
from steelyard.formats.pt2 import Pt2Archive
from steelyard.knowledge import entry

_SHOWN = 20  # findings of one kind in one graph that are told one by one
_LONGEST = 20_000  # characters of an expression
_OPERATOR = re.compile(r"torch\.ops\.(?P<space>\w+)\.(?!__)\w+(?:\.(?!__)\w+)?")
_MATH = re.compile(r"math\.[a-z][a-z0-9]*")
_SYMBOLIC = re.compile(r"torch\._?sym_[a-z0-9_]+")
_EXTENSION = re.compile(r"#\w+:[\w.:]+")
_SYMBOL = re.compile(r"[a-z]{1,3}\d{1,9}")
_TOKENS = re.compile(
    r"""(?P<name>[A-Za-z_]\w*+)|(?P<text>'[\w.+\- ]*+'|"[\w.+\- ]*+")
    |(?P<other>(?:\d[\d.]*+(?:[eE][+-]?\d+)?|\.\d+|[ ()\[\],=<>!+\-*/%&|^~:])++)
    |(?P<dot>\.(?=[a-z]))""",
    re.VERBOSE,
)
_DO_NOT_LOAD = "Do not load the file; get it again from its source, or export the model anew"


class _Names(msgspec.Struct, frozen=True):
    """The file `knowledge/exported/names.json`.

    Attributes:
        namespaces: Of operators that torch and its own libraries register.
        operators: Functions of the module `operator` that compute.
        torch: Functions of torch, other than operators, that graphs call.
        expressions: Names in symbolic expressions.
        guards: Further names in guards.
        factories: Modules that the description of inputs may name.
    """

    namespaces: frozenset[str]
    operators: frozenset[str]
    torch: frozenset[str]
    expressions: frozenset[str]
    guards: frozenset[str]
    factories: frozenset[str]


def _kind(code: str, severity: Severity, title: str, page: str, remedy: str) -> Descriptor:
    return Descriptor(
        id=f"exported.{code}", severity=severity, title=title, page=page, remedy=remedy
    )


CALL = _kind(
    "function-call",
    Severity.CRITICAL,
    "A node of the graph calls a function that is no operator",
    """
Loading follows the name of a node's target attribute by attribute, from torch, `operator` or `math`: a name
such as `torch.os.system` reaches any module that torch has imported. Whatever can be called becomes a node, and
running the model calls it with the constants of the graph.
""",
    _DO_NOT_LOAD,
)
CUSTOM = _kind(
    "custom-operator",
    Severity.MEDIUM,
    "A node calls an operator of another library",
    """
The operator belongs to none of the libraries that torch comes with. The process must have loaded the library
before; what the operator does is told by that library alone.
""",
    "Find out which library registers the operator, and load the model only with one you trust",
)
EXPRESSION = _kind(
    "expression",
    Severity.CRITICAL,
    "A symbolic expression is more than arithmetic",
    """
Sizes that are not fixed are written as expressions, which loading hands to sympy; sympy evaluates them as
Python. A guard is compiled as Python too, once the program is made a module. This text names something
that occurs in no size and no guard, and so runs code when the file is loaded, or cannot be loaded.
""",
    _DO_NOT_LOAD,
)
IMPORT = _kind(
    "imports-module",
    Severity.HIGH,
    "The description of the inputs imports a module",
    """
The tree that describes inputs and outputs names the module of a default factory or an enumeration. Loading
imports it, which runs the module's code: that of any file on Python's path.
""",
    "Load it only where you know the module, and trust it",
)
COMPILED = _kind(
    "compiled",
    Severity.MEDIUM,
    "The archive holds what AOTInductor compiled",
    """
`torch._inductor.aoti_load_package` loads the shared libraries of the archive into the process, where they run
with all its rights. The archive is no more than a program in that use.
""",
    "Export the model yourself and compile it where it is to run",
)


@probe(
    "exported",
    version="1",
    descriptors=(CALL, CUSTOM, EXPRESSION, IMPORT, COMPILED),
    formats=("exported-program", "pt2"),
)
def look(model: Model, context: Context) -> Iterator[Claim]:
    """Check what a graph of torch.export calls, evaluates and imports.

    ## What it looks at
    `.pt2` archives and the zip files of older versions: the target of every node in every graph, every
    symbolic size, every guard, and the trees that describe inputs and outputs.

    ## Why it matters
    The graph is JSON and looks like data. Loading it resolves names in torch and everything torch has
    imported, evaluates expressions, and imports modules.

    ## How to read it
    `exported.nodes` counts the nodes of a graph. A graph of operators that compute has no finding.

    ## What it cannot see
    What an operator of another library does. The pickles of the archive (constants, sample inputs) are
    looked at by the probes `pickle` and `torch`, its shared libraries by `program`.

    ## Sources
    torch 2.13, torch/_export/serde/serialize.py (`deserialize_operator`, `_parse_sym_expr`),
    torch/export/_unlift.py (`_convert_guards_code_to_fn`), torch/utils/_pytree.py.
    """
    del context
    for part in model.parts():
        if isinstance(part.content, Pt2Archive) and part.content.compiled:
            yield COMPILED.at(part.where, "it has a folder data/aotinductor")
        if not isinstance(part.content, ExportedProgram):
            continue
        program = part.content.value
        told: dict[tuple[str, str], int] = {}
        for pointer, kind, message in _judged(program):
            key = (kind.id, message)
            told[key] = told.get(key, 0) + 1
            if told[key] == 1 and len(told) <= _SHOWN:
                yield kind.at(place(part.where, pointer=pointer), message)
        nodes = sum(1 for _ in targets_of(program))
        yield Fact(name="exported.nodes", value=nodes, where=part.where)


def _judged(program: object) -> Iterator[tuple[str, Descriptor, str]]:
    names = _names()
    for pointer, target in targets_of(program):
        kind = _standing(target, names)
        if kind is not None:
            yield pointer, kind, f"calls {shown(target)[:200]}"
    for pointer, text in expressions_of(program):
        odd = _odd(text, names.expressions)
        if odd:
            yield pointer, EXPRESSION, f"{odd} in {shown(text)[:200]!r}"
    for pointer, text in guards_of(program):
        odd = _odd(text, names.expressions | names.guards)
        if odd:
            yield pointer, EXPRESSION, f"{odd} in the guard {shown(text)[:200]!r}"
    for pointer, module in imports_of(program):
        if module not in names.factories:
            yield pointer, IMPORT, f"imports {shown(module)[:200]}"


def _standing(target: str, names: _Names) -> Descriptor | None:
    """Return the kind of finding that a target gives; None where it computes."""
    operator = _OPERATOR.fullmatch(target)
    if operator:
        return None if operator["space"] in names.namespaces else CUSTOM
    if _EXTENSION.fullmatch(target):
        return CUSTOM
    if target.startswith("_operator.") and target.partition(".")[2] in names.operators:
        return None
    plain = target in names.torch or _MATH.fullmatch(target) or _SYMBOLIC.fullmatch(target)
    return None if plain else CALL


def _odd(text: str, known: frozenset[str]) -> str:
    """Return what keeps an expression from being arithmetic; nothing where it is that."""
    if len(text) > _LONGEST:
        return f"{len(text):,} characters"
    at = 0
    while at < len(text):
        token = _TOKENS.match(text, at)
        if token is None:
            return f"{shown(text[at : at + 10])!r}"
        name = token["name"]
        if name and name not in known and not _SYMBOL.fullmatch(name):
            return shown(name)
        if token["dot"] and "L" not in known:
            return "an attribute"
        at = token.end()
    return ""


@functools.cache
def _names() -> _Names:
    return msgspec.json.decode(entry("exported", "names") or b"{}", type=_Names)
