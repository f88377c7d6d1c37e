# SPDX-License-Identifier: Apache-2.0
"""Probe `tensorflow`: what would a graph read, write or run once it is loaded?"""

import posixpath
import re
from collections.abc import Iterator, Mapping

import msgspec

from steelyard.core.claim import Claim, Fact, Finding, Gap, Severity
from steelyard.core.probe import Context, Descriptor, place, probe
from steelyard.core.subject import Model, Part
from steelyard.formats.paths import escapes, shown
from steelyard.formats.tensor_bundle import TENSOR_BUNDLE, BundleTensor, TensorBundle
from steelyard.formats.tensorflow import TENSORFLOW, Operation, TensorFlow
from steelyard.knowledge import entry

_DO_NOT_LOAD = "Do not load the model; get it again from its source, or export it anew without this"
_SHOWN = 20  # findings of one kind that are told one by one
_FILE_STREAM = re.compile(r"(?i)file://.*")


def _kind(code: str, severity: Severity, title: str, page: str, remedy: str) -> Descriptor:
    return Descriptor(
        id=f"tensorflow.{code}", severity=severity, title=title, page=page, remedy=remedy
    )


MALFORMED = _kind(
    "malformed",
    Severity.HIGH,
    "A TensorFlow graph cannot be read",
    """
The file is cut off, or a message in it contradicts the format. What lies behind the byte offset was not
looked at. Loaders written in C++ have had memory errors in such files.
""",
    "Download the file again and compare its size and SHA-256 with the publisher's",
)
PYTHON = _kind(
    "python-operation",
    Severity.CRITICAL,
    "An operation calls Python",
    """
`PyFunc` and its kin call a Python function of the process that runs the graph. A saved model cannot bring
that function along, so such a graph either does not run, or relies on, and reaches into, whatever the
process has registered. No model that is meant to be shared needs it.
""",
    _DO_NOT_LOAD,
)
WRITES = _kind(
    "writes-file",
    Severity.CRITICAL,
    "An operation writes files",
    """
The graph holds an operation that writes to a path of its own choosing, with all rights of the process that
runs it: into start-up files, into site-packages. Calling the model, or restoring it, is enough; TensorFlow
does not confine graphs. The trail shows the paths that are constants.
""",
    _DO_NOT_LOAD,
)
READS = _kind(
    "reads-file",
    Severity.HIGH,
    "An operation reads files",
    """
The graph holds an operation that reads or lists files by a path of its own choosing. What it reads (keys,
tokens, other people's data) can leave through the model's outputs. Input pipelines of training have such
operations; a model for inference is fed by its caller. The trail shows the paths that are constants.
""",
    "Ask the publisher why the model reads files; run it, if at all, where there is nothing to read",
)
CONNECTS = _kind(
    "connects",
    Severity.HIGH,
    "An operation talks to the network",
    """
The graph holds an operation that connects to an address of its own choosing, or sends what passes through
it there. The trail shows the addresses that are constants.
""",
    "Do not run the model where it can reach a network; have it exported without this operation",
)
TABLE = _kind(
    "table-file",
    Severity.MEDIUM,
    "A table is read from a file that is no asset",
    """
A lookup table, such as a vocabulary, is filled from a text file, but the model lists no assets. Exporters
list every such file and copy it beside the model; without that, the path is one of the machine that runs
the model, and the lines of that file become readable through the table.
""",
    "Have the model exported with its vocabulary as an asset",
)
CHECKPOINT = _kind(
    "checkpoint-path",
    Severity.HIGH,
    "A checkpoint is read or written at a fixed path",
    """
Every model has operations that save and restore its variables; the path comes from the caller. Here it is a
constant of the graph that is absolute or climbs out of the folder, which makes reading or writing a file
anywhere of an ordinary-looking operation.
""",
    _DO_NOT_LOAD,
)
COMPILED = _kind(
    "compiled-operation",
    Severity.MEDIUM,
    "A part of the graph is compiled for one device",
    """
The graph holds a serialized engine of another runtime, such as TensorRT. Nothing but that runtime can tell
what it does.
""",
    "Prefer the model before conversion, and convert it where it is to run",
)
ASSET = _kind(
    "asset-path",
    Severity.CRITICAL,
    "An asset lies outside the model's folder",
    """
A SavedModel names the files it reads by paths below its folder `assets`. This one is absolute or climbs out
of it, so that loading the model opens another file of the machine.
""",
    _DO_NOT_LOAD,
)
TENSOR_SIZE = _kind(
    "tensor-size",
    Severity.HIGH,
    "Shape and type of a tensor do not give its length",
    """
The product of the shape and the size of an element must be the number of bytes there are. Bytes that no
element accounts for are a place to hide things; steelyard reads them as a layer of their own, marked by
`!gap@` and the offset.
""",
    _DO_NOT_LOAD,
)
BOUNDS = _kind(
    "checkpoint-bounds",
    Severity.HIGH,
    "A tensor lies beyond the end of its checkpoint",
    """
The index of a checkpoint puts a tensor beyond the end of the data file, or on top of another one. The two
files do not belong together, one was cut off, or a loader is meant to read beyond the end.
""",
    "Download both files again and compare their sizes and SHA-256 with the publisher's",
)
_BY_KIND = {
    "runs_python": (PYTHON, "calls Python code"),
    "writes": (WRITES, "writes files"),
    "reads": (READS, "reads files"),
    "connects": (CONNECTS, "connects to other machines"),
    "compiled": (COMPILED, "is code of another runtime"),
}
_OWN = (MALFORMED, PYTHON, WRITES, READS, CONNECTS, TABLE, CHECKPOINT, COMPILED, ASSET)


