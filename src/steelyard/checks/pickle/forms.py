# SPDX-License-Identifier: Apache-2.0
"""Callables that are safe in one way only: what that way is.

Each form is a function of the call that returns why it is not safe, or nothing.
"""

from collections.abc import Callable

from steelyard.checks.pickle.allowlist import Standing
from steelyard.checks.pickle.callee import Names
from steelyard.core.patterns import late
from steelyard.formats.pickle_events import Event
from steelyard.formats.pickle_payloads import payload
from steelyard.formats.pickle_values import PLAIN, Blob, Call, Container, Global, Value

Form = Callable[[Event, Names], str]

HANDED_ON = frozenset({"array-wrapper", "distribution", "factory", "nothing-first", "uncalled"})
"""Forms whose callables may be handed on as values: types, that is."""

_MEMBER = late(r"_?[A-Z]\w*")
"""Names of classes and of members of enumerations."""

_REBUILD = late(r"torch\.(\w+\.)+_rebuild_\w+\Z")

_USABLE = (Standing.ALLOWED, Standing.CLASS, Standing.REVIEW, Standing.FORM)


def _args(event: Event) -> tuple[Value, ...]:
    return event.args if isinstance(event.args, tuple) else ()


def _made(event: Event) -> str:
    """An instance without arguments."""
    plain = event.op == "NEWOBJ" and event.args == ()
    return "" if plain else "it is not made the way pickles make instances"


def _latin1(event: Event, names: Names) -> str:
    args = _args(event)
    text = len(args) == 2 and isinstance(args[0], str | Blob)
    if text and args[1] == "latin1":
        return ""
    return "only the form that stands for bytes, a text and 'latin1', is safe"


def _getattr(event: Event, names: Names) -> str:
    args = _args(event)
    if len(args) != 2 or not isinstance(args[1], str):
        return "the attribute's name is no constant"
    owner, name = args
    if name.startswith("__") and name != "__new__":
        return f"{name} leads into the internals of Python"
    if type(owner) in PLAIN or isinstance(owner, Container):
        return ""
    if isinstance(owner, Global):
        standing = names.judge(owner).standing
        if standing not in _USABLE:
            return "its owner is not a class that is known"
        harmless = standing is Standing.REVIEW or _harmless(owner, name, names)
        return "" if harmless else f"nothing is known of the method {name}"
    return _bound(names.made_of(owner), name, names)


def _bound(made: Global | None, name: str, names: Names) -> str:
    """A method of an instance."""
    if made is None:
        return "its owner is not an instance of a class that is known"
    judgement = names.judge(made)
    known = judgement.standing in (Standing.ALLOWED, Standing.CLASS)
    if not known and judgement.form not in ("constants", "distribution"):
        return "its owner is not an instance of a class that is known"
    return "" if _harmless(made, name, names) else f"nothing is known of the method {name}"


def _harmless(owner: Global, name: str, names: Names) -> bool:
    """Tell whether an attribute of a class is a class or constant, or a method without effect.

    Methods wait to be called, and constructors call what they are given.
    """
    within = f"{owner.dotted}.{name}"
    return (
        name == "__new__"
        or _MEMBER.fullmatch(name) is not None
        or within in names.known.methods
        or names.known.bound.fullmatch(owner.dotted) is not None
        or names.known.judge(owner.module, f"{owner.name}.{name}").standing is Standing.ALLOWED
    )


def _attributes(event: Event, names: Names) -> str:
    args = _args(event)
    if args and all(isinstance(arg, str) and "__" not in arg for arg in args):
        return ""
    return "it leads into the internals of Python"


def _factory(event: Event, names: Names) -> str:
    args = _args(event)
    if not args and event.args == ():
        return ""
    return _callable(args[0], names) if args else "its arguments are computed"


def _partial(event: Event, names: Names) -> str:
    args = _args(event)
    return _callable(args[0], names) if args else "its arguments are computed"


def _callable(value: Value, names: Names) -> str:
    """A class, or something made of one."""
    if value is None or isinstance(value, Global):
        return ""  # the import is judged on its own
    if isinstance(value, Call) and isinstance(value.callee, Global):
        form = names.judge(value.callee).form
        if form == "partial" or (form == "getattr" and names.callee(value).named is not None):
            return ""
    return "what it will call is computed"


def _constants(event: Event, names: Names) -> str:
    args = event.args
    if isinstance(args, tuple) and all(type(arg) in PLAIN or isinstance(arg, Blob) for arg in args):
        return ""
    return "its arguments are no constants"


def _one_container(event: Event, names: Names) -> str:
    return "" if len(_args(event)) == 1 else "with two arguments it calls the first one"


