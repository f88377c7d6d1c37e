# SPDX-License-Identifier: Apache-2.0
"""Which handler follows which opcode of pickle protocols 0 to 5.

Source: CPython's Lib/pickletools.py and Modules/_pickle.c, PEP 307, PEP 3154, PEP 574.
"""

from collections.abc import Callable

from steelyard.formats import pickle_constants as constants
from steelyard.formats import pickle_effects as effects
from steelyard.formats import pickle_structure as structure
from steelyard.formats.pickle_state import State

Handler = Callable[[State, bytes, int], int]

HANDLERS: dict[int, Handler] = {
    0x28: structure.mark,
    0x29: structure.empty_tuple,
    0x2E: structure.stop,
    0x30: structure.pop,
    0x31: structure.pop_mark,
    0x32: structure.dup,
    0x42: constants.binbytes,
    0x43: constants.short_binbytes,
    0x46: constants.floating,
    0x47: constants.binfloat,
    0x49: constants.integer,
    0x4A: constants.binint,
    0x4C: constants.long,
    0x4E: constants.none,
    0x50: effects.persid,
    0x51: effects.binpersid,
    0x52: effects.reduce,
    0x53: constants.string,
    0x54: constants.binstring,
    0x55: constants.short_binstring,
    0x56: constants.unicode,
    0x58: constants.binunicode,
    0x5D: structure.empty_list,
    0x61: structure.append,
    0x62: effects.build,
    0x63: effects.global_,
    0x64: structure.dict_,
    0x65: structure.appends,
    0x67: structure.get,
    0x69: effects.inst,
    0x6A: structure.long_binget,
    0x6C: structure.list_,
    0x6F: effects.obj,
    0x70: structure.put,
    0x73: structure.setitem,
    0x74: structure.tuple_,
    0x75: structure.setitems,
    0x7D: structure.empty_dict,
    0x80: constants.proto,
    0x81: effects.newobj,
    0x82: effects.extension,
    0x83: effects.extension,
    0x84: effects.extension,
    0x85: structure.tuple1,
    0x86: structure.tuple2,
    0x87: structure.tuple3,
    0x88: constants.true,
    0x89: constants.false,
    0x8A: constants.long1,
    0x8B: constants.long4,
    0x8D: constants.binunicode8,
    0x8E: constants.binbytes8,
    0x8F: structure.empty_set,
    0x90: structure.additems,
    0x91: structure.frozenset_,
    0x92: effects.newobj_ex,
    0x93: effects.stack_global,
    0x95: constants.frame,
    0x96: constants.bytearray8,
    0x97: constants.next_buffer,
    0x98: constants.readonly_buffer,
}
"""Handler by opcode, but for the seven that the machine follows itself."""

OPCODES = frozenset(HANDLERS) | {0x4B, 0x4D, 0x68, 0x71, 0x72, 0x8C, 0x94}
"""All 68 opcodes."""

_ARGUMENTS = {
    **dict.fromkeys((0x4B, 0x68, 0x71, 0x80), 1),
    0x4D: 2,
    **dict.fromkeys((0x4A, 0x6A, 0x72), 4),
    **dict.fromkeys((0x47, 0x95), 8),
    **dict.fromkeys(map(ord, "()]}.012Nlaedst\x85\x86\x87\x88\x89\x8f\x90\x91\x94"), 0),
    0x75: 0,
}
"""Bytes of the argument of opcodes that do nothing but push, move and fill."""


def may_act(data: bytes) -> bool:
    """Tell from the first bytes of what may be opcodes whether they can come to an effect.

    It is a sieve: False is certain, as an opcode that does not exist comes before any that imports
    or calls; True says nothing.
    """
    pos = 0
    while pos < len(data):
        op = data[pos]
        if op not in _ARGUMENTS:
            return op in OPCODES
        pos += 1 + _ARGUMENTS[op]
    return True