class _Known(msgspec.Struct, frozen=True):
    """The file `knowledge/tensorflow/operations.json`."""

    kinds: dict[str, frozenset[str]]


@probe(
    "tensorflow",
    version="1",
    descriptors=(*_OWN, TENSOR_SIZE, BOUNDS),
    formats=("tensorflow", "tensor-bundle"),
)
def look(model: Model, context: Context) -> Iterator[Claim]:
    """Check what TensorFlow graphs would read, write, send or run.

    ## What it looks at
    Every node of every SavedModel, MetaGraphDef and frozen GraphDef, in all functions of its library
    too; the assets a SavedModel names; the size of every constant; and the index of a checkpoint with
    the data files it belongs to.

    ## Why it matters
    A TensorFlow graph is a program. Some of its operations read and write files by any path, or talk
    to the network, and run as soon as the model is called or restored; TensorFlow's own documentation
    says to treat models as code.

    ## How to read it
    The fact `tensorflow.graph` tells what the file is and counts its nodes. A finding names the
    operation, the function it is in, and in its trail the texts it works with. Saving and restoring
    of variables (`SaveV2`, `RestoreV2`) is what every model has, and is judged by its path alone. A gap
    `tensorflow.external-missing` says that a data file of a checkpoint is not among the files.

    ## What it cannot see
    Paths that the graph computes. Operations of custom libraries: the process must have loaded the
    library before. What the weights make a model do.

    ## Sources
    TensorFlow, SECURITY.md ("TensorFlow models are programs") and core/ops; `knowledge/tensorflow`.
    """
    del context
    known = msgspec.json.decode(entry("tensorflow", "operations") or b"{}", type=_Known).kinds
    sizes = {part.where: part.size for part in reversed(model.parts())}
    for part in model.parts():
        content = part.content
        if isinstance(content, TensorFlow):
            yield Fact(name="tensorflow.graph", value=_summary(content), where=part.where)
            yield from _operations(part, content, known)
            yield from _assets(part, content)
        if isinstance(content, TensorBundle):
            yield from _bundle(part, content, sizes)
        if isinstance(content, TensorFlow | TensorBundle):
            for flaw in content.flaws:
                yield TENSOR_SIZE.at(place(part.where, byte=flaw.at), flaw.message)
        elif part.format in (TENSORFLOW.id, TENSOR_BUNDLE.id) and part.unread:
            yield MALFORMED.at(place(part.where, byte=part.at), part.unread)


def _summary(content: TensorFlow) -> dict[str, object]:
    return {
        "kind": content.kind,
        "version": content.version[:80],
        "tags": list(content.tags),
        "nodes": sum(operation.count for operation in content.operations),
        "functions": content.functions,
        "assets": len(content.assets),
    }


