# SPDX-License-Identifier: Apache-2.0
"""The kinds of findings of the probe `keras`."""

from steelyard.core.claim import Severity
from steelyard.core.probe import Descriptor

_DO_NOT_LOAD = (
    "Do not load the model; ask its publisher for one without this, or for its weights alone"
)
_SAFE_MODE = "Load it with `safe_mode=True` only; better, have it saved again without this layer"


def _kind(code: str, severity: Severity, title: str, page: str, remedy: str) -> Descriptor:
    return Descriptor(id=f"keras.{code}", severity=severity, title=title, page=page, remedy=remedy)


LAMBDA_CODE = _kind(
    "lambda-code",
    Severity.CRITICAL,
    "A layer brings Python byte code along",
    """
A `Lambda` layer, or a function in place of an activation or loss, is saved as marshalled byte code. Loading
the model turns it into a function, and calling or even building the model runs it: any code, with all
rights of the process (CVE-2024-3660). Keras 3 refuses it in safe mode, but not from HDF5 files
(CVE-2025-9905), and older versions do not ask.

The trail shows the names that stand in the byte code. Nothing was decoded any further.
""",
    _SAFE_MODE,
)
TORCH_MODULE = _kind(
    "torch-module",
    Severity.CRITICAL,
    "A layer is a pickled torch module",
    """
`TorchModuleWrapper` holds a torch module as a pickle in base64. Loading the layer unpickles it, which runs
whatever the pickle says (CVE-2025-49655). steelyard reads the pickle as a layer of its own.
""",
    _DO_NOT_LOAD,
)
FOREIGN_MODULE = _kind(
    "foreign-module",
    Severity.CRITICAL,
    "An object is taken from a module that has no layers",
    """
The configuration names a module and a class or function of it. Keras before 3.9 imports that module, whatever
it is, and calls what it finds there with the arguments of the configuration (CVE-2025-1550): `os` and
`system`, for one. The module named here is of the standard library, of a library that models take no layers
from, or what is named is no class.
""",
    _DO_NOT_LOAD,
)
FILE_FUNCTION = _kind(
    "file-function",
    Severity.CRITICAL,
    "A function that downloads, writes or loads stands in for a layer's",
    """
The configuration names a function of Keras that is not made for models, such as `get_file` (which downloads
and unpacks), `load_model` or `enable_unsafe_deserialization`. Keras before 3.11 calls it with arguments
from the configuration, also in safe mode (CVE-2025-8747, CVE-2025-9906).
""",
    _DO_NOT_LOAD,
)
OTHER_MODEL = _kind(
    "other-model",
    Severity.HIGH,
    "A layer loads another model from a path",
    """
`TFSMLayer` names a folder or an address from which TensorFlow loads another saved model, a program of its
own, when this one is loaded. Whatever is there then is what runs.
""",
    "Examine the other model as well, and have its path point into this one's folder",
)
FILE_PATH = _kind(
    "file-path",
    Severity.HIGH,
    "A vocabulary is a path",
    """
A lookup layer or table takes its vocabulary from a file named in the configuration. Loading the model opens
that file, or that address, and its lines can be read back from the layer (CVE-2025-12058). Keras keeps
vocabularies inside the model.
""",
    "Have the model saved with its vocabulary in it",
)
CUSTOM_OBJECT = _kind(
    "custom-object",
    Severity.MEDIUM,
    "A class or function that Keras does not have",
    """
The configuration names a class or function that is not Keras's own. Loading the model needs code from
elsewhere, which somebody has to trust and import first.
""",
    "Find out which package defines it, and check that code before loading the model",
)
LAMBDA = _kind(
    "lambda",
    Severity.MEDIUM,
    "A Lambda layer without code of its own",
    """
A `Lambda` layer calls a function by name. The function is not in the model; what it does depends on where
it is loaded.
""",
    "Look up what the function does where you load the model",
)
SHADOWED = _kind(
    "shadowed-name",
    Severity.HIGH,
    "An object has two names or modules",
    """
Two members of an object have the same name, one of `class_name`, `module`, `config` or `registered_name`.
Keras takes the last, other readers the first: what a person or a scanner sees need not be what is loaded.
""",
    _DO_NOT_LOAD,
)
DESCRIPTORS = (
    LAMBDA_CODE,
    TORCH_MODULE,
    FOREIGN_MODULE,
    FILE_FUNCTION,
    OTHER_MODEL,
    FILE_PATH,
    CUSTOM_OBJECT,
    LAMBDA,
    SHADOWED,
)
