# SPDX-License-Identifier: Apache-2.0
"""Small valid files of every format, to begin mutations from."""

import bz2
import gzip
import io
import json
import lzma
import pickle
import struct
import tarfile
import tempfile
import zipfile
import zlib
from collections import OrderedDict
from collections.abc import Callable
from functools import cache
from pathlib import Path

from benchmarks import weights

_TEMPLATE = "{% for m in messages %}{{ m['role'] + ': ' + m['content'] | trim }}\n{% endfor %}"


def _pickles() -> list[bytes]:
    value = OrderedDict(a=[1, 2.5, None, True, b"x", "y" * 40, (1, {2}, frozenset([3]))], b=10**30)
    shared = [value, value]
    made = [pickle.dumps(shared, protocol) for protocol in range(6)]
    call = b"\x80\x02cposix\nsystem\nX\x04\x00\x00\x00true\x85R."
    instance = b"(S'true'\nios\nsystem\n."
    return [*made, call, instance, made[2] + made[4], _written(weights.torch_zip, 1 << 13)[:900]]


def _written(make: Callable[[Path, int], None], size: int) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sample"
        make(path, size)
        return path.read_bytes()


def _zip(members: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return file.getvalue()


def _zips() -> list[bytes]:
    members = {"a/data.pkl": pickle.dumps({"a": 1}, 2), "a/version": b"3\n", "a/data/0": bytes(64)}
    methods = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
    nested = _zip({"inner.zip": _zip(members)})
    return [_written(weights.torch_zip, 1 << 13), nested] + [_zip(members, way) for way in methods]


def _tars() -> list[bytes]:
    made = []
    for kind in (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        file = io.BytesIO()
        with tarfile.open(fileobj=file, mode="w", format=kind) as archive:
            for name, data in (("n" * 120, b"text"), ("b.pkl", pickle.dumps([1], 2))):
                info = tarfile.TarInfo(name)
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
            link = tarfile.TarInfo("link")
            link.type, link.linkname = tarfile.SYMTYPE, "../outside"
            archive.addfile(link)
        made.append(file.getvalue())
    return made


def _ggufs() -> list[bytes]:
    pairs = [
        ("general.architecture", 8, "llama"),
        ("general.license", 8, "apache-2.0"),
        ("tokenizer.chat_template", 8, _TEMPLATE),
    ]

    def string(text: str) -> bytes:
        return struct.pack("<Q", len(text)) + text.encode()

    head = b"GGUF" + struct.pack("<IQQ", 3, 2, len(pairs) + 2)
    head += b"".join(
        string(key) + struct.pack("<I", kind) + string(text) for key, kind, text in pairs
    )
    head += string("llama.block_count") + struct.pack("<II", 4, 1)
    head += string("tokenizer.ggml.tokens") + struct.pack("<IIQ", 9, 8, 3)
    head += string("<0x0A>") + string("a") + string("b")
    head += string("token_embd.weight") + struct.pack("<IQQIQ", 2, 32, 3, 0, 0)
    head += string("blk.0.attn_q.weight") + struct.pack("<IQQIQ", 2, 32, 2, 8, 384)
    head += bytes(-len(head) % 32)
    return [head + bytes(384 + 68 + 28)]


def _safetensors() -> list[bytes]:
    header = {
        "__metadata__": {"format": "pt"},
        "a": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]},
        "b": {"dtype": "BF16", "shape": [4], "data_offsets": [16, 24]},
    }
    text = json.dumps(header).encode()
    return [struct.pack("<Q", len(text)) + text + bytes(24), struct.pack("<Q", 2) + b"{}"]


def _npys() -> list[bytes]:
    def npy(descr: str, data: bytes, version: int = 1) -> bytes:
        head = f"{{'descr': {descr}, 'fortran_order': False, 'shape': (2,), }}\n".encode()
        length = struct.pack("<H" if version == 1 else "<I", len(head))
        return b"\x93NUMPY" + bytes([version, 0]) + length + head + data

    fields = "[('a', '<f4'), ('b', '|O')]"
    objects = pickle.dumps([None, None], 2)
    return [npy("'<f8'", bytes(16)), npy("'|O'", objects), npy(fields, objects, 2)]


def _jsons() -> list[bytes]:
    config = {
        "model_type": "llama",
        "auto_map": {"AutoModel": "modeling_x.X"},
        "chat_template": _TEMPLATE,
    }
    index = {
        "metadata": {"total_size": 24},
        "weight_map": {"a": "model-00001-of-00002.safetensors"},
    }
    return [
        json.dumps(config).encode(),
        json.dumps(index).encode(),
        b'{"a": 1, "a": [2, {"b": null}]}',
    ]


def _texts() -> list[bytes]:
    card = "---\nlicense: apache-2.0\nbase_model: org/name\ntags: [a, b]\n---\n# Card\n\nText.\n"
    code = "import os\nfrom torch import nn\n\nclass M(nn.Module):\n    x: int = os.getpid()\n"
    wants = (
        "torch>=2\n--index-url https://example.org/simple\ngit+https://example.org/a.git#egg=a\n"
    )
    settings = "_target_: os.system\nargs: [true]\nnested: {_target_: torch.nn.Linear}\n"
    texts = (card, code, wants, settings, _TEMPLATE, "{{ x.__class__ }}")
    return [text.encode() for text in texts] + ["\ufeffKart".encode("utf-16")]


def _compressed() -> list[bytes]:
    data = pickle.dumps({"a": list(range(50))}, 2)
    ways = (gzip.compress, bz2.compress, zlib.compress)
    made = [way(data) for way in ways]
    return [*made, lzma.compress(data), lzma.compress(data, format=lzma.FORMAT_ALONE)]


@cache
def seeds() -> dict[str, bytes]:
    """Return the files by a name whose suffix suits them."""
    families = {
        "pkl": _pickles(),
        "zip": _zips(),
        "tar": _tars(),
        "gguf": _ggufs(),
        "safetensors": _safetensors(),
        "npy": _npys(),
        "json": _jsons(),
        "gz": _compressed(),
        "txt": _texts(),
    }
    named = {
        f"seed{n}.{kind}": data for kind, all in families.items() for n, data in enumerate(all)
    }
    named |= {
        "README.md": _texts()[0],
        "modeling_x.py": _texts()[1],
        "requirements.txt": _texts()[2],
    }
    named |= {"chat_template.jinja": _texts()[4], "config.json": _jsons()[0], "x.yaml": _texts()[3]}
    named |= {"empty.bin": b"", "zeros.bin": bytes(512), "noise.bin": bytes(range(256)) * 4}
    return named
