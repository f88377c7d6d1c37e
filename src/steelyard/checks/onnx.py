# SPDX-License-Identifier: Apache-2.0
"""Probe `onnx`: what would an ONNX runtime open and run beyond the model file?"""

import posixpath
import re
from collections.abc import Iterator, Mapping

import msgspec

from steelyard.core.claim import Claim, Fact, Gap, Severity
from steelyard.core.probe import Context, Descriptor, place, probe
from steelyard.core.subject import Model, Part
from steelyard.formats.onnx import ONNX, External, Onnx, Operation
from steelyard.formats.paths import escapes, shown
from steelyard.knowledge import entry

_DO_NOT_LOAD = "Do not load the file; get it again from its source, or export the model anew"
_EXPORT = "Export the model anew with a current exporter, and compare the two"
_PYTHON = re.compile(r"(Py|Python)(Custom)?(Op|Func)\w*")
_PYTHON_DOMAIN = re.compile(r"(?i)py(thon)?_?op\w*")
_NUMBER = re.compile(r"[0-9]{1,19}")
_MEMORY = "_ORT_MEM_ADDR_"
_SHOWN = 20  # findings of one kind that are told one by one


def _kind(code: str, severity: Severity, title: str, page: str, remedy: str) -> Descriptor:
    return Descriptor(id=f"onnx.{code}", severity=severity, title=title, page=page, remedy=remedy)


MALFORMED = _kind(
    "malformed",
    Severity.HIGH,
    "An ONNX file cannot be read",
    """
The file is cut off, or a message in it contradicts the format. Runtimes refuse such files; what lies behind
the byte offset was not looked at.
""",
    "Download the file again and compare its size and SHA-256 with the publisher's",
)
EXTERNAL_PATH = _kind(
    "external-path",
    Severity.CRITICAL,
    "A tensor is read from outside the model's folder",
    """
ONNX lets the bytes of a tensor lie in another file, named by a path relative to the model. This path is
absolute, has a drive letter or climbs out of the folder. A runtime that does not check it reads any file it
may, such as keys and passwords, into the model, from where its outputs reveal them; a tool that saves the
model again may write there (CVE-2022-25882, CVE-2024-27318, CVE-2024-5187).

No exporter writes such a path.
""",
    _DO_NOT_LOAD,
)
MEMORY_ADDRESS = _kind(
    "memory-address",
    Severity.CRITICAL,
    "A tensor is said to lie at an address in memory",
    """
ONNX Runtime marks tensors that it holds in memory by a location of its own, `*/_ORT_MEM_ADDR_/*`, and
takes the offset for an address. It has no business in a file: a runtime that believes it reads, and hands
out, whatever lies at that address of its own process.
""",
    _DO_NOT_LOAD,
)
EXTERNAL_BOUNDS = _kind(
    "external-bounds",
    Severity.HIGH,
    "A tensor lies beyond the end of its file",
    """
Offset and length of a tensor in another file exceed that file, are no numbers, or are less than type and
shape need: the two files do not belong together, one of them was cut off, or a runtime is meant to read
beyond the end.
""",
    "Download both files again and compare their sizes and SHA-256 with the publisher's",
)
PYTHON_OPERATOR = _kind(
    "python-operator",
    Severity.CRITICAL,
    "An operation runs Python",
    """
Operations such as `PyOp` and `PythonOp` do nothing themselves: they import the module and call the function
or class that their attributes name, in a runtime built with support for them. The trail shows the
attributes. No model for inference needs that.
""",
    "Do not load the file; if you know the operation, have the model exported without it",
)
CUSTOM_OPERATOR = _kind(
    "custom-operator",
    Severity.MEDIUM,
    "An operation that neither ONNX nor ONNX Runtime defines",
    """
The model uses an operation, or a whole domain, that is in no operator set known here, and that the model
does not define by a function of its own. It runs only where somebody loads a library that brings it: native
code that comes from elsewhere, with all rights of the process.
""",
    "Ask the publisher which library the operation needs, and check that library before loading it",
)
COMPILED = _kind(
    "compiled-node",
    Severity.MEDIUM,
    "A part of the model is compiled for one device",
    """
An `EPContext` node holds, or names the file of, code that was compiled for an accelerator. Nothing but the
driver of that accelerator can tell what it does.
""",
    "Prefer the model before compilation, and compile it where it is to run",
)
TENSOR_SIZE = _kind(
    "tensor-size",
    Severity.HIGH,
    "Shape and type of a tensor do not give its length",
    """
The product of the shape and the size of an element must be the number of bytes there are. A runtime that
believes the shape reads beyond the tensor; bytes that no element accounts for are a place to hide things.
steelyard reads them as a layer of their own, marked by `!gap@` and the offset.
""",
    _DO_NOT_LOAD,
)
SHAPE = _kind(
    "shape",
    Severity.HIGH,
    "The shape of a tensor cannot be",
    """
An extent is negative, or the tensor would have more bytes than a 64-bit number can count. In a runtime
that multiplies without looking, the number wraps around and the buffer becomes too small.
""",
    _DO_NOT_LOAD,
)
DTYPE = _kind(
    "dtype",
    Severity.MEDIUM,
    "A tensor has a type that is not known",
    """
The data type is none that ONNX defines up to version 1.22, so nobody can tell how many bytes the tensor
needs. What it holds was read as bytes of an unknown kind.
""",
    _EXPORT,
)
DUPLICATE = _kind(
    "duplicate-field",
    Severity.HIGH,
    "A tensor has its bytes twice",
    """
A field that may occur once occurs several times. Parsers take the last one, others the first: the weights
that were examined need not be those that run. Exporters write it once.
""",
    _DO_NOT_LOAD,
)
UNKNOWN_FIELD = _kind(
    "unknown-field",
    Severity.LOW,
    "A field that the format does not have",
    """
Parsers of protobuf pass over fields they do not know, so such a field may be from a newer version, or a
place where something travels unseen. steelyard reads it as a layer of its own, marked by `!gap@` and the
offset.
""",
    "Look at what is there, or export the model anew",
)
_FLAWS = {
    each.id.partition(".")[2]: each
    for each in (TENSOR_SIZE, SHAPE, DTYPE, DUPLICATE, UNKNOWN_FIELD)
}
_OWN = (
    MALFORMED,
    EXTERNAL_PATH,
    MEMORY_ADDRESS,
    EXTERNAL_BOUNDS,
    PYTHON_OPERATOR,
    CUSTOM_OPERATOR,
    COMPILED,
)


