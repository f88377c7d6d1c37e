# SPDX-License-Identifier: Apache-2.0
"""The findings of the probe `pickle`, and their manual pages."""

from steelyard.core.claim import Severity
from steelyard.core.probe import Descriptor

_DO_NOT_LOAD = "Do not load the file; ask its author for the weights in safetensors or GGUF"
_ASK = (
    "Load it only if you trust its author and the library named here; better, ask for safetensors"
)


def _kind(code: str, severity: Severity, title: str, page: str, remedy: str) -> Descriptor:
    return Descriptor(id=f"pickle.{code}", severity=severity, title=title, page=page, remedy=remedy)


CALL = _kind(
    "call",
    Severity.CRITICAL,
    "Loading the pickle calls something that is not safe",
    """
A pickle is a program: loading it calls whatever it names, with whatever arguments it gives. This one
calls something that is neither on the allowlist nor a class of an unknown library: a function of the
standard library (`os.system`, `builtins.exec`, `runpy.run_path` ...), an unlisted function of a library
that model files do use (`torch.hub.load`, `numpy.load` ...), or something that is safe in one way only and
is called in another. The message shows the call with its arguments, the trail how they came about.

Unlisted does not mean malicious; it means that no ordinary model file is known to need it. If you know
better, suppress the finding for this file by its digest.
""",
    _DO_NOT_LOAD,
)
IMPORT = _kind(
    "import",
    Severity.HIGH,
    "The pickle imports something that is not safe, without calling it",
    """
The pickle brings something into its result, or merely imports it, that is not on the allowlist: of the
standard library, of a tool that runs programs, or an unlisted name of a library that model files use.
Importing runs the module's own code, and the thing imported waits inside the loaded object to be called:
a function in place of a hook, a class whose methods run later.
""",
    _DO_NOT_LOAD,
)
DOTTED_NAME = _kind(
    "dotted-name",
    Severity.HIGH,
    "The pickle imports through a dotted name",
    """
A name with dots leads from one module through its attributes into another: `torch` / `os.system` is
`os.system`, whatever a list says of `torch`. Scanners that look at the module alone are bypassed this way.
Severity is critical where the result is called.
""",
    _DO_NOT_LOAD,
)
COMPUTED_CALLEE = _kind(
    "computed-callee",
    Severity.CRITICAL,
    "Loading the pickle calls the result of another call",
    """
What is called is not imported by name but comes out of another call, such as
`getattr(__import__("os"), "system")`. Bytes alone do not tell what it is. Ordinary pickles do this in
very few ways (a named time zone, an old torch file that carries the source of its classes), and
those are known here.
""",
    _DO_NOT_LOAD,
)
COMPUTED_NAME = _kind(
    "computed-name",
    Severity.CRITICAL,
    "The pickle imports a name that it computes",
    """
The module or the name of an import (STACK_GLOBAL) is not a constant but the result of a call, or it is
longer than any name. No pickler writes this; it hides from scanners what is imported.
""",
    _DO_NOT_LOAD,
)
EXTENSION_CODE = _kind(
    "extension-code",
    Severity.CRITICAL,
    "The pickle imports by a code of the extension registry",
    """
EXT1, EXT2 and EXT4 import what the loading process has registered under a number (copyreg.add_extension).
The file does not say what that is, and no model library registers anything. A pickle can register
`os.system` first and call it by its number afterwards.
""",
    _DO_NOT_LOAD,
)
BUILD_ON_GLOBAL = _kind(
    "build-on-global",
    Severity.CRITICAL,
    "Loading the pickle changes the attributes of something it did not make",
    """
BUILD sets attributes, or calls `__setstate__`, of whatever it is given. Here that is no object the pickle
made but something imported or shared: a class, a function, a module. Overwriting one attribute of a class
is enough to have code run later, by loading code that looks harmless.
""",
    _DO_NOT_LOAD,
)
SETITEM_ON_GLOBAL = _kind(
    "setitem-on-global",
    Severity.CRITICAL,
    "Loading the pickle fills something it did not make",
    """
SETITEM(S), APPEND(S) and ADDITEMS put values into whatever lies on the stack. Here that is something
imported, such as `os.environ` or a registry of a library, and no call is needed for the change.
""",
    _DO_NOT_LOAD,
)
FILL_ON_OBJECT = _kind(
    "fill-on-object",
    Severity.HIGH,
    "Loading the pickle fills something that is no container",
    """
SETITEM(S), APPEND(S) and ADDITEMS call `__setitem__`, `append`, `extend` or `add` of whatever lies on the
stack. Here that is the result of a call which is no dict, list or set: a tensor, an array, a function's
result. torch before 2.10 corrupts memory on such a file even with `weights_only=True` (CVE-2026-24747).
""",
    _DO_NOT_LOAD,
)
HANDED_ON = _kind(
    "handed-on",
    Severity.HIGH,
    "Something that is safe only when called in one way is handed on instead",
    """
A few callables (`builtins.getattr`, `torch.storage._load_from_bytes`, `_codecs.encode` ...) are accepted
only where the pickle calls them itself, with arguments that can be seen to be harmless. Here one of them
becomes an argument or an item, so that something else may call it with anything.
""",
    _DO_NOT_LOAD,
)
EXECUTED_TEXT = _kind(
    "executed-text",
    Severity.CRITICAL,
    "The pickle holds a text that a library executes when it is loaded",
    """
Distributions of scipy.stats rebuild their methods when they are unpickled, by executing the text of their
attribute `_parse_arg_template`. In an ordinary pickle it is a fixed template with the names of shape
parameters; here it is something else, or cannot be told.
""",
    _DO_NOT_LOAD,
)
UNKNOWN_CLASS = _kind(
    "unknown-class",
    Severity.MEDIUM,
    "Loading the pickle makes an instance of a class of an unknown library",
    """
The class belongs to a library, or to the author's own script (`__main__`), of which nothing is known
here. Loading imports the library and runs the class's own code: `__new__`, `__setstate__`, at times its
constructor. That is how every pickled object of one's own looks, and it is as safe as that library.
""",
    _ASK,
)
UNKNOWN_IMPORT = _kind(
    "unknown-import",
    Severity.MEDIUM,
    "The pickle imports from an unknown library",
    """
The pickle refers to a class or function of a library of which nothing is known here, and does not call
it. Loading imports that library, which runs its own code; if the library is not installed, loading fails.
""",
    _ASK,
)
UNKNOWN_CALL = _kind(
    "unknown-call",
    Severity.HIGH,
    "Loading the pickle calls a function of an unknown library",
    """
Classes of unknown libraries are how one's own objects are pickled; calls of their functions are not. The
same holds for a constructor whose arguments look like a command, a path or an address, and for a function
that is handed to something which may call it.
""",
    _DO_NOT_LOAD,
)
BY_VALUE_CODE = _kind(
    "by-value-code",
    Severity.MEDIUM,
    "The pickle carries code",
    """
cloudpickle and dill write functions and classes by value: as byte code that becomes a function again when
the pickle is loaded. Here that happens, and nothing calls the function on loading. It runs as soon
as the loaded object is used, and its byte code was not examined.
""",
    "Load it only if you trust its author; better, ask for weights without code",
)
BY_VALUE_CALL = _kind(
    "by-value-call",
    Severity.CRITICAL,
    "Loading the pickle runs code that it carries",
    """
The pickle holds a function or class as byte code, makes it, and calls it or makes an instance of it while
it is being loaded. Byte code can do anything.
""",
    _DO_NOT_LOAD,
)
HIDDEN_CODE = _kind(
    "hidden-code",
    Severity.CRITICAL,
    "The bytes of an array are opcodes for another loader",
    """
joblib puts the raw bytes of arrays into its pickles and passes over them when it loads the file. A plain
`pickle.load` takes the same bytes for opcodes. Here these opcodes call something, so the file means one
thing to joblib and another to pickle.
""",
    _DO_NOT_LOAD,
)
FILES_BESIDE = _kind(
    "files-beside",
    Severity.MEDIUM,
    "The pickle has joblib load arrays from other files",
    """
Before 0.10, joblib wrote arrays into files of their own. When such a pickle is loaded, joblib opens the
files it names, wherever they lie, and unpickles them if they hold objects. They are not part of this file
and are not followed from here.
""",
    "Load it with the version of joblib that wrote it, only from a trusted author, and save it anew",
)
TRAILING_DATA = _kind(
    "trailing-data",
    Severity.MEDIUM,
    "Something lies behind the last pickle of the file",
    """
The bytes behind the last STOP are neither zeros nor another pickle. Loaders ignore them; they were
identified and read like any other bytes, under the name `gap@offset`.
""",
    "Find out why they are there, or save the file anew",
)
MALFORMED = _kind(
    "malformed",
    Severity.LOW,
    "A pickle breaks off after it has acted",
    """
The pickle cannot be followed to its STOP, and before that point it imports or calls something. An
unpickler does all of that before it raises: an error on loading is no protection. What it does up to
there is judged like any other pickle.
""",
    "Get the file again from its source; do not load it to see whether it works",
)

DESCRIPTORS = (
    BUILD_ON_GLOBAL,
    BY_VALUE_CALL,
    BY_VALUE_CODE,
    CALL,
    COMPUTED_CALLEE,
    COMPUTED_NAME,
    DOTTED_NAME,
    EXECUTED_TEXT,
    EXTENSION_CODE,
    FILES_BESIDE,
    FILL_ON_OBJECT,
    HANDED_ON,
    HIDDEN_CODE,
    IMPORT,
    MALFORMED,
    SETITEM_ON_GLOBAL,
    TRAILING_DATA,
    UNKNOWN_CALL,
    UNKNOWN_CLASS,
    UNKNOWN_IMPORT,
)
