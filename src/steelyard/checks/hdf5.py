# SPDX-License-Identifier: Apache-2.0
"""Probe `hdf5`: does an HDF5 file keep to itself?"""

from collections.abc import Iterator

from steelyard.core.claim import Claim, Fact, Severity
from steelyard.core.probe import Context, Descriptor, place, probe
from steelyard.core.subject import Model, Part
from steelyard.formats.hdf5 import HDF5, Hdf5

_SHOWN = 20  # findings of one kind that are told one by one
_WITHOUT = "Have the file written again with its data in it"


def _kind(code: str, severity: Severity, title: str, page: str, remedy: str) -> Descriptor:
    return Descriptor(id=f"hdf5.{code}", severity=severity, title=title, page=page, remedy=remedy)


MALFORMED = _kind(
    "malformed",
    Severity.HIGH,
    "An HDF5 file cannot be read",
    """
The file is cut off, or a block in it contradicts the format. The HDF5 library, written in C, has had memory
errors in just such files. What lies behind the place was not looked at.
""",
    "Download the file again and compare its size and SHA-256 with the publisher's",
)
_KINDS = (
    _kind(
        "external-link",
        Severity.HIGH,
        "An object is in another file",
        """
An external link stands for an object of another HDF5 file, named by a path. Whoever reads the object opens
that file, wherever it is. Weights of a model are in the model.
""",
        _WITHOUT,
    ),
    _kind(
        "external-storage",
        Severity.HIGH,
        "The bytes of a dataset are in another file",
        """
A dataset takes its bytes from files named by path, of any kind: reading the weight reads the file, such as
keys and passwords, and what is read can leave with the model's outputs or when the model is saved again.
""",
        _WITHOUT,
    ),
    _kind(
        "virtual",
        Severity.HIGH,
        "A dataset is made of other files",
        """
A virtual dataset is put together from datasets of other files, which are opened by path when it is read.
""",
        _WITHOUT,
    ),
    _kind(
        "soft-link",
        Severity.NOTE,
        "An object is only another name",
        """
A soft link gives an object of the same file another name. It does no harm; a link that leads nowhere makes
reading fail.
""",
        "Nothing to do",
    ),
    _kind(
        "dataset-size",
        Severity.HIGH,
        "Shape and type of a dataset do not give its length",
        """
A dataset that is stored in one piece has another length than its shape and type need. A reader that believes
the shape reads beyond it; bytes beyond the shape are a place to hide things, and were searched.
""",
        "Do not load the file; get it again from its source",
    ),
    _kind(
        "out-of-bounds",
        Severity.HIGH,
        "A dataset lies beyond the end of the file",
        """
The file promises more bytes than it has: a download that broke off, or a file made to have a reader go
beyond its end.
""",
        "Download the file again and compare its size and SHA-256 with the publisher's",
    ),
)
_BY_CODE = {each.id.partition(".")[2]: each for each in _KINDS}


@probe("hdf5", version="1", descriptors=(MALFORMED, *_KINDS), formats=("hdf5",))
def look(model: Model, context: Context) -> Iterator[Claim]:
    """Check whether HDF5 files refer to other files, and whether their datasets fit.

    ## What it looks at
    Every object that can be reached from the root of every HDF5 file: links, external storage, virtual
    datasets, and the extent of each dataset that is stored in one piece.

    ## Why it matters
    HDF5 can take links and data from any other file of the machine, without a word to whoever
    reads it.

    ## How to read it
    The fact `hdf5.file` counts objects. Files of Keras, PyTables and pandas have no finding but notes
    of soft links. What texts in attributes mean is the business of other probes: they are layers of
    their own, called `path@name`.

    ## What it cannot see
    Links and attributes that are stored in a fractal heap, as groups with many links are in files
    written for recent libraries only: such a file counts as not wholly read. What is in compressed
    chunks.

    ## Sources
    HDF5 File Format Specification 3.0; HDF5 User's Guide on external links and external storage.
    """
    del context
    for part in model.parts():
        if isinstance(part.content, Hdf5):
            yield Fact(name="hdf5.file", value=_summary(part.content), where=part.where)
            yield from _outside(part, part.content)
            for flaw in part.content.flaws:
                yield _BY_CODE[flaw.code].at(place(part.where, byte=flaw.at), flaw.message)
        elif part.format == HDF5.id and part.unread:
            yield MALFORMED.at(place(part.where, byte=part.at), part.unread)


def _summary(content: Hdf5) -> dict[str, object]:
    return {"objects": content.objects, "attributes": len(content.attributes)}


def _outside(part: Part, content: Hdf5) -> Iterator[Claim]:
    told: dict[str, int] = {}
    for each in content.outside:
        told[each.kind] = told.get(each.kind, 0) + 1
        if told[each.kind] <= _SHOWN:
            message = f"{each.path or '/'!r} is {each.target!r}"
            yield _BY_CODE[each.kind].at(place(part.where, byte=each.at), message)