class _Domain(msgspec.Struct, frozen=True):
    """Operations that a domain is known to have; none listed means that all of it is known."""

    operators: frozenset[str] = frozenset()


class _Known(msgspec.Struct, frozen=True):
    """The file `knowledge/onnx/operators.json`."""

    domains: dict[str, _Domain]


@probe("onnx", version="1", descriptors=(*_OWN, *_FLAWS.values()), formats=("onnx",))
def look(model: Model, context: Context) -> Iterator[Claim]:
    """Check what an ONNX model would have its runtime open and run.

    ## What it looks at
    Every node of every ONNX model, in branches, loops, functions and training graphs too; every tensor,
    its type, shape and bytes; and the path, offset and length of every tensor that lies in another file.

    ## Why it matters
    ONNX is mostly data, with two doors: paths to other files, which some runtimes and converters
    followed anywhere, and operations that are not ONNX's own, which run code from somewhere else.

    ## How to read it
    The fact `onnx.model` tells producer, operator sets and counts. What exporters write gives no
    finding. A gap `onnx.external-missing` names a file with tensors that is not among the files
    examined; the model cannot be loaded without it. Names, descriptions and attributes that merely
    mention code mean nothing to a runtime and are not judged.

    Bytes of a tensor that no node takes in, bytes in a row (u8, i8) and texts that are none are read like
    any other file, as a layer `tensor@offset`: what hides there is found by the probe of its format.

    ## What it cannot see
    What the weights make a model do. What a custom operation does: its library is not in the model.
    Whether known operations have flaws in a runtime's version.

    ## Sources
    onnx 1.22, IR.md and ExternalData.md; ONNX Runtime 1.27, ContribOperators.md and PyOp;
    CVE-2022-25882, CVE-2024-27318, CVE-2024-5187, CVE-2025-51480.
    """
    del context
    sizes: dict[str, int] = {}
    for part in model.parts():
        sizes.setdefault(part.where, part.size)
    for part in model.parts():
        if isinstance(part.content, Onnx):
            yield Fact(name="onnx.model", value=_summary(part.content), where=part.where)
            yield from _operations(part, part.content)
            yield from _external(part, part.content, sizes)
            for flaw in part.content.flaws:
                yield _FLAWS[flaw.code].at(place(part.where, byte=flaw.at), flaw.message)
        elif part.format == ONNX.id and part.unread:
            yield MALFORMED.at(place(part.where, byte=part.at), part.unread)


def _summary(content: Onnx) -> dict[str, object]:
    return {
        "producer": shown(content.producer[:200]),
        "ir_version": content.ir_version,
        "opsets": {shown(name[:80]) or "ai.onnx": each for name, each in content.opsets[:50]},
        "nodes": sum(operation.count for operation in content.operations),
        "tensors": len(content.tensors),
        "external": len(content.external),
    }


