# SPDX-License-Identifier: Apache-2.0
"""The code of TorchScript archives: which operators reach files, and which no library of torch has.

TorchScript is no Python, but two of its operators write and read files by a path of their own
choosing; a `__setstate__` that calls one runs as soon as the archive is loaded.

Source: torch 2.13, torch/csrc/jit/serialization/python_print.cpp and import_source.cpp;
`aten::save` and `aten::from_file`; CVE-2025-32434.
"""

import re
from collections.abc import Iterator

from steelyard.formats.port import Flaw

_CODE = re.compile(r"(?s)/code/.*\.py\Z")
_QUIET = re.compile(r"""(?s)#[^\n]*+|"(?:[^"\\\n]|\\.)*+"|'(?:[^'\\\n]|\\.)*+'""")
_FILE = re.compile(
    r"\b(?:torch|ops\s*\.\s*aten)\s*\.\s*(?P<op>save|from_file)\s*\(|\.\s*(?P<way>save|from_file)\s*\("
)
_OWN = re.compile(r"\bdef\s+(save|from_file)\s*\(")
_OPERATOR = re.compile(r"\bops\s*\.\s*(?P<space>\w+)\s*\.\s*(?P<name>\w+)")
_MOBILE = re.compile(rb"aten::(?:save|from_file)")
_LIBRARIES = frozenset(
    {
        "_c10d_functional", "_caffe2", "_quantized", "_test", "aten", "c10d", "export", "fb", "fbgemm",
        "image", "inductor", "mkl", "mkldnn", "mkldnn_prepacked", "onednn", "prepacked", "prim",
        "prims", "profiler", "quantization", "quantized", "rngprims", "sparse", "static_runtime",
        "symm_mem", "torchaudio", "torchvision", "vulkan_prepack", "xnnpack",
    }
)  # fmt: skip
"""Namespaces of operators that torch and its own libraries register."""


def is_code(name: str) -> bool:
    """Tell whether a member of an archive is TorchScript code, by its name."""
    return _CODE.search(name) is not None


def code_flaws(name: str, text: str) -> Iterator[Flaw]:
    """Yield what the code of one member would call, each operator once.

    Args:
        name: Of the member.
        text: Its code.
    """
    plain = _QUIET.sub(lambda found: '""' if found[0][0] != "#" else "", text)
    own = set(_OWN.findall(plain))
    told: set[str] = set()
    for found in _FILE.finditer(plain):
        op = found["op"] or found["way"]
        if op in told or (found["way"] and op in own):
            continue
        told.add(op)
        yield Flaw(code="script-file", message=f"{name!r} calls aten::{op}")
    for found in _OPERATOR.finditer(plain):
        op = f"{found['space']}::{found['name']}"
        if found["space"] not in _LIBRARIES and op not in told:
            told.add(op)
            yield Flaw(code="script-operator", message=f"{name!r} calls {op}")


def mobile_flaws(name: str, data: bytes) -> Iterator[Flaw]:
    """Yield the operators on files that the byte code of the lite interpreter names."""
    for op in sorted(set(_MOBILE.findall(data))):
        yield Flaw(code="script-file", message=f"{name!r} names {op.decode()}")
