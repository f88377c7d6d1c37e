# SPDX-License-Identifier: Apache-2.0
"""Probe `tensorrt`: does an engine bring or name plug-in libraries?"""

from collections.abc import Iterator

from steelyard.core.claim import Claim, Fact, Severity
from steelyard.core.probe import Context, Descriptor, place, probe
from steelyard.core.subject import Model
from steelyard.formats.compiled_model import CompiledModel

_SHOWN = 20

PLUGIN = Descriptor(
    id="tensorrt.plugin-library",
    severity=Severity.CRITICAL,
    title="An engine names a shared library",
    page="""
The engine holds the path of a shared library. TensorRT loads plug-in libraries with an engine, and those that
are serialized into it, when the engine is deserialized by a runtime that allows host code: native code runs
with all rights of the process before any inference.
""",
    remedy="Do not load the engine; build it from the model's ONNX file where it is to run",
)


@probe("tensorrt", version="1", descriptors=(PLUGIN,), formats=("compiled-model",))
def look(model: Model, context: Context) -> Iterator[Claim]:
    """Look for plug-in libraries in TensorRT engines.

    ## What it looks at
    All bytes of every TensorRT engine, for paths of shared libraries (`.so`, `.dll`, `.dylib`).

    ## Why it matters
    An engine is compiled code for one device, and may bring host code along or name it. NVIDIA's own
    advice is to load engines from trusted sources only.

    ## How to read it
    The fact `compiled.kind` tells what a compiled model is. The engine itself counts as unread
    (`coverage.unread`): nothing but TensorRT can tell what is in it.

    ## What it cannot see
    What the engine computes; libraries whose name stands nowhere in it, or not in plain bytes.

    ## Sources
    TensorRT 10, developer guide: serializing plug-ins, engineHostCodeAllowed.
    """
    del context
    for part, content in model.contents(CompiledModel):
        yield Fact(name="compiled.kind", value=content.kind, where=part.where)
        for plugin in content.plugins[:_SHOWN]:
            where = place(part.where, byte=plugin.at)
            yield PLUGIN.at(where, f"the engine names {plugin.path[:300]!r}")
