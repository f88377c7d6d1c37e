# SPDX-License-Identifier: Apache-2.0
"""Probe `coreml`: which parts of a Core ML model are implemented elsewhere?"""

from collections.abc import Iterator

from steelyard.core.claim import Claim, Fact, Severity
from steelyard.core.probe import Context, Descriptor, place, probe
from steelyard.core.subject import Model
from steelyard.formats.coreml import COREML, CoreMl
from steelyard.formats.paths import escapes

_SHOWN = 20

MALFORMED = Descriptor(
    id="coreml.malformed",
    severity=Severity.HIGH,
    title="A Core ML model cannot be read",
    page="""
The file is cut off, or a message in it contradicts the format. What lies behind the byte offset was not
looked at.
""",
    remedy="Download the file again and compare its size and SHA-256 with the publisher's",
)
CUSTOM = Descriptor(
    id="coreml.custom-code",
    severity=Severity.MEDIUM,
    title="A model or layer is a class of the application",
    page="""
The model names a class that the application has to bring (`customModel`, a custom layer). Core ML looks the
class up by that name and has it compute; what it does is not in the model.
""",
    remedy="Find out which class is meant, and check it before loading the model",
)
LINKED = Descriptor(
    id="coreml.linked-model",
    severity=Severity.MEDIUM,
    title="Another model is linked",
    page="""
The model names the file of another, compiled model, which Core ML loads with it. A path that is absolute or
climbs out of the folder is critical: the model then opens a file of the machine.
""",
    remedy="Examine the other model as well, and keep both in one folder",
)


@probe("coreml", version="1", descriptors=(MALFORMED, CUSTOM, LINKED), formats=("coreml",))
def look(model: Model, context: Context) -> Iterator[Claim]:
    """Check which parts of Core ML models come from elsewhere.

    ## What it looks at
    Every Core ML model, in pipelines too: custom models, custom layers of neural networks, and links
    to other models.

    ## Why it matters
    Core ML itself only computes. Custom parts are code of the application, and links are paths.

    ## How to read it
    The fact `coreml.model` tells the version of the specification. Models of standard layers have no
    finding.

    ## What it cannot see
    The operations of ML programs, which have no custom code, and their weights. Compiled models
    (`.mlmodelc`).

    ## Sources
    coremltools 9, the format's protobuf definitions.
    """
    del context
    for part in model.parts():
        if isinstance(part.content, CoreMl):
            content = part.content
            value = {"specification": content.version, "types": list(content.kinds[:20])}
            yield Fact(name="coreml.model", value=value, where=part.where)
            for custom in content.custom[:_SHOWN]:
                where = place(part.where, byte=custom.at)
                if custom.kind != "linked-model":
                    yield CUSTOM.at(where, f"the class {custom.name[:200]!r} computes a part")
                    continue
                outside = escapes(custom.name.encode("utf-8", "replace"))
                severity = Severity.CRITICAL if outside else None
                message = f"the model {custom.name[:300]!r} is loaded as well"
                yield LINKED.at(where, message, severity=severity)
        elif part.format == COREML.id and part.unread:
            yield MALFORMED.at(place(part.where, byte=part.at), part.unread)
