# SPDX-License-Identifier: Apache-2.0
"""Probe `torch`: do the storages of torch files fit the tensors that refer to them?"""

from collections.abc import Iterator

from steelyard.core.claim import Claim, Fact, Severity
from steelyard.core.probe import Context, Descriptor, place, probe
from steelyard.core.subject import Model
from steelyard.formats.pt2 import Pt2Archive
from steelyard.formats.torch import TorchArchive
from steelyard.formats.torch_legacy import TorchLegacy

_DO_NOT_LOAD = "Do not load the file; get it again from its source, or have it saved anew"


def _kind(code: str, severity: Severity, title: str, page: str, remedy: str) -> Descriptor:
    return Descriptor(id=f"torch.{code}", severity=severity, title=title, page=page, remedy=remedy)


_FLAWS = (
    _kind(
        "missing-storage",
        Severity.LOW,
        "A tensor refers to a storage that is not in the archive",
        """
The pickle names a storage with elements, and the archive has no member of that name, or an empty one.
`torch.jit.trace` leaves out the inputs it traced with; otherwise loading fails.
""",
        "Nothing for traced inputs; else get the file again from its source",
    ),
    _kind(
        "script-file",
        Severity.CRITICAL,
        "TorchScript code reads or writes files",
        """
The code of the archive calls `aten::save` or `aten::from_file`, with a path of its own. Both work in
TorchScript, without Python: in a method that runs on loading (`__setstate__`) or with the model's first input.
`torch.load` hands a TorchScript archive on to that loader (CVE-2025-32434). No model needs either operator.
""",
        _DO_NOT_LOAD,
    ),
    _kind(
        "script-operator",
        Severity.MEDIUM,
        "TorchScript code calls an operator of another library",
        """
The operator belongs to none of the libraries that torch comes with. The process must have loaded the library
before, and what the operator does is told by that library alone.
""",
        "Find out which library registers the operator, and load the model only with one you trust",
    ),
    _kind(
        "storage-size",
        Severity.HIGH,
        "A storage does not have the length its tensors say",
        """
The pickle says how many elements of which type a storage has, and its bytes are more or fewer, or two
places of the pickle disagree. Versions of torch before 2.10 read or write beyond the storage on such a
file, even with `weights_only=True` (CVE-2026-24747). What lies there was read like any other member.
""",
        _DO_NOT_LOAD,
    ),
    _kind(
        "unreferenced",
        Severity.NOTE,
        "A member among the storages belongs to no tensor",
        """
No pickle of the archive refers to the member. It may be left over; it was read like any other bytes and
not taken for the elements of a tensor.
""",
        "Nothing, or save the file anew",
    ),
    _kind(
        "view",
        Severity.HIGH,
        "A tensor reaches beyond its storage",
        """
Offset, shape and stride of a tensor lead to elements behind the end of its storage, or before its
beginning. torch checks this; loaders in other languages and old versions may read foreign memory.
""",
        _DO_NOT_LOAD,
    ),
)
_BY_CODE = {kind.id.partition(".")[2]: kind for kind in _FLAWS}


@probe("torch", version="1", descriptors=_FLAWS, formats=("pt2", "torch", "torch-legacy"))
def look(model: Model, context: Context) -> Iterator[Claim]:
    """Compare what torch pickles say of their storages with the bytes that are there.

    ## What it looks at
    torch archives (since 1.6), TorchScript, archives of torch.export, and legacy files: each reference to
    a storage, the member or the range of bytes it names, and offset, shape and stride of each tensor that
    can be told. The operators that TorchScript code calls.

    ## Why it matters
    The elements of tensors are the one part of a model file that is not looked into. So it has to be
    certain that they are just that: referred to, and of exactly the length that their tensors need.

    ## How to read it
    `torch.tensors` counts the tensors of a file. A member that no tensor refers to, or that has another
    length, is read and identified like any other bytes.

    ## What it cannot see
    What the pickle does besides: that is the probe `pickle`. Whether the values make sense.

    ## Sources
    torch/serialization.py and torch/csrc/jit/serialization, 1.0 to 2.13; CVE-2026-24747.
    """
    del context
    for part in model.parts():
        content = part.content
        if not isinstance(content, TorchArchive | TorchLegacy | Pt2Archive):
            continue
        yield Fact(name="torch.tensors", value=len(content.tensors), where=part.where)
        for flaw in content.flaws:
            if flaw.code in _BY_CODE:
                yield _BY_CODE[flaw.code].at(place(part.where, byte=flaw.at), flaw.message)
