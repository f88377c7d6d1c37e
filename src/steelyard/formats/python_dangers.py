# SPDX-License-Identifier: Apache-2.0
"""Which callables reach outside, by dotted name."""

import msgspec

_ERRORS = ("Error", "Exception", "Warning")


class Dangers(msgspec.Struct, frozen=True, kw_only=True):
    """Callables that reach outside a module, by what they do.

    Attributes:
        kinds: Dotted names by kind (`process`, `evaluate`, `network` ...); `x.*` stands for all of x.
        harmless: Dotted names and last components that are none of these after all.
        sensitive: Modules of which no attribute may be taken by a computed name.
    """

    kinds: dict[str, tuple[str, ...]]
    harmless: frozenset[str]
    sensitive: frozenset[str]


class Kinds:
    """Looks up the kind of a callable."""

    def __init__(self, dangers: Dangers) -> None:
        self._harmless = dangers.harmless
        self._exact = {name: kind for kind, names in dangers.kinds.items() for name in names}
        self._prefixes = {name.rpartition(".")[0] for name in self._exact}
        self._known: dict[str, str] = {}

    def of(self, origin: str) -> str:
        """Return the kind of a callable, empty if it has none.

        A method of what a dangerous call returns (`subprocess.Popen().wait`) has none of its own.
        """
        if origin not in self._known:
            self._known[origin] = self._looked_up(origin)
        return self._known[origin]

    def matters(self, callee: str) -> bool:
        """Tell whether the result of a call is worth following: dangerous, or of such a class."""
        return callee in self._prefixes or bool(self.of(callee))

    def _looked_up(self, origin: str) -> str:
        maker, called, _ = origin.rpartition("()")
        pieces = origin.replace("()", "").split(".")
        if pieces[-1] in self._harmless or origin in self._harmless or pieces[-1].endswith(_ERRORS):
            return ""
        for end in range(len(pieces), 0, -1):
            name = ".".join(pieces[:end]) + (".*" if end < len(pieces) else "")
            if name in self._exact:
                kind = self._exact[name]
                return "" if called and self.of(maker) == kind else kind
        return ""
