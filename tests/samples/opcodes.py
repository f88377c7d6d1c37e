# SPDX-License-Identifier: Apache-2.0
"""Pickles put together by hand, the way attackers do: expressions as opcodes.

What is named here is never imported; the bytes are only read.
"""

import struct

NONE, EMPTY_DICT, EMPTY_LIST, STOP = b"N", b"}", b"]", b"."
PROTO = b"\x80\x04"


def text(value: str) -> bytes:
    """A text."""
    data = value.encode()
    return b"\x8c" + bytes([len(data)]) + data if len(data) < 256 else _long(b"X", data)


def binary(value: bytes) -> bytes:
    """Bytes."""
    return b"C" + bytes([len(value)]) + value if len(value) < 256 else _long(b"B", value)


def _long(op: bytes, data: bytes) -> bytes:
    return op + struct.pack("<I", len(data)) + data


def integer(value: int) -> bytes:
    """A number of 32 bits."""
    return b"J" + struct.pack("<i", value)


def thing(dotted: str) -> bytes:
    """Something imported: the module before the last dot, the name behind it."""
    module, _, name = dotted.rpartition(".")
    return text(module) + text(name) + b"\x93"


def tuple_of(*items: bytes) -> bytes:
    """A tuple."""
    return b"(" + b"".join(items) + b"t"


def list_of(*items: bytes) -> bytes:
    """A list."""
    return b"](" + b"".join(items) + b"e"


def dict_of(key: str, value: bytes) -> bytes:
    """A dict with one entry."""
    return EMPTY_DICT + text(key) + value + b"s"


def call(callee: bytes, *args: bytes) -> bytes:
    """A call by REDUCE."""
    return callee + tuple_of(*args) + b"R"


def build(target: bytes, state: bytes) -> bytes:
    """BUILD."""
    return target + state + b"b"


def attribute(owner: bytes, name: str) -> bytes:
    """An attribute taken by name."""
    return call(thing("builtins.getattr"), owner, text(name))


def pickled(expression: bytes) -> bytes:
    """A whole pickle."""
    return PROTO + expression + STOP


SYSTEM = call(thing("os.system"), text("id"))
