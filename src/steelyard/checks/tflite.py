# SPDX-License-Identifier: Apache-2.0
"""Probe `tflite`: which operators does a TensorFlow Lite model bring that the runtime does not?"""

from collections.abc import Iterator

import msgspec

from steelyard.core.claim import Claim, Fact, Severity
from steelyard.core.probe import Context, Descriptor, place, probe
from steelyard.core.subject import Model
from steelyard.formats.tflite import TFLITE, TfLite
from steelyard.knowledge import entry

_SHOWN = 20  # findings of one kind in one file
_FLEX = "Flex"
_USUAL = frozenset(
    [
        "AudioSpectrogram",
        "Convolution2DTransposeBias",
        "MaxPoolingWithArgmax2D",
        "MaxUnpooling2D",
        "Mfcc",
        "NumericVerify",
        "TFLite_Detection_PostProcess",
        "VHLO",
    ]
)
_COMPILED = frozenset({"edgetpu-custom-op", "ethos-u", "QNN", "DISPATCH_OP"})

MALFORMED = Descriptor(
    id="tflite.malformed",
    severity=Severity.HIGH,
    title="A TensorFlow Lite model cannot be read",
    page="""
An offset or a length leads out of the file: it was cut off, or made to have a reader go beyond it. The
runtime reads FlatBuffers in place and, unless told to verify them first, believes every offset.
""",
    remedy="Download the file again and compare its size and SHA-256 with the publisher's",
)
REACHES_OUT = Descriptor(
    id="tflite.reaches-out",
    severity=Severity.CRITICAL,
    title="An operation of TensorFlow reads, writes or runs",
    page="""
Operators called `Flex...` are operations of full TensorFlow, which a delegate runs. This one reads or writes
files by any path, talks to the network, or calls Python; `steelyard explain tensorflow` says more.
""",
    remedy="Do not load the model with the Flex delegate; have it converted without this operation",
)
CUSTOM = Descriptor(
    id="tflite.custom-operator",
    severity=Severity.MEDIUM,
    title="An operator that the runtime does not have",
    page="""
The model uses a custom operator. It runs only where somebody adds a library that implements it: native code
that comes from elsewhere, with all rights of the process.
""",
    remedy="Find out which library implements the operator, and check it before loading the model",
)
COMPILED = Descriptor(
    id="tflite.compiled-operator",
    severity=Severity.MEDIUM,
    title="A part of the model is compiled for one device",
    page="""
An operator holds code that was compiled for an accelerator, such as an Edge TPU. Nothing but the driver of
that accelerator can tell what it does.
""",
    remedy="Prefer the model before compilation, and compile it where it is to run",
)


class _Known(msgspec.Struct, frozen=True):
    kinds: dict[str, frozenset[str]]


@probe(
    "tflite",
    version="1",
    descriptors=(MALFORMED, REACHES_OUT, CUSTOM, COMPILED),
    formats=("tflite",),
)
def look(model: Model, context: Context) -> Iterator[Claim]:
    """Check which operators of a TensorFlow Lite model come from elsewhere.

    ## What it looks at
    The operator codes of every TensorFlow Lite model, by name; its bytes outside of tensors are
    searched for pickles, archives and programs.

    ## Why it matters
    Built-in operators compute. Custom ones are native code of somebody's library, and operators of the
    Flex delegate are operations of full TensorFlow, some of which read and write files.

    ## How to read it
    The fact `tflite.model` tells version and counts. Built-in operators, and the few custom ones that
    come with the runtime, give no finding.

    ## What it cannot see
    What a custom operator does. The options that operators carry.

    ## Sources
    TensorFlow 2.20, schema.fbs and lite/delegates/flex; `knowledge/tensorflow`.
    """
    del context
    for part in model.parts():
        content = part.content
        if isinstance(content, TfLite):
            value = {
                "version": content.version,
                "description": content.description[:200],
                "operators": content.operators,
                "custom": len(content.custom),
            }
            yield Fact(name="tflite.model", value=value, where=part.where)
            yield from _operators(part.where, content)
        elif part.format == TFLITE.id and part.unread:
            yield MALFORMED.at(place(part.where, byte=part.at), part.unread)


def _operators(where: str, content: TfLite) -> Iterator[Claim]:
    kinds = msgspec.json.decode(entry("tensorflow", "operations") or b"{}", type=_Known).kinds
    reaching = frozenset().union(
        *(kinds[kind] for kind in ("runs_python", "writes", "reads", "connects"))
    )
    told = 0
    for name, at in content.custom:
        kind = _kind(name, reaching)
        if kind is None:
            continue
        told += kind is CUSTOM
        if told <= _SHOWN or kind is not CUSTOM:
            yield kind.at(place(where, byte=at), f"the operator {name[:200] or '(no name)'!r}")


def _kind(name: str, reaching: frozenset[str]) -> Descriptor | None:
    if name.startswith(_FLEX):
        return REACHES_OUT if name.removeprefix(_FLEX) in reaching else None
    if name in _COMPILED:
        return COMPILED
    return None if name in _USUAL else CUSTOM
