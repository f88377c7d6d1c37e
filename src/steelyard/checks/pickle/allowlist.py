# SPDX-License-Identifier: Apache-2.0
"""What is known of a name that a pickle imports: the files of `knowledge/globals`."""

import enum
import functools
import re
from collections.abc import Iterable

import msgspec

from steelyard import knowledge
from steelyard.core.patterns import late

_CLASS_SHAPED = late(r"_?[A-Z]\w*|__pyx_unpickle_\w+")
_STANDARD = "the standard library"
_PROPER = late(r"[^\W\d]\w*")


class Standing(enum.Enum):
    """What may be done with a name."""

    ALLOWED = "allowed"  # whatever a pickle does with it
    CLASS = "class"  # instances of it may be made
    FORM = "form"  # only in a certain way
    BY_VALUE = "by value"  # code that the pickle brings along is made of it
    REVIEW = "review"  # a class of a library that is not known
    FUNCTION = "function"  # a function of a library that is not known
    BLOCKED = "blocked"  # nothing


class Judgement(msgspec.Struct, frozen=True):
    """What is known of a name.

    Attributes:
        standing: What may be done with it.
        form: Where its standing is `FORM` or `BY_VALUE`: in which way.
        reason: Where it is `BLOCKED`: why.
        everywhere: Whether it is of the standard library, which every Python has.
    """

    standing: Standing
    form: str = ""
    reason: str = ""
    everywhere: bool = False


class Pattern(msgspec.Struct, frozen=True, rename={"excepted": "except"}):
    """Names by shape; both expressions match the whole string.

    Attributes:
        module: The module.
        leaf: The name in it.
        excepted: Names in it that stay out.
        form: As in `Judgement`.
        note: Why.
    """

    module: str
    leaf: str
    excepted: str = ""
    form: str = ""
    note: str = ""

    def matches(self, module: str, name: str) -> bool:
        """Tell whether a name is meant."""
        if re.fullmatch(self.module, module) is None or re.fullmatch(self.leaf, name) is None:
            return False
        return not self.excepted or re.fullmatch(self.excepted, name) is None


class Library(msgspec.Struct, frozen=True, kw_only=True):
    """One file of `knowledge/globals`.

    Attributes:
        library: What it is about.
        versions: Which versions.
        date: When it was made, ISO 8601.
        basis: From what.
        modules: Top-level modules of which all that is not named here is blocked.
        names: By module, names that are allowed.
        classes: Shapes of names whose instances are allowed.
        forms: By dotted name, the way in which it is allowed.
        form_patterns: The same, by shape.
        mappings: Dotted names whose results may be filled like a dict.
        sequences: Dotted names whose results may be filled like a list or set.
        shared: Dotted names whose results are not the pickle's own: nothing may change them.
        methods: Dotted names of methods that may be called.
        bound: Shape of dotted names of classes none of whose methods reads, writes or evaluates anything.
        beside: Dotted names whose instances a loader replaces by arrays in files beside.
        script: Shape of modules that exist inside TorchScript alone.
        foreign: Shape of names that modules take over from elsewhere: not their own classes.
        acting: Shape of such names that open, run or connect when they are called, whatever the module.
    """

    library: str
    versions: str
    date: str
    basis: str
    modules: tuple[str, ...] = ()
    names: dict[str, frozenset[str]] = {}
    classes: tuple[Pattern, ...] = ()
    forms: dict[str, str] = {}
    form_patterns: tuple[Pattern, ...] = ()
    mappings: frozenset[str] = frozenset()
    sequences: frozenset[str] = frozenset()
    shared: frozenset[str] = frozenset()
    methods: frozenset[str] = frozenset()
    bound: str = ""
    beside: frozenset[str] = frozenset()
    script: str = ""
    foreign: str = ""
    acting: str = ""


class Allowlist:
    """All libraries together.

    Args:
        libraries: What is known of each.
    """

    def __init__(self, libraries: tuple[Library, ...]) -> None:
        self._libraries = libraries
        self._names: dict[str, set[str]] = {}
        self._owners: dict[str, str] = {}
        self._forms: dict[str, str] = {}
        for library in libraries:
            for module, names in library.names.items():
                self._names.setdefault(module, set()).update(names)
            self._owners |= dict.fromkeys(library.modules, library.library)
            self._forms |= library.forms
        self.mappings = frozenset().union(*(library.mappings for library in libraries))
        self.sequences = frozenset().union(*(library.sequences for library in libraries))
        self.shared = frozenset().union(*(library.shared for library in libraries))
        self.methods = frozenset().union(*(library.methods for library in libraries))
        self.beside = frozenset().union(*(library.beside for library in libraries))
        self.bound = _any(library.bound for library in libraries)
        self._acting = _any(library.acting for library in libraries)
        self._foreign = _any(library.foreign for library in libraries)
        self._known: dict[tuple[str, str, bool], Judgement] = {}

    def judge(self, module: str, name: str, *, script: bool = False) -> Judgement:
        """Return what is known of a name.

        Args:
            module: Where it is imported from.
            name: What is imported.
            script: Whether the pickle is one of TorchScript.
        """
        key = (module, name, script)
        if key not in self._known:
            self._known[key] = self._judge(module, name, script=script)
        return self._known[key]

    def _judge(self, module: str, name: str, *, script: bool) -> Judgement:
        form = self._forms.get(f"{module}.{name}")
        if form is not None:
            return Judgement(Standing.FORM, form)
        if name in self._names.get(module, ()):
            return Judgement(Standing.ALLOWED)
        foreign = bool(self._foreign.fullmatch(name) or self._acting.fullmatch(name))
        for library in self._libraries:
            found = _by_shape(library, module, name, script=script)
            if found is not None and not (foreign and found.standing is Standing.CLASS):
                return found
        return self._unlisted(module, name)

    def _unlisted(self, module: str, name: str) -> Judgement:
        if "." in name:
            return Judgement(Standing.BLOCKED, reason="dotted")
        if not _PROPER.fullmatch(name) or not all(map(_PROPER.fullmatch, module.split("."))):
            return Judgement(Standing.BLOCKED, reason="no name that a library uses")
        owner = self._owners.get(module.partition(".")[0])
        if owner is not None:
            return Judgement(
                Standing.BLOCKED,
                reason=f"not among the names of {owner} that are safe",
                everywhere=owner == _STANDARD,
            )
        if self._acting.fullmatch(name):
            return Judgement(Standing.BLOCKED, reason="a name that the module takes from elsewhere")
        if _CLASS_SHAPED.fullmatch(name):
            return Judgement(Standing.REVIEW)
        if name.startswith("__"):
            return Judgement(Standing.BLOCKED, reason="an internal of Python")
        return Judgement(Standing.FUNCTION)


def _any(shapes: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(filter(None, shapes)) or "(?!)")


def _by_shape(library: Library, module: str, name: str, *, script: bool) -> Judgement | None:
    for pattern in library.form_patterns:
        if pattern.matches(module, name):
            by_value = library.library == "code by value"
            return Judgement(Standing.BY_VALUE if by_value else Standing.FORM, pattern.form)
    if any(pattern.matches(module, name) for pattern in library.classes):
        return Judgement(Standing.CLASS)
    if script and library.script and re.fullmatch(library.script, module):
        return Judgement(Standing.CLASS)
    return None


@functools.cache
def allowlist() -> Allowlist:
    """Return the allowlist of this package."""
    read = msgspec.json.Decoder(Library, strict=True)
    return Allowlist(tuple(read.decode(data) for _, data in knowledge.entries("globals")))