def _operations(part: Part, content: Onnx) -> Iterator[Claim]:
    known = msgspec.json.decode(entry("onnx", "operators") or b"{}", type=_Known)
    custom = 0
    for operation in content.operations:
        where = place(part.where, byte=operation.at)
        name = _named(operation)
        if _runs_python(operation):
            trail = tuple(f"{key} = {text!r}" for key, text in operation.texts[:_SHOWN])
            yield PYTHON_OPERATOR.at(where, f"{name} calls Python code", trail=trail)
        elif (operation.domain, operation.name) in content.functions:
            continue
        elif operation.name == "EPContext":
            yield COMPILED.at(where, f"{name}, {operation.count} of them")
            yield from _compiled_path(where, operation)
        elif not _is_known(operation, known):
            custom += 1
            if custom <= _SHOWN:
                yield CUSTOM_OPERATOR.at(where, f"{name} is in no operator set that is known")
    if custom > _SHOWN:
        message = f"and {custom - _SHOWN:,} more operations that are not known"
        yield CUSTOM_OPERATOR.at(part.where, message)


def _compiled_path(where: str, operation: Operation) -> Iterator[Claim]:
    """Yield that the file with the compiled part lies elsewhere."""
    for key, path in operation.texts:
        if key == "ep_cache_context" and escapes(path.encode("utf-8", "surrogatepass")):
            yield EXTERNAL_PATH.at(where, f"the compiled part is read from {shown(path)!r}")
            return


def _runs_python(operation: Operation) -> bool:
    if _PYTHON.fullmatch(operation.name) or _PYTHON_DOMAIN.fullmatch(operation.domain):
        return True
    keys = {key for key, _ in operation.texts}
    return bool(operation.domain) and {"module", "class_name"} <= keys


def _is_known(operation: Operation, known: _Known) -> bool:
    domain = known.domains.get(operation.domain)
    if domain is None:
        return False
    return not domain.operators or operation.name in domain.operators


def _named(operation: Operation) -> str:
    return shown(f"{operation.domain or 'ai.onnx'}::{operation.name}"[:300])


def _external(part: Part, content: Onnx, sizes: Mapping[str, int]) -> Iterator[Claim]:
    """Yield what is wrong with the places of tensors: each path once, each bound."""
    outside: dict[str, External] = {}
    missing: dict[str, int] = {}
    bounds = []
    for tensor in content.external:
        if _MEMORY in tensor.location or escapes(tensor.location.encode("utf-8", "replace")):
            outside.setdefault(tensor.location, tensor)
            continue
        size = sizes.get(_beside(part.where, tensor.location))
        if size is None:
            missing[tensor.location] = missing.get(tensor.location, 0) + 1
        problem = _out_of_bounds(tensor, size)
        if problem:
            bounds.append(EXTERNAL_BOUNDS.at(place(part.where, byte=tensor.at), problem))
    yield from _outside(part, outside)
    yield from bounds[:_SHOWN]
    if len(bounds) > _SHOWN:
        yield EXTERNAL_BOUNDS.at(part.where, f"and {len(bounds) - _SHOWN:,} more tensors")
    for location, count in missing.items():
        reason = f"{shown(location)!r} with {count:,} of its tensors is not among the files"
        yield Gap(name="onnx.external-missing", reason=reason, where=part.where)


def _outside(part: Part, outside: Mapping[str, External]) -> Iterator[Claim]:
    for location, tensor in list(outside.items())[:_SHOWN]:
        where = place(part.where, byte=tensor.at)
        if _MEMORY in location:
            message = f"tensor {tensor.tensor!r} is read from address {tensor.offset[:40]!r}"
            yield MEMORY_ADDRESS.at(where, message)
        else:
            message = f"tensor {tensor.tensor!r} is read from {shown(location)!r}"
            yield EXTERNAL_PATH.at(where, message)
    if len(outside) > _SHOWN:
        message = f"and {len(outside) - _SHOWN:,} more paths out of the folder"
        yield EXTERNAL_PATH.at(part.where, message)


def _beside(where: str, location: str) -> str:
    """Return where the file lies that a model names, on disk or inside the same archive."""
    outer, mark, inner = where.rpartition("!")
    path = posixpath.join(posixpath.dirname(inner), location.replace("\\", "/"))
    return f"{outer}{mark}{posixpath.normpath(path)}"


def _out_of_bounds(tensor: External, size: int | None) -> str:
    """Return why the place of a tensor cannot be; empty when it can."""
    for text in (tensor.offset, tensor.length):
        if text and not _NUMBER.fullmatch(text):
            return f"tensor {tensor.tensor!r} lies at {shown(text[:40])!r}, which is no number"
    offset = int(tensor.offset or 0)
    length = int(tensor.length) if tensor.length else max(0, tensor.nbytes)
    if tensor.nbytes >= 0 and length < tensor.nbytes:
        return f"tensor {tensor.tensor!r} needs {tensor.nbytes:,} bytes and is given {length:,}"
    if size is not None and offset + length > size:
        end = f"{offset + length:,}, the file ends at {size:,}"
        return f"tensor {tensor.tensor!r} reaches to byte {end}"
    return ""
