# SPDX-License-Identifier: Apache-2.0
"""`fingerprint.pb`, which TensorFlow since 2.11 writes beside a SavedModel: hashes of its parts.

Source: TensorFlow 2.20, core/protobuf/fingerprint.proto.
"""

from steelyard.core.errors import MalformedError
from steelyard.formats.port import Budget, Content, Format, Glimpse
from steelyard.formats.protobuf import LENGTH, VARINT, Field, Wire
from steelyard.formats.source import Source

_MOST = 512  # bytes; five numbers, a version, and a UUID take about 110
_HASHES = range(1, 6)
_VERSION, _UUID = 6, 7
_DIGITS = b"0123456789abcdefABCDEF-"


class Fingerprint(Content, frozen=True, kw_only=True):
    """Hashes of a SavedModel, and nothing else.

    Attributes:
        uuid: Of the checkpoint; empty before TensorFlow 2.12.
    """

    uuid: str


def read(source: Source, budget: Budget) -> Fingerprint:
    """Read the hashes.

    Raises:
        MalformedError: There is something else.
    """
    wire = Wire(source, budget)
    uuid = ""
    for field in wire.fields(0, source.size):
        if field.number == _UUID:
            uuid = wire.text_of(field)
        if not _belongs(wire, field):
            raise MalformedError(f"field {field.number} belongs in no fingerprint", field.at)
    return Fingerprint(uuid=uuid)


def _belongs(wire: Wire, field: Field) -> bool:
    if field.number == _VERSION and field.wire == LENGTH:
        return all(inner.wire == VARINT for inner in wire.fields(field.start, field.end))
    if field.number == _UUID and field.wire == LENGTH:
        return not wire.bytes_of(field).strip(_DIGITS)
    return field.number in _HASHES and field.wire == VARINT


def _is_fingerprint(glimpse: Glimpse) -> bool:
    if not glimpse.head.startswith(b"\x08") or glimpse.source.size > _MOST:
        return False
    wire = Wire(glimpse.source, None, most=_MOST)
    numbers = []
    try:
        for field in wire.fields(0, glimpse.source.size):
            numbers.append(field.number)
            if not _belongs(wire, field):
                return False
    except MalformedError:
        return False
    return numbers[:1] == [1] and _VERSION in numbers


TENSORFLOW_FINGERPRINT = Format(
    id="tensorflow-fingerprint",
    title="Fingerprint of a SavedModel",
    rank=32,
    matches=_is_fingerprint,
    read=read,
)
