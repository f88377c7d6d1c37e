# SPDX-License-Identifier: Apache-2.0
"""The numbers that blocks of a weight file stand for, without any library.

A result is the number that the format defines, to the last bit of a double: a scale of half precision
times a small whole number is exact. Nothing is rounded to 32 bits, as programs that compute with
those do.

Source:
    ggml, src/ggml-common.h (block_*) and src/ggml-quants.c (dequantize_row_*), llama.cpp b10605; OCP
    8-bit Floating Point Specification 1.0 and Microscaling Formats 1.0; safetensors 0.7, `Dtype`.
"""

import struct
from collections.abc import Callable, Iterable, Iterator, Sequence

from steelyard.core.errors import MalformedError
from steelyard.formats.ggml import GGML_TYPES
from steelyard.formats.tensor import ITEM_BYTES

_NONLINEAR = (-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113)
"""The levels of iq4_nl and iq4_xs (`kvalues_iq4nl`)."""
_E2M1 = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, -0.0, -0.5, -1.0, -1.5, -2.0, -3.0, -4.0, -6.0)

_BLOCKS = {kind.name: (kind.block, kind.size) for kind in GGML_TYPES.values()}


def block_of(dtype: str) -> tuple[int, int] | None:
    """Return how many elements of a type are stored together, and in how many bytes.

    Args:
        dtype: Canonical name, see `formats.tensor.TensorInfo`.

    Returns:
        None where the type's numbers cannot be told.
    """
    if dtype not in _DECODERS:
        return None
    return _BLOCKS.get(dtype) or (1, ITEM_BYTES[dtype])


def dequantise(dtype: str, data: bytes) -> list[float]:
    """Return the numbers that whole blocks stand for, in order; they may be infinite, or none.

    Args:
        dtype: Canonical name; one that `block_of` knows.
        data: Whole blocks, little-endian.

    Raises:
        MalformedError: The type is not known, or the bytes are no whole number of blocks.

    Example:
        >>> dequantise("bf16", bytes.fromhex("803f 20c0"))
        [1.0, -2.5]
    """
    block = block_of(dtype)
    if block is None:
        raise MalformedError(f"numbers of the type {dtype[:40]!r} cannot be read")
    if len(data) % block[1]:
        raise MalformedError(f"{len(data):,} bytes are no whole number of {dtype} blocks")
    return _DECODERS[dtype](data)


def _plain(code: str, item: int) -> Callable[[bytes], list[float]]:
    def decode(data: bytes) -> list[float]:
        return [float(value) for value in struct.unpack(f"<{len(data) // item}{code}", data)]

    return decode


def _bf16(data: bytes) -> list[float]:
    wide = bytearray(2 * len(data))
    wide[2::4], wide[3::4] = data[0::2], data[1::2]
    return list(struct.unpack(f"<{len(data) // 2}f", wide))


def _minifloat(exponent_bits: int, bias: int, *, finite: bool, one_zero: bool) -> list[float]:
    """Return the value of each of the 256 codes of an 8-bit floating-point format.

    Args:
        exponent_bits: Of the 7 that are no sign.
        bias: Of the exponent.
        finite: Whether the largest exponent is one like the others; else it means infinity, or none.
        one_zero: Whether the code of minus zero means no number (the `fnuz` formats).
    """
    fraction_bits = 7 - exponent_bits
    values = []
    for code in range(256):
        exponent = code >> fraction_bits & ((1 << exponent_bits) - 1)
        fraction = code & ((1 << fraction_bits) - 1)
        top = exponent == (1 << exponent_bits) - 1
        if one_zero and code == 0x80:
            value = float("nan")
        elif not one_zero and top and not finite:
            value = float("nan") if fraction else float("inf")
        elif not one_zero and top and fraction == (1 << fraction_bits) - 1:
            value = float("nan")
        elif exponent:
            value = (1 + fraction / (1 << fraction_bits)) * 2.0 ** (exponent - bias)
        else:
            value = fraction / (1 << fraction_bits) * 2.0 ** (1 - bias)
        values.append(-value if code & 0x80 else value)
    return values


def _table(values: Sequence[float]) -> Callable[[bytes], list[float]]:
    return lambda data: [values[code] for code in data]


