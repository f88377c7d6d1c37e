# SPDX-License-Identifier: Apache-2.0
"""Probe `keras`: what would loading a Keras model import, run, read or download?"""

from collections.abc import Iterator

from steelyard.checks.keras.descriptors import DESCRIPTORS, SHADOWED
from steelyard.checks.keras.judge import remarks
from steelyard.core.claim import Claim, Severity, exactly
from steelyard.core.probe import Context, place, probe
from steelyard.core.subject import Model
from steelyard.formats.keras_config import KerasConfig, objects_of

_SHOWN = 20  # findings of one kind in one document that are told one by one
_NAMES = frozenset({"class_name", "module", "config", "registered_name", "code", "function"})
_ROOTS = frozenset(
    ["class_name", "keras_version", "model_config", "modelTopology", "optimizer_config"]
)


@probe("keras", version="1", descriptors=DESCRIPTORS, formats=("keras-config",))
def look(model: Model, context: Context) -> Iterator[Claim]:
    """Check what a Keras model's configuration would import and call.

    ## What it looks at
    Every JSON in which an object names its class, wherever it is: `config.json` of `.keras` archives,
    `model_config` and `training_config` of HDF5 files, the metadata of a SavedModel, `model.json`
    beside weights. Each object, however deep in wrappers and nested models, is held to what Keras
    itself defines.

    ## Why it matters
    Keras builds a model by importing what its configuration names and calling it with what the
    configuration says. Layers can bring byte code along, and until recently any function of any
    module would do.

    ## How to read it
    `keras.objects` counts the objects of each configuration. Models of Keras's own layers have no
    finding. Byte code and foreign functions are critical; classes of other packages are for a person
    to look at. The place ends in a JSON pointer to the object.

    ## What it cannot see
    What byte code does: only the names in it are shown. What a custom class does once its package is
    imported; the probe `code` looks at Python files that come along.

    ## Sources
    Keras 3.15, saving/serialization_lib.py; CVE-2024-3660, CVE-2025-1550, CVE-2025-8747,
    CVE-2025-9905, CVE-2025-9906, CVE-2025-12058, CVE-2025-49655.
    """
    del context
    for part, document in model.contents(KerasConfig):
        certain = _is_keras(document.value)
        told: dict[str, int] = {}
        count = 0
        for pointer, item in objects_of(document.value):
            count += 1
            for remark in remarks(item):
                if not certain and remark.kind.severity.rank < Severity.HIGH.rank:
                    continue
                told[remark.kind.id] = told.get(remark.kind.id, 0) + 1
                if told[remark.kind.id] <= _SHOWN:
                    where = place(part.where, pointer=pointer)
                    yield remark.kind.at(where, remark.message, trail=remark.trail)
        hidden = sorted({key for key, _ in document.shadowed} & _NAMES)
        if certain and hidden:
            yield SHADOWED.at(part.where, f"some object has two members named {hidden[0]!r}")
        yield exactly("keras.objects", count, "1", part.where)


def _is_keras(value: object) -> bool:
    """Tell whether a document is one that Keras wrote, and not one with similar words."""
    if isinstance(value, list):
        return any(map(_is_keras, value[:100]))
    return isinstance(value, dict) and not _ROOTS.isdisjoint(value)
