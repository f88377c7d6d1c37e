# SPDX-License-Identifier: Apache-2.0
"""Decoders of raw LZMA streams, as zip and 7z hold them.

Source: the LZMA SDK's lzma.txt; 7-Zip's DOC/Methods.txt; the .xz file format 1.2.0, 5.3.1.
"""

import lzma
from typing import Any

from steelyard.formats.compressed_stream import Decoder

_DICTIONARY = 64 << 20  # bytes; the largest dictionary that is allocated


def raw_lzma(filters: list[dict[str, Any]], size: int) -> Decoder:
    """Return a decoder for a chain of filters that ends with LZMA.

    Args:
        filters: As for `lzma.LZMADecompressor`.
        size: Bytes it should give; no dictionary needs to be larger.

    Raises:
        ValueError: The dictionary is too large.
    """
    last = filters[-1]
    last["dict_size"] = max(4096, min(last["dict_size"], size))
    if last["dict_size"] > _DICTIONARY:
        raise ValueError(f"a dictionary of {last['dict_size']:,} bytes, over {_DICTIONARY:,}")
    return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=filters)


def lzma1_filter(properties: bytes) -> dict[str, Any]:
    """Return the filter that five bytes of LZMA properties stand for.

    Raises:
        ValueError: There are no such properties.
    """
    if len(properties) < 5 or properties[0] >= 9 * 5 * 5:
        raise ValueError("impossible LZMA properties")
    rest, lc = divmod(properties[0], 9)
    pb, lp = divmod(rest, 5)
    size = int.from_bytes(properties[1:5], "little")
    return {"id": lzma.FILTER_LZMA1, "dict_size": size, "lc": lc, "lp": lp, "pb": pb}


def lzma2_filter(properties: bytes) -> dict[str, Any]:
    """Return the filter that the byte of LZMA2 properties stands for.

    Raises:
        ValueError: There are no such properties.
    """
    if len(properties) != 1 or properties[0] > 40:
        raise ValueError("impossible LZMA2 properties")
    code = properties[0]
    return {"id": lzma.FILTER_LZMA2, "dict_size": (2 | code & 1) << (code // 2 + 11)}
