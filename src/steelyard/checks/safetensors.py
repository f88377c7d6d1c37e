# SPDX-License-Identifier: Apache-2.0
"""Probe `safetensors`: is the structure of safetensors files sound?"""

from collections.abc import Iterator

from steelyard.core.claim import Claim, Fact, Severity
from steelyard.core.probe import Context, Descriptor, place, probe
from steelyard.core.subject import Model
from steelyard.formats.misnamed import is_meant
from steelyard.formats.safetensors import SAFETENSORS, Safetensors

_DO_NOT_LOAD = "Do not load the file; get it again from its source, or save the weights anew"
_SAVE_ANEW = "Save the weights anew with a current version of the safetensors library"
_METADATA_SHOWN = 200  # characters of a metadata value that the fact shows


def _kind(code: str, severity: Severity, title: str, page: str, remedy: str) -> Descriptor:
    return Descriptor(
        id=f"safetensors.{code}", severity=severity, title=title, page=page, remedy=remedy
    )


MALFORMED = _kind(
    "malformed",
    Severity.HIGH,
    "A safetensors file cannot be read",
    """
The header of a safetensors file cannot be read: its length exceeds the file or the 100 MB that the format
allows, it is no UTF-8 or no JSON object, it is nested too deep, or the file is called .safetensors and is
something else. The library refuses such files; readers of one's own may not.

The byte offset says where reading stopped; nothing behind it was looked at.
""",
    _DO_NOT_LOAD,
)
_FLAWS = (
    _kind(
        "dtype",
        Severity.MEDIUM,
        "A tensor has a type that is not known",
        """
The dtype is none of those that the safetensors library knows. It refuses the file; whether the tensor's
bytes have the right length could not be checked.
""",
        "Use a library that knows the type, or save the weights in one that the format defines",
    ),
    _kind(
        "duplicate-key",
        Severity.HIGH,
        "A name occurs twice in the header",
        """
Two tensors, two fields of a tensor or two metadata entries have the same name. JSON parsers take the
first or the last of them, so different loaders see different weights, and a scanner need not see what
the loader uses.
""",
        _DO_NOT_LOAD,
    ),
    _kind(
        "entry",
        Severity.HIGH,
        "The entry of a tensor is broken",
        """
An entry of the header needs a dtype, a shape of whole numbers and a pair of data offsets. The library
refuses any other; a reader of one's own may compute with what is missing.
""",
        _DO_NOT_LOAD,
    ),
    _kind(
        "header-padding",
        Severity.HIGH,
        "Something follows the JSON of the header",
        """
The header may be padded with spaces so that the tensors are aligned, and with nothing else. Other bytes
there are seen by no loader: a place to hide a second header or a payload.
""",
        _DO_NOT_LOAD,
    ),
    _kind(
        "hole",
        Severity.HIGH,
        "Bytes between tensors that none of them claims",
        """
The format forbids holes, so that a file cannot be two things at once. A hole is where a payload travels
unseen. steelyard reads what is in it as a layer of its own, marked by `!gap@` and the offset.
""",
        _DO_NOT_LOAD,
    ),
    _kind(
        "metadata",
        Severity.MEDIUM,
        "The metadata are not all texts",
        """
`__metadata__` maps texts to texts. The library refuses a file with anything else in it; other readers may
pass on what they find.
""",
        _SAVE_ANEW,
    ),
    _kind(
        "name",
        Severity.MEDIUM,
        "A name cannot be written in UTF-8",
        """
A name or a text of the header holds half a surrogate pair, which JSON can escape and UTF-8 cannot write.
The library refuses it, Python's JSON parser does not.
""",
        _SAVE_ANEW,
    ),
    _kind(
        "offsets",
        Severity.HIGH,
        "A tensor ends before it begins",
        """
The second data offset is less than the first. A reader that subtracts them in unsigned numbers gets a
length of nearly 2^64 bytes.
""",
        _DO_NOT_LOAD,
    ),
    _kind(
        "out-of-bounds",
        Severity.HIGH,
        "A tensor lies beyond the end of the file",
        """
The header promises more bytes than the file has: a download that broke off, or a header made to have a
reader go beyond the file. The message says how many bytes the tensor needs.
""",
        "Download the file again and compare its size and SHA-256 with the publisher's",
    ),
    _kind(
        "overlap",
        Severity.HIGH,
        "Two tensors share bytes",
        """
The format forbids tensors that overlap. The library refuses the file; in a reader that does not, writing
to one tensor changes the other.
""",
        _DO_NOT_LOAD,
    ),
    _kind(
        "size",
        Severity.HIGH,
        "Shape and type of a tensor do not give its length",
        """
The product of the shape and the size of an element must be the number of bytes between the data offsets.
A reader that believes the shape goes beyond the tensor, one that believes the offsets leaves a part out.
""",
        _DO_NOT_LOAD,
    ),
    _kind(
        "tail",
        Severity.HIGH,
        "Bytes behind the last tensor",
        """
The last tensor must end where the file ends. What follows it is seen by no loader of safetensors, but may
be by others: a zip archive, for one, is read from its end. steelyard reads it as a layer of its own,
marked by `!gap@` and the offset.
""",
        _DO_NOT_LOAD,
    ),
    _kind(
        "unknown-field",
        Severity.MEDIUM,
        "The entry of a tensor has a field that means nothing",
        """
The entry of a tensor has fields besides dtype, shape and data_offsets. The library passes over them, so
they are a place for data that nobody looks at.
""",
        _SAVE_ANEW,
    ),
)
_BY_CODE = {descriptor.id.partition(".")[2]: descriptor for descriptor in _FLAWS}


@probe(
    "safetensors",
    version="1",
    descriptors=(MALFORMED, *_FLAWS),
    formats=("safetensors", "misnamed"),
)
def look(model: Model, context: Context) -> Iterator[Claim]:
    """Check the structure of safetensors files: header, bounds, sizes, holes, tail.

    ## What it looks at
    The header of every safetensors file, wherever it is nested: its length, its JSON with every
    duplicate name, the entry of each tensor, `__metadata__`, and whether the tensors cover the rest
    of the file without hole, overlap or tail. Files that are called .safetensors and are none count
    as malformed.

    ## Why it matters
    The format was made so that loading runs no code. It keeps the promise only for files that keep
    its rules: the library checks them, many readers of one's own do not, and a file that breaks
    them can be two things at once.

    ## How to read it
    No finding occurs in files that the library writes. The fact `safetensors.header` tells how many
    tensors there are and what `__metadata__` says.

    ## What it cannot see
    Whether the weights are the ones they are said to be, and what they make a model say. Code that
    comes beside the weights is the business of other probes.

    ## Sources
    safetensors 0.7, README ("Format") and src/tensor.rs; its security review by Trail of Bits, 2023.
    """
    del context
    for part in model.parts():
        if isinstance(part.content, Safetensors):
            yield Fact(name="safetensors.header", value=_header(part.content), where=part.where)
            for flaw in part.content.flaws:
                yield _BY_CODE[flaw.code].at(place(part.where, byte=flaw.at), flaw.message)
        elif part.unread and is_meant(part, SAFETENSORS):
            yield MALFORMED.at(place(part.where, byte=part.at), part.unread)


def _header(content: Safetensors) -> dict[str, object]:
    shown = sorted(content.metadata.items())[:20]
    return {
        "tensors": len(content.tensors),
        "metadata": {key[:_METADATA_SHOWN]: text[:_METADATA_SHOWN] for key, text in shown},
    }
