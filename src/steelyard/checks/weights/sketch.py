# SPDX-License-Identifier: Apache-2.0
"""The sketch of a model's weights: a sample of every matrix, at places that shapes alone decide."""

import base64
import binascii

import msgspec

from steelyard.core.errors import MalformedError

LAYOUT = 1
"""Version of where samples are taken; sketches of different layouts cannot be compared."""

RUN = 32
"""Elements side by side in a row of a sample."""

_TEXT = 1 << 20  # characters of a sketch that are read, four times what any has


class Sample(msgspec.Struct, frozen=True, array_like=True):
    """What was taken of a tensor.

    Attributes:
        layer: Number of its layer; -1 outside of layers.
        role: What it does there, see `formats.tensor_names`.
        dtype: Canonical name of its element type.
        rows: Rows of the matrix that the tensor is, or is seen as.
        columns: Elements of a row.
        count: How many rows were sampled, see `places.rows_of`.
        data: The blocks as they lie in the file: of each sampled row those that hold its run.
    """

    layer: int
    role: str
    dtype: str
    rows: int
    columns: int
    count: int
    data: bytes


class Extremes(msgspec.Struct, frozen=True, array_like=True):
    """The largest elements of a vector, or of one row: the same whatever order they stand in.

    Attributes:
        layer: Number of its layer; -1 outside of layers.
        role: What it does there.
        size: Elements of the vector.
        data: The 32 largest as little-endian single precision, largest first.
    """

    layer: int
    role: str
    size: int
    data: bytes


class Sketch(msgspec.Struct, frozen=True, array_like=True):
    """A sketch of weights.

    Attributes:
        layout: Version of where samples are taken.
        samples: By layer and role.
        extremes: By layer and role.
    """

    layout: int
    samples: tuple[Sample, ...]
    extremes: tuple[Extremes, ...] = ()


def written(sketch: Sketch) -> str:
    """Return a sketch as text: MessagePack in base64."""
    return base64.b64encode(msgspec.msgpack.encode(sketch)).decode("ascii")


def read(text: str) -> Sketch:
    """Return the sketch that a text holds.

    Raises:
        MalformedError: It holds none, or one of another layout.
    """
    if len(text) > _TEXT:
        raise MalformedError(f"a sketch of {len(text):,} characters, at most {_TEXT:,} are read")
    try:
        sketch = msgspec.msgpack.decode(base64.b64decode(text, validate=True), type=Sketch)
    except (binascii.Error, ValueError, msgspec.MsgspecError) as error:
        raise MalformedError(f"no sketch: {error}") from error
    if sketch.layout != LAYOUT:
        raise MalformedError(f"a sketch of layout {sketch.layout}, only {LAYOUT} is known")
    return sketch
