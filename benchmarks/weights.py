# SPDX-License-Identifier: Apache-2.0
"""Large, valid weight files of random numbers."""

import json
import os
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

_CHUNK = 4 << 20  # bytes


def _pour(file: BinaryIO, size: int) -> None:
    """Write random bytes."""
    for offset in range(0, size, _CHUNK):
        file.write(os.urandom(min(_CHUNK, size - offset)))


def _shapes(total: int, item: int) -> Iterator[tuple[str, tuple[int, int]]]:
    """Yield names and shapes of matrices that have `total` bytes together, `item` bytes a number.

    Args:
        total: In bytes; a multiple of 2 MiB.
        item: Bytes of a number.
    """
    width = 2048
    per_row = width * item
    rows = total // per_row
    kinds = ("self_attn.q_proj", "self_attn.o_proj", "mlp.up_proj", "mlp.down_proj")
    block = max(1, min(rows, 4096))
    number = 0
    while rows:
        height = min(block, rows)
        name = f"model.layers.{number // len(kinds)}.{kinds[number % len(kinds)]}.weight"
        yield name, (height, width)
        rows -= height
        number += 1


def safetensors(path: Path, size: int) -> None:
    """Write a safetensors file of bfloat16 matrices, `size` bytes of numbers."""
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    offset = 0
    for name, shape in _shapes(size, 2):
        end = offset + shape[0] * shape[1] * 2
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        _pour(file, offset)


def torch_zip(path: Path, size: int) -> None:
    """Write what torch.save makes of a state dict of bfloat16 matrices, `size` bytes of numbers."""
    tensors = list(_shapes(size, 2))
    members = [("archive/data.pkl", state_dict(tensors)), ("archive/byteorder", b"little")]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for name, data in members:
            archive.writestr(_aligned(archive, name), data)
        for key, (_, shape) in enumerate(tensors):
            with archive.open(_aligned(archive, f"archive/data/{key}"), "w") as member:
                _pour(member, shape[0] * shape[1] * 2)
        archive.writestr(_aligned(archive, "archive/version"), b"3\n")


def _aligned(archive: zipfile.ZipFile, name: str) -> zipfile.ZipInfo:
    """Return an entry whose data begins at a multiple of 64 bytes, padded as torch does."""
    info = zipfile.ZipInfo(name)
    begin = archive.fp.tell() + 30 + len(name) + 4
    padding = -begin % 64
    info.extra = b"FB" + struct.pack("<H", padding) + b"Z" * padding
    return info


def _text(text: str) -> bytes:
    data = text.encode()
    return b"X" + struct.pack("<I", len(data)) + data


def _number(value: int) -> bytes:
    return b"J" + struct.pack("<i", value)


def state_dict(tensors: list[tuple[str, tuple[int, int]]]) -> bytes:
    """Return the pickle, protocol 2, of an ordered dict of tensors whose storages lie beside it."""
    ordered = b"ccollections\nOrderedDict\n)R"
    items = []
    for key, (name, (rows, columns)) in enumerate(tensors):
        storage = b"".join(
            (
                b"(" + _text("storage") + b"ctorch\nBFloat16Storage\n",
                _text(str(key)) + _text("cpu") + _number(rows * columns) + b"tQ",
            )
        )
        size = _number(rows) + _number(columns) + b"\x86"
        stride = _number(columns) + b"K\x01\x86"
        call = b"ctorch._utils\n_rebuild_tensor_v2\n("
        items.append(
            _text(name) + call + storage + b"K\x00" + size + stride + b"\x89" + ordered + b"tR"
        )
    return b"\x80\x02" + ordered + b"(" + b"".join(items) + b"u."


def gguf(path: Path, size: int) -> None:
    """Write a GGUF file of a llama with 32,000 tokens and half-precision matrices of `size` bytes."""
    tensors = list(_shapes(size, 2))
    head = [b"GGUF", struct.pack("<IQQ", 3, len(tensors), 8)]
    head += [
        _pair("general.architecture", 8, _string("llama")),
        _pair("llama.block_count", 4, struct.pack("<I", 32)),
        _pair("llama.context_length", 4, struct.pack("<I", 4096)),
        _pair("llama.embedding_length", 4, struct.pack("<I", 2048)),
        _pair("llama.attention.head_count", 4, struct.pack("<I", 32)),
        _pair("llama.attention.head_count_kv", 4, struct.pack("<I", 8)),
        _pair("tokenizer.ggml.model", 8, _string("gpt2")),
        _pair(
            "tokenizer.ggml.tokens",
            9,
            struct.pack("<IQ", 8, 32000) + b"".join(_string(f"token{n}") for n in range(32000)),
        ),
    ]
    offset = 0
    for number, (_, (rows, columns)) in enumerate(tensors):
        name = f"blk.{number // 4}.{('attn_q', 'attn_output', 'ffn_up', 'ffn_down')[number % 4]}.weight"
        head.append(_string(name) + struct.pack("<IQQIQ", 2, columns, rows, 1, offset))
        offset += rows * columns * 2
    text = b"".join(head)
    with path.open("wb") as file:
        file.write(text + bytes(-len(text) % 32))
        _pour(file, offset)


def _string(text: str) -> bytes:
    return struct.pack("<Q", len(text)) + text.encode()


def _pair(key: str, kind: int, value: bytes) -> bytes:
    return _string(key) + struct.pack("<I", kind) + value