def _nothing_first(event: Event, names: Names) -> str:
    args = _args(event)
    return "" if args and args[0] is None else "it opens the file that is named first"


def _reconstructor(event: Event, names: Names) -> str:
    args = _args(event)
    if len(args) != 3 or names.callee(args[0]).named is None or not isinstance(args[1], Global):
        return "the classes it makes an instance of are computed"
    base = names.judge(args[1])
    if base.standing in (Standing.ALLOWED, Standing.CLASS) or args[2] is None:
        return ""
    return f"it calls {args[1].dotted} with what the pickle says"


def _newobj(event: Event, names: Names) -> str:
    args = _args(event)
    return "" if args and isinstance(args[0], Global) else "the class is computed"


def _numpy_name(event: Event, names: Names) -> str:
    args = _args(event)
    if len(args) == 2 and args[0] == "numpy" and isinstance(args[1], str):
        known = names.known.judge("numpy", args[1])
        if known.standing is Standing.ALLOWED:
            return ""
    return "it imports a name that no allowlist knows"


def _unpickles(event: Event, names: Names) -> str:
    call = Call(event.target, event.args, event.op, event.at)
    return "" if payload(call) is not None else "the pickle it loads is computed"


def _rebuild(event: Event, names: Names) -> str:
    args = _args(event)
    function = args[0] if args else None
    if isinstance(function, Global) and _REBUILD.match(function.dotted):
        return "" if names.judge(function).standing is Standing.ALLOWED else "it calls another"
    return "it calls what its first argument names"


def _distribution(event: Event, names: Names) -> str:
    return _made(event)


def _array_wrapper(event: Event, names: Names) -> str:
    return _made(event)


def _uncalled(event: Event, names: Names) -> str:
    args = _args(event)
    singleton = len(args) == 1 and (args[0] is None or _is_singleton(args[0]))
    type_of = isinstance(event.target, Global) and event.target.name == "type"
    return "" if type_of and singleton else "it makes a class"


def _is_singleton(value: Value) -> bool:
    return isinstance(value, Global) and value.name in ("Ellipsis", "NotImplemented")


def _type_by_name(event: Event, names: Names) -> str:
    args = _args(event)
    named = len(args) == 1 and isinstance(args[0], str) and args[0].removeprefix("types.").isalpha()
    return "" if named and args[0].endswith("Type") else "it names no type"


def _function_by_value(event: Event, names: Names) -> str:
    args = _args(event)
    code = args[0] if args else None
    if isinstance(code, Call) and names.callee(code.callee).sort == "code":
        return ""
    if isinstance(code, Call) and isinstance(code.callee, Global):
        return "" if names.judge(code.callee).form == "code" else "it is given no code object"
    return "it is given no code object"


def _class_by_value(event: Event, names: Names) -> str:
    args = _args(event)
    if len(args) < 4 or not isinstance(args[0], Global) or not isinstance(args[2], tuple):
        return "its metaclass or its bases are computed"
    if names.judge(args[0]).form != "uncalled":
        return f"it calls {args[0].dotted}"
    if all(isinstance(base, Global) for base in args[2]):
        return ""
    return "a base that is itself code of the pickle can run when a class is made of it"


def _state_by_value(event: Event, names: Names) -> str:
    args = _args(event)
    if args and isinstance(args[0], Call) and names.callee(args[0]).sort == "by value":
        return ""
    return "it changes something the pickle did not make"


def _cell(event: Event, names: Names) -> str:
    args = _args(event)
    if isinstance(event.target, Global) and event.target.name == "_create_array":
        function = args[0] if args else None
        known = isinstance(function, Global) and names.judge(function).standing is Standing.ALLOWED
        return "" if known else "it calls what its first argument names"
    return ""


def _module_by_name(event: Event, names: Names) -> str:
    args = _args(event)
    return "" if args and isinstance(args[0], str) else "the module's name is computed"


FORMS: dict[str, Form] = {
    "array-wrapper": _array_wrapper,
    "attributes": _attributes,
    "cell": _cell,
    "class-by-value": _class_by_value,
    "code": _cell,
    "constants": _constants,
    "distribution": _distribution,
    "factory": _factory,
    "function-by-value": _function_by_value,
    "getattr": _getattr,
    "latin1": _latin1,
    "main-by-name": _uncalled,
    "module-by-name": _module_by_name,
    "newobj": _newobj,
    "nothing-first": _nothing_first,
    "numpy-name": _numpy_name,
    "one-container": _one_container,
    "partial": _partial,
    "rebuild": _rebuild,
    "reconstructor": _reconstructor,
    "state-by-value": _state_by_value,
    "type-by-name": _type_by_name,
    "uncalled": _uncalled,
    "unpickles-constant": _unpickles,
}
