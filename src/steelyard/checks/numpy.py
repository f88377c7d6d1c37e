# SPDX-License-Identifier: Apache-2.0
"""Probe `numpy`: do .npy files hold what their header says, and nothing else?"""

from collections.abc import Iterator

from steelyard.core.claim import Claim, Severity
from steelyard.core.probe import Context, Descriptor, place, probe
from steelyard.core.subject import Model
from steelyard.formats.numpy import Npy

OBJECTS = Descriptor(
    id="numpy.objects",
    severity=Severity.NOTE,
    title="The array holds Python objects",
    page="""
The elements are Python objects, so the file is a header with a pickle behind it. numpy loads it only
with `allow_pickle=True`. What the pickle does is judged by the probe `pickle`, under the name `objects`.
""",
    remedy="Nothing, where the pickle is safe; better, save an array of numbers or texts",
)
TAIL = Descriptor(
    id="numpy.tail",
    severity=Severity.MEDIUM,
    title="Something lies behind the array",
    page="""
The header says how many bytes the elements have, and there are more. numpy ignores them. They were
identified and read like any other bytes, under the name `gap@offset`.
""",
    remedy="Find out why they are there, or save the array anew",
)


@probe("numpy", version="1", descriptors=(OBJECTS, TAIL), formats=("npy",))
def look(model: Model, context: Context) -> Iterator[Claim]:
    """Hold the bytes of numpy arrays to their headers.

    ## What it looks at
    Every .npy file and every member of an .npz archive: the header, a Python literal that is read without
    evaluating it, and the length of what follows.

    ## Why it matters
    An array of objects is a pickle. One whose header says otherwise is opaque bytes, and has to be
    exactly as long as its shape and element type say.

    ## How to read it
    A note says that an array is a pickle; whether that is safe is the business of the probe `pickle`.

    ## What it cannot see
    Whether the numbers make sense.

    ## Sources
    numpy's NEP 1; numpy/lib/_format_impl.py, versions 1.0 to 3.0 of the format.
    """
    del context
    for part, array in model.contents(Npy):
        if array.objects:
            yield OBJECTS.at(place(part.where, byte=array.data), "its elements are a pickle")
        for flaw in array.flaws:
            yield TAIL.at(place(part.where, byte=flaw.at), flaw.message)
