# SPDX-License-Identifier: Apache-2.0
"""Probe `msgpack`: do Flax's weights hold arrays and nothing else?"""

from collections.abc import Iterator

from steelyard.core.claim import Claim, Fact, Severity
from steelyard.core.probe import Context, Descriptor, place, probe
from steelyard.core.subject import Model
from steelyard.formats.msgpack import MSGPACK, MsgPack

_ANEW = "Save the weights anew with a current version of Flax"


def _kind(code: str, severity: Severity, title: str, page: str) -> Descriptor:
    return Descriptor(id=f"msgpack.{code}", severity=severity, title=title, page=page, remedy=_ANEW)


MALFORMED = _kind(
    "malformed",
    Severity.HIGH,
    "A MessagePack file cannot be read",
    """
An item is cut off or of a kind that MessagePack does not have. What lies behind the byte offset was not
looked at.
""",
)
EXTENSION = _kind(
    "extension",
    Severity.MEDIUM,
    "An extension that Flax does not have",
    """
MessagePack lets programs define types of their own. Flax has three: arrays, complex numbers, scalars. What a
loader makes of another one is its own business, and unpickling would be one way; its bytes were read as a
layer of their own.
""",
)
ARRAY = _kind(
    "array",
    Severity.HIGH,
    "An array does not fit its shape and type",
    """
An array is a shape, the name of a type, and as many bytes as the two need. Here they contradict each other,
or the type is none of numbers; the bytes were read as a layer of their own.
""",
)
TAIL = _kind(
    "tail",
    Severity.MEDIUM,
    "Bytes behind the last item",
    """
The document ends before the file does. Flax refuses such a file or passes over what follows; it was read as a
layer of its own, marked by `!gap@` and the offset.
""",
)
_FLAWS = {each.id.partition(".")[2]: each for each in (EXTENSION, ARRAY, TAIL)}


@probe("msgpack", version="1", descriptors=(MALFORMED, *_FLAWS.values()), formats=("msgpack",))
def look(model: Model, context: Context) -> Iterator[Claim]:
    """Check that weights in MessagePack are arrays of numbers.

    ## What it looks at
    Every MessagePack document whose outermost item is a map, such as Flax's `flax_model.msgpack`: every
    item, the shape, type and bytes of every array.

    ## Why it matters
    The format is data alone, but for extensions, and for loaders that make objects of them.

    ## How to read it
    The fact `msgpack.arrays` counts arrays. Files that Flax writes have no finding.

    ## What it cannot see
    What a loader other than Flax makes of an extension.

    ## Sources
    MessagePack specification; Flax 0.12, flax/serialization.py.
    """
    del context
    for part in model.parts():
        if isinstance(part.content, MsgPack):
            yield Fact(name="msgpack.arrays", value=part.content.arrays, where=part.where)
            for flaw in part.content.flaws:
                yield _FLAWS[flaw.code].at(place(part.where, byte=flaw.at), flaw.message)
        elif part.format == MSGPACK.id and part.unread:
            yield MALFORMED.at(place(part.where, byte=part.at), part.unread)
