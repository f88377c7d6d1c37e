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

import msgspec
from benchmarks import weights
from tests.samples import exported, flat, graphs, hdf5, keras

_TEMPLATE = "{% for m in messages %}{{ m['role'] + ': ' + m['content'] | trim }}\n{% endfor %}"


def _pickles() -> list[bytes]:
    value = OrderedDict(a=[1, 2.5, None, True, b"x", "y" * 40, (1, {2}, frozenset([3]))], b=10**30)
    shared = [value, value]
    made = [pickle.dumps(shared, protocol) for protocol in range(6)]
    call = b"\x80\x02cposix\nsystem\nX\x04\x00\x00\x00true\x85R."
    instance = b"(S'true'\nios\nsystem\n."
    return [*made, call, instance, made[2] + made[4], _written(weights.torch_zip, 1 << 13)[:900]]


def _legacy_torch() -> list[bytes]:
    """Return what torch.save wrote before 1.6: five pickles, then a count and numbers per storage."""
    sizes = {"short": 2, "int": 4, "long": 4}
    system = {"protocol_version": 1001, "little_endian": True, "type_sizes": sizes}
    state = weights.state_dict([("a.weight", (2, 4))]).replace(b"tQ", b"NtQ")
    simple = [0x1950A86A20F9469CFC6C, 1001, system]
    pickles = [*(pickle.dumps(value, 2) for value in simple), state, pickle.dumps(["0"], 2)]
    return [b"".join(pickles) + struct.pack("<q", 8) + bytes(16)]


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
    nested = _zip({"inner.zip": _zip({"a.pkl": pickle.dumps(1, 2)}), "notes.txt": b"text"})
    return [_written(weights.torch_zip, 1 << 13), nested] + [_zip(members, way) for way in methods]


