# SPDX-License-Identifier: Apache-2.0
"""What Keras itself defines: the file `knowledge/keras/objects.json`."""

import functools
import re

import msgspec

from steelyard.knowledge import entry

_KERAS = re.compile(
    r"(?:keras|tf_keras|tensorflow(?:\.python)?\.keras|tensorflow\.compat\.v[12]\.keras)"
)
_FAMILY = frozenset({"keras_hub", "keras_cv", "keras_nlp", "keras_tuner", "tensorflow_addons"})
_LIBRARIES = frozenset(
    [
        "PIL",
        "cv2",
        "jax",
        "joblib",
        "numpy",
        "pandas",
        "requests",
        "scipy",
        "setuptools",
        "sklearn",
        "tensorflow",
        "torch",
        "transformers",
        "pip",
        "pkg_resources",
        "dill",
        "cloudpickle",
        "yaml",
    ]
)
"""Libraries that no saved model takes a layer from, and whose classes do more than compute."""


class Objects(msgspec.Struct, frozen=True):
    """Names that Keras defines.

    Attributes:
        classes: Layers, models, losses, optimizers and whatever else may be in a configuration.
        functions: Functions that compute.
        not_for_models: Functions that read, write, download or change how models are loaded.
    """

    classes: frozenset[str]
    functions: frozenset[str]
    not_for_models: frozenset[str]


class _Standard(msgspec.Struct, frozen=True):
    """As much of `knowledge/globals/standard_library.json` as is needed."""

    modules: frozenset[str] = frozenset()


@functools.cache
def objects() -> Objects:
    """Return what Keras defines."""
    return msgspec.json.decode(entry("keras", "objects") or b"{}", type=Objects)


@functools.cache
def standard_modules() -> frozenset[str]:
    """Return the top-level modules of the standard library."""
    data = entry("globals", "standard_library") or b"{}"
    return msgspec.json.decode(data, type=_Standard).modules


def is_keras(module: str) -> bool:
    """Tell whether a module is one of Keras.

    Example:
        >>> is_keras("keras.src.layers"), is_keras("kerasx"), is_keras("tensorflow.python.ops")
        (True, False, False)
    """
    found = _KERAS.match(module)
    return found is not None and module[found.end() : found.end() + 1] in ("", ".")


def is_dangerous(module: str) -> bool:
    """Tell whether a module is of the standard library or of one that models take no layers from."""
    top = module.partition(".")[0]
    return top in standard_modules() or top in _LIBRARIES


def is_family(module: str) -> bool:
    """Tell whether a module is of a library of layers by the same authors."""
    return module.partition(".")[0] in _FAMILY
