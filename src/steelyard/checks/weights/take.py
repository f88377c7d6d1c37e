# SPDX-License-Identifier: Apache-2.0
"""Take the samples of a sketch from the files of a model."""

import struct
from collections.abc import Iterator
from contextlib import ExitStack
from typing import BinaryIO

import msgspec

from steelyard.checks.weights.places import Wanted, rows_of, start_of, wanted
from steelyard.checks.weights.sketch import LAYOUT, RUN, Extremes, Sample, Sketch
from steelyard.core.subject import Model
from steelyard.formats.dequantise import block_of, dequantise
from steelyard.formats.gguf import Gguf
from steelyard.formats.gguf_rotation import heads_of, row_in_file
from steelyard.formats.tensor import TensorInfo
from steelyard.formats.tensor_names import Place, place_of
from steelyard.formats.variants import Variant

_PLAIN = frozenset({"f32", "f16", "bf16", "f64"})
_SHUFFLED = frozenset({"attn_output", "ffn_down"})  # what permuted heads and neurons leave in a row
_LAYERS = (1, 5)
_LONGEST = 65_536  # elements of a vector whose extremes are taken


class Taken(msgspec.Struct, frozen=True):
    """What was taken of a variant of the weights.

    Attributes:
        sketch: The samples.
        tensors: How many tensors there are.
        left: Names of tensors that could not be sampled: their numbers cannot be told, or do not lie
            in the file as they are.
    """

    sketch: Sketch
    tensors: int
    left: tuple[str, ...]


def take(model: Model, variant: Variant) -> Taken:
    """Return the sketch of one form of a model's weights.

    Raises:
        UnreadableError: A file can no longer be read.
    """
    gguf = {part.where: content for part, content in model.contents(Gguf)}
    artifacts = {artifact.path: artifact for artifact in model.artifacts()}
    homes: dict[Place, str] = {}
    found: list[tuple[Place, TensorInfo]] = []
    left: list[str] = []
    for holding in variant.holdings:
        header = gguf.get(holding.path)
        for tensor in holding.tensors:
            artifact = artifacts.get(holding.path)
            if artifact is None or not _readable(tensor, header, artifact.size):
                left.append(tensor.name)
                continue
            place = place_of(tensor.name)
            homes.setdefault(Place(place.layer, place.role), holding.path)
            found.append((place, tensor))
    samples: list[Sample] = []
    extremes: list[Extremes] = []
    with ExitStack() as stack:
        files: dict[str, BinaryIO] = {}
        for one in wanted(found):
            path = homes[one.place]
            if path not in files:
                files[path] = stack.enter_context(model.open(artifacts[path]))
            header = gguf.get(path)
            heads = heads_of(header.metadata, one.place.role) if header else 0
            samples.append(_sample(files[path], one, heads))
            extremes += _extremes(files[path], one)
    count = sum(len(holding.tensors) for holding in variant.holdings)
    return Taken(Sketch(LAYOUT, tuple(samples), tuple(extremes)), count, tuple(left))


def _readable(tensor: TensorInfo, header: Gguf | None, size: int) -> bool:
    """Tell whether the numbers of a tensor lie in a file of some size in a way that is known."""
    block = block_of(tensor.dtype)
    if block is None or tensor.at < 0 or (header is not None and header.endian != "little"):
        return False
    whole = tensor.elements * block[1] == tensor.nbytes * block[0]
    return whole and tensor.at + tensor.nbytes <= size


def _sample(file: BinaryIO, one: Wanted, heads: int) -> Sample:
    block, size = block_of(one.tensor.dtype) or (1, 1)
    length = -(-RUN // block) * size
    start = start_of(one.columns)
    pieces = []
    for row in rows_of(one.rows, one.count):
        element = row_in_file(row, one.rows, heads) * one.columns + start
        file.seek(one.tensor.at + element // block * size)
        pieces.append(file.read(length))
    layer, role, _ = one.place
    data = b"".join(pieces)
    return Sample(layer, role, one.tensor.dtype, one.rows, one.columns, len(pieces), data)


def _extremes(file: BinaryIO, one: Wanted) -> Iterator[Extremes]:
    """Yield the largest elements of norms, and of a row of what mixes heads or neurons."""
    layer, role, _ = one.place
    vector = one.rows == 1 and (layer in _LAYERS or layer < 0) and "norm" in role
    mixing = one.rows > 1 and layer in _LAYERS and role in _SHUFFLED
    if not (vector or mixing) or one.tensor.dtype not in _PLAIN or one.columns > _LONGEST:
        return
    _, item = block_of(one.tensor.dtype) or (1, 1)
    row = rows_of(one.rows, 1)[0]
    file.seek(one.tensor.at + row * one.columns * item)
    values = dequantise(one.tensor.dtype, file.read(one.columns * item))
    largest = sorted(values, reverse=True)[:RUN]
    if largest[0] - largest[-1] > 0 and all(abs(value) < 1e38 for value in largest):
        yield Extremes(layer, role, one.columns, struct.pack(f"<{RUN}f", *largest))
