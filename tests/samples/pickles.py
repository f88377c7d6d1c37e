# SPDX-License-Identifier: Apache-2.0
"""Pickles from opcodes, what unpicklers make of them, and the files that hold them."""

import io
import pickle
import random
import struct
import zipfile
from typing import Any

COMMAND = "touch /tmp/steelyard-ran"
MAGIC = 0x1950A86A20F9469CFC6C


class Raw(bytes):
    """Opcodes that `value` puts in as they are."""


def proto(version: int = 4) -> bytes:
    return b"\x80" + bytes([version])


def text(string: str) -> bytes:
    data = string.encode()
    if len(data) < 256:
        return b"\x8c" + bytes([len(data)]) + data
    return b"X" + struct.pack("<I", len(data)) + data


def name(module: str, leaf: str) -> Raw:
    """GLOBAL."""
    return Raw(f"c{module}\n{leaf}\n".encode())


def stack_name(module: str, leaf: str) -> Raw:
    """STACK_GLOBAL."""
    return Raw(text(module) + text(leaf) + b"\x93")


def value(item: Any) -> bytes:
    """Return the opcodes that push a value."""
    if isinstance(item, Raw):
        return bytes(item)
    if isinstance(item, str):
        return text(item)
    if isinstance(item, list | tuple):
        inner = b"".join(map(value, item))
        return b"(" + inner + (b"t" if isinstance(item, tuple) else b"l")
    if isinstance(item, dict):
        return b"(" + b"".join(value(part) for pair in item.items() for part in pair) + b"d"
    return pickle.dumps(item, 3)[2:-1]


def call(callee: bytes, *args: Any) -> Raw:
    """REDUCE."""
    return Raw(callee + value(args) + b"R")


def instance(module: str, leaf: str, state: Any = None, args: tuple[Any, ...] = ()) -> Raw:
    """NEWOBJ, and BUILD where there is a state."""
    made = name(module, leaf) + value(args) + b"\x81"
    return Raw(made if state is None else made + value(state) + b"b")


def build(target: bytes, state: Any) -> Raw:
    """BUILD."""
    return Raw(target + value(state) + b"b")


def whole(*body: bytes, version: int = 4) -> bytes:
    """Return a pickle of some opcodes, STOP included."""
    return proto(version) + b"".join(body) + b"."


SYSTEM = whole(call(stack_name("os", "system"), COMMAND))


def dtype(code: str = "<f4", state: Any = None) -> Raw:
    made = call(name("numpy", "dtype"), code.lstrip("<>|="), False, True)
    return build(made, state or (3, code[0], None, None, None, -1, -1, 0))


def joblib_array(
    data: bytes, shape: tuple[int, ...], kind: Raw, padding: bytes | None = None
) -> Raw:
    """Return an array as joblib writes it: a wrapper, then the raw bytes."""
    state = {
        "subclass": name("numpy", "ndarray"),
        "shape": shape,
        "order": "C",
        "dtype": kind,
        "allow_mmap": True,
    }
    raw = data
    if padding is not None:
        state["numpy_array_alignment_bytes"] = 16
        raw = bytes([len(padding)]) + padding + data
    return Raw(instance("joblib.numpy_pickle", "NumpyArrayWrapper", state) + raw)


def tensor(
    key: str = "0",
    shape: tuple[int, ...] = (4,),
    elements: int = 4,
    storage: str = "FloatStorage",
    stride: tuple[int, ...] = (1,),
    *,
    legacy: bool = False,
) -> Raw:
    """Return a torch tensor that refers to a storage."""
    ident = ("storage", name("torch", storage), key, "cpu", elements, *((None,) if legacy else ()))
    reference = Raw(value(ident) + b"Q")
    hooks = call(name("collections", "OrderedDict"))
    rebuild = name("torch._utils", "_rebuild_tensor_v2")
    return call(rebuild, reference, 0, shape, stride, False, hooks)


def archive(members: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as out:
        for path, data in members.items():
            out.writestr(zipfile.ZipInfo(path), data, method)
    return file.getvalue()


def torch_zip(pickled: bytes, storages: dict[str, bytes], **more: bytes) -> bytes:
    """Return a torch archive."""
    members = {"m/data.pkl": pickled, "m/version": b"3\n"}
    members |= {f"m/data/{key}": data for key, data in storages.items()}
    return archive(members | {f"m/{path}": data for path, data in more.items()})


def torch_legacy(pickled: bytes, keys: list[str], raw: bytes) -> bytes:
    """Return what torch.save wrote before 1.6."""
    first = [pickle.dumps(item, 2) for item in (MAGIC, 1001, {"little_endian": True})]
    return b"".join([*first, pickled, pickle.dumps(keys, 2), raw])


def npy(descr: str, shape: str, data: bytes, version: int = 1) -> bytes:
    head = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    size = struct.pack("<H" if version == 1 else "<I", len(head))
    return b"\x93NUMPY" + bytes([version, 0]) + size + head + data


class Recorder:
    """Stands for whatever a pickle imports, and notes what is done with it."""

    done: list[str]


def unpickled(data: bytes, *, in_python: bool = False) -> tuple[set[tuple[str, str]], bool]:
    """Return what an unpickler imports from a pickle, and whether it comes to the end.

    Nothing of the pickle is imported or called: each name stands for a class that does nothing.
    """
    imported: set[tuple[str, str]] = set()
    base: Any = pickle._Unpickler if in_python else pickle.Unpickler

    class Harmless(base):  # type: ignore[misc]
        def find_class(self, module: str, leaf: str) -> Any:
            imported.add((module, leaf))
            return type("Stub", (_Stub,), {})

        def persistent_load(self, ident: Any) -> Any:
            return _Stub()

        def get_extension(self, code: int) -> Any:
            raise pickle.UnpicklingError

    try:
        Harmless(io.BytesIO(data), fix_imports=False).load()
    except Exception:  # noqa: BLE001 - whatever stands in for an import may raise anything
        return imported, False
    return imported, True


class _Stub:
    def __new__(cls, *args: Any, **kwargs: Any) -> "_Stub":
        return object.__new__(cls)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass

    def __call__(self, *args: Any, **kwargs: Any) -> "_Stub":
        return _Stub()

    def __setstate__(self, state: Any) -> None:
        pass

    def __setitem__(self, key: Any, item: Any) -> None:
        pass

    def append(self, item: Any) -> None:
        pass

    def extend(self, items: Any) -> None:
        pass

    def add(self, item: Any) -> None:
        pass


_PIECES: tuple[bytes, ...] = (
    *(bytes([op]) for op in b"()]}.012Nadelstu\x81\x85\x86\x87\x88\x89\x8f\x90\x91\x94RboQ\x93"),
    b"K\x05", b"h\x00", b"h\x01", b"q\x00", b"q\x01", b"J\x00\x01\x00\x00", b"I7\n", b"F1.5\n",
    b"g0\n", b"p1\n", b"S'os'\n", b"Vsystem\n", b"\x8c\x02os", b"\x8c\x06system", b"U\x02ab",
    b"X\x02\x00\x00\x00os", b"cos\nsystem\n", b"ia\nb\n", b"\x8a\x01\x07", b"C\x01x",
    b"\x92", b"Pid\n", b"\x95" + bytes(8), b"\x80\x04", b"G" + bytes(8), b"L5L\n",
)  # fmt: skip


def program(chance: random.Random, length: int) -> bytes:
    """Return opcodes by chance, most of which make no sense."""
    weights = [4 if piece in b"(KNRtl\x85\x94\x93" else 1 for piece in _PIECES]
    return b"".join(chance.choices(_PIECES, weights, k=length)) + b"."
