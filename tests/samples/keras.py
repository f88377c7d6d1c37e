# SPDX-License-Identifier: Apache-2.0
"""Builders of Keras models: archives, HDF5 files, and the configurations in them."""

import base64
import io
import json
import marshal
import zipfile
from typing import Any


def layer(name: str, module: str | None = "keras.layers", **config: Any) -> dict[str, Any]:
    """Return a serialized object."""
    return {
        "module": module,
        "class_name": name,
        "config": {"name": name.lower(), **config},
        "registered_name": None,
    }


def function(module: str | None, name: str) -> dict[str, Any]:
    """Return a function that is named."""
    return {"module": module, "class_name": "function", "config": name, "registered_name": name}


def byte_code(source: str = "__import__('os').system('id')") -> str:
    """Return byte code as a Lambda layer holds it; it is never run."""
    return base64.b64encode(marshal.dumps(compile(source, "<lambda>", "eval"))).decode()


def lambda_function(source: str = "__import__('os').system('id')") -> dict[str, Any]:
    """Return a function that is brought along."""
    return {"class_name": "__lambda__", "config": {"code": byte_code(source), "defaults": None}}


def sequential(*layers: dict[str, Any]) -> dict[str, Any]:
    """Return the configuration of a model."""
    return layer("Sequential", "keras", layers=list(layers))


def keras(config: object, **members: bytes) -> bytes:
    """Return a `.keras` archive."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(zipfile.ZipInfo("metadata.json"), '{"keras_version": "3.8.0"}')
        archive.writestr(zipfile.ZipInfo("config.json"), json.dumps(config))
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return file.getvalue()


DENSE = layer(
    "Dense",
    units=4,
    activation="relu",
    kernel_initializer=layer("GlorotUniform", "keras.initializers", seed=None),
    dtype=layer("DTypePolicy", "keras"),
    bias_regularizer=function("keras.regularizers", "l2"),
)