def _blocks(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


def _halves(data: bytes, at: int, count: int = 1) -> tuple[float, ...]:
    return struct.unpack_from(f"<{count}e", data, at)


def _nibbles(data: bytes) -> list[int]:
    """Return the lower four bits of each byte, then the upper four of each."""
    return [byte & 15 for byte in data] + [byte >> 4 for byte in data]


def _signed(data: bytes) -> tuple[int, ...]:
    return struct.unpack(f"{len(data)}b", data)


def _fifth_bits(data: bytes) -> list[int]:
    bits = int.from_bytes(data, "little")
    return [(bits >> place & 1) << 4 for place in range(32)]


def _q4_0(data: bytes) -> list[float]:
    out: list[float] = []
    for block in _blocks(data, 18):
        (scale,) = _halves(block, 0)
        out += [scale * (level - 8) for level in _nibbles(block[2:])]
    return out


def _q4_1(data: bytes) -> list[float]:
    out: list[float] = []
    for block in _blocks(data, 20):
        scale, least = _halves(block, 0, 2)
        out += [scale * level + least for level in _nibbles(block[4:])]
    return out


def _q5_0(data: bytes) -> list[float]:
    out: list[float] = []
    for block in _blocks(data, 22):
        (scale,) = _halves(block, 0)
        levels = zip(_nibbles(block[6:]), _fifth_bits(block[2:6]), strict=True)
        out += [scale * ((low | high) - 16) for low, high in levels]
    return out


def _q5_1(data: bytes) -> list[float]:
    out: list[float] = []
    for block in _blocks(data, 24):
        scale, least = _halves(block, 0, 2)
        levels = zip(_nibbles(block[8:]), _fifth_bits(block[4:8]), strict=True)
        out += [scale * (low | high) + least for low, high in levels]
    return out


def _q8_0(data: bytes) -> list[float]:
    out: list[float] = []
    for block in _blocks(data, 34):
        (scale,) = _halves(block, 0)
        out += [scale * level for level in _signed(block[2:])]
    return out


def _q8_1(data: bytes) -> list[float]:
    out: list[float] = []
    for block in _blocks(data, 36):
        (scale,) = _halves(block, 0)
        out += [scale * level for level in _signed(block[4:])]
    return out


def _spread(scales: Iterable[float], levels: Iterable[int], run: int) -> list[float]:
    """Return the levels, each times the scale of its run."""
    each = (scale for scale in scales for _ in range(run))
    return [scale * level for scale, level in zip(each, levels, strict=True)]


def _pairs(data: bytes, run: int) -> list[int]:
    """Return two bits of each byte of a run, lowest first, run after run."""
    return [
        byte >> shift & 3 for part in _blocks(data, run) for shift in (0, 2, 4, 6) for byte in part
    ]


def _q2_k(data: bytes) -> list[float]:
    out: list[float] = []
    for block in _blocks(data, 84):
        scale, least = _halves(block, 80, 2)
        scaled = _spread((scale * (s & 15) for s in block[:16]), _pairs(block[16:80], 32), 16)
        lows = (least * (s >> 4) for s in block[:16] for _ in range(16))
        out += [value - low for value, low in zip(scaled, lows, strict=True)]
    return out


def _q3_k_scales(packed: bytes) -> list[int]:
    low = _nibbles(packed[:8])
    high = [byte >> shift & 3 for shift in (0, 2, 4, 6) for byte in packed[8:]]
    return [(bits | more << 4) - 32 for bits, more in zip(low, high, strict=True)]


def _q3_k(data: bytes) -> list[float]:
    out: list[float] = []
    for block in _blocks(data, 110):
        (scale,) = _halves(block, 108)
        high = [byte >> bit & 1 for bit in range(8) for byte in block[:32]]
        pairs = zip(_pairs(block[32:96], 32), high, strict=True)
        levels = (low - (0 if bit else 4) for low, bit in pairs)
        out += _spread((scale * s for s in _q3_k_scales(block[96:108])), levels, 16)
    return out


def _scales_and_lows(packed: bytes) -> tuple[list[int], list[int]]:
    """Return the eight 6-bit scales and lows of q4_k and q5_k."""
    first, second, third = packed[:4], packed[4:8], packed[8:12]
    scales = [byte & 63 for byte in first]
    scales += [byte & 15 | upper >> 6 << 4 for byte, upper in zip(third, first, strict=True)]
    lows = [byte & 63 for byte in second]
    lows += [byte >> 4 | upper >> 6 << 4 for byte, upper in zip(third, second, strict=True)]
    return scales, lows


def _k_with_lows(block: bytes, levels: Iterable[int]) -> list[float]:
    scale, least = _halves(block, 0, 2)
    scales, lows = _scales_and_lows(block[4:16])
    scaled = _spread((scale * s for s in scales), levels, 32)
    each = (least * low for low in lows for _ in range(32))
    return [value - low for value, low in zip(scaled, each, strict=True)]


def _q4_k(data: bytes) -> list[float]:
    out: list[float] = []
    for block in _blocks(data, 144):
        levels = [level for part in _blocks(block[16:], 32) for level in _nibbles(part)]
        out += _k_with_lows(block, levels)
    return out


def _q5_k(data: bytes) -> list[float]:
    out: list[float] = []
    for block in _blocks(data, 176):
        low = [level for part in _blocks(block[48:], 32) for level in _nibbles(part)]
        high = [(byte >> bit & 1) << 4 for bit in range(8) for byte in block[16:48]]
        out += _k_with_lows(block, (a | b for a, b in zip(low, high, strict=True)))
    return out


def _q6_k(data: bytes) -> list[float]:
    out: list[float] = []
    for block in _blocks(data, 210):
        (scale,) = _halves(block, 208)
        low = [level for part in _blocks(block[:128], 64) for level in _nibbles(part)]
        pairs = zip(low, _pairs(block[128:192], 32), strict=True)
        levels = ((bits | more << 4) - 32 for bits, more in pairs)
        out += _spread((scale * s for s in _signed(block[192:208])), levels, 16)
    return out


def _q8_k(data: bytes) -> list[float]:
    out: list[float] = []
    for block in _blocks(data, 292):
        (scale,) = struct.unpack_from("<f", block)
        out += [scale * level for level in _signed(block[4:260])]
    return out


def _iq4_nl(data: bytes) -> list[float]:
    out: list[float] = []
    for block in _blocks(data, 18):
        (scale,) = _halves(block, 0)
        out += [scale * _NONLINEAR[level] for level in _nibbles(block[2:])]
    return out


def _iq4_xs(data: bytes) -> list[float]:
    out: list[float] = []
    for block in _blocks(data, 136):
        (scale,) = _halves(block, 0)
        high = int.from_bytes(block[2:4], "little")
        low = [nibble for byte in block[4:8] for nibble in (byte & 15, byte >> 4)]
        scales = (scale * ((s | (high >> 2 * n & 3) << 4) - 32) for n, s in enumerate(low))
        levels = (_NONLINEAR[v] for part in _blocks(block[8:], 16) for v in _nibbles(part))
        out += _spread(scales, levels, 32)
    return out


def _mxfp4(data: bytes) -> list[float]:
    out: list[float] = []
    for block in _blocks(data, 17):
        scale = 2.0 ** (block[0] - 127)
        out += [scale * _E2M1[level] for level in _nibbles(block[1:])]
    return out


_DECODERS: dict[str, Callable[[bytes], list[float]]] = {
    "bf16": _bf16,
    "f16": _plain("e", 2),
    "f32": _plain("f", 4),
    "f64": _plain("d", 8),
    "f8_e4m3": _table(_minifloat(4, 7, finite=True, one_zero=False)),
    "f8_e4m3fnuz": _table(_minifloat(4, 8, finite=True, one_zero=True)),
    "f8_e5m2": _table(_minifloat(5, 15, finite=False, one_zero=False)),
    "f8_e5m2fnuz": _table(_minifloat(5, 16, finite=True, one_zero=True)),
    "i8": _plain("b", 1),
    "iq4_nl": _iq4_nl,
    "iq4_xs": _iq4_xs,
    "mxfp4": _mxfp4,
    "q2_k": _q2_k,
    "q3_k": _q3_k,
    "q4_0": _q4_0,
    "q4_1": _q4_1,
    "q4_k": _q4_k,
    "q5_0": _q5_0,
    "q5_1": _q5_1,
    "q5_k": _q5_k,
    "q6_k": _q6_k,
    "q8_0": _q8_0,
    "q8_1": _q8_1,
    "q8_k": _q8_k,
}
