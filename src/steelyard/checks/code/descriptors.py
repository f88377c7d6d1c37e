# SPDX-License-Identifier: Apache-2.0
"""Kinds of findings of the probe `code`."""

from steelyard.core.claim import Severity
from steelyard.core.probe import Descriptor

_READ_IT = "Read the code before you let it run, or use a model that needs none"
_DO_NOT_LOAD = "Do not load the model with trust_remote_code, and do not import the file"

LOCAL = Descriptor(
    id="code.remote-local",
    severity=Severity.MEDIUM,
    title="The model brings code of its own",
    page="""
A configuration (`auto_map`, `custom_pipelines`, `modules.json`, `model_index.json`) names a class in a
Python file of the model's folder. Libraries import that file when they are told to trust remote code
(`trust_remote_code=True`), and then it can do anything.

Many genuine models need this, so it is for a person to review. The message says whether the file is
there; what its code does is the business of the other findings of this probe.
""",
    remedy=_READ_IT,
)
FOREIGN = Descriptor(
    id="code.remote-foreign",
    severity=Severity.HIGH,
    title="The model loads code of another repository",
    page="""
A configuration names a class as `owner/name--module.Class`: the code is fetched from another
repository when the model is loaded. It is not among the files examined here, somebody else can change
it at any time, and the owner of that repository may not be the author of this model.
""",
    remedy="Copy the code beside the model at a revision you have read, or do not load the model",
)
IMPORTED = Descriptor(
    id="code.imports-module",
    severity=Severity.MEDIUM,
    title="A configuration names a module to import",
    page="""
A configuration names an installed module that a library imports when the model is loaded, and it is
none of those that real models name. Importing runs the module's code; a module of the standard library
or one that nobody needs for a model is a sign that something else is meant.
""",
    remedy="Find out why the model wants this module imported",
)
TRUST = Descriptor(
    id="code.trust-remote-code",
    severity=Severity.LOW,
    title="A configuration asks to trust remote code",
    page="""
A configuration sets `trust_remote_code` to true. Some tools pass it on to the library that loads the
model, so that whoever uses the model is no longer asked.
""",
    remedy="Remove the setting and decide for each model",
)
FETCH = Descriptor(
    id="code.fetches-and-runs",
    severity=Severity.CRITICAL,
    title="Code downloads something and runs it",
    page="""
A shell command in the code downloads something and hands it to an interpreter, such as
`curl ... | sh`. What runs is decided by whoever controls the address, at the time.
""",
    remedy=_DO_NOT_LOAD,
)
DECODED = Descriptor(
    id="code.runs-decoded",
    severity=Severity.CRITICAL,
    title="Code runs text that it decodes, unpacks or downloads first",
    page="""
`exec`, `eval` or `compile` is given something that comes out of base64, zlib, marshal, a pickle or the
network. There is no honest reason to hide code of a model from its readers.
""",
    remedy=_DO_NOT_LOAD,
)
RUNS = Descriptor(
    id="code.runs-command",
    severity=Severity.HIGH,
    title="Code starts another program",
    page="""
The code starts a process (`os.system`, `subprocess` ...), under whatever name it reaches it: aliases,
`getattr`, `__import__`, names put together from pieces are followed. High when it happens as soon as
the file is imported, directly or through functions called there; medium inside functions, which run
only when something calls them.
""",
    remedy=_READ_IT,
)
EVALUATES = Descriptor(
    id="code.evaluates",
    severity=Severity.HIGH,
    title="Code runs text or files as code",
    page="""
`exec`, `eval`, `compile`, `runpy` or a loader of modules runs something that is no part of the syntax
tree examined here. High when it happens on import, medium inside functions.
""",
    remedy=_READ_IT,
)
NATIVE = Descriptor(
    id="code.native",
    severity=Severity.HIGH,
    title="Code loads a native library",
    page="""
The code loads a shared library, through `ctypes`, `cffi` or `torch.ops.load_library`. Native code is
beyond any examination here. High when it happens on import, medium inside functions.
""",
    remedy=_READ_IT,
)
BUILDS = Descriptor(
    id="code.builds-native",
    severity=Severity.MEDIUM,
    title="Code compiles and loads a native extension",
    page="""
The code compiles C++ or CUDA sources and loads the result (`torch.utils.cpp_extension.load`), as models
with kernels of their own do. The sources come with the model and run with all rights of the user.
""",
    remedy="Read the sources that are compiled as well",
)
UNPICKLES = Descriptor(
    id="code.unpickles",
    severity=Severity.HIGH,
    title="Code loads a pickle",
    page="""
The code loads a file in a way that can run code: `pickle.load`, `torch.load` without
`weights_only=True`, `joblib.load`, `yaml.load` without a safe loader. High when it happens on import of
a file that loaders import, low inside functions, where conversion scripts do it.
""",
    remedy=_READ_IT,
)
NETWORK = Descriptor(
    id="code.network",
    severity=Severity.HIGH,
    title="Code uses the network",
    page="""
The code opens a connection or downloads something. Inside functions it is common (an image from an
address) and low; on import of a file that loaders import it is high, since loading a model should not
tell anybody about it, let alone fetch more code.
""",
    remedy=_READ_IT,
)
WRITES = Descriptor(
    id="code.writes-files",
    severity=Severity.HIGH,
    title="Code writes or deletes files when it is imported",
    page="""
Importing the file writes, moves or deletes files. Inside functions that is what `save_pretrained` and
the like do, and gives no finding.
""",
    remedy=_READ_IT,
)
CREDENTIALS = Descriptor(
    id="code.credentials",
    severity=Severity.HIGH,
    title="Code looks where credentials are kept",
    page="""
The code names a file that holds keys or tokens (`~/.ssh`, `~/.aws`, the hub's token file ...), asks a
key ring, or reads an environment variable with a name such as `HF_TOKEN` or `AWS_SECRET_ACCESS_KEY`.
High for files when it happens on import; environment variables are medium on import and low inside
functions, where genuine code passes a token to the hub.
""",
    remedy=_READ_IT,
)
HIDDEN_NAME = Descriptor(
    id="code.hidden-name",
    severity=Severity.HIGH,
    title="Code hides which function it calls",
    page="""
An attribute of a module such as `os` or `builtins` is taken by a name that is put together at run time
and could not be worked out, a module is imported by such a name, or Python's internals
(`__subclasses__`, `__globals__`) are searched for something. Constant names, however scattered, are
worked out and reported as what they are.
""",
    remedy=_READ_IT,
)
HOOK = Descriptor(
    id="code.hooks",
    severity=Severity.MEDIUM,
    title="Code changes how Python itself works",
    page="""
The code replaces functions of the standard library, or hooks into imports, tracing or pickling, or sets
a variable such as `LD_PRELOAD` that decides what other programs load. From then on other code does
something else than it says.
""",
    remedy=_READ_IT,
)
ENCODING = Descriptor(
    id="code.encoding",
    severity=Severity.HIGH,
    title="The file declares an encoding under which it reads differently",
    page="""
The first lines declare an encoding such as `utf-7` or `unicode_escape`. Python decodes the file by it,
so that what looks like a comment here may be code there. No genuine module needs this.
""",
    remedy=_DO_NOT_LOAD,
)
MALFORMED = Descriptor(
    id="code.malformed",
    severity=Severity.LOW,
    title="A Python file cannot be parsed",
    page="""
The file is no Python of the version that runs steelyard (Python 2, a template, a newer syntax), or too
long or too deeply nested to be examined. What it would do is unknown: the gap `code.unreadable` says so.
""",
    remedy="Look at the file yourself, or remove it if nothing needs it",
)

DESCRIPTORS = (
    LOCAL,
    FOREIGN,
    IMPORTED,
    TRUST,
    FETCH,
    DECODED,
    RUNS,
    EVALUATES,
    NATIVE,
    BUILDS,
    UNPICKLES,
    NETWORK,
    WRITES,
    CREDENTIALS,
    HIDDEN_NAME,
    HOOK,
    ENCODING,
    MALFORMED,
)
