# SPDX-License-Identifier: Apache-2.0
"""What it is that a pickle calls, and what its results are instances of."""

from typing import Literal

import msgspec

from steelyard.checks.pickle.allowlist import Allowlist, Judgement, Standing
from steelyard.formats.pickle_values import Call, Global, Persistent, Value

Sort = Literal["name", "method", "code", "by value", "computed"]

_DEPTH = 8


class Callee(msgspec.Struct, frozen=True):
    """What is called.

    Attributes:
        sort: `name`: something imported; `method`: a method that may be called; `code`: the type of
            code objects; `by value`: code that the pickle brings along; `computed`: the result of
            another call, of which bytes do not tell what it is.
        named: What is imported, where `sort` is `name`.
    """

    sort: Sort
    named: Global | None = None


COMPUTED = Callee("computed")


class Names:
    """The allowlist, as it holds for the names of one pickle.

    Args:
        known: The allowlist.
        script: Whether the pickle is one of TorchScript.
    """

    def __init__(self, known: Allowlist, *, script: bool) -> None:
        self.known = known
        self._script = script

    def judge(self, value: Global) -> Judgement:
        """Return what is known of a name."""
        return self.known.judge(value.module, value.name, script=self._script)

    def callee(self, target: Value, depth: int = _DEPTH) -> Callee:
        """Return what is called when a value is called."""
        if isinstance(target, Global):
            return Callee("name", target)
        if isinstance(target, Persistent):
            return self._persistent(target)
        if not isinstance(target, Call) or not isinstance(target.callee, Global) or depth <= 0:
            return COMPUTED
        args = target.args if isinstance(target.args, tuple) else ()
        judgement = self.judge(target.callee)
        if judgement.form == "getattr" and len(args) == 2:
            return self._attribute(args[0], args[1])
        if judgement.form == "partial" and args:
            return self.callee(args[0], depth - 1)
        if judgement.form == "type-by-name":
            return Callee("code") if args in (("CodeType",), ("types.CodeType",)) else COMPUTED
        return Callee("by value") if judgement.standing is Standing.BY_VALUE else COMPUTED

    def _persistent(self, target: Persistent) -> Callee:
        """Return what a persistent id of legacy torch stands for: ('module', class, file, text)."""
        fields = target.id
        if isinstance(fields, tuple) and len(fields) == 4 and fields[0] == "module":
            return Callee("name", fields[1]) if isinstance(fields[1], Global) else COMPUTED
        return COMPUTED

    def _attribute(self, owner: Value, name: Value) -> Callee:
        if not isinstance(owner, Global):
            return COMPUTED
        if name == "__new__":
            return Callee("name", owner)
        if f"{owner.dotted}.{name}" in self.known.methods:
            return Callee("method")
        inner = Global(owner.module, f"{owner.name}.{name}", owner.at, owner.op)
        allowed = self.judge(inner).standing is Standing.ALLOWED
        return Callee("name", inner) if allowed else COMPUTED

    def owner(self, value: Value) -> Global | None:
        """Return the class of whose methods a value is one, taken from it by name, or None."""
        if not isinstance(value, Call) or not isinstance(value.callee, Global):
            return None
        args = value.args if isinstance(value.args, tuple) else ()
        if self.judge(value.callee).form != "getattr" or len(args) != 2 or args[1] == "__new__":
            return None
        return args[0] if isinstance(args[0], Global) else self.made_of(args[0])

    def made_of(self, value: Value) -> Global | None:
        """Return what a value is an instance or a result of, or None where bytes do not tell."""
        if not isinstance(value, Call):
            return None
        callee = self.callee(value.callee)
        if callee.named is None:
            return None
        args = value.args if isinstance(value.args, tuple) else ()
        if self.judge(callee.named).form in ("reconstructor", "newobj") and args:
            return self.callee(args[0]).named
        return callee.named
