# SPDX-License-Identifier: Apache-2.0
"""How much an act of shipped code matters: by what it does, when, and in what file."""

import re
from collections.abc import Iterable, Mapping

from steelyard.checks.code import descriptors as d
from steelyard.core.claim import Severity
from steelyard.core.probe import Descriptor
from steelyard.formats.python_acts import Act

_NOTE, _LOW, _MEDIUM, _HIGH, _CRITICAL = Severity

_WEIGHTS: Mapping[str, tuple[Descriptor, Severity, Severity | None, Severity | None]] = {
    # kind: what it is called, how much it matters on import, in a script, inside a function
    "fetch": (d.FETCH, _CRITICAL, _HIGH, _HIGH),
    "decoded": (d.DECODED, _CRITICAL, _HIGH, _HIGH),
    "process": (d.RUNS, _HIGH, _LOW, _MEDIUM),
    "evaluate": (d.EVALUATES, _HIGH, _LOW, _MEDIUM),
    "native": (d.NATIVE, _HIGH, _LOW, _MEDIUM),
    "build": (d.BUILDS, _MEDIUM, _LOW, _LOW),
    "unpickle": (d.UNPICKLES, _HIGH, _NOTE, _LOW),
    "network": (d.NETWORK, _HIGH, _NOTE, _LOW),
    "write": (d.WRITES, _HIGH, None, None),
    "credentials": (d.CREDENTIALS, _HIGH, _LOW, _MEDIUM),
    "secret-variable": (d.CREDENTIALS, _MEDIUM, _NOTE, _LOW),
    "computed": (d.HIDDEN_NAME, _HIGH, _LOW, _MEDIUM),
    "dynamic-import": (d.HIDDEN_NAME, _MEDIUM, _NOTE, _LOW),
    "internals": (d.HIDDEN_NAME, _MEDIUM, _LOW, _LOW),
    "escape": (d.HIDDEN_NAME, _HIGH, _LOW, _MEDIUM),
    "hook": (d.HOOK, _HIGH, _NOTE, _LOW),
}
_ORDINARY = frozenset({"unpickle", "network", "write", "secret-variable", "dynamic-import", "hook"})
"""What scripts do at their top level; no loader imports a script."""

_ROLES = re.compile(
    r"(?:modeling|configuration|tokenization|processing|image_processing|video_processing"
    r"|feature_extraction|modular|pipeline|custom|handler|inference_endpoint|generate)(?:_\w+)?"
    r"|__init__|model|models|config|tokenizer|processor|sitecustomize|usercustomize"
)
"""Names of modules that loaders import without being told by a configuration."""


def weigh(act: Act, *, imported: bool) -> tuple[Descriptor, Severity] | None:
    """Return what an act is called and how much it matters; None when it is nothing to speak of.

    Args:
        act: What the code does, and when.
        imported: A loader may import the file; else it is most likely a script.
    """
    descriptor, on_import, in_script, in_function = _WEIGHTS[act.kind]
    severity = {"import": on_import, "script": in_script, "call": in_function}[act.when]
    if severity is None:
        return None
    if act.kind == "process" and act.made and act.when == "call" and imported:
        severity = _HIGH  # loaders make instances of what they import
    if act.when == "import" and act.kind in _ORDINARY and not imported:
        severity = _MEDIUM if severity is _HIGH else _LOW
    return descriptor, severity


def imported_modules(named: Iterable[str], imports: Mapping[str, Iterable[str]]) -> frozenset[str]:
    """Return the last components of the modules that a loader may import.

    Args:
        named: Modules that configurations name.
        imports: For each module that is there, the modules it imports.
    """
    waiting = [_last(name) for name in named]
    waiting += [name for name in imports if _ROLES.fullmatch(name)]
    reached: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += [_last(each) for each in imports.get(name, ()) if _last(each) in imports]
    return frozenset(reached)


def _last(module: str) -> str:
    return module.replace("/", ".").rpartition(".")[2]