def _operations(
    part: Part, content: TensorFlow, known: Mapping[str, frozenset[str]]
) -> Iterator[Claim]:
    told: dict[str, int] = {}
    for operation in content.operations:
        for finding in _judged(part, content, operation, known):
            told[finding.rule] = told.get(finding.rule, 0) + 1
            if told[finding.rule] <= _SHOWN:
                yield finding


def _judged(
    part: Part, content: TensorFlow, operation: Operation, known: Mapping[str, frozenset[str]]
) -> Iterator[Finding]:
    where = place(part.where, byte=operation.at)
    trail = tuple(f"{key} = {text!r}" for key, text in operation.texts[:_SHOWN])
    name = _named(operation)
    for kind, (descriptor, what) in _BY_KIND.items():
        if operation.name in known.get(kind, ()):
            yield descriptor.at(where, f"{name} {what}", trail=trail)
    if operation.name == "PrintV2":
        paths = [text for key, text in operation.texts if key == "output_stream"]
        if any(map(_FILE_STREAM.fullmatch, paths)):
            yield WRITES.at(where, f"{name} writes files", trail=trail)
    if operation.name in known.get("tables", ()) and not content.assets:
        yield TABLE.at(where, f"{name} reads a table from a file", trail=trail)
    if operation.name in known.get("checkpoints", ()):
        outside = [text for key, text in operation.texts if _leads_out(key, text)]
        if outside:
            message = f"{name} works on {outside[0]!r}"
            yield CHECKPOINT.at(where, message, trail=trail)


def _leads_out(key: str, text: str) -> bool:
    """Tell whether a constant input is a path out of the folder; names of tensors have no `..`."""
    return key.startswith("input ") and escapes(text.encode("utf-8", "replace"))


def _named(operation: Operation) -> str:
    name = shown(operation.name[:200])
    return f"{name} in function {operation.function[:200]!r}" if operation.function else name


def _assets(part: Part, content: TensorFlow) -> Iterator[Claim]:
    outside = [
        (name, at) for name, at in content.assets if escapes(name.encode("utf-8", "replace"))
    ]
    for name, at in outside[:_SHOWN]:
        yield ASSET.at(place(part.where, byte=at), f"the asset {shown(name)!r}")


def _bundle(part: Part, content: TensorBundle, sizes: Mapping[str, int]) -> Iterator[Claim]:
    """Hold the tensors of a checkpoint to the files they lie in."""
    ends: dict[int, int] = {}
    for tensor in sorted(content.tensors, key=lambda each: (each.shard, each.offset, each.size)):
        problem = _misplaced(part.where, tensor, content, sizes, ends)
        if problem:
            yield BOUNDS.at(part.where, f"tensor {tensor.name!r} {problem}")
            return
        ends[tensor.shard] = max(ends.get(tensor.shard, 0), tensor.offset + tensor.size)
    missing = [
        path for n in range(content.shards) if (path := _shard(part.where, n, content)) not in sizes
    ]
    if missing:
        name = posixpath.basename(missing[0])
        reason = f"{len(missing):,} data files of the checkpoint are missing, such as {name!r}"
        yield Gap(name="tensorflow.external-missing", reason=reason, where=part.where)


def _misplaced(
    where: str,
    tensor: BundleTensor,
    content: TensorBundle,
    sizes: Mapping[str, int],
    ends: Mapping[int, int],
) -> str:
    if min(tensor.offset, tensor.size) < 0 or not 0 <= tensor.shard < content.shards:
        return f"lies in file {tensor.shard} at {tensor.offset:,}, {tensor.size:,} bytes"
    if tensor.size and tensor.offset < ends.get(tensor.shard, 0):
        return f"begins at {tensor.offset:,}, inside of another one"
    size = sizes.get(_shard(where, tensor.shard, content))
    if size is not None and tensor.offset + tensor.size > size:
        return f"reaches to byte {tensor.offset + tensor.size:,}, the file ends at {size:,}"
    return ""


def _shard(where: str, number: int, content: TensorBundle) -> str:
    return f"{where.removesuffix('.index')}.data-{number:05d}-of-{content.shards:05d}"