def _tars() -> list[bytes]:
    made = []
    for kind in (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        file = io.BytesIO()
        with tarfile.open(fileobj=file, mode="w", format=kind) as archive:
            for name, data in (
                ("d" * 60 + "/" + "n" * 60, b"text"),
                ("b.pkl", pickle.dumps([1], 2)),
            ):
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
    ways = (gzip.compress, bz2.compress, zlib.compress, lzma.compress)
    zfile = b"ZF" + hex(len(data)).ljust(19).encode() + zlib.compress(data)  # joblib before 0.10
    zstd = b"\x28\xb5\x2f\xfd\x20\x04\x21\x00\x00" + b"\x80\x02N."  # RFC 8878: one raw block
    lz4 = (
        b"\x04\x22\x4d\x18\x60\x40\x82" + struct.pack("<I", 1 << 31 | 4) + b"\x80\x02N." + bytes(4)
    )
    made = [way(data) for way in ways]
    return [*made, lzma.compress(data, format=lzma.FORMAT_ALONE), zfile, zstd, lz4]


def _sevenzips() -> list[bytes]:
    """Return an archive with one stored member, as 7zFormat.txt of the LZMA SDK describes it."""
    data = pickle.dumps([1, 2], 2)
    name = "a.pkl\0".encode("utf-16-le")
    folder = b"\x07\x0b\x01\x00\x01\x01\x00\x0c" + bytes([len(data)])
    folder += b"\x0a\x01" + struct.pack("<I", zlib.crc32(data)) + b"\x00"
    streams = b"\x04\x06\x00\x01\x09" + bytes([len(data)]) + b"\x00" + folder + b"\x08\x00\x00"
    files = b"\x05\x01\x11" + bytes([len(name) + 1]) + b"\x00" + name + b"\x00"
    header = b"\x01" + streams + files + b"\x00"
    start = struct.pack("<QQI", len(data), len(header), zlib.crc32(header))
    magic = b"7z\xbc\xaf\x27\x1c\x00\x04" + struct.pack("<I", zlib.crc32(start))
    return [magic + start + data + header]


def _media() -> list[bytes]:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    png = b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")
    jpeg = b"\xff\xd8\xff\xe0\x00\x04\x00\x00\xff\xd9"
    return [png, png + _zip({"a.pkl": pickle.dumps(1, 2)}), jpeg, b"GIF89a" + bytes(7) + b";"]


def _programs() -> list[bytes]:
    elf = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HHI", 2, 62, 1) + bytes(40)
    portable = b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0" + bytes(20)
    return [elf, portable, b"#!/bin/sh\ntrue\n", b"\xca\xfe\xba\xbe\x00\x00\x00\x34" + bytes(16)]


def _onnx() -> list[bytes]:
    tensors = [
        graphs.onnx_tensor(raw=graphs.FLOATS),
        graphs.external(location="w.data", offset="0", length="16"),
    ]
    branch = graphs.graph_attribute("then_branch", graphs.onnx_node("PyOp", "ai.onnx.contrib"))
    nodes = [graphs.onnx_node("Add"), graphs.onnx_node("If", attributes=branch)]
    return [graphs.onnx(nodes, tensors, graphs.onnx_function("a", "F", graphs.onnx_node("Mul")))]


def _tensorflow() -> list[bytes]:
    constants = [
        graphs.tf_constant("path", "/etc/hosts"),
        graphs.tf_numbers("w", graphs.FLOATS),
        graphs.tf_node("ReadFile", "r", ["path"]),
    ]
    graph = graphs.tf_graph(constants, [graphs.tf_function("f", graphs.tf_node("MatMul"))])
    layer = graphs.field(3, "root") + graphs.field(4, "_tf_keras_layer")
    metadata = graphs.field(1, graphs.field(2, 1) + layer + graphs.field(5, '{"a": [1, 2]}'))
    index = graphs.tensor_bundle({"w": graphs.bundle_entry((4,), 0, 16)})
    hashes = b"".join(graphs.field(number, 1 << 63) for number in range(1, 6))
    fingerprint = hashes + graphs.field(6, graphs.field(1, 1)) + graphs.field(7, "1978781106844")
    return [graph, graphs.saved_model(graph, ["vocab.txt"]), metadata, index, fingerprint]


def _exported() -> list[bytes]:
    guard = "L['x'].size()[0] >= 2"
    graph = exported.program("torch.os.system", "_operator.ge", expression="s0 + 1", guard=guard)
    return [exported.pt2(graph), json.dumps(graph).encode()]


def _graph_texts() -> list[bytes]:
    node = (
        b'node { name: "r" op: "ReadFile" input: "p" attr { key: "s" value { s: "a\\n\\x41" } } }'
    )
    tensor = b'initializer < dims: [1, 2] data_type: 1 raw_data: "\\000\\001" >'
    onnx = b'ir_version: 8 graph { node { op_type: "Add" } ' + tensor + b" }"
    return [node, b"meta_graphs { graph_def { " + node + b" } }", onnx]


def _keras() -> list[bytes]:
    bad = keras.layer("Lambda", function=keras.lambda_function())
    config = keras.sequential(keras.DENSE, bad)
    text = json.dumps(config).encode()
    return [keras.keras(config), text, hdf5.hdf5(text)]


def _documents() -> list[bytes]:
    """Return models written as XML, and the schema of a skops archive."""
    entity = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e "a">]><PMML><Header/></PMML>'
    net = b'<?xml version="1.0"?><net name="m"><layers><layer library="a.so"/></layers></net>'
    node = {"__class__": "add", "__module__": "numpy", "__loader__": "FunctionNode"}
    return [entity, net, json.dumps({**node, "content": [node, node]}).encode()]


def _compiled() -> list[bytes]:
    engine = b"ptrt" + bytes(60) + b"/opt/libplugin.so\0"
    layer = graphs.field(1, graphs.field(500, graphs.field(10, "MyLayer")))
    apple = graphs.coreml(
        graphs.field(202, graphs.field(1, graphs.coreml(graphs.field(500, layer))))
    )
    array = msgspec.msgpack.encode(((2, 2), "float32", bytes(16)))
    flax = msgspec.msgpack.encode({"params": {"w": msgspec.msgpack.Ext(1, array)}, "step": 7})
    small = flat.tflite(["", "MyOp", "FlexAdd"], bytes(16))
    return [small, engine, b"tjgg" + bytes(60), apple, flax]


@cache
def seeds() -> dict[str, bytes]:
    """Return the files by a name whose suffix suits them."""
    families = {
        "pkl": _pickles(),
        "pt": _legacy_torch(),
        "zip": _zips(),
        "tar": _tars(),
        "gguf": _ggufs(),
        "safetensors": _safetensors(),
        "npy": _npys(),
        "json": _jsons(),
        "gz": _compressed(),
        "7z": _sevenzips(),
        "png": _media(),
        "exe": _programs(),
        "txt": _texts(),
        "onnx": _onnx(),
        "pb": _tensorflow(),
        "pbtxt": _graph_texts(),
        "pt2": _exported(),
        "keras": _keras(),
        "xml": _documents(),
        "tflite": _compiled(),
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
    named |= {
        "pointer.gguf": b"version https://git-lfs.github.com/spec/v1\n",
        "empty.bin": b"",
        "zeros.bin": bytes(512),
        "noise.bin": bytes(range(256)) * 4,
    }
    return named
