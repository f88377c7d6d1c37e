# SPDX-License-Identifier: Apache-2.0
"""Probe `coverage`: what was not looked at."""

from collections.abc import Iterator

from steelyard.core.claim import Claim, Gap, exactly
from steelyard.core.probe import Context, place, probe
from steelyard.core.subject import Model, Part

_HARMLESS = frozenset({"text", "media"})
"""Formats that no model loader executes, whatever they hold; reading part of them is enough."""

_OTHER_LOADERS = {
    "caffemodel": "Caffe",
    "dlc": "Qualcomm SNPE",
    "engine": "TensorRT",
    "ggml": "GGML before GGUF",
    "ggjt": "GGML before GGUF",
    "h5": "Keras, HDF5",
    "hdf5": "Keras, HDF5",
    "keras": "Keras",
    "mlmodel": "Core ML",
    "mlpackage": "Core ML",
    "mnn": "MNN",
    "msgpack": "Flax",
    "ncnn": "ncnn",
    "onnx": "ONNX",
    "ort": "ONNX Runtime",
    "pb": "TensorFlow",
    "pbtxt": "TensorFlow",
    "pdmodel": "PaddlePaddle",
    "pdiparams": "PaddlePaddle",
    "plan": "TensorRT",
    "pmml": "PMML",
    "rknn": "RKNN",
    "skops": "skops",
    "tflite": "TensorFlow Lite",
    "trt": "TensorRT",
}
"""Suffixes by which a loader takes a file for its own, with the loader: bytes under such a name that
no reader knows would be opened all the same."""


@probe("coverage", version="1")
def look(model: Model, context: Context) -> Iterator[Claim]:
    """Say what no reader could make sense of.

    ## What it looks at
    Every layer of every file: the file itself, the members of its archives, the streams and blobs
    inside those. A layer counts as read when its reader accounted for all of its bytes.

    ## Why it matters
    Most scanners say nothing of what they could not read, and their users take silence for safety.
    Here silence is a gap, and the policies `baseline`, `commercial` and `strict` answer a gap with
    `unknown`, never with `pass`.

    ## How to read it
    A gap `coverage.unread` names a layer that a loader would open and says why it was not (wholly)
    read: encrypted, cut off, over a limit, of no known format. A gap `coverage.partly-read` is a text
    or picture of which only the beginning was looked at; no loader runs those.
    `coverage.layers` counts the layers, `coverage.unread-layers` those with a gap.

    ## What it cannot see
    Whether a reader understood what it read: that is the business of the probe for each format.

    ## Sources
    The idea of coverage as a result of its own: hayward 1.4, pip-audit's skipped dependencies.
    """
    del context
    layers = model.parts()
    gaps = [gap for part in layers if (gap := _gap(part)) is not None]
    yield exactly("coverage.layers", len(layers), "1")
    yield exactly("coverage.unread-layers", len(gaps), "1")
    yield from gaps


def _gap(part: Part) -> Gap | None:
    if part.unread:
        name = "coverage.partly-read" if part.format in _HARMLESS else "coverage.unread"
        return Gap(name=name, reason=part.unread, where=place(part.where, byte=part.at))
    loader = _OTHER_LOADERS.get(_suffix(part.where))
    if loader and part.format == "data" and not getattr(part.content, "empty", True):
        reason = f"named for {loader}, but of no format that is known here"
        return Gap(name="coverage.unread", reason=reason, where=part.where)
    return None


def _suffix(where: str) -> str:
    return where.rpartition("!")[2].rpartition("/")[2].rpartition(".")[2].lower()
